"""One pass of the pipeline: the steps in order, up to a named one; kept in the run table with its counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from bridge.decide import Create, Propose
from bridge.models import Run
from bridge.pipeline import deciding, meaning, planning, reading, saying, sending, speakers, themes
from bridge.pipeline.context import STEPS, Context
from bridge.pipeline.heartbeat import Heartbeat
from bridge.pipeline.pulling import Pulled
from bridge.plan import Asked, Plan


@dataclass(slots=True)
class RunResult:
    """What a run did: counts and seconds by step, faults of sources, and the plan if it got that far.

    After a sync, `plan` is what was done and `left` what is still to be done; `refused` are the tracker's own
    faults, by topic, and `gone` the picked changes that were not to be had any more.
    """

    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    pulled: list[Pulled] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    plan: Plan | None = None
    left: Plan | None = None
    refused: list[str] = field(default_factory=list)
    gone: frozenset[str] = frozenset()
    proposed: tuple[Asked, ...] = ()


def run(
    context: Context,
    pull: Callable[[], Sequence[Pulled]],
    *,
    first: str = "pull",
    until: str = "sync",
    dry_run: bool = False,
    only: frozenset[str] | None = None,
) -> RunResult:
    """Do the steps from `first` to `until`. A dry run sends nothing and stores no proposal.

    With `only`, the names of some of the plan's actions, the sync has no others.
    """
    wanted = STEPS[STEPS.index(first) : STEPS.index(until) + 1]
    result = RunResult()
    inner = context.progress
    heartbeat = Heartbeat(context.database, _open(context), context.clock, inner)
    state = "stopped"
    try:
        with heartbeat:
            context.progress = heartbeat
            for name in wanted:
                heartbeat.begin(name)
                started = time.perf_counter()
                counts = _Steps(context, result, pull, wanted, dry_run=dry_run, only=only).do(name)
                result.steps[name] = {**counts, "seconds": round(time.perf_counter() - started, 3)}
                heartbeat.finished(result.steps)
        state = "partial" if result.errors or result.refused else "ok"
    except Exception:
        state = "failed"
        raise
    finally:
        context.progress = inner
        _close(context, result, state)
    return result


class _Steps:
    """The steps by name."""

    def __init__(
        self,
        context: Context,
        result: RunResult,
        pull: Callable[[], Sequence[Pulled]],
        wanted: Sequence[str],
        *,
        dry_run: bool,
        only: frozenset[str] | None,
    ) -> None:
        self._context = context
        self._result = result
        self._pull = pull
        self._wanted = wanted
        self._dry_run = dry_run
        self._only = only

    def do(self, name: str) -> dict[str, Any]:
        """Do one step and return its counts."""
        context = self._context
        match name:
            case "pull":
                return self._do_pull()
            case "assign":
                return themes.assign_and_discover(context, discovering="discover" in self._wanted)
            case "discover":
                return {}  # done beside assign, chunk by chunk
            case "decide" | "plan" | "sync":
                return self._act(name)
            case _:
                return _PLAIN[name](context)

    def _do_pull(self) -> dict[str, Any]:
        self._result.pulled = list(self._pull())
        self._result.errors += [pulled.error for pulled in self._result.pulled if pulled.error]
        return {"read": sum(pulled.counts.read for pulled in self._result.pulled)}

    def _act(self, name: str) -> dict[str, Any]:
        """Decide, plan or sync; each looks anew, so that a stop between them loses nothing."""
        result = self._result
        if name == "decide":
            return {} if self._dry_run else self._decide()
        if name == "plan":
            result.plan = self._planned()
            return {"actions": len(result.plan.actions)}
        return {} if self._dry_run else self._sync()

    def _planned(self) -> Plan:
        """Plan; what only looks at the plan looks at the tracker too, a sync does so by itself."""
        if self._dry_run or self._wanted[-1] == "plan":
            return sending.look(self._context)
        fmt = self._context.tracker().format
        return planning.make_plan(self._context, deciding.decide_all(self._context), fmt)

    def _sync(self) -> dict[str, int]:
        sent, result = sending.sync(self._context, self._only), self._result
        result.left, result.refused, result.gone = sent.left, sent.errors, sent.gone
        proposed = (*result.proposed, *sent.left.proposed)
        waiting = max(sent.left.waiting - len(result.proposed), 0)
        result.plan = replace(sent.left, actions=tuple(sent.done), proposed=proposed, waiting=waiting)
        return sent.counts()

    def _decide(self) -> dict[str, int]:
        """Store what the rules say, and remember what is newly proposed, for the end of the run."""
        context, decided = self._context, deciding.decide_all(self._context)
        before = deciding.waiting(context)
        counts = deciding.store_decisions(context, decided)
        new = deciding.waiting(context) - before
        self._result.proposed = tuple(
            planning.asked(context, decided, decision)
            for decision in decided.decisions
            if isinstance(decision, Propose | Create) and decision.topic in new
        )
        return counts


_PLAIN: dict[str, Callable[[Context], dict[str, int]]] = {
    "normalise": reading.normalise,
    "statements": reading.statements,
    "roles": speakers.roles,
    "dedupe": speakers.dedupe,
    "classify": meaning.classify,
    "embed": meaning.embed,
    "label": saying.label,
    "evidence": saying.choose_evidence,
    "track": saying.track,
}


def _open(context: Context) -> int:
    with context.database.writing() as session:
        session.execute(update(Run).where(col(Run.state) == "running").values(state="stopped"))
        row = Run(started_at=context.now, as_of=context.now, beat_at=context.clock.now().wall)
        session.add(row)
        session.flush()
        context.run_id = row.id
    return row.id or 0


def _close(context: Context, result: RunResult, state: str) -> None:
    with context.database.writing() as session:
        row = session.get(Run, context.run_id)
        if row is not None:
            row.state, row.steps, row.errors = state, result.steps, [_fault(e) for e in result.errors]
            row.ended_at = context.now
            row.progress = {}


def _fault(error: str) -> str:
    return error[:500]
