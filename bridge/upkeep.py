"""Effects that keep an issue true: its fields, its evidence comment, its links to what customers said.

Each may be had twice without harm; what may not (a comment's first writing, a new link between issues) is in
`bridge.tracker.effects`. Fields are re-read right before they are written, and the issue's history is read
right after: what a person wrote in between is put back, and is theirs for good. What we saw is kept as hashes
before we write: if the answer is lost or the process dies, the next update reads the history first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.errors import TrackerError, TrackerGone
from bridge.merging import Merged, Wanted, merge
from bridge.models import Ticket
from bridge.plan import hashed
from bridge.render.document import Document
from bridge.tracker import EvidenceLink, FieldUpdate
from bridge.tracker.effects import Done, mirror_of, still_wanted
from bridge.witness import letters, put_back, stood_there

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.plan import Draft
    from bridge.tracker import Remote, Tracker

SENDING = "sending"
"""Where `Mirror.written` keeps what stood there before a write whose end hasn't been seen."""


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
            lost = put_back(tracker, now.id, sending)
            now = _there(tracker, ticket)
        fixed = ("title", "description") if self.adopted else ()
        fields = Wanted(title=self.title, document=self.draft.document, figures=self.draft.figures)
        merged = merge(fields, now, self.written, {*self.theirs, *fixed, *lost}, tracker.format)
        if not merged.empty:
            change = FieldUpdate(title=merged.title, description=merged.description, figures=merged.figures)
            sending = stood_there(tracker, now, change)
            self.written = {**self.written, SENDING: sending}
            self.keep(self.ticket_id, sending)
            try:
                tracker.update(now.id, change)
            except TrackerError:
                self.keep(self.ticket_id, {})  # a definite no: nothing was written
                raise
            lost |= put_back(tracker, now.id, sending)
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


def link_hash(link: EvidenceLink) -> str:
    """Identify what a link says."""
    return hashed(link.url, link.title, link.summary)[:16]


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
