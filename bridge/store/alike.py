"""What is said much like something else, by the stored vectors.

Where there is an index of pgvector's, it proposes; else the newest texts stay in memory between questions. A
vector never changes, so what is kept is only added to; what has gone meanwhile is left out of the answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Statement, Vector
from bridge.store import nearest, slices, working
from bridge.store.written import Marks, marks

MOST = 100_000
"""Distinct texts that are compared: the newest, and up to a tenth more that came in since they were read."""

LEAST = 0.2
"""Cosine from which two texts are like each other at all, as in the topic engine."""

SAID = frozenset({"statement", "embedding"})
"""Tables that the texts are read from."""

_ROOM = MOST + MOST // 10
_AT_ONCE = 2_000
_DECIMALS = 4
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Table:
    """Texts with their vectors, in one order; `along` and `lengths` are of the vectors less a mean."""

    names: Sequence[str]
    vectors: Floats
    mean: Floats
    along: Floats  # dot products with the mean
    lengths: Floats

    def cosines(self, queries: Floats) -> Floats:
        """Return of each text the highest cosine to any of these vectors, all less the mean."""
        wanted = queries - self.mean
        wanted /= np.maximum(np.linalg.norm(wanted, axis=1, keepdims=True), 1e-9)
        dots = self.vectors @ wanted.T - wanted @ self.mean
        best: Floats = dots.max(axis=1) / self.lengths
        return best


class Texts:
    """The vectors of the newest texts; read at the first question, later only what is new."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._model, self._until = "", 0
        self._names: list[str] = []
        self._known: set[str] = set()
        self._vectors: Floats = np.empty((0, 0), np.float32)
        self._squares: Floats = np.empty(0, np.float32)  # of their lengths
        self._seen: Marks | None = None
        self._table: Table | None = None

    def near(self, session: Session, hashes: Collection[str], top: int) -> dict[str, float]:
        """Return the `top` other texts most like any of these, best first, by hash with the cosine.

        Cosines are of the vectors less the mean of all, as between topics. Nothing is like a text that has no
        vector yet.
        """
        model, mean = working.model(session), working.stored_mean(session)
        asked = slices.vectors(session, list(hashes), model) if model else {}
        if mean is None or not asked:
            return {}
        shift = (mean.total / max(mean.count, 1)).astype(np.float32)
        queries = np.array([np.frombuffer(data, "<f4") for data in asked.values()], np.float32)
        proposed = nearest.near(session, model, queries, top)
        if proposed is None:
            table = self._now(session, model, shift)
        else:
            found = slices.vectors(session, _said(session, proposed), model)
            table = _table(list(found), _stacked(found.values(), len(shift)), shift)
        return _best(table.names, table.cosines(queries), hashes, top)

    def _now(self, session: Session, model: str, mean: Floats) -> Table:
        """Return the texts there are now."""
        state = marks(session, SAID)
        with self._lock:
            if self._model != model or self._seen != state:
                self._refresh(session, model, len(mean))
                self._seen = state
            table = self._table
            if table is None or table.names is not self._names or not np.array_equal(table.mean, mean):
                count = len(self._names)
                table = _table(self._names, self._vectors[:count], mean, self._squares[:count])
                self._table = table
            return table

    def _refresh(self, session: Session, model: str, dimension: int) -> None:
        until = _settled_until(session)
        fresh = [] if self._model != model else _said_since(session, self._until) - self._known
        if self._model != model or len(self._names) + len(fresh) > _ROOM:
            self._clear(model, dimension)
            self._add(_newest(session, model))
        elif fresh:
            self._add(slices.vectors(session, sorted(fresh), model).items())
        self._until = until

    def _add(self, rows: Iterable[tuple[str, bytes]]) -> None:
        names, left = list(self._names), iter(rows)  # a new list: others read the old one
        while some := list(islice(left, _AT_ONCE)):
            vectors = _stacked((data for _, data in some), self._vectors.shape[1])
            here = slice(len(names), len(names) + len(some))
            self._vectors[here], self._squares[here] = vectors, _squares(vectors)
            names += [name for name, _ in some]
        self._names, self._known = names, set(names)

    def _clear(self, model: str, dimension: int) -> None:
        self._model, self._names, self._known = model, [], set()
        self._vectors = np.empty((_ROOM, dimension), np.float32)
        self._squares = np.empty(_ROOM, np.float32)
        self._seen, self._table = None, None


