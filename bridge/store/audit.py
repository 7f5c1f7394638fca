"""The audit log: who did what, in order. Each row's hash covers the one before: tampering shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Audit

_AUDIT: Table = Audit.__table__  # type: ignore[attr-defined]
_LAST = columns(_AUDIT.c.hash).where(_AUDIT.c.workspace_id == WORKSPACE).order_by(_AUDIT.c.id.desc()).limit(1)
_ADD = insert(_AUDIT)


def record(
    session: Session, at: datetime, actor: str, verb: str, subject: str, details: Mapping[str, Any]
) -> None:
    """Add a row. `details` holds ids, counts and states, never a customer's words or name."""
    session.flush()
    connection = session.connection()
    previous = connection.execute(_LAST).scalar() or ""
    row = {
        "workspace_id": WORKSPACE,
        "at": at,
        "actor": actor,
        "verb": verb,
        "subject": subject,
        "details": dict(details),
        "previous": previous,
        "hash": _hash(previous, at, actor, verb, subject, details),
    }
    connection.execute(_ADD, row)


def first_broken(session: Session) -> int | None:
    """Return the id of the first row that doesn't fit the chain, None when all do."""
    previous = ""
    rows = session.exec(select(Audit).where(Audit.workspace_id == WORKSPACE).order_by(col(Audit.id)))
    for row in rows:
        expected = _hash(previous, row.at, row.actor, row.verb, row.subject, row.details)
        if (row.previous, row.hash) != (previous, expected):
            return row.id
        previous = row.hash
    return None


def _hash(
    previous: str, at: datetime, actor: str, verb: str, subject: str, details: Mapping[str, Any]
) -> str:
    content = json.dumps(
        [previous, at.astimezone(UTC).isoformat(), actor, verb, subject, dict(details)], sort_keys=True
    )
    return hashlib.sha256(content.encode()).hexdigest()
