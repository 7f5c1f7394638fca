"""Which tables were written: a mark for each that pages stand on, another after each commit that wrote it.

So a page is made anew when what it shows has changed, whoever changed it, and not at every sign of life of a
run. A mark is drawn by lot: equal ones mean the same content, also after a copy was put in the store's place.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, delete, event, insert
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Workspace, Written

MARKED: Final = frozenset(
    {"topic", "topic_figures", "ticket", "assignment", "engine_state", "map_place", "statement", "embedding"}
)
"""Tables that have a mark."""

Marks = frozenset[tuple[str, str]]
_WRITES = re.compile(r"\b(?:INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)", re.IGNORECASE)
_BYTES = 12


def marks(session: Session, names: Collection[str]) -> Marks:
    """Return the marks of these tables as this reading sees them; one that was never written has none."""
    asked = sa_select(col(Written.name), col(Written.mark)).where(
        col(Written.workspace_id) == WORKSPACE, col(Written.name).in_(names)
    )
    return frozenset((name, mark) for name, mark in session.connection().execute(asked))


def draw(connection: Connection) -> None:
    """Give every table another mark, for whatever a migration may have written past a session."""
    connection.execute(delete(Written))
    for workspace in connection.execute(sa_select(col(Workspace.id))).scalars().all():
        rows = [{"workspace_id": workspace, "name": name, "mark": _mark()} for name in sorted(MARKED)]
        connection.execute(insert(Written), rows)


def _mark() -> str:
    return secrets.token_hex(_BYTES)


class Watch:
    """Listens to what one transaction writes."""

    def __init__(self, connection: Connection) -> None:
        self._names: set[str] = set()
        event.listen(connection, "before_cursor_execute", self._hear)

    def _hear(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("SELECT") and (found := _WRITES.search(statement)):
            self._names.add(found[1].lower())

    def mark(self, session: Session) -> None:
        """Give the tables that were written another mark, in the same transaction."""
        session.flush()
        names = self._names & MARKED
        if not names:
            return
        there = select(Written).where(Written.workspace_id == WORKSPACE, col(Written.name).in_(names))
        kept = {row.name: row for row in session.exec(there)}
        for name in sorted(names):
            row = kept.get(name) or Written(name=name, mark="")
            row.mark = _mark()
            session.add(row)
