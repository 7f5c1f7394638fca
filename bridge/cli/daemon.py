"""The process behind `serve`: the page, the scheduler and their supervisor; how signals end it."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socket import socket

    from bridge.cli.session import Session
    from bridge.jobs.metronome import Metronome

GRACE_S = 30.0
"""How long a job may go on after a signal."""
AT_ONCE = 200
"""Connections that the page has at once; further ones are told 503."""
_PAGE_S = 3.0
_LAST_WORDS_S = 3.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Daemon:
    """Runs until a signal, or until a part of it dies or hangs."""

    def __init__(self, here: Session, *, jobs: bool) -> None:
        from bridge.app import notify_socket, now
        from bridge.jobs.log import Log
        from bridge.jobs.notify import Notifier
        from bridge.jobs.pulse import Pulse
        from bridge.tracker.clock import MachineClock

        self._app = here.app
        self._clock = MachineClock()
        self._pulse = Pulse(self._clock)
        self._log = Log(sys.stderr, now, as_json=not sys.stderr.isatty(), secrets=self._app.secrets())
        self._notify = Notifier(notify_socket())
        self._told, self._tell = os.pipe()
        self._metronome: Metronome | None = None
        if jobs:
            self._metronome = self._app.metronome(self._pulse, self._log)

    def run(self, address: str, listening: socket) -> None:
        """Serve and do the jobs until told to stop; raises `SystemExit` with the code the shell expects."""
        self._take_signals()
        self._take_warnings()
        server, page = self._page(listening)
        page.start()
        place = f"http://{address}:{listening.getsockname()[1]}/"
        self._log.note("serving", f"The page is at {place} (Ctrl-C ends it)")
        if self._metronome is not None:
            self._metronome.start(self._app.settings.serve.tick_s)
        watch = self._supervisor(page)
        watch.start()
        self._notify("READY=1")
        os.read(self._told, 1)

        self._notify("STOPPING=1")
        watch.stop()
        if self._metronome is not None:
            self._metronome.stop()
        handed_back = self._wait_for_job()
        server.should_exit = True
        until = time.monotonic() + _PAGE_S
        while page.is_alive() and time.monotonic() < until:
            page.join(0.05)
        words = "all is saved" if handed_back else "a job was cut off; the next start goes on from there"
        self._log.note("ended", f"ended as asked: {words}")
        self._leave(0)

    def _page(self, listening: socket) -> tuple[Any, threading.Thread]:
        """Return the server and its thread: there it leaves the signals to us."""
        import uvicorn

        from bridge.app import now
        from bridge.web.site import make_site
        from bridge.web.warm import Keeper, warm

        pulse = self._pulse if self._metronome is not None else None
        origins = self._app.loaded().origins
        app = self._app
        site = make_site(app.database, app.settings, now, pulse, origins=origins, work=app.context)
        warm(site)
        Keeper(site.state.desk).start()
        config = uvicorn.Config(
            site,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=AT_ONCE,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="page", daemon=True
        )
        return server, thread

    def _supervisor(self, page: threading.Thread) -> Any:
        from bridge.jobs.supervisor import Supervisor

        alive = {"page": page.is_alive}
        if self._metronome is not None:
            alive["scheduler"] = self._metronome.is_alive
        return Supervisor(
            self._clock,
            self._pulse,
            self._log,
            alive=alive,
            hung_after=self._app.settings.serve.hung_after,
            reschedule=self._metronome.reschedule if self._metronome is not None else lambda: None,
            notify=self._notify,
            end=self._give_up,
            last_resort=_end_unless_renewed,
        )

    def _take_signals(self) -> None:
        """Let the first signal end us gently, and a second one at once.

        A second signal may come amid the handler of the first, so nothing here may take a lock. A signal may
        be taken by any thread while this one sleeps, so the interpreter writes to a pipe that wakes it.
        """
        os.set_blocking(self._tell, False)
        signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)
        count = itertools.count()

        def take(number: int, _frame: object) -> None:
            if next(count):
                self._leave(128 + number)

        for number in _SIGNALS:
            signal.signal(number, take)

    def _take_warnings(self) -> None:
        import logging

        from bridge.jobs.log import Lines

        root = logging.getLogger()
        root.handlers[:] = [Lines(self._log)]

    def _wait_for_job(self) -> bool:
        if self._metronome is None:
            return True
        until = time.monotonic() + GRACE_S
        while self._metronome.is_busy() and time.monotonic() < until:
            threading.Event().wait(0.05)
        return not self._metronome.is_busy()

    def _give_up(self, why: str) -> None:
        """Tell why, and end; a log that takes no words, or a job that holds it, is waited for no longer."""
        telling = threading.Thread(
            target=self._log.note, args=("gave up", why), kwargs={"level": "critical"}, daemon=True
        )
        telling.start()
        telling.join(_LAST_WORDS_S)
        self._leave(1)

    @staticmethod
    def _leave(code: int) -> None:
        """End the process now: a thread that hangs would hold a common ending up."""
        os._exit(code)


def _end_unless_renewed(seconds: float) -> None:
    """Let the process end with code 1 after some seconds unless called again.

    The interpreter's own watchdog needs no lock of the interpreter, which foreign code may hold for ever. It
    writes where each thread stands, in files and lines without any value.
    """
    import faulthandler

    faulthandler.dump_traceback_later(seconds, exit=True)
