from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import Bench
from sqlalchemy import delete, insert, update
from sqlmodel import Session, col, select

from bridge.models import Assignment, KeyQuote, Lease, MapPlace, Run, Statement, Ticket, Topic
from bridge.store.database import Database
from bridge.store.views import SHOWN, Shelf, Shelves
from bridge.store.written import MARKED, draw, marks

PLACE = {"topic": 77, "x": 0.0, "y": 1.0, "together": True}
Write = Callable[[Session], Any]


@pytest.fixture
def done(in_topics: Bench):
    return in_topics


def seen(bench: Bench) -> dict[str, str]:
    with bench.database.reading() as session:
        return dict(marks(session, MARKED))


def changed_by(bench: Bench, write: Write) -> set[str]:
    """Return the tables whose mark is another after a write by another connection, as of another process."""
    before, other = seen(bench), Database(bench.database.url)
    with other.writing() as session:
        write(session)
    other.close()
    return {name for name, mark in seen(bench).items() if before.get(name) != mark}


def retitled(session: Session) -> None:
    session.exec(select(Topic).where(Topic.number == 1)).one().title = "Late bags"


@pytest.mark.parametrize(
    ("write", "tables"),
    [
        (retitled, {"topic"}),
        (lambda s: s.execute(update(Topic).values(state="done")), {"topic"}),
        (lambda s: s.execute(delete(MapPlace)), {"map_place"}),
        (lambda s: s.execute(insert(MapPlace), [PLACE]), {"map_place"}),
        (lambda s: s.connection().exec_driver_sql('UPDATE "assignment" SET kind = kind'), {"assignment"}),
        (lambda s: s.execute(update(Statement).values(stage=Statement.stage)), {"statement"}),
    ],
    ids=["object", "update", "delete", "insert", "plain words", "no change of a value"],
)  # fmt: skip
def test_a_table_has_another_mark_after_it_was_written(done: Bench, write: Write, tables: set[str]):
    assert changed_by(done, write) == tables


@pytest.mark.parametrize(
    "write",
    [
        lambda s: s.add(Lease(name="another", fence=1, owner="x")),
        lambda s: s.execute(update(Run).values(progress={"done": 3})),
        lambda s: s.execute(delete(KeyQuote)),
        lambda s: s.exec(select(Topic).with_for_update()).all(),
    ],
    ids=["lease", "sign of life", "another table", "reading"],
)
def test_signs_of_life_leave_the_marks_alone(done: Bench, write: Write):
    assert changed_by(done, write) == set()


def given_up(session: Session) -> None:
    retitled(session)
    session.flush()
    raise KeyError


def test_what_was_not_committed_leaves_the_marks_alone(done: Bench):
    before = seen(done)

    with pytest.raises(KeyError):
        changed_by(done, given_up)

    assert seen(done) == before


def test_after_a_migration_every_table_has_another_mark(done: Bench):
    before = seen(done)

    with done.database.writing() as session:
        draw(session.connection())

    after = seen(done)
    assert after.keys() == MARKED
    assert not set(after.items()) & set(before.items())


def test_a_shelf_is_kept_while_nothing_it_shows_is_written_and_no_longer(done: Bench):
    shelves = Shelves()
    first = look(done, shelves)

    changed_by(done, lambda s: s.execute(update(Run).values(progress={"done": 4})))
    still = look(done, shelves)
    changed_by(done, retitled)
    then = look(done, shelves)

    assert still is first
    assert then is not first
    assert then.by_number[1].title == "Late bags"


def look(bench: Bench, shelves: Shelves, **later: float) -> Shelf:
    with bench.database.reading() as session:
        return shelves.get(session, bench.now + timedelta(**later))


def test_each_table_of_a_shelf_makes_it_anew(done: Bench):
    shelves = Shelves()
    writes: dict[str, Write] = {
        "topic": retitled,
        "ticket": lambda s: s.execute(update(Ticket).values(reason="another")),
        "assignment": lambda s: s.execute(update(Assignment).values(kind="request")),
        "topic_figures": lambda s: s.connection().exec_driver_sql("UPDATE topic_figures SET reach = reach"),
        "engine_state": lambda s: s.connection().exec_driver_sql("UPDATE engine_state SET model = model"),
        "map_place": lambda s: s.execute(delete(MapPlace)),
    }

    assert set(writes) == SHOWN
    for write in writes.values():
        before = look(done, shelves)
        changed_by(done, write)
        assert look(done, shelves) is not before


def test_a_minute_later_only_the_weeks_are_counted_anew(done: Bench):
    shelves = Shelves()
    first = look(done, shelves)
    first.kept["map"] = "a map"

    later = look(done, shelves, minutes=2)

    assert later is not first
    assert later.topics is first.topics
    assert later.kept["map"] == "a map"


def test_what_was_said_after_the_clock_comes_in_when_its_time_has_come(done: Bench):
    with done.database.writing() as session:
        member = session.exec(select(Assignment).where(col(Assignment.topic) == 1)).first()
        member.said_at = done.now + timedelta(minutes=5)
        topic = session.exec(select(Topic).where(Topic.number == 1)).one()
        topic.touched += 1
    shelves = Shelves()

    now, then = look(done, shelves), look(done, shelves, minutes=6)

    assert then.by_number[1].figures.mentions == now.by_number[1].figures.mentions + 1


def test_what_was_said_later_in_the_same_minute_comes_in_then(done: Bench):
    with done.database.writing() as session:
        member = session.exec(select(Assignment).where(col(Assignment.topic) == 1)).first()
        member.said_at = done.now + timedelta(seconds=30)
        session.exec(select(Topic).where(Topic.number == 1)).one().touched += 1
    shelves = Shelves()

    now, still, then = (look(done, shelves, seconds=seconds) for seconds in (10, 20, 40))

    assert still is now
    assert then.by_number[1].figures.mentions == now.by_number[1].figures.mentions + 1
