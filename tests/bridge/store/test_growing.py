from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import Bench, gone, theme
from sqlalchemy import update

from bridge.models import TopicFigures
from bridge.pipeline import saying
from bridge.store import figures, growing
from bridge.store import topics as store
from bridge.verbs import Verbs


@pytest.fixture
def done(in_topics: Bench):
    return in_topics


def number_of(bench: Bench, name: str) -> int:
    return int(str(bench.topic_of(name)).removeprefix("T-"))


def due(bench: Bench, later: timedelta = timedelta(0)) -> list[int]:
    with bench.database.reading() as session:
        return [topic.number for topic in growing.due(session, bench.now + later)]


def reach(bench: Bench, number: int) -> int:
    with bench.database.reading() as session:
        return figures.figures(session, bench.now, [number])[number].reach


def quoted(bench: Bench, number: int) -> list[str]:
    with bench.database.reading() as session:
        return [quote.item for quote in store.evidence(session, [number], bench.now)[number]]


def test_who_comes_in_is_counted_in_and_the_others_are_not_counted_again(done: Bench):
    number = number_of(done, "bag-000")
    before = reach(done, number)
    with done.database.writing() as session:
        session.execute(update(TopicFigures).values(reach=TopicFigures.reach + 1000))

    done.take(theme("bag", 5, first=16)[::2])  # one of them was there before
    done.run()

    assert number_of(done, "bag-018") == number_of(done, "bag-020") == number
    assert reach(done, number) == before + 1000 + 2


def test_figures_that_grew_are_those_of_a_recount(done: Bench):
    for day, source in enumerate(("reviews", "mails", "chats")):
        done.take(theme("bag", 3, first=20 + 3 * day, days=60 - 40 * day), source)
        done.take(theme("app", 2, first=4 * day, days=9), source)
        done.run()

        with done.database.reading() as session:
            assert figures.wrong(session) == []


def test_a_speaker_who_says_it_again_is_one_person(done: Bench):
    number = number_of(done, "bag-000")
    before = reach(done, number)

    [said] = theme("bag", 1, first=18)
    done.take([said, replace(said, external_id="again", text=f"{said.text}, and nobody answers")])
    done.run()
    done.take([replace(said, external_id="later", text=f"hello, {said.text}, please")])
    done.run()

    assert number_of(done, "again") == number_of(done, "later") == number
    assert reach(done, number) == before + 1


def test_a_topic_is_looked_at_anew_when_enough_is_new_or_a_day_has_passed(
    done: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(growing, "SHARE", 5)
    number = number_of(done, "bag-000")
    assert due(done) == due(done, timedelta(days=2)) == []

    done.take(theme("bag", 1, first=18))
    done.run()

    assert number_of(done, "bag-018") == number
    assert due(done) == []
    assert due(done, timedelta(days=1)) == [number]

    before = done.query("SELECT shown_mentions FROM topic WHERE number = ?", number)
    done.take(theme("bag", 7, first=20)[::2])
    done.run()

    assert done.query("SELECT shown_mentions FROM topic WHERE number = ?", number) > before
    assert due(done, timedelta(days=2)) == []


def test_a_quote_that_is_taken_back_is_gone_with_the_next_run_however_little_changed(done: Bench):
    number = number_of(done, "bag-000")
    first, *others = quoted(done, number)

    done.take([gone(first)], once=False)
    done.run()

    assert first not in quoted(done, number)
    assert len(quoted(done, number)) == len([first, *others])
    with done.database.reading() as session:
        assert figures.wrong(session) == []


def test_what_a_person_changed_is_looked_at_whatever_its_share(done: Bench):
    number = number_of(done, "bag-000")

    with done.deciding() as verbs:
        verbs.pin(number, "bag-002")

    assert due(done) == [number]


def decide(bench: Bench, verb: Callable[[Verbs], object]) -> None:
    """Decide as the page does: what a decision changed is counted in its transaction."""
    with bench.database.writing() as session:
        verb(Verbs(session, "ana", bench.now))
        session.flush()
        figures.renew(session, [1, 2])


def test_a_merge_that_is_taken_back_leaves_no_counts_behind(done: Bench):
    before = reach(done, 1)

    decide(done, lambda verbs: verbs.merge(2, 1))
    decide(done, lambda verbs: verbs.undo(2))

    assert reach(done, 1) == before
    done.run()
    with done.database.reading() as session:
        assert figures.wrong(session) == []


def test_a_merge_amid_a_run_that_is_taken_back_leaves_no_counts_behind(done: Bench):
    before, context = reach(done, 1), done.context()

    saying.label(context)
    with done.deciding() as verbs:
        verbs.merge(2, 1)
    saying.track(context)
    with done.deciding() as verbs:
        verbs.undo(2)

    assert reach(done, 1) == before
