"""Applying what somebody ticked on the page Changes, and taking back what was done: beside the page."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING, ClassVar, Final

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from bridge.errors import AlreadyRunning, BridgeError, InputError
from bridge.store.audit import record
from bridge.web.access import form_of, needs, require
from bridge.web.deciding import form_fields
from bridge.web.errors import PageError
from bridge.web.words import counted

if TYPE_CHECKING:
    from bridge.pipeline.context import Context
    from bridge.pipeline.run import RunResult
    from bridge.web.desk import Desk, Look

WAIT_S: Final = 8.0
"""How long the page waits for the tracker before it answers that the work goes on."""

PATIENCE_S = 30.0
"""How long what was asked for waits for a run that is at work."""

MOST: Final = 2_000
"""Changes that can be ticked at once."""

_LONGEST: Final = 60  # characters of a change's name, or of an issue's key
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingBack:
    """The question whether something is to be taken back in the tracker."""

    template: ClassVar[str] = "takeback.html"
    title: str = "Take back"
    key: str
    topic: str
    says: str
    intent: int


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
        from bridge.pipeline.run import run

        def do(context: Context) -> Told:
            with context.database.writing() as session:
                record(session, context.now, who, "apply", "changes", {"changes": len(names)})
            result = run(context, list, first="decide", until="sync", only=names)
            return _told(context.now, names, result)

        self._start(do)

    def take_back(self, key: str, meant: str, who: str) -> None:
        """Take back the latest thing done to an issue, if it is still what was meant; raises `NotNow`."""
        from bridge.pipeline.taking_back import latest, take_back

        def do(context: Context) -> Told:
            with context.database.reading() as session:
                last = latest(session, key)
            if str(last.intent.id) != meant:
                return Told(context.now, f"Nothing was taken back: by now the latest is to {last.says}.")
            return Told(context.now, take_back(context, last, who))

        self._start(do)

    def _start(self, do: Callable[[Context], Told]) -> None:
        if self._work is None:
            raise NotNow(
                "this page can't reach the tracker; do it with: feedback-bridge sync, or tickets undo KEY"
            )
        with self._lock:
            if self.is_busy:
                raise NotNow("what was asked for before is still at work; wait for its end, then look again")
            self._thread = Thread(target=self._do, args=(do, self._work), name="apply", daemon=True)
            self._thread.start()
        self._thread.join(WAIT_S)

    def _do(self, do: Callable[[Context], Told], work: Callable[[], Context]) -> None:
        try:
            with self._alone():
                self.last = do(work())
        except AlreadyRunning as error:
            self._fail(f"Nothing was sent: {error}")
        except BridgeError as error:
            self._fail(f"It was not all done: {error}")
        except Exception:
            logging.getLogger("bridge").exception("what was asked for on the page Changes failed")
            self._fail("It was not all done, by a fault of the bridge; the log tells where.")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the store alone; wait a little for whoever is at work."""
        until = time.monotonic() + PATIENCE_S
        with ExitStack() as held:
            while True:
                try:
                    held.enter_context(self._desk.database.only_one(self._desk.clock()))
                    break
                except AlreadyRunning:
                    if time.monotonic() >= until:
                        raise
                    time.sleep(0.2)
            yield

    def _fail(self, words: str) -> None:
        self.last = Told(self._desk.clock(), words)


def _told(at: datetime, names: frozenset[str], result: RunResult) -> Told:
    done = len(result.plan.actions) if result.plan else 0
    words = f"{counted(done, 'change')} applied."
    if result.gone:
        words += (
            f" Not sent: {len(result.gone)} of {len(names)} ticked, which changed or went meanwhile; "
            "look at what is below, and tick again."
        )
    return Told(at, words, tuple(result.refused[:_FAULTS]))


def add_applying(app: FastAPI, desk: Desk, applier: Applier) -> None:
    """Add `POST /changes/apply`, and `/changes/undo`, which asks before it takes back."""

    @needs("approve")
    async def apply(request: Request) -> Response:
        """Send what is ticked, and come back."""
        from starlette.concurrency import run_in_threadpool

        form = await form_of(request)
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

    @needs("approve")
    def ask(request: Request, key: str = "") -> Response:
        """Show what taking back would do."""
        return desk.page(request, lambda look: _asked(look, key), "/changes")

    @needs("approve")
    async def take_back(request: Request) -> Response:
        """Take back, and show what became of it."""
        from starlette.concurrency import run_in_threadpool

        fields = await form_fields(request)
        key, meant = fields.get("key", "")[:_LONGEST], fields.get("intent", "")
        await run_in_threadpool(applier.take_back, key, meant, require(request, "approve").name)
        return RedirectResponse("/changes", status_code=303)

    app.post("/changes/apply", include_in_schema=False)(apply)
    app.api_route("/changes/undo", methods=["GET", "HEAD"], include_in_schema=False)(ask)
    app.post("/changes/undo", include_in_schema=False)(take_back)


def _asked(look: Look, key: str) -> TakingBack:
    from bridge.pipeline.taking_back import latest

    try:
        last = latest(look.session, key)
    except InputError as error:
        raise NotNow(str(error)) from error
    return TakingBack(key=key, topic=f"T-{last.ticket.topic}", says=last.says, intent=last.intent.id or 0)
