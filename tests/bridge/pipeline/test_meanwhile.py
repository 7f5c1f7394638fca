"""A person decides while a run is at work: what the person said stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW, Bench, copy_store
from sqlmodel import Session

from bridge.pipeline import deciding, saying, sending, themes
from bridge.store.database import Database
from bridge.verbs import Verbs


class Meanwhile(Database):
    """A store to which somebody else comes first, once, when a run wants to write."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.first: Callable[[], None] | None = None

    @contextmanager
    def writing(self) -> Iterator[Session]:
        do, self.first = self.first, None
        if do is not None:
            do()
        with super().writing() as session:
            yield session


class AtStep:
    """A person who acts as soon as a step reports."""

    def __init__(self, name: str, do: Callable[[], None]) -> None:
        self._name = name
        self._do: Callable[[], None] | None = do

    def step(self, name: str, done: int, total: int | None) -> None:  # noqa: ARG002 - the shape of Progress
        if name == self._name and self._do is not None:
            do, self._do = self._do, None
            do()


@pytest.fixture
def late(in_topics: Bench, tmp_path: Path):
    (tmp_path / "late").mkdir()
    bench = copy_store(in_topics, tmp_path / "late", database=Meanwhile)
    yield bench
    bench.database.close()


def person(bench: Bench, do: Callable[[Verbs], object]) -> Callable[[], None]:
    def act() -> None:
        with bench.deciding() as verbs:
            do(verbs)

    return act


def meanwhile(bench: Bench, do: Callable[[Verbs], object]) -> None:
    assert isinstance(bench.database, Meanwhile)
    bench.database.first = person(bench, do)


def state(bench: Bench, number: int) -> str:
    return bench.query("SELECT state FROM topic WHERE number = ?", number)[0][0]


@pytest.mark.parametrize("already", [False, True])
def test_a_topic_touched_after_its_evidence_was_chosen_is_looked_at_again(in_topics: Bench, already: bool):
    bench = in_topics
    (topic, quoted) = bench.query(
        "SELECT e.topic, i.external_id FROM evidence e JOIN statement s ON s.id = e.statement_id"
        " JOIN item i ON i.id = s.item_id WHERE e.rank = 1 AND i.source = 'reviews' LIMIT 1"
    )[0]
    other = next(n for (n,) in bench.query("SELECT number FROM topic ORDER BY 1") if n != topic)
    bench.query("UPDATE topic SET touched = ? WHERE number = ?", int(already), topic)
    bench.query("UPDATE topic SET touched = 1 WHERE number NOT IN (?, ?)", topic, other)
    out = person(bench, lambda verbs: verbs.move("reviews", quoted, None))

    bench.run("track", first="label", progress=AtStep("evidence", out))
    left = bench.query("SELECT number FROM topic WHERE touched > 0")
    bench.run("track", first="label")

    assert left == [(topic,)]
    assert bench.query("SELECT count(*) FROM topic WHERE touched > 0") == [(0,)]
    assert quoted not in {
        name
        for (name,) in bench.query(
            "SELECT i.external_id FROM evidence e JOIN statement s ON s.id = e.statement_id"
            " JOIN item i ON i.id = s.item_id"
        )
    }


def test_a_topic_ignored_while_its_snooze_ends_stays_ignored(late: Bench):
    with late.deciding() as verbs:
        verbs.snooze(1, until=NOW + timedelta(days=1), until_reach=None)
    late.now = NOW + timedelta(days=2)
    meanwhile(late, lambda verbs: verbs.ignore(1))

    saying.track(late.context())

    assert state(late, 1) == "ignored"


def test_a_snooze_made_longer_while_it_ends_goes_on(late: Bench):
    with late.deciding() as verbs:
        verbs.snooze(1, until=NOW + timedelta(days=1), until_reach=None)
    late.now = NOW + timedelta(days=2)
    meanwhile(late, lambda verbs: verbs.snooze(1, until=NOW + timedelta(days=9), until_reach=None))

    saying.track(late.context())

    assert state(late, 1) == "snoozed"


@pytest.mark.parametrize(
    "do",
    [
        lambda verbs: verbs.ignore(1),
        lambda verbs: verbs.snooze(1, until=NOW + timedelta(days=9), until_reach=None),
        lambda verbs: verbs.merge(1, 2),
    ],
    ids=["ignored", "snoozed", "merged"],
)
def test_no_ticket_is_proposed_for_what_a_person_took_away_meanwhile(
    late: Bench, do: Callable[[Verbs], object]
):
    decided = deciding.decide_all(late.context())
    proposed = {decision.topic for decision in decided.decisions if isinstance(decision, deciding.Propose)}
    meanwhile(late, do)

    counts = deciding.store_decisions(late.context(), decided)

    assert {1, 2} <= proposed
    assert {n for (n,) in late.query("SELECT topic FROM ticket")} == proposed - {1}
    assert counts["proposed"] == len(proposed) - 1
    assert state(late, 1) != "in review"


@pytest.mark.parametrize(
    "do", [lambda verbs: verbs.undo(1), lambda verbs: verbs.ignore(1)], ids=["undone", "ignored"]
)
def test_what_a_person_took_back_after_the_plan_is_not_sent(late: Bench, do: Callable[[Verbs], object]):
    with late.deciding() as verbs:
        verbs.approve(1, tracker="local", project="FB", type_="Bug")
    plan = sending.look(late.context())
    meanwhile(late, do)

    sent = sending.apply_plan(late.context(), plan)

    assert [action.topic for action in plan.actions if action.ticket_id] == [1]
    assert (sent.done, sent.errors) == ([], [])
    assert late.query("SELECT count(*) FROM backlog_issue") == [(0,)]
    assert late.query("SELECT count(*) FROM intent") == [(0,)]


def test_an_update_of_a_ticket_that_is_done_meanwhile_is_not_sent(late: Bench):
    with late.deciding() as verbs:
        verbs.approve(1, tracker="local", project="FB", type_="Bug")
    late.sync()
    with late.deciding() as verbs:
        verbs.rename(1, "A better title")
    plan = sending.look(late.context())
    late.query("UPDATE ticket SET state = 'done' WHERE topic = 1")

    sending.apply_plan(late.context(), plan)

    assert [action.effect for action in plan.actions] == ["update"]
    assert late.query("SELECT title FROM backlog_issue") != [("A better title",)]


def test_a_statement_moved_while_it_is_placed_stays_where_the_person_put_it(late: Bench):
    late.set('brand.accounts = ["bag_6"]')
    late.run("embed")
    meanwhile(late, lambda verbs: verbs.move("reviews", "bag-006", 2))

    themes.assign_and_discover(late.context(), discovering=False)

    assert late.topic_of("bag-006") == "T-2"
    assert late.query("SELECT count(*) FROM assignment WHERE pinned") == [(1,)]


def test_a_repost_moved_by_a_person_while_reposts_are_settled_stays_there(late: Bench):
    before, target, mine = late.topic_of("bag-003"), late.topic_of("app-003"), late.topic_of("legroom-003")
    late.query(
        "UPDATE assignment SET topic = ? WHERE statement_id IN (SELECT s.id FROM statement s"
        " JOIN item i ON i.id = s.item_id WHERE i.external_id = 'bag-003')",
        int((target or "")[2:]),
    )
    meanwhile(late, lambda verbs: verbs.move("reviews", "repost-1", int((mine or "")[2:])))

    themes.settle_reposts(late.context())

    found = {name: late.topic_of(name) for name in ("repost-0", "repost-1", "repost-2")}
    assert len({before, target, mine}) == 3
    assert found == {"repost-0": target, "repost-1": mine, "repost-2": target}
