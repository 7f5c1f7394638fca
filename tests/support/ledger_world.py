"""A store with topics and approved tickets, the real ledger on it, and one round of what is asked of it.

The store is the real one. In memory it is for simulations; on a file, for processes that are killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, SQLModel, col, select

from bridge.models import Intent, Ticket, Topic, Workspace
from bridge.plan import Draft, hashed
from bridge.render.document import Document, Paragraph, Text
from bridge.store.database import Database
from bridge.tracker import FieldUpdate, Tracker, marker
from bridge.tracker.clock import Clock
from bridge.tracker.effects import AddComment, Create, Done, Effect
from bridge.tracker.lease import LEASE, take
from bridge.tracker.ledger import Ledger, needs_person, resolve

BORN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def notes_of(number: int) -> tuple[str, ...]:
    """Return the comments that a topic's issue gets."""
    return ("grew", "back")


class Crash(BaseException):
    """The process died here."""


class Steps(Database):
    """A store that tells of each commit, before it and after it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.step: Callable[[str], None] = lambda _: None

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that holds the write lock."""
        with super().writing() as session:
            yield session
            self.step("before commit")
        self.step("after commit")


def fill(database: Database, topics: int, *, project: str = "FB", first: int = 1) -> None:
    """Make the tables, the workspace, and so many topics with a ticket that is approved."""
    SQLModel.metadata.create_all(database.engine)
    with database.writing() as session:
        if session.get(Workspace, 1) is None:
            session.add(Workspace(id=1, name="default", secret=b"secret"))
            session.flush()
        for number in range(first, first + topics):
            session.add(Topic(number=number, root=number, title=f"Topic {number}", born_at=BORN))
            session.add(
                Ticket(
                    id=number,
                    topic=number,
                    state="approved",
                    tracker="fake",
                    project=project,
                    type="Bug",
                    marker=marker("1", project, number),
                    proposed_at=BORN,
                )
            )


def filled(topics: int) -> Steps:
    """Return a store in memory with so many topics: a copy of one that was filled once."""
    database = Steps("sqlite://")
    _driver(database).deserialize(_image(topics))
    return database


@cache
def _image(topics: int) -> bytes:
    database = Steps("sqlite://")
    fill(database, topics)
    image = bytes(_driver(database).serialize())
    database.close()
    return image


def _driver(database: Database) -> Any:
    with database.engine.connect() as connection:
        return connection.connection.driver_connection


def says(text: str) -> Document:
    """Return a document that says this."""
    return Document((Paragraph((Text(text),)),))


@dataclass(frozen=True, slots=True)
class SetTitle:
    """An upsert, as simple as one can be: it is wanted always, and never looked for."""

    ticket_id: int
    key: str
    title: str
    kind: str = "update"
    repeatable: bool = True

    @property
    def payload_hash(self) -> str:
        """Identify the content."""
        return hashed(self.title)

    def wanted(self, session: Session) -> bool:  # noqa: ARG002 - anybody may want it
        """Whether anybody wants it: yes."""
        return True

    def send(self, tracker: Tracker, ticket: Ticket, op: str) -> Done:  # noqa: ARG002 - a title carries no op
        """Set the title."""
        tracker.update(ticket.remote_id or "", FieldUpdate(title=self.title))
        return Done()

    def find(self, tracker: Tracker, ticket: Ticket, op: str) -> list[Done]:  # noqa: ARG002
        """Look for nothing."""
        return []

    def done(self, session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
        """Store nothing."""


def draft(number: int, *, project: str = "FB", title: str | None = None) -> Draft:
    """Return what the ticket of a topic says."""
    return _draft(number, project, title or f"Topic {number}")


@cache
def _draft(number: int, project: str, title: str) -> Draft:
    return Draft(
        topic=number,
        project=project,
        type="Bug",
        title=title,
        document=says(f"41 people said so of {number}"),
        fields={"reach": 41, "mentions": 50},
    )


@cache
def effects_of(number: int) -> tuple[Effect, ...]:
    """Return all that is to be had on a topic's ticket: its issue, then its comments."""
    notes = [AddComment(number, name, says(f"{name} {number}")) for name in notes_of(number)]
    return (Create(number, draft(number)), *notes)


def rebuild(intent: Intent) -> Effect | None:
    """Return the effect of an intent as it would be today."""
    same = [e for e in effects_of(intent.ticket_id) if (e.kind, e.key) == (intent.effect, intent.key)]
    return same[0] if same else None


def round_of(
    database: Database,
    tracker: Tracker,
    clock: Clock,
    numbers: range | list[int],
    pause: Callable[[float], None],
    needless: Callable[[], bool] = lambda: True,
) -> bool:
    """Do what a sync does with these topics; whether all is confirmed now.

    A sync asks for nothing that it knows to be confirmed, or to stand behind something in doubt; where
    `needless` says so it asks all the same: nothing must come of it.
    """
    fence = take(database, LEASE, "sync", clock.now().wall)
    ledger = Ledger(database, tracker, clock, fence, pause=pause)
    left = ledger.settle(rebuild)
    with database.reading() as session:
        between = {"first": min(numbers), "last": max(numbers)}
        known = {tuple(row) for row in session.connection().execute(_CONFIRMED, between)}
    held = left.waiting | left.persons
    done = True
    for number in numbers:
        wanted = [e for e in effects_of(number) if needless() or (number, e.kind, e.key) not in known]
        if wanted and number in held and not needless():
            done = False
            continue
        for effect in wanted:
            if ledger.perform(effect) != "confirmed":
                done = False
                break
    return done


_CONFIRMED = columns(col(Intent.ticket_id), col(Intent.effect), col(Intent.key)).where(
    col(Intent.state) == "confirmed", col(Intent.ticket_id).between(bindparam("first"), bindparam("last"))
)


def answer_as_a_person(database: Database, there: Callable[[Intent], str], at: datetime) -> int:
    """Do what a person is asked to do: say of each effect where it is, or that it is absent."""
    with database.reading() as session:
        asked = [row["intent"] for row in needs_person(session) if "duplicate" not in row["reason"]]
    if not asked:
        return 0
    with database.writing() as session:
        for intent in session.exec(select(Intent).where(col(Intent.id).in_(asked))).all():
            name = there(intent)
            resolve(session, intent.id or 0, f"key {name}" if name else "absent", at)
    return len(asked)
