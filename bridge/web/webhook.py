"""The door for Jira's webhooks: signed deliveries that say which issues changed.

Nothing of a delivery is believed but that: the issue is read again at the next sync. So a delivery that is
lost, late or told twice does no harm; polling finds the same a little later.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from bridge.store import deliveries
from bridge.store.database import Database
from bridge.web.body import Refused, read_body

PATH: Final = "/webhooks/jira"
LIMIT: Final = 1_048_576  # bytes of a body
FRESH: Final = timedelta(minutes=5)
RETRIED: Final = timedelta(hours=24)
"""How old a delivery may be that Jira held back or sends again; its time stays that of the first try."""

_LATEST_MS = 10**15
_SIGNATURE = re.compile(r"sha256=\s*[0-9a-f]{64}", re.ASCII | re.IGNORECASE)
_ISSUE = re.compile(r"[0-9]{1,19}", re.ASCII)
_NAME = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_PLACES = (
    ("issue", "id"),
    ("worklog", "issueId"),
    ("issueLink", "sourceIssueId"),
    ("issueLink", "destinationIssueId"),
)


class JiraHook:
    """Takes deliveries in. `secret` is what Jira signs them with, `clock` gives the present time."""

    def __init__(self, database: Database, secret: str, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._secret = secret.encode()
        self._clock = clock

    async def receive(self, request: Request) -> Response:
        """Answer a delivery: 204 when it is kept, or was before."""
        try:
            _refuse_unsigned(request)
            await run_in_threadpool(self._keep, await read_body(request, LIMIT), request)
        except Refused as refused:
            return PlainTextResponse(f"{refused}\n", status_code=refused.status)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        return Response(status_code=204)

    def _keep(self, raw: bytes, request: Request) -> None:
        if not is_signed(raw, request.headers.get("x-hub-signature", ""), self._secret):
            raise Refused(401, "X-Hub-Signature is not sha256= and the HMAC of the body under our secret")
        body, now = _parsed(raw), self._clock()
        _refuse_old(body, now, is_late=_is_late(request))
        names = {f"sha256:{hashlib.sha256(raw).hexdigest()}"}
        identifier = request.headers.get("x-atlassian-webhook-identifier", "")
        if _NAME.fullmatch(identifier):
            names.add(f"id:{identifier}")
        with self._database.writing() as session:
            if not deliveries.take(session, names, now):
                return
            deliveries.mark_stale(session, set(_issues(body)))
            if version := _version(body):
                deliveries.mark_version_stale(session, version)


def _refuse_unsigned(request: Request) -> None:
    """Refuse what can't be signed by its headers alone, before a byte of its body is read."""
    if not _SIGNATURE.fullmatch(request.headers.get("x-hub-signature", "").strip()):
        raise Refused(401, "X-Hub-Signature is not sha256= and the HMAC of the body under our secret")


def is_signed(raw: bytes, header: str, secret: bytes) -> bool:
    """Say whether a header ``sha256=…`` is the HMAC of these bytes; takes as long for a wrong one."""
    method, _, given = header.strip().partition("=")
    right = hmac.new(secret, raw, hashlib.sha256).hexdigest()
    same = hmac.compare_digest(right.encode(), given.strip().lower().encode())
    return same and method.lower() == "sha256"


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is no JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "the body is no JSON object")
    return body


def _is_late(request: Request) -> bool:
    """Say whether Jira tells that this is a further try, or one of those that it lets wait."""
    retry = request.headers.get("x-atlassian-webhook-retry", "").strip()
    flow = request.headers.get("x-atlassian-webhook-flow", "").strip().lower()
    return (retry.isascii() and retry.isdigit() and retry.strip("0") != "") or flow == "secondary"


def _refuse_old(body: dict[str, Any], now: datetime, *, is_late: bool) -> None:
    told = body.get("timestamp")
    if told is None:
        return
    if isinstance(told, bool) or not isinstance(told, int) or abs(told) > _LATEST_MS:
        raise Refused(400, "timestamp is no number of milliseconds")
    age = now.timestamp() - told / 1000
    oldest = RETRIED if is_late else FRESH
    if not -FRESH.total_seconds() <= age <= oldest.total_seconds():
        raise Refused(400, "timestamp is too far from the present time; are both clocks right?")


def _issues(body: dict[str, Any]) -> Iterator[str]:
    """Yield the ids of the issues that a delivery is about."""
    for outer, inner in _PLACES:
        part = body.get(outer)
        value = part.get(inner) if isinstance(part, dict) else None
        text = str(value) if isinstance(value, str | int) else ""
        if _ISSUE.fullmatch(text):
            yield text


def _version(body: dict[str, Any]) -> str | None:
    """Return the name of the version that a delivery is about."""
    version = body.get("version")
    name = version.get("name") if isinstance(version, dict) else None
    return name if isinstance(name, str) and name else None
