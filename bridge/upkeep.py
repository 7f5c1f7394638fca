"""Effects that keep an issue true: its fields, its evidence comment, its links to what customers said.

Each may be had twice without harm; what may not (a comment's first writing, a new link between issues) is in
`bridge.tracker.effects`. Fields are re-read right before they are written, and the issue's history is read
right after: what a person wrote in between is put back, and is theirs for good.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.errors import TrackerError, TrackerGone
from bridge.merging import Merged, Wanted, merge
from bridge.models import Mirror, Ticket
from bridge.plan import hashed
from bridge.render.document import Document, Paragraph, Text
from bridge.tracker import EvidenceLink, FieldUpdate
from bridge.tracker.effects import Done, still_wanted

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.plan import Draft
    from bridge.tracker import Edit, Remote, Tracker

AGAIN = 3
"""How often a field is put back while people go on editing it, before it is left as it is."""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_A_MOMENT = timedelta(seconds=1)  # a tracker's times may be cut to whole seconds


@dataclass(slots=True, kw_only=True)
class Refresh:
    """Bring the fields of an issue up to date, as far as they are still ours.

    `written` and `theirs` are what the mirror says; an `adopted` issue's title and description are people's.
    """

    ticket_id: int
    key: str
    draft: Draft
    title: str  # as it goes out
    written: Mapping[str, Any]
    theirs: Collection[str]
    adopted: bool = False
    kind: str = "update"
    repeatable: bool = True
    found: Merged = field(default_factory=Merged)

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return self.draft.payload_hash

    def wanted(self, session: Session) -> bool:
        """Whether the ticket's issue is still open, and nobody has hidden the topic."""
        return still_wanted(session, self.ticket_id, ("open",))

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:  # noqa: ARG002 - an update carries no op
        """Re-read, merge, write, and put back what was written over."""
        now = _there(tracker, ticket)
        fixed = ("title", "description") if self.adopted else ()
        fields = Wanted(title=self.title, document=self.draft.document, figures=self.draft.figures)
        merged = merge(fields, now, self.written, {*self.theirs, *fixed}, tracker.format)
        lost: set[str] = set()
        if not merged.empty:
            change = FieldUpdate(title=merged.title, description=merged.description, figures=merged.figures)
            tracker.update(now.id, change)
            lost = _put_back(tracker, now, change)
        theirs = tuple(sorted({*merged.theirs, *lost}))
        self.found = Merged(None, None, {}, theirs, merged.written)
        return Done(remote=now)

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002
        """Look for nothing: an update is sent again."""
        return []

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG002
        """Keep what stands as written by us, and what was found to be theirs."""
        mirror = mirror_of(session, ticket)
        mirror.written = {**mirror.written, **self.found.written}
        mirror.theirs = sorted({*mirror.theirs, *self.found.theirs})
        ticket.title, ticket.reported = self.draft.title, reported(self.draft)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditEvidence:
    """Bring our one evidence comment up to date, where the description isn't ours to keep."""

    ticket_id: int
    key: str
    comment_id: str
    document: Document
    written: str  # hash of what we last wrote there, as it reads back
    kind: str = "comment"
    repeatable: bool = True

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return hashed(repr(self.document))

    def wanted(self, session: Session) -> bool:
        """Whether the ticket's issue is still open, and nobody has hidden the topic."""
        return still_wanted(session, self.ticket_id, ("open",))

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:  # noqa: ARG002 - it is known by its id
        """Replace the comment, unless a person edited or removed it."""
        _there(tracker, ticket)
        issue = ticket.remote_id or ""
        now = next((c for c in tracker.comments(issue) if c.id == self.comment_id), None)
        if now is None or (self.written and hashed(letters(now.text)) != self.written):
            return Done()  # removed or edited by a person: theirs
        tracker.edit_comment(issue, self.comment_id, self.document)
        return Done(comment_id=self.comment_id)

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002
        """Look for nothing: an edit is sent again."""
        return []

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG002
        """Keep what we wrote, or that the comment is theirs now."""
        mirror = mirror_of(session, ticket)
        if done.comment_id is None:
            mirror.theirs = sorted({*mirror.theirs, "evidence"})
        else:
            mirror.written = {**mirror.written, "evidence": evidence_hash(self.document)}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepLinks:
    """Bring the links to what customers said up to date: those of the quotes, and no others of ours."""

    ticket_id: int
    key: str
    attach: tuple[EvidenceLink, ...]
    detach: tuple[str, ...]
    kind: str = "link"
    repeatable: bool = True

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return hashed([link_hash(link) for link in self.attach], self.detach)

    def wanted(self, session: Session) -> bool:
        """Whether the ticket has an issue, and nobody has hidden the topic."""
        return still_wanted(session, self.ticket_id, ("open", "done"))

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:  # noqa: ARG002 - links carry their own ids
        """Take away what isn't quoted any more, then add or replace the rest."""
        for name in self.detach:
            tracker.detach(ticket.remote_id or "", name)
        for link in self.attach:
            tracker.attach(ticket.remote_id or "", link)
        return Done()

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002
        """Look for nothing: links are sent again."""
        return []

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG002
        """Keep which links stand there."""
        mirror = mirror_of(session, ticket)
        kept = {name: value for name, value in mirror.attached.items() if name not in self.detach}
        mirror.attached = {**kept, **{link.global_id: link_hash(link) for link in self.attach}}


