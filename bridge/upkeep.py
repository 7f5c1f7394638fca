"""Effects that keep an issue true: its fields, its evidence comment, its links to what customers said.

Each may be had twice without harm; what may not (a comment's first writing, a new link between issues) is in
`bridge.tracker.effects`. Fields are re-read right before they are written, and the issue's history is read
right after: what a person wrote in between is put back, and is theirs for good. What we saw is kept as hashes
before we write: if the answer is lost or the process dies, the next update reads the history first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
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

SENDING = "sending"
"""Where `Mirror.written` keeps what stood there before a write whose end hasn't been seen."""

_FIGURE = "figures."
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_A_MOMENT = timedelta(seconds=1)  # a tracker's times may be cut to whole seconds


def _not_kept(ticket_id: int, sending: Mapping[str, Any]) -> None:
    """Keep nothing."""


@dataclass(slots=True, kw_only=True)
class Refresh:
    """Bring the fields of an issue up to date, as far as they are still ours.

    `written` and `theirs` are what the mirror says; an `adopted` issue's title and description are people's.
    `keep` stores in the mirror, before anything is written, what stands there.
    """

    ticket_id: int
    key: str
    draft: Draft
    title: str  # as it goes out
    written: Mapping[str, Any]
    theirs: Collection[str]
    adopted: bool = False
    withdraws: bool = False  # takes out what was deleted: wanted whatever became of topic and ticket
    keep: Callable[[int, Mapping[str, Any]], None] = _not_kept
    kind: str = "update"
    repeatable: bool = True
    found: Merged = field(default_factory=Merged)

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return self.draft.payload_hash

    def wanted(self, session: Session) -> bool:
        """Whether the ticket's issue is still open, and nobody has hidden the topic."""
        return self.withdraws or still_wanted(session, self.ticket_id, ("open",))

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:  # noqa: ARG002 - an update carries no op
        """Re-read, merge, write, and put back what was written over."""
        now = _there(tracker, ticket)
        lost = set[str]()
        if sending := self.written.get(SENDING):
            lost = _put_back(tracker, now.id, sending)
            now = _there(tracker, ticket)
        fixed = ("title", "description") if self.adopted else ()
        fields = Wanted(title=self.title, document=self.draft.document, figures=self.draft.figures)
        merged = merge(fields, now, self.written, {*self.theirs, *fixed, *lost}, tracker.format)
        if not merged.empty:
            change = FieldUpdate(title=merged.title, description=merged.description, figures=merged.figures)
            sending = _before(tracker, now, change)
            self.written = {**self.written, SENDING: sending}
            self.keep(self.ticket_id, sending)
            try:
                tracker.update(now.id, change)
            except TrackerError:
                self.keep(self.ticket_id, {})  # a definite no: nothing was written
                raise
            lost |= _put_back(tracker, now.id, sending)
        self.found = Merged(None, None, {}, tuple(sorted({*merged.theirs, *lost})), merged.written)
        return Done(remote=now)

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002
        """Look for nothing: an update is sent again."""
        return []

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:  # noqa: ARG002
        """Keep what stands as written by us, and what was found to be theirs."""
        mirror = mirror_of(session, ticket)
        stands = {**mirror.written, **self.found.written}
        mirror.written = {name: value for name, value in stands.items() if name != SENDING}
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
    withdraws: bool = False
    kind: str = "comment"
    repeatable: bool = True

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return hashed(repr(self.document))

    def wanted(self, session: Session) -> bool:
        """Whether the ticket's issue is still open, and nobody has hidden the topic."""
        return self.withdraws or still_wanted(session, self.ticket_id, ("open",))

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
    withdraws: bool = False
    kind: str = "link"
    repeatable: bool = True

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return hashed([link_hash(link) for link in self.attach], self.detach)

    def wanted(self, session: Session) -> bool:
        """Whether the ticket has an issue, and nobody has hidden the topic."""
        return self.withdraws or still_wanted(session, self.ticket_id, ("open", "done"))

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


