"""The effects that a ticket can have in a tracker: how each is sent, found again, and kept.

`repeatable` ones are upserts: doing them twice is doing them once, so doubt about them is ended by doing them
again (`bridge.upkeep`). Those here carry a mark (a label, an op) by which a reading finds out whether they
were had.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from bridge.merging import Wanted, written_at_first
from bridge.models import WORKSPACE, Mirror, Ticket, Topic
from bridge.plan import Draft, hashed
from bridge.tracker import Category, Remote, Tracker

if TYPE_CHECKING:
    from bridge.render.document import Document

Kind = Literal["create", "update", "comment", "transition", "link"]


@dataclass(frozen=True, slots=True)
class Done:
    """What the tracker has of an effect. `written`: what stands there as written by us, None if unknown.

    `is_todays` is false when an issue found again says something else than the effect would say today.
    """

    remote: Remote | None = None
    comment_id: str | None = None
    written: Mapping[str, Any] | None = None
    is_todays: bool = True

    @property
    def name(self) -> str:
        """The issue's key, or the comment's id."""
        return self.remote.key if self.remote else self.comment_id or ""


_TICKET, _TOPIC = Ticket.__table__, Topic.__table__  # type: ignore[attr-defined]
_ROOT = _TOPIC.alias("root")
_STATES = (
    select(_TICKET.c.state, _TICKET.c.remote_id, _ROOT.c.state.label("topic_state"))
    .join(_TOPIC, (_TOPIC.c.workspace_id == WORKSPACE) & (_TOPIC.c.number == _TICKET.c.topic))
    .join(_ROOT, (_ROOT.c.workspace_id == WORKSPACE) & (_ROOT.c.number == _TOPIC.c.root))
    .where(_TICKET.c.id == bindparam("ticket"))
)  # of the tables, not of the classes: it is asked twice for each effect
_TRACK = (
    update(_TOPIC)
    .where(
        _TOPIC.c.workspace_id == WORKSPACE,
        _TOPIC.c.number == bindparam("topic"),
        _TOPIC.c.state.not_in(("ignored", "snoozed")),  # a person said so meanwhile
    )
    .values(state="tracked")
)

Bookkeeping = Callable[[Session, Ticket, Done, datetime], None]
"""What else to store in the transaction that confirms an effect."""


def nothing(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
    """Store nothing else."""


class Effect(Protocol):
    """Something to be had in a tracker on a ticket, once. `kind` and `key` tell it from its others."""

    @property
    def kind(self) -> str:
        """Create, update, comment, transition or link."""
        ...

    @property
    def key(self) -> str:
        """Which of the ticket's effects of that kind."""
        ...

    @property
    def ticket_id(self) -> int:
        """The ticket it is had on."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether doing it twice is doing it once."""
        ...

    @property
    def payload_hash(self) -> str:
        """Identifies the content without holding it."""
        ...

    def wanted(self, session: Session) -> bool:
        """Whether anybody still wants it; asked when it is planned, and again right before it is sent."""
        ...

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:
        """Have it; raises as the tracker's verbs do."""
        ...

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:
        """Return what is there of it already, oldest first."""
        ...

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
        """Store what it changed, in the transaction that confirms it."""
        ...


@dataclass(frozen=True, slots=True)
class Create:
    """Open a ticket's issue. It is found again by the ticket's marker."""

    ticket_id: int
    draft: Draft
    kind: Kind = "create"
    key: str = "create"
    repeatable: bool = False

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return self.draft.payload_hash

    def wanted(self, session: Session) -> bool:
        """Whether the ticket is approved, nobody has hidden its topic, and there is something to say."""
        says_something = bool(self.draft.document.blocks or self.draft.fields)
        return says_something and still_wanted(session, self.ticket_id, ("approved",))

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:
        """Open the issue, with its marker and op in the same request."""
        remote = tracker.create(self.draft, ticket.marker, op)
        return Done(remote, written=self._written(tracker, remote.title))

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002 - the marker tells
        """Return the issues with the ticket's marker; of the oldest also what stands in it by our hand."""
        found = [Done(remote) for remote in tracker.find(ticket.marker)]
        if found and found[0].remote is not None:
            found[0] = self._looked_at(tracker, found[0], ticket.proposed_at)
        return found

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
        """Link the ticket to its issue, track its topic, and keep what was written."""
        remote = done.remote
        if remote is None:
            return
        ticket.state, ticket.created_at = "open", ticket.created_at or at
        ticket.key, ticket.remote_id, ticket.url = remote.key, remote.id, remote.url
        ticket.title = self.draft.title
        ticket.reported = {**self.draft.fields, "title": self.draft.title} if done.is_todays else {}
        ticket.baseline = ticket.baseline or dict(self.draft.fields)
        session.connection().execute(_TRACK, {"topic": ticket.topic})
        mirror = mirror_of(session, ticket)
        _seen(mirror, remote, at)
        mirror.written = dict(done.written or {})
        mirror.theirs = sorted({*(mirror.theirs or ()), *self.draft.theirs})

    def _written(self, tracker: Tracker, title: str) -> dict[str, Any]:
        fields = Wanted(
            title=title or self.draft.title, document=self.draft.document, figures=self.draft.figures
        )
        return written_at_first(fields, tracker.format)

    def _looked_at(self, tracker: Tracker, done: Done, since: datetime) -> Done:
        """Add what stands in an issue as written by us: all of it that nobody else has edited."""
        remote = tracker.look(done.remote.id) if done.remote else None
        if remote is None:
            return replace(done, is_todays=False)
        edited = {edit.field for edit in tracker.history(remote.id, since) if not edit.ours}
        block = tracker.format.block(remote.description)
        figures = {name: value for name, value in remote.figures.items() if f"figures.{name}" not in edited}
        stands: dict[str, Any] = {"figures": figures}
        if "title" not in edited:
            stands["title"] = hashed(remote.title)
        if "description" not in edited and block is not None:
            stands["description"] = hashed(block)
        todays = self._written(tracker, "")
        same = all(stands.get(name) == todays[name] for name in ("title", "description"))
        return Done(remote, written=stands, is_todays=same)