def shown_for(
    session: Session, scores: Mapping[str, float], without: Collection[int], as_of: datetime
) -> dict[int, float]:
    """Return the statements that show these texts with their scores, best first, one of each item.

    A text is shown by who said it first; reposts and the items `without` are left out.
    """
    rows = session.execute(
        sa_select(col(Statement.text_hash), col(Statement.id), col(Statement.item_id))
        .join(Assignment, col(Assignment.statement_id) == col(Statement.id))
        .where(
            col(Statement.text_hash).in_(list(scores)),  # by this index alone: the workspace's is slow
            col(Assignment.status).concat("") != "repost",
            col(Assignment.said_at) <= as_of,
        )
        .order_by(col(Statement.id).desc())
    )
    first = {name: (key, item) for name, key, item in rows if item not in without}
    ranked = sorted((-scores[name], key, item) for name, (key, item) in first.items())
    of_item = {item: (key, -score) for score, key, item in reversed(ranked)}
    best = dict(of_item.values())
    return {key: -score for score, key, _ in ranked if key in best}


def _table(names: Sequence[str], vectors: Floats, mean: Floats, squares: Floats | None = None) -> Table:
    along = vectors @ mean
    lengths = (_squares(vectors) if squares is None else squares) - 2 * along + mean @ mean
    return Table(names, vectors, mean, along, np.sqrt(np.maximum(lengths, 1e-9)))


def _stacked(rows: Iterable[bytes], dimension: int) -> Floats:
    return np.frombuffer(b"".join(rows), "<f4").reshape(-1, dimension)


def _squares(vectors: Floats) -> Floats:
    found: Floats = np.einsum("ij,ij->i", vectors, vectors)
    return found


def _settled_until(session: Session) -> int:
    """Return the first statement that waits for a place, or one after the last."""
    waiting = select(func.min(Statement.id)).where(
        Statement.workspace_id == WORKSPACE, col(Statement.stage).in_(slices.STATEMENTS_WAIT)
    )
    last = select(func.max(Statement.id))
    return session.exec(waiting).one() or (session.exec(last).one() or 0) + 1


def _said_since(session: Session, first: int) -> set[str]:
    found = select(Statement.text_hash).where(
        col(Statement.id) >= first,
        col(Statement.workspace_id) + 0 == WORKSPACE,  # so that SQLite goes by the id
        col(Statement.stage) + 0 == slices.ASSIGNED,
    )
    return set(session.exec(found))


def _said(session: Session, hashes: Sequence[str]) -> list[str]:
    """Return those of these texts that somebody says still: what has gone must not take the others' room."""
    found: set[str] = set()
    for start in range(0, len(hashes), _AT_ONCE):
        some = col(Statement.text_hash).in_(hashes[start : start + _AT_ONCE])
        asked = select(Statement.text_hash).where(some, col(Statement.stage) + 0 == slices.ASSIGNED)
        found.update(session.exec(asked))
    return sorted(found)


def _newest(session: Session, model: str) -> Iterable[tuple[str, bytes]]:
    newest = (
        sa_select(col(Statement.text_hash).label("name"), col(Statement.sort_key))
        .where(col(Statement.workspace_id) == WORKSPACE, col(Statement.stage) == slices.ASSIGNED)
        .order_by(col(Statement.sort_key).desc())
        .limit(MOST)
        .subquery()
    )
    names = sa_select(newest.c.name).distinct().subquery()
    rows = session.execute(
        sa_select(col(Vector.text_hash), col(Vector.data))
        .join(names, names.c.name == col(Vector.text_hash))
        .where(col(Vector.workspace_id) == WORKSPACE, col(Vector.model) == model),
        execution_options={"yield_per": _AT_ONCE},
    )
    return ((name, data) for name, data in rows)


def _best(names: Sequence[str], cosines: Floats, without: Collection[str], top: int) -> dict[str, float]:
    wanted = min(top + len(without), len(names))
    if wanted == 0:
        return {}
    places = np.argpartition(-cosines, wanted - 1)[:wanted]
    ranked = sorted((-round(float(cosines[i]), _DECIMALS), names[i]) for i in places)
    return {name: -score for score, name in ranked if name not in without and -score >= LEAST}
