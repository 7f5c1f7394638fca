"""The jobs of the daemon: pull each source, run the steps, read back, sync, and what is done at night."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlmodel import Session, col, select

from bridge.errors import SendError
from bridge.jobs.backups import FOLDER, back_up
from bridge.jobs.jobs import DAY, PULL, Job, Outcome
from bridge.jobs.standing import waiting
from bridge.models import WORKSPACE, Run
from bridge.pipeline.context import KeyRange
from bridge.store import nearest, slices
from bridge.store.runs import forget_runs

if TYPE_CHECKING:
    from bridge.pipeline.context import Context
    from bridge.pipeline.pulling import Pulled
    from bridge.pipeline.run import RunResult

AUDIT_DAYS = 30
WAVE = 10_000
"""Items that go through all steps together at most; the newest of a flood are the first wave."""
AGEING = DAY
"""The steps are done at least so often without any news: topics age, and fall asleep."""


@dataclass(frozen=True, slots=True)
class Duties:
    """What each job does. `context` makes a context for one job, `pull` pulls one source.

    `defer` asks workers to do the steps, None when they are done here.
    """

    context: Callable[[], Context]
    pull: Callable[[Context, str], Sequence[Pulled]]
    defer: Callable[[], Outcome] | None = None

    def pull_source(self, name: str) -> Outcome:
        """Pull one source."""
        pulled = self.pull(self.context(), name)[0]
        counts = pulled.counts
        told = {"read": counts.read, "new": counts.new, "changed": counts.changed, "removed": counts.removed}
        return Outcome({**told, "rejected": counts.rejected}, pulled.error)

    def run_steps(self) -> Outcome:
        """Do the steps from `normalise` to `track`, if something waits or a day has passed.

        Of a flood the newest are taken first, so many that one wave is worked on at a time in bounded memory;
        the outcome tells that there is more.
        """
        from bridge.pipeline.run import run

        context = self.context()
        with context.database.reading() as session:
            if not any(waiting(session).values()) and not _is_stale(session, context.now):
                return Outcome({"waiting": 0})
            if self.defer is not None:
                return self.defer()
            context.keys = KeyRange(after=slices.before_newest(session, WAVE))
        outcome = _told(run(context, list, first="normalise", until="track"))
        with context.database.reading() as session:
            return replace(outcome, more=any(waiting(session).values()))

    def read_back(self) -> Outcome:
        """Look at what became of our issues in the tracker, a hundred a call."""
        from bridge.pipeline.mirroring import read_back

        context = self.context()
        seen = read_back(context, context.tracker())
        return Outcome({"looked": seen.looked, "changed": seen.changed})

    def sync(self) -> Outcome:
        """Decide, plan and bring the tracker up to date, as far as nobody has to tick what is sent."""
        from bridge.pipeline.run import run

        context = self.context()
        only = frozenset[str]() if context.settings.serve.apply == "ticked" else None
        return _told(run(context, list, first="decide", until="sync", only=only))

    def audit(self) -> Outcome:
        """Count the issues of each ticket in the tracker, and check the chain of the audit log."""
        from bridge.pipeline.sending import audit
        from bridge.store.audit import first_broken

        context = self.context()
        found = audit(context, AUDIT_DAYS)
        with context.database.reading() as session:
            broken = first_broken(session)
        faults = [f"T-{topic} has {len(keys)} issues: {', '.join(keys)}" for topic, _, keys in found]
        faults += [] if broken is None else [f"audit row {broken} does not fit the row before it"]
        return Outcome({"doubled": len(found)}, "; ".join(faults) or None)

    def back_up(self) -> Outcome:
        """Write tonight's copy of the store, and clear the oldest away."""
        context = self.context()
        keep = context.settings.serve.backups
        return back_up(context.database, context.settings.paths.data / FOLDER, keep, context.now)

    def tidy(self) -> Outcome:
        """Forget runs that are older than the settings keep them; make pgvector's index if it's wanted."""
        context = self.context()
        with context.database.writing() as session:
            forgotten = forget_runs(session, context.now - context.settings.serve.keep_runs)
        indexed = nearest.fill(context.database, context.progress.step)
        return Outcome({"forgotten": forgotten, **({"indexed": indexed} if indexed else {})})

    def recluster(self) -> Outcome:
        """Look at all topics afresh; change them only if the settings say so."""
        from bridge.recluster import apply, compare

        context = self.context()
        found = compare(context)
        lines = found.lineage
        counts = {"born": len(lines.born), "split": len(lines.split), "merged": len(lines.merged)}
        if context.settings.serve.recluster == "apply":
            counts = apply(context, found)
        return Outcome({"statements": found.looked_at, **counts})

    def digest(self) -> Outcome:
        """Send the digest that is due by each way; raises `SendError` if one refused it, to try again."""
        from bridge.digest.sending import Sender
        from bridge.digest.ways import ways_out

        context = self.context()
        ways = ways_out(context.settings.digest)
        sent = Sender(context.database, context.settings, context.now).due(ways)
        if sent.refused:
            raise SendError("; ".join([*sent.refused, *sent.doubts]))
        return Outcome(sent.counts, "; ".join(sent.doubts) or None)

    def jobs(self) -> list[Job]:
        """Return the jobs in the order in which they are done."""
        settings = self.context().settings
        serve = settings.serve
        jobs = [
            Job(
                name=PULL + source.name,
                every=source.every,
                do=self._puller(source.name),
                then="run",
                brings_news=_has_news,
            )
            for source in settings.sources
            if not (source.paused or source.is_sent)
        ]
        jobs.append(
            Job(
                name="run",
                every=serve.run_every,
                do=self.run_steps,
                then="sync",
                brings_news=_bears,
                gives_way=True,
            )
        )
        jobs.append(
            Job(name="read", every=serve.read_every, do=self.read_back, then="sync", brings_news=_has_changed)
        )
        jobs.append(Job(name="sync", every=serve.sync_every, do=self.sync))
        jobs += self._digests()
        nightly = {
            "audit": self.audit,
            **({"backup": self.back_up} if serve.backups else {}),
            "tidy": self.tidy,
            **({"recluster": self.recluster} if serve.recluster != "off" else {}),
        }
        return jobs + [
            Job(name=name, every=DAY, hour=serve.night_hour, do=do) for name, do in nightly.items()
        ]

    def _digests(self) -> list[Job]:
        from bridge.digest.schedule import following

        settings = self.context().settings.digest
        if not settings.ways():
            return []
        return [Job(name="digest", every=settings.every, at=partial(following, settings), do=self.digest)]

    def _puller(self, name: str) -> Callable[[], Outcome]:
        return lambda: self.pull_source(name)


