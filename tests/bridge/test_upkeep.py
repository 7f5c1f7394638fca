from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fake_tracker import DAY_ONE, FakeClock, FakeTracker
from ledger_world import Steps, draft, fill

from bridge.models import Mirror, Ticket, Topic
from bridge.plan import hashed
from bridge.tracker import EvidenceLink
from bridge.tracker.effects import Create, Done, Effect
from bridge.upkeep import SENDING, KeepLinks, Refresh

LINK = EvidenceLink(global_id="1:T-1:9", url="https://example.org/9", title="lost bag")


@pytest.fixture
def tracker() -> FakeTracker:
    return FakeTracker(FakeClock())


@pytest.fixture
def store(tracker: FakeTracker) -> Iterator[Steps]:
    database = Steps("sqlite://")
    fill(database, 1)
    have(database, tracker, Create(1, draft(1)))
    yield database
    database.close()


def have(store: Steps, tracker: FakeTracker, effect: Effect) -> Done:
    with store.writing() as session:
        ticket = session.get(Ticket, 1)
        assert ticket is not None
        done = effect.send(tracker, ticket, "op")
        effect.done(session, ticket, done, DAY_ONE)
        return done


def mirror(store: Steps) -> Mirror:
    with store.reading() as session:
        found = session.get(Mirror, 1)
        assert found is not None
        return found


def keep(
    *, attach: tuple[EvidenceLink, ...] = (), detach: tuple[str, ...] = (), gone: bool = False
) -> KeepLinks:
    return KeepLinks(ticket_id=1, key="links", attach=attach, detach=detach, withdraws=gone)


def test_links_to_what_customers_said_come_and_go(store: Steps, tracker: FakeTracker):
    have(store, tracker, keep(attach=(LINK,)))
    attached = mirror(store).attached
    have(store, tracker, keep(detach=(LINK.global_id,)))

    assert list(attached) == [LINK.global_id]
    assert mirror(store).attached == {}
    assert tracker.issues[0].links == {}


def test_a_deleted_quote_is_unlinked_even_from_a_hidden_topic(store: Steps):
    with store.writing() as session:
        session.get(Topic, 1).state = "ignored"  # type: ignore[union-attr]

    with store.reading() as session:
        assert keep(detach=(LINK.global_id,), gone=True).wanted(session)
        assert not keep(attach=(LINK,)).wanted(session)


def test_a_refresh_keeps_what_it_wrote_beside_what_stood_there(store: Steps, tracker: FakeTracker):
    new = replace(draft(1), title="Bags get lost", fields={"reach": 50, "mentions": 60})
    kept: list[object] = []
    effect = Refresh(
        ticket_id=1,
        key="fields",
        draft=new,
        title=new.title,
        written=mirror(store).written,
        theirs=(),
        keep=lambda _, sending: kept.append(sending),
    )

    have(store, tracker, effect)

    written = mirror(store).written
    assert tracker.issues[0].remote.title == "Bags get lost"
    assert (written["title"], written["figures"]["reach"]) == (hashed("Bags get lost"), 50)
    assert written["description"] == hashed(tracker.format.canonical(draft(1).document))
    assert SENDING not in written
    assert len(kept) == 1  # before anything was written
