"""The runs: what is at work and how far it is, and of each run what it did and what it left aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.jobs.going import Going, Standing, standing
from bridge.jobs.standing import waiting
from bridge.models import Run
from bridge.store import runs as store
from bridge.times import stamp
from bridge.web import query
from bridge.web.access import needs
from bridge.web.desk import Desk, Look
from bridge.web.errors import NotFound
from bridge.web.paging import Paging, paging
from bridge.web.today import RunShown, counted_seconds, run_shown
from bridge.web.twins import csv_answer, csv_text, json_answer
from bridge.web.words import Moment, counted, moment

if TYPE_CHECKING:
    from bridge.jobs.pulse import Pulse

MOST = 1000
"""Runs that a twin gives, the latest ones."""
SIZE = 20
"""Runs on a page."""
REASONS: Final = 50
"""Reasons why rows were not taken in that the page of a run tells."""
_COLUMNS = ("id", "started", "ended", "state", "steps", "errors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How far the run at work is, in words and as a bar."""

    step: str
    done: str
    rate: str
    since: str
    value: int | None  # of `top`; None: nobody knows how much there is
    top: int
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRun:
    """A run in the list."""

    id: int
    shown: RunShown
    took: str
    bar: Bar | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The runs, and what is at work just now."""

    template: ClassVar[str] = "runs.html"
    title: str = "Runs"
    runs: list[OneRun]
    paging: Paging
    waiting: dict[str, int]
    going: OneRun | None
    job: str


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left aside for one reason: rows of a source, or parts at a step."""

    of: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """One run."""

    template: ClassVar[str] = "run.html"
    title: str
    run: OneRun
    as_of: Moment
    ended: Moment | None
    waiting: dict[str, int]
    aside: list[Left]
    rejected: list[Left]


def add_runs(app: FastAPI, desk: Desk, pulse: Pulse | None) -> None:
    """Add the pages and their twins."""
    runs = _Runs(desk, pulse)
    for path, show in (
        ("/runs", runs.runs),
        ("/runs.json", runs.runs_json),
        ("/runs.csv", runs.runs_csv),
        ("/runs/{number}.json", runs.run_json),
        ("/runs/{number}", runs.run),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Runs:
    """The handlers."""

    def __init__(self, desk: Desk, pulse: Pulse | None) -> None:
        self._desk = desk
        self._pulse = pulse

    @needs("audit")
    def runs(self, request: Request) -> Response:
        """Show what each run did, and how far the one at work is."""
        page = query.page_number(request.query_params)
        working = self._pulse.working if self._pulse is not None else None
        job = working.name if working is not None else ""
        return self._desk.page(request, lambda look: _list(look, page, job), "/runs")

    @needs("audit")
    def runs_json(self) -> Response:
        """Give the runs: what `status --json` says of the last, with times, counts and how far it is."""
        return json_answer(self._rows())

    @needs("audit")
    def runs_csv(self) -> Response:
        """Give the runs as a file."""
        rows = [
            {**row, "steps": str(len(row["steps"])), "errors": "; ".join(row["errors"])}
            for row in self._rows()
        ]
        return csv_answer(csv_text(_COLUMNS, rows), "runs")

    @needs("audit")
    def run(self, request: Request, number: str) -> Response:
        """Show one run."""
        return self._desk.page(request, lambda look: _one(look, number), "/runs")

    @needs("audit")
    def run_json(self, number: str) -> Response:
        """Give one run, with what it left aside by reason."""
        with self._desk.database.reading() as session:
            look = self._desk.look(session)
            run = _found(look, number)
            row = _row(run, standing(session, look.now))
            aside, rejected = _left_aside(look, run)
        told = [{"step": left.of, "reason": left.reason, "count": left.count} for left in aside]
        lost = [{"source": left.of, "reason": left.reason, "count": left.count} for left in rejected]
        return json_answer({**row, "set_aside": told, "rejected": lost})

    def _rows(self) -> list[dict[str, Any]]:
        with self._desk.database.reading() as session:
            stand = standing(session, self._desk.clock())
            return [_row(run, stand) for run in store.runs(session, limit=MOST)]


def _list(look: Look, page: int, job: str) -> Runs:
    place = paging("/runs", page, store.run_count(look.session), SIZE)
    stand = standing(look.session, look.now)
    shown = [_shown(run, stand) for run in store.runs(look.session, skip=place.skipped, limit=SIZE)]
    going = next((run for run in shown if run.bar is not None), None) if page == 1 else None
    return Runs(runs=shown, paging=place, waiting=waiting(look.session), going=going, job=job)


def _one(look: Look, number: str) -> RunPage:
    run = _found(look, number)
    shown = _shown(run, standing(look.session, look.now))
    aside, rejected = _left_aside(look, run)
    return RunPage(
        title=f"Run {run.id}",
        run=shown,
        as_of=moment(run.as_of, look.now),
        ended=None if run.ended_at is None else moment(run.ended_at, look.now),
        waiting=waiting(look.session) if shown.bar is not None else {},
        aside=aside,
        rejected=rejected,
    )


def _found(look: Look, number: str) -> Run:
    run = store.one_run(look.session, int(number)) if _is_number(number) else None
    if run is None:
        raise NotFound(f"there is no run {number[:20]!r}, or it is forgotten by now; see /runs")
    return run


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < len("9223372036854775807")


def _left_aside(look: Look, run: Run) -> tuple[list[Left], list[Left]]:
    aside = [Left(*row) for row in store.set_aside_in(look.session, run)]
    return aside, [Left(*row) for row in store.rejected_in(look.session, run, REASONS)]


def _shown(run: Run, stand: Standing) -> OneRun:
    state, going = stand.of(run)
    steps = stand.steps_of(run)
    seconds = sum(counts.get("seconds", 0.0) for counts in steps.values())
    return OneRun(
        id=run.id or 0,
        shown=run_shown(run, stand.now, state=state, steps=steps),
        took=counted_seconds(seconds) if steps else "",
        bar=None if going is None else _bar(going),
    )


def _bar(going: Going) -> Bar:
    done = f"{going.done:,}" + (f" of {going.total:,}" if going.total else "")
    return Bar(
        step=going.step or "beginning",
        done=f"{done} {going.unit}".rstrip() if going.done or going.total else "",
        rate=f"{going.per_s:,} a second" if going.per_s else "",
        since=f"for {_span(going.seconds)}" if going.seconds else "",
        value=min(going.done, going.total) if going.total else None,
        top=going.total or 1,
        fault=going.fault,
    )


def _span(seconds: float) -> str:
    return counted_seconds(seconds) if seconds >= 1 else counted(1, "second")


def _row(run: Run, stand: Standing) -> dict[str, Any]:
    state, going = stand.of(run)
    errors: Sequence[Any] = run.errors or ()
    return {
        "id": run.id,
        "started": stamp(run.started_at),
        "ended": None if run.ended_at is None else stamp(run.ended_at),
        "state": state,
        "steps": dict(stand.steps_of(run)),
        "errors": list(errors),
        "progress": None if going is None else going.as_json(),
    }
