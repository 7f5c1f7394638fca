"""The rules in sentences, and played on one's own past."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.web.access import needs
from bridge.web.desk import Desk
from bridge.web.errors import BadQuery
from bridge.web.kept import Kept
from bridge.web.twins import csv_answer, csv_text, json_answer
from bridge.web.words import counted
from bridge.wording import cap, rule_rows

DAYS: Final = 90
MOST_DAYS: Final = 366
COLUMNS = ("day", "topic", "title", "rule", "mode", "why")

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules, and, if they were played, what they would have said."""

    template: ClassVar[str] = "rules.html"
    title: str = "Rules"
    rules: list[dict[str, str]]
    played: dict[str, str]  # by rule: what it would have done
    cap: str
    days: int
    rows: Rows | None
    told: str


def add_rules(app: FastAPI, desk: Desk) -> None:
    """Add the page, the simulator and their twins."""
    rules = _Rules(desk)
    for path, show in (
        ("/rules", rules.page),
        ("/rules.json", rules.json),
        ("/rules/simulate", rules.simulation),
        ("/rules/simulate.json", rules.simulation_json),
        ("/rules/simulate.csv", rules.simulation_csv),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Rules:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: Kept[Rows] = Kept(desk.database)

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show the rules."""
        return self._shown(request, DAYS, None)

    @needs("read")
    def json(self) -> Response:
        """Give the rules: name, mode and sentence."""
        return json_answer(rule_rows(self._desk.settings))

    @needs("read")
    def simulation(self, request: Request) -> Response:
        """Show what the rules would have said in the last days."""
        days = _days(request.query_params)
        return self._shown(request, days, self._played(days))

    @needs("read")
    def simulation_json(self, request: Request) -> Response:
        """Give what `rules simulate --json` gives."""
        return json_answer(self._played(_days(request.query_params)))

    @needs("read")
    def simulation_csv(self, request: Request) -> Response:
        """Give the same as a file."""
        return csv_answer(csv_text(COLUMNS, self._played(_days(request.query_params))), "rules")

    def _played(self, days: int) -> Rows:
        from bridge.simulate import simulate

        return self._kept.get(days, self._desk.clock(), lambda: simulate(self._desk.context(), days))

    def _shown(self, request: Request, days: int, rows: Rows | None) -> Response:
        settings = self._desk.settings
        rules = rule_rows(settings)
        page = Rules(
            rules=rules,
            played={} if rows is None else {rule["rule"]: _would(rule, rows, days) for rule in rules},
            cap=cap(settings),
            days=days,
            rows=rows,
            told=_told(rows or [], days),
        )
        return self._desk.page(request, lambda _: page, "/rules")


_WOULD: Final = {
    "shadow": "Would have created",
    "review": "Would have proposed",
    "automatic": "Would have created by itself",
}


def _would(rule: Mapping[str, str], rows: Rows, days: int) -> str:
    found = [row["topic"] for row in rows if row["rule"] == rule["rule"]]
    return f"{_WOULD[rule['mode']]} {counted(len(found), 'ticket')} in {counted(days, 'day')}"


def _told(rows: Rows, days: int) -> str:
    shadow = sum(row["mode"] == "shadow" for row in rows)
    apart = f", {shadow} only in shadow" if shadow else ""
    return f"{counted(len(rows) - shadow, 'ticket')}{apart} in {counted(days, 'day')}"


def _days(params: Mapping[str, str]) -> int:
    value = params.get("days", str(DAYS))
    if not re.fullmatch(r"[1-9][0-9]{0,3}", value) or int(value) > MOST_DAYS:
        raise BadQuery("days", value, [f"a whole number from 1 to {MOST_DAYS}"])
    return int(value)
