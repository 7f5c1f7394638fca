from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from builders import STORES
from fake_tracker import DAY_ONE, FakeClock, FakeTracker
from ledger_world import Steps, draft, fill, says
from sqlmodel import Session

from bridge.models import Mirror, Ticket, Topic
from bridge.plan import hashed
from bridge.render.document import Document
from bridge.tracker import Edit, FieldUpdate
from bridge.tracker.effects import (
    AddComment,
    Create,
    Done,
    Effect,
    Join,
    Move,
    still_wanted,
)


@pytest.fixture
def store(stores: object) -> Iterator[Steps]:
    database = Steps(STORES.scratch())
    fill(database, 2)
    yield database
    database.close()


@pytest.fixture
def tracker() -> FakeTracker:
    return FakeTracker(FakeClock())


def have(store: Steps, tracker: FakeTracker, effect: Effect, op: str = "op") -> Done:
    """Send an effect and store what it changed, as the ledger does."""
    with store.writing() as session:
        ticket = session.get(Ticket, effect.ticket_id)
        assert ticket is not None
        done = effect.send(tracker, ticket, op)
        effect.done(session, ticket, done, DAY_ONE)
        return done


def find(store: Steps, tracker: FakeTracker, effect: Effect, op: str = "op") -> list[Done]:
    with store.reading() as session:
        ticket = session.get(Ticket, effect.ticket_id)
        assert ticket is not None
        return effect.find(tracker, ticket, op)


def mirror(store: Steps, ticket_id: int = 1) -> Mirror:
    with store.reading() as session:
        found = session.get(Mirror, ticket_id)
    assert found is not None
    return found


def ticket(store: Steps) -> Ticket:
    with store.reading() as session:
        found = session.get(Ticket, 1)
    assert found is not None
    return found


def test_a_create_links_the_ticket_and_keeps_what_was_written(store: Steps, tracker: FakeTracker):
    have(store, tracker, Create(1, draft(1)))

    row, kept = ticket(store), mirror(store)
    assert (row.state, row.key, row.remote_id, row.created_at) == ("open", "FB-1", "10001", DAY_ONE)
    assert (row.title, row.baseline) == ("Topic 1", draft(1).fields)
    assert row.reported == {**draft(1).fields, "title": "Topic 1"}
    assert kept.written == {
        "title": hashed("Topic 1"),
        "description": hashed(tracker.format.canonical(draft(1).document)),
        "figures": draft(1).figures,
    }
    assert (kept.status, kept.category, kept.seen_at) == ("To Do", "new", DAY_ONE)
    with store.reading() as session:
        assert session.get(Topic, 1).state == "tracked"  # type: ignore[union-attr]


def test_a_topic_that_a_person_set_aside_stays_so(store: Steps, tracker: FakeTracker):
    with store.writing() as session:
        session.get(Topic, 1).state = "snoozed"  # type: ignore[union-attr]

    have(store, tracker, Create(1, draft(1)))

    with store.reading() as session:
        assert session.get(Topic, 1).state == "snoozed"  # type: ignore[union-attr]


def test_an_issue_found_again_is_as_good_as_one_just_opened(store: Steps, tracker: FakeTracker):
    effect = Create(1, draft(1))
    sent = have(store, tracker, effect)

    found = find(store, tracker, effect)

    assert len(found) == 1
    assert (found[0].is_todays, found[0].written) == (True, sent.written)


def test_an_issue_found_with_other_words_is_due_for_an_update(store: Steps, tracker: FakeTracker):
    tracker.create(draft(1, title="Yesterday's title"), ticket(store).marker, "op")
    effect = Create(1, draft(1))

    found = find(store, tracker, effect)
    with store.writing() as session:
        row = session.get(Ticket, 1)
        assert row is not None
        effect.done(session, row, found[0], DAY_ONE)

    assert found[0].is_todays is False
    assert ticket(store).reported == {}
    assert mirror(store).written["title"] == hashed("Yesterday's title")


