"""The tasks as procrastinate knows them, when they are tried again, and what frees stalled jobs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status

from bridge.work.doing import Hands, Later
from bridge.work.queue import BEAT, PART, START, TICKS

if TYPE_CHECKING:
    from bridge.jobs.log import Log

LONGEST_S = 300
"""The longest that a part which failed waits until it is tried again, in seconds."""
KEPT_H = 7 * 24
"""Hours that looks at what is due are kept if they failed; jobs that went well go at once."""
EACH_BEAT = "* * * * * */5"
"""Every five seconds, for procrastinate's clock."""


class Again(BaseRetryStrategy):
    """Tries for ever: what waits is worth it, and an item that can't be done is set aside in the store."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """Wait as long as a part that was left asks for, and after faults up to five minutes."""
        wait = exception.wait_s if isinstance(exception, Later) else 5 * 2 ** min(job.attempts, 8)
        return RetryDecision(retry_in={"seconds": min(wait, LONGEST_S)})


def make_app(address: str, hands: Hands, stalled_after: timedelta) -> App:
    """Return procrastinate's application for one worker, with our tasks."""
    app = App(connector=PsycopgConnector(conninfo=address, min_size=1, max_size=4))

    @app.task(name=PART, retry=Again(), pass_context=True)
    def part(context: JobContext, wave: int, phase: str, place: int) -> None:
        hands.part(wave, phase, place, context.job.attempts)

    @app.task(name=START, queue=TICKS, queueing_lock=START)
    def start() -> None:
        hands.start()

    @app.periodic(cron=EACH_BEAT)
    @app.task(name=BEAT, queue=TICKS, queueing_lock=BEAT)
    async def beat(timestamp: int) -> None:
        """Free what stalled, and go on with what waits."""
        await free_stalled(app, stalled_after, hands.log)
        if timestamp % 3600 == 0:
            await app.job_manager.delete_old_jobs(nb_hours=KEPT_H, include_failed=True)
        await asyncio.to_thread(hands.go_on)

    return app


async def free_stalled(app: App, after: timedelta, log: Log | None = None) -> int:
    """Let jobs be done by others whose workers have given no sign of life for so long; return how many."""
    manager, freed = app.job_manager, 0
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=after.total_seconds()):
        try:
            await _free(app, job)
        except ConnectorException:
            continue  # another one has freed it, or its worker has finished it after all
        freed += 1
        if log is not None:
            log.note("stalled", f"{job.task_name} {job.queueing_lock}: its worker is gone", level="warning")
    return freed


async def _free(app: App, job: Job) -> None:
    try:
        await app.job_manager.retry_job(job)
    except UniqueViolation:  # another such job waits already
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


def options(stalled_after: timedelta) -> dict[str, Any]:
    """Return how a worker of procrastinate is run."""
    return {
        "concurrency": 1,
        "delete_jobs": "successful",
        "install_signal_handlers": False,
        "update_heartbeat_interval": max(stalled_after.total_seconds() / 6, 1.0),
        "stalled_worker_timeout": stalled_after.total_seconds(),
        "fetch_job_polling_interval": 2.0,
    }
