"""Nearest texts by pgvector, where an operator has made this extension in our database of PostgreSQL.

It is an index and no more: the table `embedding` stays the truth, the same bytes on both kinds of database.
The index is made from it in the night, grows with each text that gets a vector, stands in a schema of its own
that no copy takes along, and may be dropped at any time. It proposes; who asks compares the proposed exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, Connection, Index, MetaData, String, Table, text
from sqlalchemy.types import UserDefinedType
from sqlmodel import Session, col, select

from bridge.errors import StoreError
from bridge.models import WORKSPACE, Vector
from bridge.store import working

if TYPE_CHECKING:
    from bridge.store.database import Database

SCHEMA = "nearest"
OLDEST = (0, 7)
"""The first version of pgvector with numbers of 16 bits."""
LARGEST = 4_000
"""The longest vectors that its index takes."""
WIDEST = 1_000
"""Candidates that a search of pgvector's may keep at most."""
_PROPOSED = (300, 3)  # so many at least, and so many for each that is asked for: cosines less a mean differ
_SPARE = 100  # candidates kept beyond those, so that few of the nearest are missed
_AT_ONCE = 2_000

_STATE = text(
    f"SELECT obj_description(to_regclass('{SCHEMA}.said'), 'pg_class') AS model,"
    f" EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('{SCHEMA}.said_place')"
    " AND indisvalid) AS is_whole"
)
_ADD = text(
    f"INSERT INTO {SCHEMA}.said (text_hash, place) VALUES (:name, CAST(:place AS halfvec))"
    " ON CONFLICT DO NOTHING"
)
_MAY = text(
    f"SELECT to_regnamespace('{SCHEMA}') IS NOT NULL OR has_database_privilege(current_database(), 'CREATE')"
)
_MISSING = text(
    f"NOT EXISTS (SELECT FROM {SCHEMA}.said AS there WHERE there.text_hash = embedding.text_hash)"
)
_NEAR = text(
    "WITH asked AS MATERIALIZED (SELECT CAST(unnest(CAST(:asked AS text[])) AS halfvec) AS place)"
    f" SELECT DISTINCT near.text_hash FROM asked CROSS JOIN LATERAL (SELECT text_hash FROM {SCHEMA}.said"
    " ORDER BY said.place <=> asked.place LIMIT :count) AS near"
)
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class State:
    """Whose vectors the index holds, and whether it holds all of them."""

    model: str | None
    is_whole: bool


def is_whole(session: Session, model: str) -> bool:
    """Say whether texts near a vector of this model can be asked for."""
    return _is_postgres(session) and _state(session) == State(model, is_whole=True)


def near(session: Session, vectors: Floats, count: int) -> list[str]:
    """Return hashes of texts, in no order: for each vector, a row, more than `count` nearest by cosine.

    A few of the nearest may be missing, as with every such index.
    """
    least, each = _PROPOSED
    wanted = min(max(least, each * count), WIDEST)
    kept = min(wanted + _SPARE, WIDEST)
    session.execute(text("SELECT set_config('hnsw.ef_search', :kept, true)"), {"kept": str(kept)})
    given = {"asked": [_written(row) for row in vectors], "count": wanted}
    return list(session.execute(_NEAR, given).scalars())


def add(session: Session, model: str, vectors: Mapping[str, bytes]) -> None:
    """Take in new texts, if there is an index of this model's vectors."""
    if vectors and _is_postgres(session) and _state(session).model == model:
        _insert(session, list(vectors.items()))


def fill(database: Database) -> int:
    """Make the index, or make it anew when the model is another; return how many texts it took in.

    Nothing is done where the extension isn't, or when the index is whole. Ended amid it, the next call goes
    on. Raises `StoreError` when our user may not make it.
    """
    with database.reading() as session:
        model, mean = working.model(session), working.stored_mean(session)
        if mean is None or not _is_postgres(session) or not _is_there(session):
            return 0
        state, dimension = _state(session), len(mean.total)
    if state == State(model, is_whole=True) or dimension > LARGEST:
        return 0
    table = _table(model, dimension)
    if state.model != model:
        with database.writing() as session:
            _make(session.connection(), table)
    count = 0
    while taken := _take(database, model):
        count += taken
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # its patience is its own
        connection.execute(text("SET lock_timeout = 0"))
        (index,) = table.indexes
        connection.execute(text(f"DROP INDEX IF EXISTS {SCHEMA}.{index.name}"))  # one that was not finished
        index.create(connection)
    return count


def _take(database: Database, model: str) -> int:
    """Take in the next of those that are missing."""
    with database.writing() as session:
        asked = (
            select(Vector.text_hash, Vector.data)
            .where(Vector.workspace_id == WORKSPACE, Vector.model == model, _MISSING)
            .order_by(col(Vector.text_hash))
            .limit(_AT_ONCE)
        )
        rows = [(name, data) for name, data in session.exec(asked)]
        _insert(session, rows)
    return len(rows)


def _insert(session: Session, rows: Sequence[tuple[str, bytes]]) -> None:
    if rows:
        places = [(name, _written(np.frombuffer(data, "<f4"))) for name, data in rows]
        session.execute(_ADD, [{"name": name, "place": place} for name, place in places])


def _make(connection: Connection, table: Table) -> None:
    if not connection.execute(_MAY).scalar_one():
        raise StoreError(
            "pgvector is there, and our user may not make a schema for its index; let an administrator say "
            "GRANT CREATE ON DATABASE … TO …, or DROP EXTENSION vector"
        )
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    connection.execute(text(f"DROP TABLE IF EXISTS {SCHEMA}.said"))
    indexes, table.indexes = table.indexes, set()  # the index comes when all are in: much faster
    table.create(connection)
    table.indexes = indexes


def _table(model: str, dimension: int) -> Table:
    place = Column("place", _HalfVector(dimension), nullable=False)
    index = Index(
        "said_place",
        place,
        postgresql_using="hnsw",
        postgresql_ops={"place": "halfvec_cosine_ops"},
        postgresql_concurrently=True,  # everything else goes on meanwhile
    )
    name = Column("text_hash", String(32), primary_key=True)
    return Table("said", MetaData(), name, place, index, schema=SCHEMA, comment=model)


class _HalfVector(UserDefinedType[Any]):
    """A column of pgvector's numbers of 16 bits."""

    cache_ok = True

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension

    def get_col_spec(self, **_: object) -> str:
        return f"halfvec({self.dimension})"


def _is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _is_there(session: Session) -> bool:
    asked = text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    version = session.execute(asked).scalar_one_or_none()
    return version is not None and tuple(int(part) for part in version.split(".")[:2]) >= OLDEST


def _state(session: Session) -> State:
    found = session.execute(_STATE).one()
    return State(found.model, found.is_whole)


def _written(vector: Floats) -> str:
    return str(vector.astype(np.float16).tolist())
