"""Workers that are played in this process, with the real queue between them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Any

from builders import Bench

from bridge.jobs.log import Log
from bridge.jobs.pulse import Pulse
from bridge.tracker.clock import MachineClock
from bridge.work import waves
from bridge.work.doing import Hands
from bridge.work.queue import Queue, conninfo
from bridge.work.schema import upgrade_queue
from bridge.work.tasks import make_app, options


class Crew:
    """As many workers as wanted on the store of a bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.said = io.StringIO()
        self.others_due = False
        upgrade_queue(bench.database)
        self.queue = Queue(bench.database)

    def hands(self, **changes: Any) -> Hands:
        """The hands of one worker."""

        database = changes.get("database", self.bench.database)

        def context(**extra: Any) -> Any:
            return self.bench.context(now=extra.pop("as_of"), database=database, **extra)

        parts: dict[str, Any] = {
            "database": database,
            "queue": self.queue,
            "context": context,
            "only_one": lambda: self.bench.database.only_one(self.bench.now),
            "others_due": lambda: self.others_due,
            "turn_s": 0,
            "now": lambda: self.bench.now,
            "pulse": Pulse(MachineClock()),
            "log": Log(self.said, lambda: self.bench.now, as_json=True),
        }
        return Hands(**{**parts, **changes})

    def work(self, count: int = 1, **changes: Any) -> None:
        """Let so many workers do what is in the queue, and what comes in by that, until nothing is left."""
        asyncio.run(self._work(count, changes))

    async def _work(self, count: int, changes: dict[str, Any]) -> None:
        after = self.bench.settings.work.stalled_after
        apps = [make_app(conninfo(self.bench.database), self.hands(**changes), after) for _ in range(count)]
        for app in apps:
            await app.open_async()
        how = {**options(after), "wait": False, "listen_notify": False}
        while self.jobs("todo"):
            await asyncio.gather(*(app.run_worker_async(**how) for app in apps))
        for app in apps:
            await app.close_async()

    def app(self) -> Any:
        """The application of one worker."""
        return make_app(conninfo(self.bench.database), self.hands(), self.bench.settings.work.stalled_after)

    def open(self) -> waves.Wave:
        """Open a wave, and put no job in for it."""
        with self.bench.database.writing() as session:
            wave = waves.begin(session, self.bench.now)
        assert wave is not None
        return wave

    def do(self, *phases: str) -> None:
        """Do these phases of the wave, part by part, without the queue."""
        for place in self.places_in_order():
            if place[1] not in phases:
                return
            self.hands().part(*place, 0)

    def places_in_order(self) -> Iterator[tuple[int, str, int]]:
        """Yield what is to be done, until the wave is over: its number, the phase, the place."""
        number = self.wave().number
        while (wave := self.wave()).phase and wave.number == number:
            yield number, wave.phase, wave.left[0]

    def start(self) -> bool:
        """Ask for a wave, as `serve` does."""
        with self.queue.open() as queue:
            return queue.start()

    def jobs(self, *states: str) -> list[tuple[Any, ...]]:
        """What is in the queue: task, lock, queueing lock."""
        asked = "SELECT task_name, lock, queueing_lock, status::text FROM procrastinate_jobs ORDER BY id"
        return [row[:3] for row in self.bench.query(asked) if not states or row[3] in states]

    def wave(self) -> waves.Wave:
        """The newest wave."""
        with self.bench.database.reading() as session:
            found = waves.last(session)
        assert found is not None
        return found