def _has_news(outcome: Outcome) -> bool:
    return any(outcome.counts.get(name, 0) for name in ("new", "changed", "removed"))


def _has_changed(outcome: Outcome) -> bool:
    return bool(outcome.counts.get("changed", 0))


def _bears(outcome: Outcome) -> bool:
    """Say whether topics were born: a crisis must not wait for the next sync."""
    return bool(outcome.counts.get("born", 0))


def _told(result: RunResult) -> Outcome:
    """Return the counts of a run; of a count that several steps give, the highest."""
    counts: dict[str, int] = {}
    for step in result.steps.values():
        for name, value in step.items():
            if isinstance(value, int) and value:
                counts[name] = max(counts.get(name, 0), value)
    return Outcome(counts, "; ".join([*result.refused, *result.errors]) or None)


def _is_stale(session: Session, now: datetime) -> bool:
    """Say whether no run of a day did the steps to their end, or one has been cut off since."""
    rows = session.exec(
        select(Run)
        .where(Run.workspace_id == WORKSPACE, col(Run.started_at) > now - AGEING)
        .order_by(col(Run.id).desc())
    )
    newest = next((row for row in rows if "track" in (row.steps or {}) or _is_cut_off(row)), None)
    return newest is None or "track" not in (newest.steps or {})


def _is_cut_off(run: Run) -> bool:
    """Say whether a run ended amid the steps; a sync that failed is none, one that was killed may be."""
    first = next(iter(run.steps or {}), None)
    if run.state == "failed":
        return first not in (None, "decide")
    return run.state in ("running", "stopped") and first != "decide"
