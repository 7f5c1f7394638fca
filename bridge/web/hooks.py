"""The doors for other systems' webhooks: one for each source that is sent to us, ``POST /hooks/NAME``.

The cheapest question comes first: the headers, then the length, then the body and its signature. Only what
is truly from the sender is counted against its rate, parsed and stored; it is answered after the commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Final

from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from bridge import tally
from bridge.errors import StoreError
from bridge.pipeline.receiving import Inbox
from bridge.store.deliveries import ONCE
from bridge.web.body import Refused, read_body, refuse_long
from connectors import Event, Receives, Rejected
from connectors.errors import BadSettings

if TYPE_CHECKING:
    from bridge.config.model import Settings

PREFIX: Final = "/hooks/"
DELIVERIES: Final = "hook_deliveries"
"""The name of our tally: deliveries by source and outcome."""
BUSY_S: Final = 10
PAUSED_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Hook:
    """A source that is sent to us, or why it can't be."""

    name: str
    channel: Receives | None
    fault: str = ""
    paused: bool = False

    @property
    def path(self) -> str:
        """The path of its address."""
        return PREFIX + self.name


def hooks(settings: Settings) -> Iterator[tuple[Hook, str]]:
    """Yield each source that is sent to us, with the name of its connector."""
    from connectors.registry import build

    for source in settings.sources:
        if not source.is_sent:
            continue
        try:
            built = build(source.connector, source.revealed())
        except BadSettings as error:
            yield Hook(source.name, None, str(error)), source.connector
            continue
        if isinstance(built, Receives):
            yield Hook(source.name, built, paused=source.paused), source.connector


def address(settings: Settings, name: str) -> str:
    """Return what to give to the sender."""
    server = settings.server
    base = server.url.rstrip("/") or f"http://{server.host}:{server.port}"
    return f"{base}{PREFIX}{name}"


class Door:
    """Takes the deliveries of one source in. `clock` gives the present time."""

    def __init__(self, hook: Hook, inbox: Inbox, clock: Callable[[], datetime]) -> None:
        self._hook = hook
        self._inbox = inbox
        self._clock = clock
        self._rate = None if hook.channel is None else Rate(hook.channel.per_minute)

    async def receive(self, request: Request) -> Response:
        """Answer a delivery: 200 with its counts when it is stored, or was before."""
        try:
            answer, outcome = await self._answer(request)
        except Refused as refused:
            answer = PlainTextResponse(f"{refused}\n", refused.status, refused.headers)
            outcome = _OUTCOMES.get(refused.status, "refused")
        except ClientDisconnect:
            answer, outcome = Response(status_code=400), "cut off"  # nobody is there to read it
        tally.count(DELIVERIES, source=self._hook.name, outcome=outcome)
        return answer

    async def _answer(self, request: Request) -> tuple[Response, str]:
        channel, headers, now = self._open(), _headers(request), self._clock()
        if why := channel.refusal(headers, None, now):
            raise Refused(401, why)
        _refuse_other_than_json(headers)
        refuse_long(request, channel.max_bytes)
        body = await read_body(request, channel.max_bytes)
        if why := channel.refusal(headers, body, now):
            raise Refused(401, why)
        wait = self._rate.wait_s(now) if self._rate is not None else 0
        if wait:
            raise Refused(429, f"more than {channel.per_minute} deliveries a minute", retry_s=wait)
        return await run_in_threadpool(self._keep, channel, headers, body, now)

    def _open(self) -> Receives:
        if self._hook.channel is None:
            raise Refused(503, "the settings of this source can't work", retry_s=PAUSED_S)
        if self._hook.paused:
            raise Refused(503, "this source is paused", retry_s=PAUSED_S)
        return self._hook.channel

    def _keep(
        self, channel: Receives, headers: dict[str, str], body: bytes, now: datetime
    ) -> tuple[Response, str]:
        events = list(channel.parse(headers, body, now))
        try:
            counts = self._inbox.take(events, self._names(channel, channel.names(headers, body), events), now)
        except (StoreError, IntegrityError, OSError):
            raise Refused(503, "the store can't take it just now", retry_s=BUSY_S) from None
        if counts is None:
            return JSONResponse({"repeated": True}), "repeated"
        told = {name: getattr(counts, name) for name in ("new", "changed", "unchanged", "rejected")}
        outcome = "taken" if not counts.rejected else "set aside" if not counts.stored else "partly set aside"
        return JSONResponse(told), outcome

    def _names(self, channel: Receives, known: tuple[str, str], events: list[Event]) -> list[str]:
        """Return what a delivery is remembered by.

        The digest of what was signed: for as long as its time lets it in, without a time as long as anything.
        And the sender's own name for it, under which it is sent again; but not if something was set aside,
        so that it may be sent again once the mapping is mended.
        """
        digest, sender = (hashlib.sha256(name.encode()).hexdigest() if name else "" for name in known)
        whole = not any(isinstance(event, Rejected) for event in events)
        brief = channel.is_timed or not whole
        names = [f"{ONCE if brief else ''}hook:{self._hook.name}:{digest}"]
        return [*names, f"hook:{self._hook.name}:id:{sender}"] if sender and whole else names


class Rate:
    """Lets so many through in a minute, and as many at once after a quiet one."""

    def __init__(self, per_minute: int) -> None:
        self._per_second = per_minute / 60
        self._most = self._left = float(per_minute)
        self._at: datetime | None = None

    def wait_s(self, now: datetime) -> int:
        """Let one through and return 0, or return the whole seconds until one may come again."""
        passed = 0.0 if self._at is None else max((now - self._at).total_seconds(), 0.0)
        self._at = now
        self._left = min(self._left + passed * self._per_second, self._most)
        if self._left >= 1:
            self._left -= 1
            return 0
        return max(ceil((1 - self._left) / self._per_second), 1)


_OUTCOMES = {401: "unsigned", 408: "too slow", 413: "too long", 415: "no JSON", 429: "too many", 503: "busy"}


def _headers(request: Request) -> dict[str, str]:
    return {name: request.headers[name] for name in request.headers}


def _refuse_other_than_json(headers: dict[str, str]) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Refused(415, "the body is to be JSON: send it as application/json")
