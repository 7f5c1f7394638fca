"""Who may send. Each holder gets a number, the fence; a row is sent only under the newest one.

The app takes the lease while it holds the file lock. The lock is held for life, so that having it proves the
holder before dead: there is nothing to wait for. A holder that was only frozen finds its fence outdated.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Table, bindparam, update
from sqlalchemy import select as columns
from sqlmodel import Session

from bridge.models import WORKSPACE, Lease
from bridge.store.database import Database

LEASE = "tracker"
"""The lease of those who have effects outside."""

_LEASE: Table = Lease.__table__  # type: ignore[attr-defined]
_THIS = (_LEASE.c.workspace_id == WORKSPACE) & (_LEASE.c.name == bindparam("asked"))
_TAKE = (
    update(_LEASE)
    .where(_THIS)
    .values(fence=_LEASE.c.fence + 1, owner=bindparam("owner"), taken_at=bindparam("taken_at"))
    .returning(_LEASE.c.fence)
)
_CURRENT = columns(_LEASE.c.fence).where(_THIS)


def take(database: Database, name: str, owner: str, at: datetime) -> int:
    """Take a lease for `owner`; return its fence, committed. Whoever held it before may send no more."""
    taken = {"asked": name, "owner": owner, "taken_at": at}
    with database.writing() as session:
        fence = session.connection().execute(_TAKE, taken).scalar()
        if fence is None:
            session.add(Lease(workspace_id=WORKSPACE, name=name, fence=1, owner=owner, taken_at=at))
        return fence or 1


def current(session: Session, name: str) -> int:
    """Return the newest fence of a lease, 0 if nobody ever took it."""
    return session.connection().execute(_CURRENT, {"asked": name}).scalar() or 0