def reported(draft: Draft) -> dict[str, Any]:
    """Return what the tracker has been told once a draft was sent."""
    return {**draft.fields, "title": draft.title}


def mirror_of(session: Session, ticket: Ticket) -> Mirror:
    """Return what is known of a ticket's issue, made if it isn't there."""
    found = session.get(Mirror, ticket.id)
    if found is None:
        found = Mirror(ticket_id=ticket.id or 0)
        session.add(found)
    return found


def link_hash(link: EvidenceLink) -> str:
    """Identify what a link says."""
    return hashed(link.url, link.title, link.summary)[:16]


def letters(text: str) -> str:
    """Return the letters and digits of a text: what is left of it whatever mark-up it went through."""
    return re.sub(r"[\W_]+", "", text)


def evidence_hash(document: Document) -> str:
    """Identify an evidence comment as it reads back, whatever mark-up it went through."""
    from bridge.render.document import plain_text

    return hashed(letters(plain_text(document.blocks)))


def _there(tracker: Tracker, ticket: Ticket) -> Remote:
    now = tracker.look(ticket.remote_id or "")
    if now is None:
        raise TrackerGone(f"{ticket.key} can't be seen: deleted, or not for us to see")
    if now.archived:
        raise TrackerError(f"{ticket.key} is archived, so nothing can be written there")
    return now


def _put_back(tracker: Tracker, seen: Remote, change: FieldUpdate) -> set[str]:
    """Put back what people wrote between our re-read and our write; return the fields that are theirs.

    The issue's history is the witness: an edit after what we had seen, and before our own.
    """
    ours = {"title": change.title, "description": change.description}
    before = {"title": seen.title, "description": seen.description}
    watched = {name: _said(tracker, value) for name, value in ours.items() if value is not None}
    theirs: set[str] = set()
    for _ in range(AGAIN if watched else 0):
        since = (seen.updated or _LONG_AGO) - _A_MOMENT
        edits = tracker.history(seen.id, since)
        lost: dict[str, str] = {}
        for name, said in watched.items():
            own = [edit for edit in edits if edit.field == name]
            value = _written_over(own, seen.updated, _said(tracker, before[name]), said)
            if value is not None:
                lost[name] = value
        if not lost:
            break
        theirs |= set(lost)
        title, text = lost.get("title"), lost.get("description")
        tracker.update(
            seen.id,
            FieldUpdate(title=title, description=None if text is None else _as_was(tracker, text)),
        )
        before |= {name: ours[name] for name in lost}
        ours |= {name: (title if name == "title" else _as_was(tracker, text or "")) for name in lost}
        watched = {name: _said(tracker, ours[name]) for name in lost}
    return theirs


def _written_over(edits: list[Edit], seen: datetime | None, before: str, ours: str) -> str | None:
    """Return what a person wrote into a field that our write replaced, None if nothing was lost.

    Our own edit's "before" tells, if it is not what we saw. Where the history shows texts in another mark-up,
    so that ours isn't found in it, a later edit by somebody else tells that came before one by our account.
    """
    own = [n for n, edit in enumerate(edits) if letters(edit.after) == ours]
    if own:
        lost = edits[own[-1]].before
        return None if letters(lost) in (before, ours) else lost
    mine = [n for n, edit in enumerate(edits) if edit.ours]
    if not mine or seen is None:
        return None
    between = [edit for edit in edits[: mine[-1]] if not edit.ours and edit.at > seen]
    return between[-1].after if between else None


def _said(tracker: Tracker, value: Any) -> str:
    return letters(value if isinstance(value, str) else tracker.format.plain(value))


def _as_was(tracker: Tracker, text: str) -> Any:
    """Return a description as the history shows it, in the tracker's own format."""
    if tracker.format.name != "adf":
        return text
    paragraphs = (Paragraph((Text(line),)) for line in text.splitlines() if line.strip())
    return tracker.format.write(Document(tuple(paragraphs)))
