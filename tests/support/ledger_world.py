"""A store with topics and approved tickets, the real ledger on it, and one round of what is asked of it.

The store is the real one. In memory it is for simulations; on a file, for processes that are killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlmodel import Session, SQLModel, select

from bridge.models import Intent, Ticket, Topic, Workspace
from bridge.plan import Draft
from bridge.render.document import Document, Paragraph, Text
from bridge.store.database import Database
from bridge.tracker import Tracker, marker
from bridge.tracker.clock import Clock
from bridge.tracker.effects import AddComment, Create, Effect
from bridge.tracker.lease import LEASE, take
from bridge.tracker.ledger import Ledger, needs_person, resolve

BORN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def notes_of(number: int) -> tuple[str, ...]:
    """Return the comments that a topic's issue gets: one, and every third a second one."""
    return ("grew",) if number % 3 else ("grew", "back")


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


def says(text: str) -> Document:
    """Return a document that says this."""
    return Document((Paragraph((Text(text),)),))


def draft(number: int, *, project: str = "FB", title: str | None = None) -> Draft:
    """Return what the ticket of a topic says."""
    return Draft(
        topic=number,
        project=project,
        type="Bug",
        title=title or f"Topic {number}",
        document=says(f"41 people said so of {number}"),
        fields={"reach": 41, "mentions": 50},
    )


def effects_of(number: int) -> list[Effect]:
    """Return all that is to be had on a topic's ticket: its issue, then its comments."""
    notes = [AddComment(number, name, says(f"{name} {number}")) for name in notes_of(number)]
    return [Create(number, draft(number)), *notes]


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
) -> bool:
    """Do what a sync does with these topics; whether all is confirmed now."""
    fence = take(database, LEASE, "sync", clock.now().wall)
    ledger = Ledger(database, tracker, clock, fence, pause=pause)
    ledger.settle(rebuild)
    done = True
    for number in numbers:
        for effect in effects_of(number):
            if ledger.perform(effect) != "confirmed":
                done = False
                break
    return done


def answer_as_a_person(database: Database, there: Callable[[Intent], str], at: datetime) -> int:
    """Do what a person is asked to do: say of each effect where it is, or that it is absent."""
    with database.writing() as session:
        asked = [row["intent"] for row in needs_person(session) if "duplicate" not in row["reason"]]
        for intent in session.exec(select(Intent)).all() if asked else ():
            if intent.id in asked:
                name = there(intent)
                resolve(session, intent.id or 0, f"key {name}" if name else "absent", at)
    return len(asked)
