"""The process behind `feedback-bridge worker`: procrastinate's loop, our hands, and a supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.errors import InputError, StoreError
from bridge.jobs.log import Lines, Log
from bridge.jobs.notify import Notifier
from bridge.jobs.pulse import Pulse
from bridge.jobs.supervisor import Supervisor
from bridge.jobs.table import Table
from bridge.tracker.clock import MachineClock
from bridge.work.doing import Hands
from bridge.work.queue import QUEUES, Queue, conninfo, knock, need, queue_faults
from bridge.work.schema import upgrade_queue

if TYPE_CHECKING:
    from bridge.app import App

GRACE_S = 30.0
"""How long a part may go on after a signal."""
PATIENCE_S = 20.0
"""How long a part waits for others to let the store go before it is put back."""
LONGEST_WAIT_S = 30.0
"""The longest wait before the server of the queue is tried again."""
RUN = "run"
"""The daemon's job that the waves stand for."""


def chosen_queues(text: str | None) -> Sequence[str]:
    """Read the names of queues, all without a text; raises `InputError` for a name that is none."""
    if text is None:
        return QUEUES
    names = [name.strip() for name in text.split(",") if name.strip()]
    wrong = [name for name in names if name not in QUEUES]
    if wrong or not names:
        named = wrong[0] if wrong else text
        raise InputError(f"--queues: {named!r} is no queue; queues: {', '.join(QUEUES)}")
    return names


class Worker:
    """Does the parts of waves until a signal."""

    def __init__(
        self, app: App, now: Callable[[], datetime], queues: Sequence[str], socket: str | None
    ) -> None:
        conninfo(app.bare_database())  # before anything is opened: is it PostgreSQL?
        need()
        self._app = app
        self._queues = queues
        self._clock = MachineClock()
        self._pulse = Pulse(self._clock)
        self._log = Log(sys.stderr, now, as_json=not sys.stderr.isatty(), secrets=app.secrets())
        self._notify = Notifier(socket)
        self._asked = asyncio.Event()  # to end
        self._working: asyncio.Task[None] | None = None
        self._times = 0  # that the queue was there
        upgrade_queue(app.database)
        self._hands = Hands(
            database=app.database,
            queue=Queue(app.database),
            context=app.context,
            only_one=self._when_free,
            others_due=self._others_due,
            now=now,
            turn_s=app.settings.serve.tick_s + 1,
            pulse=self._pulse,
            log=self._log,
        )

    def run(self) -> None:
        """Work until told to stop; raises `StoreError` when there is no queue to begin with."""
        import logging

        logging.getLogger().handlers[:] = [Lines(self._log)]
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # we tell how each part went
        asyncio.run(self._run())
        self._log.note("ended", "ended as asked: all is saved")

    async def _run(self) -> None:
        """Work; when the server of the queue has gone, wait for it, as `serve` does."""
        watch = self._supervisor()
        watch.start()
        self._take_signals()
        tries = 0
        while not self._pulse.ending:
            before = self._times
            try:
                with queue_faults():
                    await self._work()
            except StoreError:
                if not self._times:  # there was no queue to begin with
                    raise
            if not self._asked.is_set():
                tries = 0 if self._times > before else tries + 1
                await self._wait(min(2.0**tries, LONGEST_WAIT_S))
        watch.stop()

    async def _wait(self, seconds: float) -> None:
        """Wait for a queue that is lost, or until told to stop."""
        place = self._app.database.place
        self._log.note(
            "lost", f"the queue in {place} can't be reached; again in {seconds:.0f} s", level="warning"
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), seconds)

    async def _work(self) -> None:
        """Do parts until told to stop, or until the queue is lost."""
        from bridge.work.tasks import free_stalled, make_app, options

        after = self._app.settings.work.stalled_after
        app = make_app(conninfo(self._app.database), self._hands, after)
        async with app.open_async():
            await free_stalled(app, after, self._log)
            self._working = asyncio.create_task(
                app.run_worker_async(queues=list(self._queues), **options(after))
            )
            self._times += 1
            self._notify("READY=1")
            place = ", ".join(self._queues)
            self._log.note("working", f"At work on {place} of {self._app.database.place} (Ctrl-C ends it)")
            with contextlib.suppress(asyncio.CancelledError):
                await self._working

    def _take_signals(self) -> None:
        """Let the first signal end us gently, and a second one at once."""
        loop, count = asyncio.get_running_loop(), itertools.count()

        def take(number: int) -> None:
            if next(count):
                os._exit(128 + number)
            self._notify("STOPPING=1")
            self._pulse.ask_to_end()
            self._asked.set()
            if self._working is not None:
                self._working.cancel()
            loop.call_later(GRACE_S, self._cut_off)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, take, number)

    def _cut_off(self) -> None:
        self._log.note("ended", "ended as asked: a part was cut off; another worker does it")
        os._exit(0)

    def _give_up(self, why: str) -> None:
        self._log.note("gave up", why, level="critical")
        os._exit(1)

    def _supervisor(self) -> Supervisor:
        return Supervisor(
            self._clock,
            self._pulse,
            self._log,
            alive={},
            hung_after=self._app.settings.serve.hung_after,
            reschedule=lambda: None,
            notify=self._notify,
            end=self._give_up,
        )

    @contextlib.contextmanager
    def _when_free(self) -> Iterator[None]:
        """Hold the store as a run does, as soon as nobody else does."""
        knock(conninfo(self._app.database), PATIENCE_S)
        with self._app.only_one():
            yield

    def _others_due(self) -> bool:
        """Say whether `serve` wants to do something that must not happen while topics change."""
        jobs = [job for job in self._app.duties().jobs() if job.name != RUN]
        return bool(Table(self._app.database).due(jobs, self._hands.now()))
