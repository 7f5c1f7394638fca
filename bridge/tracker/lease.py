"""Who may send. Each holder gets a number, the fence; a row is sent only under the newest one.

The app takes the lease while it holds the lock of a run (`Database.only_one`): a lock file, or PostgreSQL's
advisory lock. The lock is held for life, so that having it proves the holder before dead, or cut off from the
store: there is nothing to wait for. A holder that was only frozen or cut off finds its fence outdated.
"""

from __future__ import annotations

from datetime import datetime

from bridge.store.database import Database
from bridge.store.lease import current, take_in

__all__ = ["LEASE", "current", "take"]

LEASE = "tracker"
"""The lease of those who have effects outside."""


def take(database: Database, name: str, owner: str, at: datetime) -> int:
    """Take a lease for `owner`; return its fence, committed. Whoever held it before may send no more."""
    with database.writing() as session:
        return take_in(session, name, owner, at)
