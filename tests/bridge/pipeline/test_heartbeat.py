"""Signs of life of a run: what they tell, and that nothing waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from builders import NOW, Bench, sixty

from bridge.models import Run
from bridge.pipeline import heartbeat
from bridge.pipeline.heartbeat import Heartbeat
from bridge.store.runs import one_run
from bridge.tracker.clock import Moment


@pytest.fixture(params=["sqlite", "postgresql"])
def store_kind(request: pytest.FixtureRequest) -> str:
    """These run on both kinds of database."""
    return str(request.param)


@dataclass
class Told:
    """Progress that remembers what it was told."""

    steps: list[tuple[str, int, int | None]] = field(default_factory=list)

    def step(self, name: str, done: int, total: int | None) -> None:
        self.steps.append((name, done, total))


@dataclass
class HandClock:
    """A clock set by hand."""

    seconds: float = 0.0

    def now(self) -> Moment:
        return Moment("", self.seconds, NOW + timedelta(seconds=self.seconds))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def beating(bench: Bench, clock: HandClock) -> Heartbeat:
    with bench.database.writing() as session:
        session.add(Run(started_at=NOW, as_of=NOW))
    return Heartbeat(bench.database, 1, clock, Told())


def row(bench: Bench) -> Run:
    with bench.database.reading() as session:
        found = one_run(session, 1)
    assert found is not None
    return found


def test_a_beat_tells_the_step_how_far_it_is_and_since_when(
    bench: Bench, beating: Heartbeat, clock: HandClock
):
    beating.finished({"pull": {"read": 3, "seconds": 0.1}})
    beating.begin("embed")
    clock.seconds = 4.0
    beating.step("embed", 10, 40)

    beating.beat()

    assert row(bench).beat_at == NOW + timedelta(seconds=4)
    assert row(bench).progress == {
        "step": "embed",
        "done": 10,
        "total": 40,
        "steps": {"pull": {"read": 3, "seconds": 0.1}},
        "seconds": 4.0,
    }


def test_progress_is_handed_on_and_what_it_raises_too(bench: Bench, clock: HandClock):
    class Ends(Told):
        def step(self, name: str, done: int, total: int | None) -> None:
            super().step(name, done, total)
            raise KeyboardInterrupt

    inner = Ends()

    with pytest.raises(KeyboardInterrupt):
        Heartbeat(bench.database, 1, clock, inner).step("embed", 1, 2)

    assert inner.steps == [("embed", 1, 2)]


def test_a_beat_of_a_run_that_is_over_changes_nothing(bench: Bench, beating: Heartbeat):
    with bench.database.writing() as session:
        one = one_run(session, 1)
        assert one is not None
        one.state = "ok"
        session.add(one)

    beating.beat()

    assert row(bench).progress == {}


@contextmanager
def beating_all_the_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Let runs beat as often as they can, and remember what they wrote."""
    written: list[Any] = []
    note = heartbeat.note_progress

    def noting(*told: Any) -> None:
        written.append(told[-1])
        note(*told)

    with monkeypatch.context() as patch:
        patch.setattr(heartbeat, "EVERY_S", 0.0)
        patch.setattr(heartbeat, "note_progress", noting)
        yield written


def test_a_run_that_beats_without_pause_does_what_a_quiet_one_does(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    bench.take(sixty())

    with beating_all_the_time(monkeypatch) as written:
        result = bench.run()

    ended = row(bench)
    assert ended.state == "ok"
    assert ended.steps == result.steps
    assert ended.progress == {}
    assert {told["step"] for told in written} & {"normalise", "classify", "embed", "assign"}


def test_a_store_that_is_busy_costs_a_beat_and_not_the_run(bench: Bench, beating: Heartbeat):
    beating.step("embed", 1, 2)
    bench.database.close()
    broken = bench.database.backend

    def never(*_: Any) -> None:
        raise heartbeat.BridgeError("locked")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(bench.database), "writing", never)
        beating.beat()

    assert bench.database.backend is broken
    assert row(bench).progress == {}
