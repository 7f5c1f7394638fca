"""Who may send. Each holder gets a number, the fence; a row is sent only under the newest one.

The app takes the lease while it holds the file lock. The lock is held for life, so that having it proves the
holder before dead: there is nothing to wait for. A holder that was only frozen finds its fence outdated.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bridge.models import WORKSPACE, Lease
from bridge.store.database import Database

LEASE = "tracker"
"""The lease of those who have effects outside."""


def take(database: Database, name: str, owner: str, at: datetime) -> int:
    """Take a lease for `owner`; return its fence, committed. Whoever held it before may send no more."""
    with database.writing() as session:
        lease = session.get(Lease, (WORKSPACE, name))
        if lease is None:
            lease = Lease(workspace_id=WORKSPACE, name=name)
            session.add(lease)
        lease.fence, lease.owner, lease.taken_at = lease.fence + 1, owner, at
        return lease.fence


def current(session: Session, name: str) -> int:
    """Return the newest fence of a lease, 0 if nobody ever took it."""
    lease = session.get(Lease, (WORKSPACE, name))
    return lease.fence if lease else 0
