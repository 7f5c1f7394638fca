"""Leases: who holds one has its newest number, the fence; older holders are known by theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Table, bindparam, update
from sqlalchemy import select as columns
from sqlmodel import Session

from bridge.models import WORKSPACE, Lease

_LEASE: Table = Lease.__table__  # type: ignore[attr-defined]
_THIS = (_LEASE.c.workspace_id == WORKSPACE) & (_LEASE.c.name == bindparam("asked"))
_TAKE = (
    update(_LEASE)
    .where(_THIS)
    .values(fence=_LEASE.c.fence + 1, owner=bindparam("owner"), taken_at=bindparam("taken_at"))
    .returning(_LEASE.c.fence)
)
_CURRENT = columns(_LEASE.c.fence).where(_THIS)


def take_in(session: Session, name: str, owner: str, at: datetime) -> int:
    """Take a lease for `owner` in a writing transaction; return its fence, which holds once committed."""
    taken = {"asked": name, "owner": owner, "taken_at": at}
    fence = session.connection().execute(_TAKE, taken).scalar()
    if fence is None:
        session.add(Lease(workspace_id=WORKSPACE, name=name, fence=1, owner=owner, taken_at=at))
    return fence or 1


def current(session: Session, name: str) -> int:
    """Return the newest fence of a lease, 0 if nobody ever took it."""
    return session.connection().execute(_CURRENT, {"asked": name}).scalar() or 0
