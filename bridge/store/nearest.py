"""Nearest texts by pgvector, where an operator has made this extension in our database of PostgreSQL.

It is an index and no more: the table `embedding` stays the truth, the same bytes on both kinds of database.
The index is made from it in the night, grows with each text that gets a vector, stands in a schema of its own
that no copy takes along, and may be dropped at any time, as may the extension. It proposes; who asks compares
the proposed exactly. What is of no use to it, or fails, holds up nothing: the night takes in what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, Connection, Index, MetaData, String, Table, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import UserDefinedType
from sqlmodel import Session, col, select

from bridge.errors import StoreError
from bridge.models import WORKSPACE, Vector
from bridge.store import working

if TYPE_CHECKING:
    from bridge.store.database import Database

OLDEST = (0, 7)
"""The first version of pgvector with numbers of 16 bits."""
LARGEST = 4_000
"""The longest vectors that its index takes."""
WIDEST = 1_000
"""Candidates that a search of pgvector's may keep at most."""
_PROPOSED = (300, 3)  # so many at least, and so many for each that is asked for: cosines less a mean differ
_SPARE = 100  # candidates kept beyond those, so that few of the nearest are missed
_AT_ONCE = 2_000

# where it stands: `INDEX_SCHEMAS` of postgres_tools
_STATE = text(
    "WITH ours AS (SELECT CASE current_schema() WHEN 'public' THEN 'nearest'"
    " ELSE left('nearest_of_' || current_schema(), 63) END AS name)"
    " SELECT quote_ident(ours.name) AS schema, quote_ident(home.nspname) AS home, it.extversion AS version,"
    " obj_description(said.oid, 'pg_class') AS model,"
    " EXISTS (SELECT FROM pg_index JOIN pg_class AS place ON place.oid = indexrelid"
    "  WHERE indrelid = said.oid AND place.relname = 'said_place' AND indisvalid) AS is_whole,"
    " COALESCE(has_schema_privilege(home.oid, 'USAGE') AND has_schema_privilege(space.oid, 'USAGE'), false)"
    "  AS may_use,"
    " COALESCE(has_table_privilege(said.oid, 'SELECT'), false) AS may_read,"
    " COALESCE(has_table_privilege(said.oid, 'INSERT'), false) AS may_add,"
    " has_schema_privilege(home.oid, 'USAGE') AND (space.oid IS NOT NULL"
    "  OR has_database_privilege(current_database(), 'CREATE')) AS may_make"
    " FROM ours CROSS JOIN pg_extension AS it JOIN pg_namespace AS home ON home.oid = it.extnamespace"
    " LEFT JOIN pg_namespace AS space ON space.nspname = ours.name"
    " LEFT JOIN pg_class AS said ON said.relnamespace = space.oid AND said.relname = 'said'"
    "  AND EXISTS (SELECT FROM pg_attribute"  # the extension takes it along when it goes
    "   WHERE attrelid = said.oid AND attname = 'place' AND NOT attisdropped)"
    " WHERE it.extname = 'vector'"
)
Floats = NDArray[np.float32]
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The index: where it stands, whose vectors it holds, and what our user may do with it."""

    schema: str  # quoted, as the next
    home: str  # the schema of the extension
    version: str
    model: str | None
    is_whole: bool
    may_use: bool
    may_read: bool
    may_add: bool
    may_make: bool

    def serves(self, model: str) -> bool:
        """Say whether it can be asked for texts near a vector of this model."""
        return self.model == model and self.is_whole and self.may_use and self.may_read


def near(session: Session, model: str, vectors: Floats, count: int) -> list[str] | None:
    """Return hashes of texts, in no order: for each vector, a row, more than `count` nearest by cosine.

    A few of the nearest may be missing, as with every such index. None where it can't be asked.
    """
    state = _state(session)
    if state is None or not state.serves(model):
        return None
    least, each = _PROPOSED
    wanted = min(max(least, each * count), WIDEST)
    kept = min(wanted + _SPARE, WIDEST)
    given = {"asked": [_written(row) for row in vectors], "count": wanted}
    try:
        with session.begin_nested():
            session.execute(text("SELECT set_config('hnsw.ef_search', :kept, true)"), {"kept": str(kept)})
            return list(session.execute(_nearest(state), given).scalars())
    except DBAPIError:
        _tell("asked")
        return None


def add(session: Session, model: str, vectors: Mapping[str, bytes]) -> None:
    """Take in new texts, if there is an index of this model's vectors that we may write."""
    state = _state(session) if vectors else None
    if state is not None and state.model == model and state.may_use and state.may_add:
        try:
            with session.begin_nested():
                _insert(session, state, list(vectors.items()))
        except DBAPIError:
            _tell("added to")


