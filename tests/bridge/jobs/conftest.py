"""A clock that tests set, a store, and a daemon's parts without its threads."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import AlreadyRunning
from bridge.jobs.jobs import Job, Outcome
from bridge.jobs.log import Log
from bridge.jobs.metronome import Metronome
from bridge.jobs.pulse import Pulse
from bridge.jobs.table import Table
from bridge.store.database import Database
from bridge.tracker.clock import Moment

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Hands:
    """A clock whose hands a test moves; the wall's alone, or both."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.wall = START

    def now(self) -> Moment:
        return Moment("boot", self.seconds, self.wall)

    def pass_(self, **time: float) -> None:
        self.seconds += timedelta(**time).total_seconds()
        self.wall += timedelta(**time)

    def set(self, **time: float) -> None:
        self.wall += timedelta(**time)


class Station:
    """A metronome on a store of its own, whose ticks a test calls."""

    def __init__(self, database: Database, clock: Hands) -> None:
        self.database, self.clock = database, clock
        self.pulse, self.table = Pulse(clock), Table(database)
        self.written = io.StringIO()
        self.log = Log(self.written, lambda: clock.wall, as_json=True, secrets=["s3cret-token"])
        self.done: list[str] = []
        self.is_held = False
        self.pings = 0
        self.metronome: Any = None

    def job(self, name: str, every: timedelta, do: Callable[[], Outcome] | None = None, **more: Any) -> Job:
        def work() -> Outcome:
            self.done.append(name)
            return do() if do else Outcome()

        return Job(name=name, every=every, do=work, **more)

    def with_jobs(self, *jobs: Job) -> Station:
        self.jobs = jobs
        self.metronome = Metronome(
            jobs, self.table, self._only_one, self.clock, self.pulse, self.log, self._ping
        )
        return self

    def tick(self, **later: float) -> list[str]:
        """Let time pass and tick; return what was done."""
        self.clock.pass_(**later)
        self.done.clear()
        self.metronome.tick()
        return list(self.done)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        if self.is_held:
            raise AlreadyRunning
        yield

    def _ping(self) -> None:
        self.pings += 1


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def database(tmp_path: Path):
    made = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
    made.upgrade()
    yield made
    made.close()


@pytest.fixture
def station(database: Database, clock: Hands):
    return Station(database, clock)
