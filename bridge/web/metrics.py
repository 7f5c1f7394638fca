"""What a monitor asks: whether we are ready, and the figures in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlmodel import Session, col, func, select

from bridge import tally
from bridge.jobs.backups import size_of
from bridge.jobs.standing import intents_by_state, job_rows, oldest_in_doubt, waiting, worst_job
from bridge.models import WORKSPACE, Item, RejectedInput, Run, SetAside, SourceState
from bridge.store import slices
from bridge.store.database import Database
from bridge.web.hooks import DELIVERIES

if TYPE_CHECKING:
    from bridge.config.model import Settings
    from bridge.jobs.pulse import Pulse

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FAILS = 3
"""How often in a row a job must have failed before it makes us unready: one hiccup is none."""
_LATE_S = 60.0
_ITEM_STEPS = {
    "normalise": slices.PULLED,
    "statements": slices.NORMALISED,
    "roles": slices.SPLIT,
    "dedupe": slices.ROLED,
}
_STATEMENT_STEPS = {"classify": slices.NEW, "embed": slices.CLASSIFIED, "assign": slices.EMBEDDED}
_PG_SIZE = "SELECT pg_database_size(current_database())"
_TALLIES = {
    "throttled": "How often we were asked to wait (429), by who asked.",
    DELIVERIES: "Deliveries of webhooks, by source and outcome.",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric: its name without our prefix, what it means, and its values by labels."""

    name: str
    help: str
    values: Iterable[tuple[Mapping[str, str], float]]
    type: Literal["gauge", "counter"] = field(default="gauge")


def failing_parts(
    session: Session, settings: Settings, pulse: Pulse | None, *, failures: int = FAILS
) -> dict[str, str]:
    """Return the parts that don't work, each with what is wrong; empty when all is well."""
    found = {}
    if pulse is not None:
        limit = (
            settings.serve.hung_after.total_seconds() if pulse.working else _LATE_S + settings.serve.tick_s
        )
        if pulse.fault is not None:
            found["scheduler"] = pulse.fault
        elif pulse.since_tick_s() > limit:
            found["scheduler"] = f"it last looked at what is due {pulse.since_tick_s():.0f} s ago"
    worst = worst_job(session, failures)
    if worst is not None:
        found[f"job {worst.name}"] = f"failed {worst.failures} times in a row: {worst.last_error}"
    return found


def metrics_text(
    database: Database, session: Session, settings: Settings, now: datetime, pulse: Pulse | None
) -> str:
    """Return all figures as text."""
    figures = [*_of_store(session, now), *_of_steps(session), *_of_jobs(session, now)]
    figures += [*_of_disk(database, session), *([] if pulse is None else _of_pulse(pulse))]
    figures += [*_of_sources(session, settings, now), *_of_tallies()]
    return "".join(lines(figure) for figure in figures)


def lines(figure: Figure) -> str:
    """Write a figure in the text format; what a label holds is escaped."""
    name = f"feedback_bridge_{figure.name}"
    head = f"# HELP {name} {figure.help}\n# TYPE {name} {figure.type}\n"
    return head + "".join(f"{name}{_labels(labels)} {_number(value)}\n" for labels, value in figure.values)


def _labels(labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def escaped(value: str) -> str:
    r"""Escape a label's value: backslash, quote and end of line.

    >>> escaped('a"b')
    'a\\"b'
    """
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 3))


def _age(at: datetime, now: datetime) -> float:
    return max((now - at).total_seconds(), 0.0)


def _of_store(session: Session, now: datetime) -> Iterator[Figure]:
    items = select(func.count()).select_from(Item)
    count = session.exec(items.where(Item.workspace_id == WORKSPACE, col(Item.removed_at).is_(None))).one()
    yield Figure("items", "Items in the store.", [({}, count)])
    left = waiting(session)
    yield Figure("waiting", "Rows that wait for a step.", [({"of": of}, n) for of, n in left.items()])
    states = intents_by_state(session)
    yield Figure("intents", "Effects outside, by state.", [({"state": s}, n) for s, n in states.items()])
    oldest = oldest_in_doubt(session)
    age = 0.0 if oldest is None else _age(oldest, now)
    yield Figure("oldest_in_doubt_seconds", "Age of the oldest effect in doubt; 0 without any.", [({}, age)])
    last = session.exec(
        select(func.max(Run.started_at)).where(Run.workspace_id == WORKSPACE, Run.state == "ok")
    ).one()
    if last is not None:
        yield Figure("last_run_age_seconds", "Since the last run that went well.", [({}, _age(last, now))])


