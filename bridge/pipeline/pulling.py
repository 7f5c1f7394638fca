"""The step `pull`: what the channels have, into the store."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bridge import tally
from bridge.pipeline.context import Context
from bridge.store import intake
from bridge.store.database import workspace_secret
from connectors import Checkpoint, Event, Gap, Rejected, Source
from connectors.errors import AuthExpired, BadSettings, ConnectorError, Gone, Throttled

BATCH = 500
_WAIT = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """How one pull of one source went."""

    source: str
    counts: intake.Counts
    gaps: tuple[str, ...] = ()
    rejected_file: Path | None = None
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the counts as they are printed."""
        counts = self.counts
        shown: dict[str, Any] = {
            "source": self.source,
            "read": counts.read,
            "new": counts.new,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "rejected": counts.rejected,
            "removed": counts.removed,
        }
        if self.gaps:
            shown["gaps"] = list(self.gaps)
        if self.rejected_file:
            shown["rejected_file"] = str(self.rejected_file)
        if self.error:
            shown["error"] = self.error
        return shown


def pull_source(
    context: Context,
    name: str,
    connector: str,
    source: Source,
    *,
    once: bool = False,
    every: timedelta = timedelta(hours=1),
    is_mail: bool = False,
) -> Pulled:
    """Pull one source up to its end; what was committed before a fault stays, and its cursor with it.

    `once` reads from the beginning and keeps no cursor: an import.
    """
    with context.database.writing() as session:
        state = intake.source_state(session, name, connector)
        cursor = None if once else state.cursor
        pull = intake.Pull(
            id=pull_id(context.now),
            source=name,
            now=context.now,
            secret=workspace_secret(session),
            is_mail=is_mail,
        )
    runner = _Runner(context, pull, connector, keep_cursor=not once)
    error: str | None = None
    try:
        for events, checkpoint in _batches(source.pull(cursor)):
            runner.commit(events, checkpoint)
    except ConnectorError as fault:
        error = f"{name}: {fault}"
        runner.failed(fault)
    else:
        runner.succeeded(every)
    return Pulled(
        source=name,
        counts=runner.counts,
        gaps=tuple(runner.gaps),
        rejected_file=runner.rejected_file,
        error=error,
    )


def pull_id(now: datetime) -> str:
    """Return a name for a new pull."""
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def _batches(events: Iterator[Event]) -> Iterator[tuple[list[Event], Checkpoint | None]]:
    """Group events up to each checkpoint; a group too large for memory is committed without a cursor."""
    batch: list[Event] = []
    for event in events:
        if isinstance(event, Checkpoint):
            yield batch, event
            batch = []
            continue
        batch.append(event)
        if len(batch) >= BATCH:
            yield batch, None
            batch = []
    if batch:
        yield batch, None


class _Runner:
    def __init__(self, context: Context, pull: intake.Pull, connector: str, *, keep_cursor: bool) -> None:
        self._context = context
        self._pull = pull
        self._connector = connector
        self._keep_cursor = keep_cursor
        self.counts = intake.Counts()
        self.gaps: list[str] = []
        self.rejected_file: Path | None = None

    def commit(self, events: list[Event], checkpoint: Checkpoint | None) -> None:
        """Store a batch and its cursor in one transaction; rejected input goes to its file first."""
        self._keep_rejected([event for event in events if isinstance(event, Rejected)])
        self.gaps += [event.why for event in events if isinstance(event, Gap)]
        with self._context.database.writing() as session:
            counts = intake.store_events(session, self._pull, events)
            if checkpoint is not None and self._keep_cursor:
                state = intake.source_state(session, self._pull.source, self._connector)
                state.cursor = checkpoint.cursor
        self.counts.add(counts)
        self._context.progress.step(f"pull {self._pull.source}", self.counts.read, None)

    def succeeded(self, every: timedelta) -> None:
        """Note that the source is well."""
        now = self._context.now
        with self._context.database.writing() as session:
            state = intake.source_state(session, self._pull.source, self._connector)
            state.state, state.last_error, state.failures = "ok", None, 0
            state.last_ok_at = state.last_try_at = now
            state.next_due_at = now + every

    def failed(self, fault: ConnectorError) -> None:
        """Note what is wrong, and when to try again."""
        now = self._context.now
        if isinstance(fault, Throttled):
            tally.count("throttled", by=self._pull.source)
        with self._context.database.writing() as session:
            state = intake.source_state(session, self._pull.source, self._connector)
            state.failures += 1
            state.state = "gone" if isinstance(fault, Gone) else "failing"
            state.last_error, state.last_try_at = str(fault), now
            wait = _WAIT[min(state.failures, len(_WAIT)) - 1]
            state.next_due_at = None if isinstance(fault, AuthExpired | BadSettings | Gone) else now + wait

    def _keep_rejected(self, rejected: list[Rejected]) -> None:
        file = keep_rejected(self._context.settings.paths.data, self._pull, rejected)
        self.rejected_file = file or self.rejected_file


def keep_rejected(data: Path, pull: intake.Pull, rejected: Sequence[Rejected]) -> Path | None:
    """Write rejected input to the pull's file in the folder of data; return the file if there was any."""
    if not rejected:
        return None
    folder = data / "rejected"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{pull.source}-{pull.id}.jsonl"
    with place.open("a", encoding="utf-8", errors="backslashreplace") as file:
        for event in rejected:
            row = {"where": event.where, "reason": event.reason, "raw": event.raw}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return place
