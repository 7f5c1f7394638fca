"""Applying what somebody ticked on the page Changes: a sync of just these, beside the page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from bridge.errors import AlreadyRunning, BridgeError
from bridge.store.audit import record
from bridge.web.access import needs, require
from bridge.web.errors import PageError
from bridge.web.words import counted

if TYPE_CHECKING:
    from bridge.pipeline.context import Context
    from bridge.pipeline.run import RunResult
    from bridge.web.desk import Desk

WAIT_S: Final = 8.0
"""How long the page waits for the tracker before it answers that the work goes on."""

MOST: Final = 2_000
"""Changes that can be ticked at once."""

_LONGEST: Final = 60  # characters of a change's name
_FAULTS: Final = 5


class NotNow(PageError):  # noqa: N818 - says what is the case
    """Nothing can be sent as things stand."""

    status = 409


@dataclass(frozen=True, slots=True)
class Told:
    """What became of what was ticked last."""

    at: datetime
    words: str
    faults: tuple[str, ...] = ()


class Applier:
    """Sends what is ticked, one request at a time; the ledger sees to it that nothing is had twice.

    `work` makes the context of a run, with the tracker; without it this page can't send anything.
    """

    def __init__(self, desk: Desk, work: Callable[[], Context] | None, *, scheduled: bool = False) -> None:
        self._desk = desk
        self.scheduled = scheduled
        self._work = work
        self._lock = Lock()
        self._thread: Thread | None = None
        self.last: Told | None = None

    @property
    def can(self) -> bool:
        """Whether this page reaches the tracker."""
        return self._work is not None

    @property
    def is_busy(self) -> bool:
        """Whether something is being sent."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def apply(self, names: frozenset[str], who: str) -> None:
        """Send these changes, and wait a little for it; raises `NotNow` if something else is at work."""
        if self._work is None:
            raise NotNow("this page can't reach the tracker; apply with: feedback-bridge sync")
        with self._lock:
            if self.is_busy:
                raise NotNow("what was ticked before is still being sent; wait for its end, then look again")
            self._note(names, who)
            self._thread = Thread(target=self._do, args=(names, self._work), name="apply", daemon=True)
            self._thread.start()
        self._thread.join(WAIT_S)

    def _note(self, names: frozenset[str], who: str) -> None:
        with self._desk.database.writing() as session:
            record(session, self._desk.clock(), who, "apply", "changes", {"changes": len(names)})

    def _do(self, names: frozenset[str], work: Callable[[], Context]) -> None:
        from bridge.pipeline.run import run

        try:
            with self._desk.database.only_one(self._desk.clock()):
                result = run(work(), list, first="decide", until="sync", only=names)
            self.last = self._told(names, result)
        except AlreadyRunning as error:
            self._fail(f"Nothing was sent: {error}")
        except BridgeError as error:
            self._fail(f"It was not all sent: {error}")
        except Exception:
            logging.getLogger("bridge").exception("applying what was ticked failed")
            self._fail(
                "It was not all sent: a fault of the bridge; the log tells where. Look at what is left."
            )

    def _fail(self, words: str) -> None:
        self.last = Told(self._desk.clock(), words)

    def _told(self, names: frozenset[str], result: RunResult) -> Told:
        done = len(result.plan.actions) if result.plan else 0
        words = f"{counted(done, 'change')} applied."
        if result.gone:
            words += (
                f" Not sent: {len(result.gone)} of {len(names)} ticked, which changed or went meanwhile; "
                "look at what is below, and tick again."
            )
        return Told(self._desk.clock(), words, tuple(result.refused[:_FAULTS]))


def add_applying(app: FastAPI, applier: Applier) -> None:
    """Add `POST /changes/apply`."""

    @needs("approve")
    async def apply(request: Request) -> Response:
        """Send what is ticked, and come back."""
        from starlette.concurrency import run_in_threadpool

        form = await request.form()
        names = {value for value in form.getlist("change") if isinstance(value, str)}
        if not names:
            raise NotNow("nothing was ticked; go back and tick what is to be sent")
        if len(names) > MOST or any(len(name) > _LONGEST for name in names):
            raise NotNow(
                f"that is no list of at most {MOST:,} changes of this page; load it anew and tick again"
            )
        actor = require(request, "approve")
        await run_in_threadpool(applier.apply, frozenset(names), actor.name)
        return RedirectResponse("/changes", status_code=303)

    app.post("/changes/apply", include_in_schema=False)(apply)
