"""The topic engine's working set, kept in tables: a stop loses nothing, and the next run is the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, EngineState, Position, Statement, Topic, Workspace
from bridge.store import decided, slices
from topics.discover import Settings
from topics.working import NEIGHBOURS, Ints, Mean, Working


@dataclass(frozen=True, slots=True)
class Engine:
    """The working set with what the engine keeps beside it."""

    working: Working
    mean: Mean
    settings: Settings
    discover_due: bool
    arrivals: int  # how many ever arrived
    looked_at: int = 0  # how many had arrived when new topics were last looked for

    def with_(self, **changes: object) -> Engine:
        """Return the engine with some parts replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]


def model(session: Session) -> str:
    """Return the model of the working set's vectors, empty for a new store."""
    state = session.get(EngineState, WORKSPACE)
    return state.model if state is not None and state.mean else ""


def stored_mean(session: Session) -> Mean | None:
    """Return the mean of all vectors seen, None for a new store."""
    state = session.get(EngineState, WORKSPACE)
    return _mean(state) if state is not None and state.mean else None


def _mean(state: EngineState) -> Mean:
    return Mean(np.frombuffer(state.mean, "<f8").copy(), state.data["seen"])


def load_graph(session: Session) -> Working:
    """Return the working set without vectors: topics, and who is near whom. Needs no encoder."""
    return load(session, lambda hashes: dict.fromkeys(hashes, b""), 0).working


def keys(session: Session) -> Sequence[int]:
    """Return the statements of the working set."""
    return session.exec(select(Position.statement_id)).all()


def load(session: Session, read: Callable[[list[str]], dict[str, bytes]], dimension: int) -> Engine:
    """Return the engine as the last commit left it; empty for a new store. `read` gives vectors by hash."""
    state = session.get(EngineState, WORKSPACE)
    if state is None or not state.mean:
        return Engine(
            Working.empty(dimension), Mean.zero(dimension), Settings(), discover_due=False, arrivals=0
        )
    rows = session.execute(
        sa_select(
            col(Position.statement_id),
            col(Position.neighbours),
            col(Position.weights),
            func.coalesce(Topic.root, 0),
            col(Assignment.pinned),
            col(Statement.text_hash),
            col(Assignment.status),
        )
        .join(Statement, col(Statement.id) == col(Position.statement_id))
        .join(Assignment, col(Assignment.statement_id) == col(Position.statement_id))
        .outerjoin(
            Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE)
        )
        .order_by(col(Position.arrival))
    ).all()
    found = read([row[5] for row in rows])
    count = len(rows)
    working = Working(
        keys=np.array([row[0] for row in rows], np.int64),
        vectors=np.frombuffer(b"".join(found[row[5]] for row in rows), "<f4")
        .astype(np.float32)
        .reshape(count, dimension),
        topics=np.array([row[3] if row[6] == "published" else 0 for row in rows], np.int64),
        neighbours=_table([row[1] for row in rows], "<i8", -1),
        weights=_table([row[2] for row in rows], "<f4", 0),
        pinned=np.array([row[4] for row in rows], bool),
        barred=decided.barred(session),
        apart=decided.apart(session),
    )
    return Engine(
        working,
        _mean(state),
        Settings(**state.data["settings"]),
        state.discover_due,
        state.data["arrivals"],
        state.data["looked_at"],
    )


def _table(rows: Sequence[bytes], kind: str, filling: int) -> NDArray[Any]:
    """Return rows of different lengths as one table; a row has grown wider with the working set."""
    each = np.dtype(kind)
    sizes = np.array([len(row) for row in rows], np.int64) // each.itemsize
    table = np.full((len(rows), int(sizes.max(initial=0)) or NEIGHBOURS), filling, each.newbyteorder("="))
    for size in np.unique(sizes).tolist():
        places = np.flatnonzero(sizes == size).tolist()
        table[places, :size] = np.frombuffer(b"".join(rows[place] for place in places), each).reshape(
            -1, size
        )
    return table


def save(session: Session, engine: Engine, model: str) -> None:
    """Store the engine's state beside the working set."""
    state = session.get(EngineState, WORKSPACE) or EngineState()
    state.model = model
    state.discover_due = engine.discover_due
    state.data = {
        "settings": asdict(engine.settings),
        "seen": engine.mean.count,
        "arrivals": engine.arrivals,
        "looked_at": engine.looked_at,
    }
    state.mean = engine.mean.total.astype("<f8").tobytes()
    session.add(state)


def add_positions(session: Session, working: Working, first: int, arrival: int) -> None:
    """Store the rows of the working set from `first` on; the first of them is arrival number `arrival`."""
    rows = [
        {
            "statement_id": int(working.keys[row]),
            "workspace_id": WORKSPACE,
            "arrival": arrival + row - first,
            "neighbours": working.neighbours[row].astype("<i8").tobytes(),
            "weights": working.weights[row].astype("<f4").tobytes(),
        }
        for row in range(first, len(working))
    ]
    slices.add(session, Position, rows)


def drop_positions(session: Session, keys: Ints) -> None:
    """Take statements out of the working set."""
    for start in range(0, len(keys), 5000):
        some = keys[start : start + 5000].tolist()
        session.execute(delete(Position).where(col(Position.statement_id).in_(some)))


def next_topic_numbers(session: Session, count: int) -> Sequence[int]:
    """Return the next numbers of topics and take them for ever."""
    workspace = session.exec(select(Workspace).where(Workspace.id == WORKSPACE)).one()
    first = workspace.last_topic + 1
    workspace.last_topic += count
    return range(first, first + count)