def fill(database: Database, told: Progress = lambda _name, _done, _total: None) -> int:
    """Make the index, or make it anew when the model is another; return how many texts it took in.

    Nothing is done where the extension isn't, or while another is at it. Ended amid it, the next call goes
    on. Raises `StoreError` when our user may not make it. `told` hears of each slice.
    """
    with database.reading() as session:
        model, mean, state = working.model(session), working.stored_mean(session), _state(session)
    if mean is None or state is None or _numbers(state.version) < OLDEST or len(mean.total) > LARGEST:
        return 0
    with _alone(database, state) as connection:
        if connection is None:
            return 0
        with database.reading() as session:
            state = _state(session) or state  # another may have made it before we were alone
        table = _table(state, model, len(mean.total))
        if state.model != model:
            with database.writing() as session:
                _make(session.connection(), state, table)
        count = _take_all(database, state, model, told)
        if state.model != model or not state.is_whole:
            told("index", count, None)
            (index,) = table.indexes
            connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {state.schema}.said_place"))
            index.create(connection)
    return count


@contextmanager
def _alone(database: Database, state: State) -> Iterator[Connection | None]:
    """Open a connection that nobody else makes the index beside, None if somebody does.

    The lock is that of the connection that makes the index: after its process was killed, a server works on.
    """
    from bridge.store.postgres import lock_key

    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # its patience and its lock are its own
        connection.execute(text("SET lock_timeout = 0"))
        asked = text("SELECT pg_try_advisory_lock(:key)")
        is_ours = connection.execute(asked, {"key": lock_key(state.schema)}).scalar_one()
        yield connection if is_ours else None


def _take_all(database: Database, state: State, model: str, told: Progress) -> int:
    """Take in all that are missing; return how many."""
    count, last = 0, ""
    while rows := _missing(database, state, model, last):
        with database.writing() as session:
            _insert(session, state, rows)
        count, last = count + len(rows), rows[-1][0]
        told("index", count, None)
    return count


def _missing(database: Database, state: State, model: str, last: str) -> list[tuple[str, bytes]]:
    """Return the next texts after `last` that aren't in it, with their vectors."""
    there = f"SELECT FROM {state.schema}.said AS there WHERE there.text_hash = embedding.text_hash"
    asked = (
        select(Vector.text_hash, Vector.data)
        .where(Vector.workspace_id == WORKSPACE, Vector.model == model, col(Vector.text_hash) > last)
        .where(text(f"NOT EXISTS ({there})"))
        .order_by(col(Vector.text_hash))
        .limit(_AT_ONCE)
    )
    with database.reading() as session:
        return [(name, data) for name, data in session.exec(asked)]


def _insert(session: Session, state: State, rows: Sequence[tuple[str, bytes]]) -> None:
    added = (
        f"INSERT INTO {state.schema}.said (text_hash, place) VALUES (:name, :place) ON CONFLICT DO NOTHING"
    )
    places = [{"name": name, "place": _written(np.frombuffer(data, "<f4"))} for name, data in rows]
    session.execute(text(added), places)


def _make(connection: Connection, state: State, table: Table) -> None:
    if not state.may_make:
        raise StoreError(
            "pgvector is there, and our user may not make a schema for its index; let an administrator say "
            f"GRANT CREATE ON DATABASE … TO … and GRANT USAGE ON SCHEMA {state.home} TO …, "
            "or DROP EXTENSION vector"
        )
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {state.schema}"))
    connection.execute(text(f"DROP TABLE IF EXISTS {state.schema}.said"))
    indexes, table.indexes = table.indexes, set()  # the index comes when all are in: much faster
    table.create(connection)
    table.indexes = indexes


def _table(state: State, model: str, dimension: int) -> Table:
    place = Column("place", _HalfVector(state.home, dimension), nullable=False)
    index = Index(
        "said_place",
        place,
        postgresql_using="hnsw",
        postgresql_ops={"place": f"{state.home}.halfvec_cosine_ops"},
        postgresql_concurrently=True,  # everything else goes on meanwhile
    )
    name = Column("text_hash", String(32), primary_key=True)
    schema = quoted_name(state.schema, quote=False)  # it is quoted already
    return Table("said", MetaData(), name, place, index, schema=schema, comment=model)


class _HalfVector(UserDefinedType[Any]):
    """A column of pgvector's numbers of 16 bits."""

    cache_ok = True

    def __init__(self, home: str, dimension: int) -> None:
        self.home, self.dimension = home, dimension

    def get_col_spec(self, **_: object) -> str:
        return f"{self.home}.halfvec({self.dimension})"


def _nearest(state: State) -> TextClause:
    halves = f"{state.home}.halfvec"
    return text(
        f"WITH asked AS MATERIALIZED (SELECT CAST(unnest(CAST(:asked AS text[])) AS {halves}) AS place)"
        " SELECT DISTINCT near.text_hash FROM asked CROSS JOIN LATERAL"
        f" (SELECT text_hash FROM {state.schema}.said"
        f" ORDER BY said.place OPERATOR({state.home}.<=>) asked.place LIMIT :count) AS near"
    )


def _state(session: Session) -> State | None:
    """Return the state of the index, None where the extension isn't."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    row = session.execute(_STATE).mappings().one_or_none()
    return None if row is None else State(**row)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def _written(vector: Floats) -> str:
    """Return a vector of length 1, so that each number has room in 16 bits."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    return str((vector / (length or 1.0)).astype(np.float16).tolist())


def _tell(what: str) -> None:
    """Tell of a fault of the index, not in its own words: they may hold a customer's."""
    logging.getLogger(__name__).warning(f"the index of pgvector can't be {what}; it is done without")  # noqa: G004
