"""The machine behind the page: its settings with their origins, and its runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.config.keys import setting_rows, settings_keys
from bridge.config.toml import to_toml
from bridge.jobs.standing import waiting
from bridge.models import Run
from bridge.store import runs as store
from bridge.times import stamp
from bridge.web import query
from bridge.web.access import needs
from bridge.web.desk import Desk, Look
from bridge.web.paging import Paging, paging
from bridge.web.today import RunShown, counted_seconds, run_shown
from bridge.web.twins import csv_answer, csv_text, json_answer

if TYPE_CHECKING:
    from bridge.config.layers import Origin
    from bridge.jobs.pulse import Pulse

MOST = 1000
"""Runs that a twin gives, the latest ones."""

SIZE = 20
"""Runs on a page."""

_SETTINGS = ("key", "value", "origin", "where")
_RUNS = ("id", "started", "ended", "state", "steps", "errors")
_AT_WORK = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting in force."""

    key: str
    value: str
    help: str
    origin: str
    where: str


@dataclass(frozen=True, slots=True)
class Table:
    """The settings of one table of the file; "" holds those outside of tables."""

    name: str
    rows: list[Setting]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage:
    """All settings in force."""

    template: ClassVar[str] = "settings.html"
    title: str = "Settings"
    tables: list[Table]
    given: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRun:
    """A run."""

    id: int
    shown: RunShown
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The runs, and what is at work just now."""

    template: ClassVar[str] = "runs.html"
    title: str = "Runs"
    runs: list[OneRun]
    paging: Paging
    waiting: dict[str, int]
    is_running: bool
    job: str


def add_machine(app: FastAPI, desk: Desk, pulse: Pulse | None, origins: Mapping[str, Origin] | None) -> None:
    """Add the pages and their twins."""
    machine = _Machine(desk, pulse, origins)
    for path, show in (
        ("/settings", machine.settings),
        ("/settings.json", machine.settings_json),
        ("/settings.csv", machine.settings_csv),
        ("/runs", machine.runs),
        ("/runs.json", machine.runs_json),
        ("/runs.csv", machine.runs_csv),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Machine:
    """The handlers."""

    def __init__(self, desk: Desk, pulse: Pulse | None, origins: Mapping[str, Origin] | None) -> None:
        self._desk = desk
        self._pulse = pulse
        self._origins = origins

    @needs("manage")
    def settings(self, request: Request) -> Response:
        """Show every setting and where it came from; of a secret only that it is set."""
        return self._desk.page(request, lambda _: _settings(self._settings()), "/settings")

    @needs("manage")
    def settings_json(self) -> Response:
        """Give what `config show --origin --json` gives."""
        return json_answer(self._settings())

    @needs("manage")
    def settings_csv(self) -> Response:
        """Give the settings as a file."""
        rows = [
            {**dict.fromkeys(_SETTINGS), **row, "value": to_toml(row["value"])} for row in self._settings()
        ]
        return csv_answer(csv_text(_SETTINGS, rows), "settings")

    def _settings(self) -> list[dict[str, Any]]:
        return setting_rows(self._desk.settings, self._origins)

    @needs("audit")
    def runs(self, request: Request) -> Response:
        """Show what each run did, and what is at work."""
        page = query.page_number(request.query_params)
        working = self._pulse.working if self._pulse is not None else None
        job = working.name if working is not None else ""
        return self._desk.page(request, lambda look: _runs(look, page, job), "/runs")

    @needs("audit")
    def runs_json(self) -> Response:
        """Give the runs: what `status --json` says of the last, with their times and counts."""
        return json_answer(self._rows())

    @needs("audit")
    def runs_csv(self) -> Response:
        """Give the runs as a file."""
        rows = [
            {**row, "steps": str(len(row["steps"])), "errors": "; ".join(row["errors"])}
            for row in self._rows()
        ]
        return csv_answer(csv_text(_RUNS, rows), "runs")

    def _rows(self) -> list[dict[str, Any]]:
        with self._desk.database.reading() as session:
            return [_row(run) for run in store.runs(session, limit=MOST)]


def _settings(rows: list[dict[str, Any]]) -> SettingsPage:
    told = {key.name: key.help for key in settings_keys()}
    shown = [
        Setting(
            key=row["key"],
            value=to_toml(row["value"]),
            help=told[row["key"]],
            origin=row.get("origin", ""),
            where=row.get("where", ""),
        )
        for row in rows
    ]
    tables = groupby(sorted(shown, key=_table), key=_table)
    return SettingsPage(
        tables=[Table(name, list(found)) for name, found in tables],
        given=sum(setting.origin not in ("", "default") for setting in shown),
    )


def _table(setting: Setting) -> str:
    return setting.key.rpartition(".")[0]


def _runs(look: Look, page: int, job: str) -> Runs:
    place = paging("/runs", page, store.run_count(look.session), SIZE)
    found = store.runs(look.session, skip=place.skipped, limit=SIZE)
    return Runs(
        runs=[OneRun(id=run.id or 0, shown=run_shown(run, look.now), took=_took(run)) for run in found],
        paging=place,
        waiting=waiting(look.session),
        is_running=page == 1 and any(run.state == _AT_WORK for run in found),
        job=job,
    )


def _took(run: Run) -> str:
    """Return how long the steps of a run took together, "" if none has ended."""
    seconds = sum(counts.get("seconds", 0.0) for counts in (run.steps or {}).values())
    return counted_seconds(seconds) if run.steps else ""


def _row(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "started": stamp(run.started_at),
        "ended": None if run.ended_at is None else stamp(run.ended_at),
        "state": run.state,
        "steps": run.steps or {},
        "errors": list(run.errors or ()),
    }