def _of_jobs(session: Session, now: datetime) -> Iterator[Figure]:
    rows = job_rows(session)
    well = [({"job": r.name}, _age(r.last_ok_at, now)) for r in rows if r.last_ok_at is not None]
    yield Figure("job_last_success_age_seconds", "Since the job last went well.", well)
    failed = [({"job": r.name}, float(r.failures)) for r in rows]
    yield Figure("job_failures", "How often in a row the job failed.", failed)
    took = [({"job": r.name}, r.seconds) for r in rows]
    yield Figure("job_seconds", "How long the job took last.", took)
    doubled = next(((r.counts or {}).get("doubled", 0) for r in rows if r.name == "audit"), 0)
    yield Figure(
        "duplicate_tickets", "Topics with two issues in the tracker, at the last audit.", [({}, doubled)]
    )
    late = [({"job": r.name}, _age(r.next_due_at, now)) for r in rows if r.next_due_at is not None]
    yield Figure("job_overdue_seconds", "For how long the job has been due; 0 before.", late)


def _of_steps(session: Session) -> Iterator[Figure]:
    stages = {step: slices.count_items_at(session, stage) for step, stage in _ITEM_STEPS.items()}
    stages |= {step: slices.count_statements_at(session, stage) for step, stage in _STATEMENT_STEPS.items()}
    yield Figure("step_waiting", "Items or statements that wait for a step.", _by("step", stages))
    aside = select(SetAside.step, func.count()).where(SetAside.workspace_id == WORKSPACE)
    found = dict(session.exec(aside.group_by(SetAside.step)).all())
    yield Figure("set_aside", "Items and statements that ended a step at each try.", _by("step", found))


def _of_sources(session: Session, settings: Settings, now: datetime) -> Iterator[Figure]:
    watched = {source.name: source for source in settings.sources if not source.paused}
    states = session.exec(select(SourceState).where(SourceState.workspace_id == WORKSPACE))
    ages = {s.name: _age(s.last_ok_at, now) for s in states if s.name in watched and s.last_ok_at is not None}
    yield Figure(
        "source_freshness_seconds",
        "Since the source was last pulled to its end, or last sent to us.",
        _by("source", ages),
    )
    periods = {s.name: s.every.total_seconds() for s in watched.values() if not s.is_sent}
    yield Figure("source_period_seconds", "Time between two pulls of the source.", _by("source", periods))
    kept = select(RejectedInput.source, func.count()).where(RejectedInput.workspace_id == WORKSPACE)
    rejected = dict(session.exec(kept.group_by(RejectedInput.source)).all())
    yield Figure("rejected_rows", "Input that was set aside, by source.", _by("source", rejected))


def _of_tallies() -> Iterator[Figure]:
    """Return what this process has counted since its start."""
    for name, words in _TALLIES.items():
        yield Figure(f"{name}_total", words, tally.counted(name), "counter")


def _by(label: str, values: Mapping[str, float]) -> list[tuple[dict[str, str], float]]:
    return [({label: name}, value) for name, value in sorted(values.items())]


def _of_pulse(pulse: Pulse) -> Iterator[Figure]:
    yield Figure("tick_lag_seconds", "Since the scheduler last looked.", [({}, pulse.since_tick_s())])
    yield Figure(
        "ticks_skipped_total", "Looks at which another was at work.", [({}, pulse.skipped)], "counter"
    )
    yield Figure("clock_jumps_total", "Jumps of the wall clock.", [({}, pulse.drifts)], "counter")
    working = pulse.working
    if working is not None:
        silent = [({"job": working.name}, pulse.silent_s())]
        yield Figure("job_silent_seconds", "Since the job at work gave a sign of life.", silent)


def _of_disk(database: Database, session: Session) -> Iterator[Figure]:
    if database.path is not None:
        free = shutil.disk_usage(database.path.parent).free
        yield Figure("disk_free_bytes", "Room left on the store's disk.", [({}, free)])
        size = size_of(database.path)
    elif session.get_bind().dialect.name == "postgresql":
        size = session.connection().exec_driver_sql(_PG_SIZE).scalar_one()
    else:
        return
    yield Figure("database_bytes", "Size of the store with its journal.", [({}, size)])
