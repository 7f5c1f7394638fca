"""Logins that hold: each is a row under the hash of a random key that only the browser has."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, delete, select

from bridge.access.keys import digest, new_key
from bridge.models import WORKSPACE, UserAccount, UserSession

IDLE: Final = timedelta(hours=8)
LONGEST: Final = timedelta(days=7)
SEEN_EVERY: Final = timedelta(minutes=5)
"""How exactly we know when a session was last used; not every look at a page is worth a write."""


def start(session: Session, account: UserAccount, now: datetime, *, instead_of: str = "") -> str:
    """Start a login and return its new key; the login under the key `instead_of` ends."""
    end(session, instead_of)
    _sweep(session, now)
    key = new_key()
    if account.id is None:
        raise ValueError(f"{account.name} is not in the store yet")
    row = UserSession(account_id=account.id, key_hash=digest(key), created_at=now, seen_at=now)
    account.last_login_at = now
    session.add_all([row, account])
    return key


def find(session: Session, key: str, now: datetime) -> tuple[UserSession, UserAccount] | None:
    """Return the login under a key with its account; None if it is unknown, ended, or too old."""
    found = session.exec(
        select(UserSession, UserAccount)
        .join(UserAccount, col(UserAccount.id) == UserSession.account_id)
        .where(UserSession.workspace_id == WORKSPACE, UserSession.key_hash == digest(key))
    ).first()
    if found is None or not _holds(found[0], now):
        return None
    return found[0], found[1]


def touch(session: Session, login_id: int, now: datetime) -> None:
    """Note that a login was used."""
    row = session.get(UserSession, login_id)
    if row is not None and row.seen_at < now:
        row.seen_at = now
        session.add(row)


def end(session: Session, key: str) -> None:
    """End the login under a key, if there is one."""
    if key:
        session.exec(delete(UserSession).where(col(UserSession.key_hash) == digest(key)))


def end_all(session: Session, account_id: int, *, but: int | None = None) -> int:
    """End all logins of an account, `but` one; return how many."""
    those = col(UserSession.account_id) == account_id
    if but is not None:
        those &= col(UserSession.id) != but
    return session.exec(delete(UserSession).where(those)).rowcount


def of_account(session: Session, account_id: int, now: datetime) -> list[UserSession]:
    """Return the logins of an account that hold, the last used first."""
    rows = session.exec(
        select(UserSession)
        .where(UserSession.account_id == account_id)
        .order_by(col(UserSession.seen_at).desc(), col(UserSession.id))
    )
    return [row for row in rows if _holds(row, now)]


def _holds(row: UserSession, now: datetime) -> bool:
    return now - row.seen_at < IDLE and now - row.created_at < LONGEST


def _sweep(session: Session, now: datetime) -> None:
    """Forget logins that hold no more."""
    old = (col(UserSession.seen_at) <= now - IDLE) | (col(UserSession.created_at) <= now - LONGEST)
    session.exec(delete(UserSession).where(col(UserSession.workspace_id) == WORKSPACE, old))