@dataclass(frozen=True, slots=True)
class AddComment:
    """Write a comment. Without a document it is only looked for: nobody wants it any more."""

    ticket_id: int
    key: str
    document: Document | None
    also: Bookkeeping = nothing
    kind: Kind = "comment"
    repeatable: bool = False

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return hashed(repr(self.document))

    def wanted(self, session: Session) -> bool:
        """Whether the ticket has an issue, and nobody has hidden its topic."""
        return self.document is not None and still_wanted(session, self.ticket_id, ("open", "done"))

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:
        """Write the comment, with its op in the same request."""
        assert self.document is not None  # noqa: S101 - `wanted` was asked right before
        return Done(comment_id=tracker.comment(ticket.remote_id or "", self.document, op))

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:
        """Return the comments with this op."""
        newest_first = tracker.comments(ticket.remote_id or "")
        return [Done(comment_id=comment.id) for comment in reversed(newest_first) if comment.op == op]

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
        """Store what the caller wants stored."""
        self.also(session, ticket, done, at)


@dataclass(frozen=True, slots=True)
class Move:
    """Bring an issue into a status of a category. A person may move it back, so it isn't simply repeated."""

    ticket_id: int
    key: str
    category: Category
    also: Bookkeeping = nothing
    kind: Kind = "transition"
    repeatable: bool = False

    @property
    def payload_hash(self) -> str:
        """Identify the content."""
        return hashed(self.category)

    def wanted(self, session: Session) -> bool:
        """Whether the ticket has an issue, and nobody has hidden its topic."""
        return still_wanted(session, self.ticket_id, ("open", "done"))

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:  # noqa: ARG002 - a status carries no op
        """Move the issue by its workflow."""
        return Done(tracker.move(ticket.remote_id or "", self.category))

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002
        """Return the issue if it is in such a status."""
        remote = tracker.look(ticket.remote_id or "")
        return [Done(remote)] if remote is not None and remote.category == self.category else []

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
        """Keep the status, and when we moved it."""
        mirror = mirror_of(session, ticket)
        if done.remote is not None:
            _seen(mirror, done.remote, at)
            ticket.state = "done" if done.remote.is_done else "open"
        mirror.moved_at = at
        self.also(session, ticket, done, at)


@dataclass(frozen=True, slots=True)
class Join:
    """Link a ticket's issue to another one. A link of two issues that came late would stand there twice."""

    ticket_id: int
    other_id: str
    how: str
    kind: Kind = "link"
    repeatable: bool = False

    @property
    def key(self) -> str:
        """One link to each other issue."""
        return f"join {self.other_id}"

    @property
    def payload_hash(self) -> str:
        """Identify the content."""
        return hashed(self.other_id, self.how)

    def wanted(self, session: Session) -> bool:
        """Whether the ticket has an issue, and nobody has hidden its topic."""
        return still_wanted(session, self.ticket_id, ("open", "done"))

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:  # noqa: ARG002 - a link carries no op
        """Link the two, unless they are linked so already."""
        tracker.join(ticket.remote_id or "", self.other_id, self.how)
        return Done()

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002
        """Return the link if it is there."""
        remote = tracker.look(ticket.remote_id or "")
        others = (
            [joined for joined in remote.joined if self.other_id in (joined.id, joined.key)] if remote else []
        )
        return [Done() for joined in others if joined.how.casefold() == self.how.casefold()][:1]

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
        """Store nothing: links are read back."""


def still_wanted(session: Session, ticket_id: int, states: Collection[str]) -> bool:
    """Whether a ticket is in one of these states (once it is open: with an issue), its topic not hidden."""
    session.flush()
    row = session.connection().execute(_STATES, {"ticket": ticket_id}).first()
    if row is None or row.state not in states:
        return False
    has_issue = row.state not in ("open", "done") or bool(row.remote_id)
    return has_issue and row.topic_state != "ignored"


def mirror_of(session: Session, ticket: Ticket) -> Mirror:
    """Return what is known of a ticket's issue, made if it isn't there."""
    found = session.get(Mirror, ticket.id)
    if found is None:
        found = Mirror(ticket_id=ticket.id or 0)
        session.add(found)
    return found


def _seen(mirror: Mirror, remote: Remote, at: datetime) -> None:
    """Keep an issue's state; what it is in full is read back by the next look."""
    mirror.status, mirror.category, mirror.resolution = remote.status, remote.category, remote.resolution
    mirror.resolved_at, mirror.updated, mirror.seen_at = remote.resolved_at, remote.updated, at
