"""A file as if it had arrived in batches: the real pipeline on a scratch database.

Users learn from it what would have happened; we measure with it.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select as sa_select
from sqlalchemy import update
from sqlmodel import Session, col

from bridge.errors import InputError
from bridge.models import WORKSPACE, Assignment, Item, Statement, Topic
from bridge.pipeline.context import Context
from bridge.pipeline.run import run
from bridge.store import intake, slices
from bridge.store.database import workspace_secret
from connectors import Message, Rejected, Source, Upsert
from topics.encoders.base import Block

SOURCE = "replay"
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which columns were named; the others are not guessed."""

    id: bool
    at: bool
    author: bool


class Given:
    """Vectors by row of the file, from a `.npy`; read as they are asked for."""

    model_id = "given"
    languages: frozenset[str] | None = None

    def __init__(self, path: Path) -> None:
        try:
            table: Any = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"--vectors: {path} is no .npy table of numbers: {error}") from error
        if not isinstance(table, np.ndarray) or table.dtype.kind not in "fiu":
            what = getattr(table, "dtype", "several tables")
            raise InputError(f"--vectors: {path} holds {what}; a .npy table of real numbers is needed")
        if table.ndim != 2 or not table.shape[1]:  # noqa: PLR2004 - rows and columns
            raise InputError(f"--vectors: {path} has shape {table.shape}; one row for each item is needed")
        self._table: NDArray[Any] = table
        self.revision = f"{path.stat().st_size:x}"
        self.dimension = int(self._table.shape[1])
        self.blocks = (Block("given", 0, self.dimension, 1.0),)
        self.rows: dict[str, int] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Refuse: these vectors belong to rows, not to texts."""
        raise InputError(f"--vectors: {len(texts)} statements have no row; are there as many rows as items?")

    def key(self, external_id: str) -> str:
        """Return the key of an item's row."""
        return f"row:{self.rows[external_id]}"

    def read(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the rows under these keys, each normalised to length one."""
        found = {}
        for key in set(keys):
            row = np.asarray(self._table[int(key.removeprefix("row:"))], np.float64)
            row = row / (float(np.abs(row).max()) or 1.0)  # so that no square overflows
            found[key] = (row / (float(np.linalg.norm(row)) or 1.0)).astype("<f4").tobytes()
        return found

    def check(self, items: int) -> None:
        """Raise `InputError` unless there is a row of finite numbers for each item of the file."""
        if len(self) != items:
            raise InputError(f"--vectors: {len(self)} rows for {items} items; one row for each is needed")
        for start in range(0, items, 10_000):
            with np.errstate(over="ignore"):
                part = np.asarray(self._table[start : start + 10_000], np.float64)
            wrong = np.flatnonzero(~np.isfinite(part).all(axis=1))
            if len(wrong):
                raise InputError(f"--vectors: row {start + wrong[0]} holds a value that is no finite number")

    def __len__(self) -> int:
        return len(self._table)


def take_in(context: Context, source: Source, wanted: Wanted) -> int:
    """Store all items of a file, held back until their batch; return how many there are."""
    with context.database.writing() as session:
        intake.source_state(session, SOURCE, "files")
        secret = workspace_secret(session)
    pull = intake.Pull(id="replay", source=SOURCE, now=context.now, secret=secret)
    count = 0
    for batch in _batched(_messages(source, wanted, context.given)):
        with context.database.writing() as session:
            intake.store_events(session, pull, [Upsert(message) for message in batch])
        count += len(batch)
        context.progress.step("read", count, None)
    with context.database.writing() as session:
        session.execute(update(Item).values(stage=slices.HELD))
    return count


def _messages(source: Source, wanted: Wanted, given: Any) -> Iterator[Message]:
    row = 0
    for event in source.pull(None):
        if isinstance(event, Upsert | Rejected):
            row += 1
        if isinstance(event, Upsert):
            message = event.message
            name = message.external_id if wanted.id else str(row)
            if given is not None:
                if row > len(given):
                    raise InputError(f"--vectors: {len(given)} rows for more items; item {name!r} has none")
                given.rows[name] = row - 1
            yield dataclasses.replace(
                message,
                external_id=name,
                said_at=message.said_at if wanted.at else START + timedelta(seconds=row),
                author=message.author if wanted.author else None,
            )
    if given is not None:
        given.check(row)


def _batched(messages: Iterator[Message], size: int = 1000) -> Iterator[list[Message]]:
    batch: list[Message] = []
    for message in messages:
        batch.append(message)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def shares(total: int, batches: int, first: float | None) -> list[int]:
    """Return how many items each batch has; `first` is the share of the first one."""
    if first is None or batches == 1:
        return [total * (n + 1) // batches - total * n // batches for n in range(batches)]
    head = round(total * first)
    rest = total - head
    others = batches - 1
    return [head, *(rest * (n + 1) // others - rest * n // others for n in range(others))]


def timings_of(out: Path) -> Path:
    """Return where the timings stand of a replay written to `out`."""
    return out.with_name(f"{out.stem}.timings.json")


def play(context: Context, total: int, sizes: Sequence[int], out: Path) -> dict[str, Any]:
    """Let the batches arrive one by one; write every statement's place after each, and the timings."""
    timings: list[dict[str, Any]] = []
    with out.open("w", encoding="utf-8") as file:
        for number, size in enumerate(sizes, 1):
            started = time.perf_counter()
            _release(context, size)
            result = run(context, list, first="normalise", until="discover")
            timings.append(
                {
                    "batch": number,
                    "items": size,
                    "steps": {name: step["seconds"] for name, step in result.steps.items()},
                    "seconds": round(time.perf_counter() - started, 3),
                }
            )
            with context.database.reading() as session:
                for row in _places(session):
                    file.write(json.dumps({"batch": number, **row}, ensure_ascii=False) + "\n")
            context.progress.step("batch", number, len(sizes))
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    report = {"batches": timings, "peak_mb": peak_mb}
    timings_of(out).write_text(json.dumps(report, indent=2), encoding="utf-8")
    return {**report, "items": total}


def _release(context: Context, size: int) -> None:
    with context.database.writing() as session:
        ids = slices.items_at(session, slices.HELD, "", "\U0010ffff", size)
        for start in range(0, len(ids), 5000):
            session.execute(
                update(Item).where(col(Item.id).in_(ids[start : start + 5000])).values(stage=slices.PULLED)
            )


def _places(session: Session) -> Iterator[dict[str, Any]]:
    rows: Any = session.execute(
        sa_select(
            col(Item.external_id),
            col(Statement.ordinal),
            col(Statement.kind),
            col(Topic.root),
            col(Assignment.score),
        )
        .join(Item, col(Item.id) == col(Statement.item_id))
        .outerjoin(Assignment, col(Assignment.statement_id) == col(Statement.id))
        .outerjoin(
            Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE)
        )
        .order_by(col(Statement.sort_key))
        .execution_options(yield_per=5000)
    )
    for external_id, ordinal, kind, root, score in rows:
        yield {
            "id": external_id,
            "statement": ordinal,
            "kind": kind,
            "topic": f"T-{root}" if root else None,
            "score": score,
        }
