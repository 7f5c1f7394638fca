"""Items that end their step each time: found, set aside, told, and tried again when a person says so."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
from builders import Bench, RuleClassifier, item, theme
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import StoreError
from bridge.pipeline.trying import DIED, MOST_IN_A_ROW, TRIES, Trial
from bridge.store import tries

POISON = "a sentence that no classifier survives"


class Raises(RuleClassifier):
    """A classifier that a certain sentence is too much for."""

    def predict(self, texts: Sequence[str], vectors: Any = None) -> Any:
        if any(POISON in text for text in texts):
            raise ZeroDivisionError(POISON)
        return super().predict(texts, vectors)


class Dies(RuleClassifier):
    """A classifier that takes the process with it, as a fault in foreign code does."""

    def predict(self, texts: Sequence[str], vectors: Any = None) -> Any:
        if any(POISON in text for text in texts):
            os._exit(9)
        return super().predict(texts, vectors)


def aside(bench: Bench) -> list[dict[str, Any]]:
    with bench.database.reading() as session:
        return tries.set_aside_rows(session, 100)


def in_a_process(bench: Bench) -> int:
    """Run in a process of its own; return the code that it ended with."""
    bench.database.close()
    child = os.fork()
    if not child:
        code = 1
        try:
            bench.run()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def poisoned(bench: Bench) -> Bench:
    bench.take([*theme("bag", 18), item(POISON, "poison", by="eve", days=15), *theme("app", 12)])
    return bench


def test_an_item_whose_step_raises_is_set_aside_at_the_third_try_and_the_rest_goes_on(poisoned: Bench):
    poisoned.classifier = Raises()
    for _ in range(TRIES - 1):
        with pytest.raises(ZeroDivisionError):
            poisoned.run()
        assert aside(poisoned) == []

    poisoned.run()

    (row,) = aside(poisoned)
    assert (row["item"], row["part"], row["step"]) == ("poison", "statement", "classify")
    assert row["reason"].startswith("unexpected fault: ZeroDivisionError at pipeline/test_trying.py:")
    assert POISON not in row["reason"]
    assert poisoned.query("SELECT count(*) FROM statement WHERE stage = 3") == [(30,)]
    poisoned.run()
    assert len(aside(poisoned)) == 1


def test_an_item_that_ends_the_process_is_found_by_the_next_starts(poisoned: Bench):
    poisoned.classifier = Dies()
    codes = []
    while not codes or codes[-1]:
        codes.append(in_a_process(poisoned))
        assert len(codes) < 20

    assert codes[:TRIES] == [9] * TRIES
    assert len(codes) <= TRIES + 7  # 31 statements halve five times
    (row,) = aside(poisoned)
    assert (row["item"], row["reason"]) == ("poison", DIED)
    assert poisoned.query("SELECT count(*) FROM statement WHERE stage = 3") == [(30,)]


def test_what_is_set_aside_is_tried_again_when_a_person_says_so(poisoned: Bench):
    poisoned.classifier = Raises()
    for _ in range(TRIES - 1):
        with pytest.raises(ZeroDivisionError):
            poisoned.run()
    poisoned.run()

    with poisoned.database.writing() as session:
        assert tries.take_back(session) == 1
    poisoned.classifier = RuleClassifier()
    poisoned.run()

    assert aside(poisoned) == []
    assert poisoned.query("SELECT count(*) FROM statement WHERE stage = 3") == [(31,)]


def test_an_edit_of_what_is_set_aside_is_a_fresh_item(poisoned: Bench):
    poisoned.classifier = Raises()
    for _ in range(TRIES - 1):
        with pytest.raises(ZeroDivisionError):
            poisoned.run()
    poisoned.run()

    poisoned.take([item("the suitcase was lost at baggage claim", "poison", by="eve", days=15)])
    poisoned.run()

    assert aside(poisoned) == []
    assert poisoned.topic_of("poison") == poisoned.topic_of("bag-003")


def test_faults_of_the_machine_are_no_items_fault(poisoned: Bench, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any) -> Any:
        raise StoreError("the disk can't take more")

    with monkeypatch.context() as patch:
        patch.setattr(RuleClassifier, "predict", full)
        for _ in range(3 * TRIES):
            with pytest.raises(StoreError):
                poisoned.run()
    poisoned.run()

    assert aside(poisoned) == []
    assert poisoned.query("SELECT count(*) FROM statement WHERE stage = 3") == [(31,)]


def test_a_step_that_fails_on_everything_sets_no_more_than_a_few_aside(
    poisoned: Bench, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(RuleClassifier, "predict", broken)
        for _ in range(4 * TRIES):
            with pytest.raises(ZeroDivisionError):
                poisoned.run()

    assert len(aside(poisoned)) == MOST_IN_A_ROW
    poisoned.run()
    assert poisoned.query("SELECT count(*) FROM statement WHERE stage = 3") == [(31 - MOST_IN_A_ROW,)]


@given(count=st.integers(1, 300), bad=st.sets(st.integers(0, 299), max_size=MOST_IN_A_ROW))
def test_exactly_the_culprits_are_found_in_few_tries(count: int, bad: set[int]):
    trial, done, culprits, tried = Trial(), [], set(), 0
    trial.take(list(range(count)))
    while trial.suspects:
        trial.tries += 1
        tried += 1
        if bad & {*trial.slice}:
            culprit = trial.failed()
            culprits |= set() if culprit is None else {culprit}
        else:
            done += trial.slice
            trial.passed()

    assert culprits == bad & {*range(count)}
    assert sorted(done) == [n for n in range(count) if n not in bad]
    assert tried <= TRIES + 24 * (len(culprits) + 1)