def test_what_a_person_edited_before_it_was_found_is_not_taken_for_ours(
    store: Steps, tracker: FakeTracker, monkeypatch: pytest.MonkeyPatch
):
    made = tracker.create(draft(1), ticket(store).marker, "op")
    tracker.update(made.id, FieldUpdate(title="Ana's title"))

    def history(issue_id: str, since: datetime) -> list[Edit]:
        return [Edit(field="title", before="Topic 1", after="Ana's title", at=since, ours=False)]

    monkeypatch.setattr(tracker, "history", history)

    found = find(store, tracker, Create(1, draft(1)))

    assert found[0].written is not None
    assert "title" not in found[0].written
    assert "description" in found[0].written


def test_a_comment_is_found_by_its_op_oldest_first(store: Steps, tracker: FakeTracker):
    have(store, tracker, Create(1, draft(1)))
    told: list[Done] = []

    def also(session: Session, ticket: Ticket, done: Done, at: datetime) -> None:
        told.append(done)

    first = have(store, tracker, AddComment(1, "grew", says("more"), also))
    second = have(store, tracker, AddComment(1, "grew", says("more"), also))
    have(store, tracker, AddComment(1, "back", says("again")), op="another")

    assert find(store, tracker, AddComment(1, "grew", says("more"))) == [first, second] == told


def test_a_comment_without_words_is_only_looked_for(store: Steps, tracker: FakeTracker):
    have(store, tracker, Create(1, draft(1)))

    with store.reading() as session:
        assert AddComment(1, "grew", says("more")).wanted(session)
        assert not AddComment(1, "grew", None).wanted(session)


def test_a_ticket_with_nothing_to_say_is_not_opened(store: Steps):
    import dataclasses

    empty = dataclasses.replace(draft(1), document=Document(()), fields={})

    with store.reading() as session:
        assert not Create(1, empty).wanted(session)
        assert Create(1, draft(1)).wanted(session)


def test_a_link_between_issues_is_found_by_the_other_and_its_kind(store: Steps, tracker: FakeTracker):
    have(store, tracker, Create(1, draft(1)))
    effect = Join(1, "10002", "Relates")

    before = find(store, tracker, effect)
    have(store, tracker, effect)

    assert (before, find(store, tracker, effect)) == ([], [Done()])
    assert find(store, tracker, Join(1, "10002", "Duplicate")) == []


def test_a_move_keeps_the_status_and_is_found_by_its_category(store: Steps, tracker: FakeTracker):
    have(store, tracker, Create(1, draft(1)))
    effect = Move(1, "close", "done")

    before = find(store, tracker, effect)
    have(store, tracker, effect)

    assert before == []
    assert len(find(store, tracker, effect)) == 1
    assert (ticket(store).state, mirror(store).category, mirror(store).moved_at) == ("done", "done", DAY_ONE)


@pytest.mark.parametrize("state", ["proposed", "rejected", "open"])
def test_a_create_is_wanted_only_of_what_is_approved(store: Steps, state: str):
    with store.writing() as session:
        session.get(Ticket, 1).state = state  # type: ignore[union-attr]

    with store.reading() as session:
        assert not Create(1, draft(1)).wanted(session)
        assert Create(2, draft(2)).wanted(session)


def test_nothing_is_wanted_on_a_topic_merged_into_a_hidden_one(store: Steps):
    with store.writing() as session:
        session.get(Topic, 2).state = "ignored"  # type: ignore[union-attr]
        session.get(Topic, 1).root = 2  # type: ignore[union-attr]

    with store.reading() as session:
        assert not still_wanted(session, 1, ("approved",))
        assert not still_wanted(session, 99, ("approved",))


def test_a_payload_hash_tells_contents_apart_and_holds_none():
    one, other = AddComment(1, "k", says("lost bag")), AddComment(1, "k", says("lost bags"))

    assert one.payload_hash != other.payload_hash
    assert "lost" not in one.payload_hash
