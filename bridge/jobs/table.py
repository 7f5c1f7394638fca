"""The table of jobs: what is due, and how each went. A source's own due time counts too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from bridge.jobs.jobs import DAY, Job, Outcome
from bridge.models import WORKSPACE, SourceState
from bridge.models.running import Job as Row
from bridge.store.database import Database

_SOURCE_WAIT = timedelta(hours=2)
"""The longest that a failing source waits by itself."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a job began and ended by the wall clock, and the seconds it took by the machine's own count."""

    started: datetime
    ended: datetime
    seconds: float


class Table:
    """The jobs of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, jobs: Sequence[Job], now: datetime) -> list[Job]:
        """Return the jobs that are due, in their order; a job nobody knows yet is entered."""
        with self._database.reading() as session:
            times = {job.name: _due_at(session, job) for job in jobs}
        if new := [job for job in jobs if times[job.name] is None]:
            self._enter(new, now)
            times |= {job.name: job.first_due(now) for job in new}
        return [job for job in jobs if (at := times[job.name]) is not None and at <= now]

    def _enter(self, jobs: Iterable[Job], now: datetime) -> None:
        with self._database.writing() as session:
            for job in jobs:
                if session.get(Row, (WORKSPACE, job.name)) is None:
                    session.add(Row(name=job.name, next_due_at=job.first_due(now)))

    def due_at(self, job: Job) -> datetime | None:
        """Return when a job is due, None for one that was never entered."""
        with self._database.reading() as session:
            return _due_at(session, job)

    def begin(self, job: Job, started: datetime) -> int:
        """Note before the work that a job begins; return how often in a row it began and never ended.

        A job that ended its process once is due at once, for anything may have killed the process; one that
        did so again waits, so that the others come to be done.
        """
        with self._database.writing() as session:
            row = _row(session, job.name)
            row.begun += 1
            row.last_try_at = started
            if row.begun > 1:
                row.failures = row.begun - 1
                row.last_error = (
                    f"the process ended {row.begun - 1} times in a row while it was at work on this"
                )
                row.next_due_at = started + job.wait(row.begun - 1)
            session.add(row)
            return row.begun - 1

    def left(self, job: Job, due: datetime) -> None:
        """Note that a job stopped before its end without any fault: it is due as it was."""
        with self._database.writing() as session:
            row = _row(session, job.name)
            row.begun, row.next_due_at = 0, due
            session.add(row)

    def done(self, job: Job, outcome: Outcome, times: Times) -> None:
        """Note that a job was done; an outcome with an error counts as a failure, but waits no longer."""
        with self._database.writing() as session:
            row = _row(session, job.name)
            now = times.ended
            row.last_try_at, row.seconds, row.last_error = times.started, times.seconds, outcome.error
            row.begun, row.counts = 0, dict(outcome.counts)
            row.failures = 0 if outcome.error is None else row.failures + 1
            if outcome.error is None:
                row.last_ok_at = now
            row.next_due_at = _after_pull(session, job, row, now) if job.source else job.next_due(now)
            if outcome.more:
                row.next_due_at = now
            if job.then and job.brings_news(outcome):
                then = _row(session, job.then)
                then.next_due_at = now
                session.add(then)
            session.add(row)

    def failed(self, job: Job, error: str, times: Times) -> None:
        """Note that a job failed, and when to try again."""
        with self._database.writing() as session:
            row = _row(session, job.name)
            row.failures += 1
            row.begun = 0
            row.last_try_at, row.seconds, row.last_error = times.started, times.seconds, error
            row.next_due_at = times.ended + job.wait(row.failures)
            session.add(row)

    def reschedule(self, jobs: Sequence[Job], now: datetime, *, fresh: bool = False) -> list[str]:
        """Bring due times that another clock or other settings wrote back within reach; return the names.

        `fresh`: the program has just started, so that a source that needed a person is tried again.
        """
        moved = []
        with self._database.writing() as session:
            for job in jobs:
                row, state = session.get(Row, (WORKSPACE, job.name)), _state(session, job)
                was = _due_at(session, job)
                if row is not None and job.at is not None:
                    _by_calendar(row, now, job.at(now))
                elif row is not None:
                    _within(row, now, _reach(job, row))
                    if fresh and row.failures and state is not None and state.next_due_at is None:
                        row.next_due_at = now
                if state is not None:
                    _within(state, now, max(job.every, _SOURCE_WAIT) if state.failures else job.every)
                moved += [job.name] if _due_at(session, job) != was else []
        return moved


def _reach(job: Job, row: Row) -> timedelta:
    """Return the furthest that a due time can lie away by our own doing."""
    if job.hour is not None or (job.source and row.failures):
        return max(job.every, DAY)
    return max(job.every, job.wait(row.failures)) if row.failures else job.every


def _within(row: Row | SourceState, now: datetime, wait: timedelta) -> None:
    if row.next_due_at is not None and row.next_due_at > now + wait:
        row.next_due_at = now + wait


def _by_calendar(row: Row, now: datetime, at: datetime) -> None:
    """Bring what is not due yet to the next time of a calendar that may have been changed."""
    if row.next_due_at is not None and row.next_due_at > (at if row.failures else now):
        row.next_due_at = at


def _row(session: Session, name: str) -> Row:
    return session.get(Row, (WORKSPACE, name)) or Row(name=name)


def _state(session: Session, job: Job) -> SourceState | None:
    if job.source is None:
        return None
    found = select(SourceState).where(SourceState.workspace_id == WORKSPACE, SourceState.name == job.source)
    return session.exec(found).one_or_none()


def _due_at(session: Session, job: Job) -> datetime | None:
    """Return the later of the job's due time and its source's: a pull by hand counts too."""
    row, state = session.get(Row, (WORKSPACE, job.name)), _state(session, job)
    times = [r.next_due_at for r in (row, state) if r is not None and r.next_due_at is not None]
    return max(times, default=None)


def _after_pull(session: Session, job: Job, row: Row, now: datetime) -> datetime:
    """Return when to pull again: as the source's state says; a day later when it needs a person."""
    state = _state(session, job)
    if state is not None and state.next_due_at is not None and state.next_due_at > now:
        return state.next_due_at
    if state is not None and state.failures:
        return now + DAY
    return now + (job.wait(row.failures) if row.failures else job.every)
