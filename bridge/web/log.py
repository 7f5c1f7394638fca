"""The audit log: who did what, and when."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.models import Audit
from bridge.store import trail
from bridge.store.trail import Narrow
from bridge.times import stamp
from bridge.web import query
from bridge.web.access import needs
from bridge.web.desk import Desk, Look
from bridge.web.errors import BadQuery
from bridge.web.paging import Paging, paging
from bridge.web.topics import Choice
from bridge.web.twins import csv_answer, csv_text, json_answer
from bridge.web.words import Moment, moment

MOST: Final = 10_000
"""Entries that a twin gives, the latest ones."""

WORDS: Final = {
    "intent.create": "begins to make the issue",
    "intent.update": "begins to change the issue",
    "intent.comment": "begins to comment",
    "intent.transition": "begins to move the issue on",
    "intent.link": "begins to link evidence",
    "intent.confirmed": "found it done",
    "intent.absent": "found it not done",
    "intent.duplicate": "found it more than once",
    "intent.canary": "wrote a mark to see what came late",
    "intent.resolve": "said what became of it",
}
"""What the machine's verbs mean. The twins and the address keep the verbs."""

COLUMNS = ("id", "at", "actor", "verb", "subject", "details")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was done."""

    at: Moment
    actor: str
    verb: str
    says: str
    subject: str
    topic: str | None
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The audit log."""

    template: ClassVar[str] = "log.html"
    title: str = "Log"
    narrow: Narrow
    suffix: str
    filters: dict[str, list[Choice]]
    rows: list[Entry]
    paging: Paging


def add_log(app: FastAPI, desk: Desk) -> None:
    """Add the page and its twins."""
    log = _Log(desk)
    for path, show in (
        ("/changes/log", log.page),
        ("/changes/log.json", log.json),
        ("/changes/log.csv", log.csv),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Log:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @needs("audit")
    def page(self, request: Request) -> Response:
        """Show who did what."""
        params = request.query_params
        page = query.page_number(params)
        return self._desk.page(request, lambda look: _page(look, params, page), "/changes/log")

    @needs("audit")
    def json(self, request: Request) -> Response:
        """Give the entries."""
        return json_answer(self._rows(request))

    @needs("audit")
    def csv(self, request: Request) -> Response:
        """Give the entries as a file."""
        rows = [
            {**row, "details": json.dumps(row["details"], ensure_ascii=False)} for row in self._rows(request)
        ]
        return csv_answer(csv_text(COLUMNS, rows), "log")

    def _rows(self, request: Request) -> list[dict[str, Any]]:
        with self._desk.database.reading() as session:
            narrow = _narrow(request.query_params, *trail.actors_and_verbs(session))
            return [_plain(row) for row in trail.entries(session, narrow, limit=MOST)]


def _narrow(params: Mapping[str, str], actors: Sequence[str], verbs: Sequence[str]) -> Narrow:
    topic = params.get("topic", "").strip()
    for name, valid in (("actor", actors), ("verb", verbs)):
        if (value := params.get(name, "")) and value not in valid:
            raise BadQuery(name, value, valid)
    return Narrow(
        actor=params.get("actor", ""),
        verb=params.get("verb", ""),
        subject=f"T-{query.topic_number(topic)}" if topic else "",
    )


def _page(look: Look, params: Mapping[str, str], page: int) -> Log:
    actors, verbs = trail.actors_and_verbs(look.session)
    narrow = _narrow(params, actors, verbs)
    parts = {"actor": narrow.actor, "verb": narrow.verb, "topic": narrow.subject}
    asked = {name: value for name, value in parts.items() if value}
    suffix = f"?{urlencode(asked)}" if asked else ""
    place = paging(f"/changes/log{suffix}", page, trail.count(look.session, narrow))
    rows = trail.entries(look.session, narrow, skip=place.skipped, limit=place.size)
    return Log(
        narrow=narrow,
        suffix=suffix,
        filters={"actor": _choices(actors, narrow.actor), "verb": _choices(verbs, narrow.verb)},
        rows=[_entry(row, look.now) for row in rows],
        paging=place,
    )


def _choices(values: Sequence[str], chosen: str) -> list[Choice]:
    named = [
        Choice(value=value, label=WORDS.get(value, value), is_chosen=value == chosen) for value in values
    ]
    return [Choice(value="", label="any", is_chosen=not chosen), *named]


def _entry(row: Audit, now: datetime) -> Entry:
    return Entry(
        at=moment(row.at, now),
        actor=row.actor,
        verb=row.verb,
        says=WORDS.get(row.verb, row.verb),
        subject=row.subject,
        topic=row.subject if re.fullmatch(r"T-[1-9][0-9]*", row.subject) else None,
        details=" · ".join(f"{name} {_short(value)}" for name, value in row.details.items()),
    )


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(row: Audit) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": stamp(row.at),
        "actor": row.actor,
        "verb": row.verb,
        "subject": row.subject,
        "details": row.details,
    }
