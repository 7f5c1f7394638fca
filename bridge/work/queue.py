"""The queue of jobs: procrastinate's tables in our PostgreSQL, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.errors import StoreError
from bridge.store.database import RUN
from bridge.work.waves import SLICED, TOPICS, Wave

if TYPE_CHECKING:
    from procrastinate import App
    from procrastinate.jobs import Job

    from bridge.store.database import Database

SLICES, ENGINE, TOPIC, TICKS = QUEUES = ("slices", "engine", "topics", "ticks")
"""The queues: slices of a wave, what only one does at a time, topics, and looks at what is due."""
PART = "bridge.part"
START = "bridge.start"
BEAT = "bridge.beat"
WHOLE = "whole wave"
"""The lock of what only one worker does at a time, because it keeps the state of the engine."""
_URGENT = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """How many jobs wait and are at work, and how long ago a worker was heard of (None: never)."""

    waiting: int
    working: int
    heard_s: float | None


def conninfo(database: Database) -> str:
    """Return the address of a store as libpq reads it; raises `StoreError` unless it is PostgreSQL's."""
    if database.backend.name != "postgresql":
        raise StoreError(
            f"workers need PostgreSQL, and database.url names {database.place}; move the data with "
            'feedback-bridge db copy, name the new address in database.url, or set work.where = "here"'
        )
    url = database.engine.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def knock(address: str, patience_s: float) -> None:
    """Wait, at most so long, until nobody holds the store; who waits here comes before those who only try.

    Without it the short jobs of `serve`, one after the other, might keep a worker out for minutes.
    """
    import psycopg

    from bridge.store.postgres import lock_key

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{patience_s * 1000:.0f}ms"])
        try:
            connection.execute("SELECT pg_advisory_lock(%s)", [lock_key(RUN)])
        except psycopg.errors.LockNotAvailable:
            return
        connection.execute("SELECT pg_advisory_unlock(%s)", [lock_key(RUN)])


def need() -> None:
    """Raise `StoreError` if procrastinate is not installed."""
    try:
        import procrastinate  # noqa: F401 - is it there?
    except ImportError as error:
        raise StoreError(
            'workers need procrastinate: pip install "feedback-bridge[postgres]"'
            f" ({type(error).__name__}: {error})"
        ) from error


class Queue:
    """The jobs of one store, for those who defer them."""

    def __init__(self, database: Database) -> None:
        self._conninfo = conninfo(database)
        need()

    @contextmanager
    def open(self) -> Iterator[Deferrer]:
        """Open a connection to the queue for a moment."""
        from procrastinate import App, SyncPsycopgConnector

        with (
            queue_faults(),
            App(
                connector=SyncPsycopgConnector(conninfo=self._conninfo, min_size=1, max_size=1)
            ).open() as app,
        ):
            yield Deferrer(app)


class Deferrer:
    """What can be asked of the queue, and put into it."""

    def __init__(self, app: App) -> None:
        self._app = app

    def start(self) -> bool:
        """Ask for a new wave; say whether nobody had asked yet."""
        from procrastinate.exceptions import AlreadyEnqueued

        try:
            self._app.job_manager.defer_job(_job(START, TICKS, None, START, {}, _URGENT))
        except AlreadyEnqueued:
            return False
        return True

    def defer_missing(self, wave: Wave) -> int:
        """Put jobs in for the parts of a wave that are left and have none; return how many."""
        jobs = {job.queueing_lock: job for job in (_of(wave, place) for place in wave.left)}
        known = {
            job.queueing_lock
            for status in ("todo", "doing")
            for job in self._app.job_manager.list_jobs(task=PART, status=status)
        }
        missing = [job for lock, job in jobs.items() if lock not in known]
        if missing:
            self._app.job_manager.batch_defer_jobs(missing)
        return len(missing)

    def standing(self) -> Standing:
        """Return how the queue stands."""
        found = self._app.connector.get_sync_connector().execute_query_one(_STANDING)
        return Standing(found["waiting"], found["working"], found["heard"])


_STANDING = (
    "SELECT count(*) FILTER (WHERE status = 'todo') AS waiting,"
    " count(*) FILTER (WHERE status = 'doing') AS working,"
    " (SELECT extract(epoch FROM now() - max(last_heartbeat))::float8 FROM procrastinate_workers) AS heard"
    " FROM procrastinate_jobs"
)


def _of(wave: Wave, place: int) -> Job:
    """Return the job of a part; its lock lets no two do the same slice, topic, or phase at the same time."""
    args = {"wave": wave.number, "phase": wave.phase, "place": place}
    name = f"{wave.number} {wave.phase} {place}"
    if wave.phase == TOPICS:
        return _job(PART, TOPIC, f"T-{wave.parts[place]}", name, args)
    if wave.phase in SLICED:
        return _job(PART, SLICES, name, name, args)
    return _job(PART, ENGINE, WHOLE, name, args, _URGENT)


def _job(
    task: str, queue: str, lock: str | None, queueing_lock: str, args: dict[str, Any], priority: int = 0
) -> Job:
    from procrastinate.jobs import Job

    return Job(
        task_name=task,
        queue=queue,
        lock=lock,
        queueing_lock=queueing_lock,
        task_kwargs=args,
        priority=priority,
    )


@contextmanager
def queue_faults() -> Iterator[None]:
    """Turn faults of the queue into words."""
    from procrastinate.exceptions import ConnectorException
    from psycopg import OperationalError

    try:
        yield
    except (ConnectorException, OperationalError) as error:
        cause = error.__cause__
        words = " ".join(str(cause or error).split())
        raise StoreError(
            f"the queue of jobs can't be used ({words}); "
            "if it was never set up, run feedback-bridge db upgrade"
        ) from error