def _before(tracker: Tracker, seen: Remote, change: FieldUpdate) -> dict[str, Any]:
    """Return what stood in the fields of a change and what will stand there, as hashes, and as of when."""
    fields = {
        name: [_mark(tracker, name, _value(seen, name)), _mark(tracker, name, value)]
        for name, value in _values(change).items()
    }
    return {"at": seen.updated.isoformat() if seen.updated else None, "fields": fields}


def _values(change: FieldUpdate) -> dict[str, Any]:
    texts = {"title": change.title, "description": change.description}
    figures = {f"{_FIGURE}{name}": value for name, value in change.figures.items()}
    return {name: value for name, value in (texts | figures).items() if value is not None}


def _value(issue: Remote, name: str) -> Any:
    if name.startswith(_FIGURE):
        return issue.figures.get(name.removeprefix(_FIGURE))
    return issue.title if name == "title" else issue.description


def _put_back(tracker: Tracker, issue_id: str, sending: Mapping[str, Any]) -> set[str]:
    """Put back what people wrote between our re-read and our write; return the fields that are theirs.

    The issue's history is the witness: an edit after what we had seen, and before our own. Where a person has
    written again since, that stays.
    """
    seen = datetime.fromisoformat(sending["at"]) if sending["at"] else None
    watched: dict[str, tuple[str, str]] = {name: (old, new) for name, (old, new) in sending["fields"].items()}
    theirs: set[str] = set()
    for _ in range(AGAIN if watched else 0):
        edits = tracker.history(issue_id, (seen or _LONG_AGO) - _A_MOMENT)
        lost: dict[str, str] = {}
        for name, marks in watched.items():
            own = [
                (edit, _mark(tracker, name, edit.before), _mark(tracker, name, edit.after))
                for edit in edits
                if edit.field == name
            ]
            value = _written_over(own, seen, *marks)
            if value is not None:
                lost[name] = value
        theirs |= set(lost)
        now = tracker.look(issue_id) if lost else None
        stands = {name: _mark(tracker, name, _value(now, name)) for name in lost} if now else {}
        back = {name: lost[name] for name, mark in stands.items() if mark == watched[name][1]}
        change = _as_was(tracker, back)
        if not (sent := _values(change)):
            break
        tracker.update(issue_id, change)
        watched = {name: (watched[name][1], _mark(tracker, name, value)) for name, value in sent.items()}
    return theirs


def _written_over(
    edits: list[tuple[Edit, str, str]], seen: datetime | None, before: str, ours: str
) -> str | None:
    """Return what a person wrote into a field that our write replaced, None if nothing was lost.

    Our own edit's "before" tells, if it is not what we saw. Where the history shows texts in another mark-up,
    so that ours isn't found in it, a later edit by somebody else tells that came before one by our account.
    """
    own = [(edit, was) for edit, was, now in edits if now == ours]
    if own:
        edit, was = own[-1]
        return None if was in (before, ours) else edit.before
    mine = [n for n, (edit, _, _) in enumerate(edits) if edit.ours]
    if not mine or seen is None:
        return None
    between = [edit for edit, _, _ in edits[: mine[-1]] if not edit.ours and edit.at > seen]
    return between[-1].after if between else None


def _mark(tracker: Tracker, name: str, value: Any) -> str:
    """Identify a field's value, whether it comes from the issue, its history or us."""
    if name.startswith(_FIGURE):
        return hashed(_number(value))[:16]
    return hashed(letters(value if isinstance(value, str) else tracker.format.plain(value)))[:16]


def _number(value: Any) -> float | str:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value or "")


def _as_was(tracker: Tracker, lost: Mapping[str, str]) -> FieldUpdate:
    """Return the change that puts values back as the history shows them; an emptied figure can't be."""
    figures = {n.removeprefix(_FIGURE): _number(v) for n, v in lost.items() if n.startswith(_FIGURE) and v}
    text: Any = lost.get("description")
    if text is not None and tracker.format.name == "adf":
        paragraphs = (Paragraph((Text(line),)) for line in text.splitlines() if line.strip())
        text = tracker.format.write(Document(tuple(paragraphs)))
    return FieldUpdate(title=lost.get("title"), description=text, figures=figures)
