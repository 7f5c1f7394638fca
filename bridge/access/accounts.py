"""Accounts: who may come in, by which way, and in which role."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final
from unicodedata import normalize

from sqlalchemy import func
from sqlmodel import Session, col, select

from bridge.access import passwords, sessions
from bridge.access.roles import ROLES, Role, Way, as_role
from bridge.config.values import quoted
from bridge.errors import InputError
from bridge.models import WORKSPACE, UserAccount, UserSession
from bridge.store import audit, saved

_NAME = re.compile(r"[^\s\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]{1,200}")
NAME_LIMIT: Final = 200  # characters


def as_name(text: str) -> str:
    """Return an account's name as it is kept: one form for all ways to type it.

    >>> as_name(" Ana@Example.org ")
    'ana@example.org'
    """
    sound = text.strip()[:NAME_LIMIT].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return normalize("NFKC", normalize("NFKC", sound).casefold())


def by_name(session: Session, name: str) -> UserAccount | None:
    """Return the account of this name, None if there is none."""
    return session.exec(
        select(UserAccount).where(UserAccount.workspace_id == WORKSPACE, UserAccount.name == as_name(name))
    ).first()


def by_subject(session: Session, issuer: str, subject: str) -> UserAccount | None:
    """Return the account that an identity provider knows under this subject, None if there is none."""
    return session.exec(
        select(UserAccount).where(
            UserAccount.workspace_id == WORKSPACE,
            UserAccount.issuer == issuer,
            UserAccount.subject == subject,
        )
    ).first()


def all_accounts(session: Session) -> list[UserAccount]:
    """Return all accounts by name."""
    rows = session.exec(
        select(UserAccount).where(UserAccount.workspace_id == WORKSPACE).order_by(UserAccount.name)
    )
    return list(rows)


def named(session: Session, name: str) -> UserAccount:
    """Return the account of this name; raises `InputError`."""
    found = by_name(session, name)
    if found is None:
        known = ", ".join(account.name for account in all_accounts(session)) or "none yet"
        raise InputError(f"there is no account {quoted(name)}; accounts: {known}")
    return found


def refuse(session: Session, name: str, role: str) -> str:
    """Return a new account's name as it is kept; raises `InputError` if this name or role won't do."""
    kept = as_name(name)
    if len(name.strip()) > NAME_LIMIT or not _NAME.fullmatch(kept):
        raise InputError(f"{quoted(name)} is no name of an account: 1 to {NAME_LIMIT} signs without spaces")
    if by_name(session, kept) is not None:
        raise InputError(f"there is an account {quoted(kept)} already; change it with accounts role")
    _role(role)
    return kept


def add(
    session: Session, name: str, role: str, now: datetime, *, password: str | None, way: Way, actor: str
) -> UserAccount:
    """Add an account; one with a password logs in by it, another by the identity provider or the proxy.

    Raises `InputError` for a name, role or password that won't do.
    """
    kept = refuse(session, name, role)
    if (way == "password") != (password is not None):
        raise InputError("an account has a password when it logs in by one, and only then")
    if password is not None:
        passwords.refuse_weak(password)
    row = UserAccount(
        name=kept,
        role=_role(role),
        way=way,
        created_at=now,
        password_hash=None if password is None else passwords.hashed(password),
    )
    session.add(row)
    audit.record(session, now, actor, "add account", f"account {kept}", {"role": row.role, "way": way})
    return row


def set_role(session: Session, account: UserAccount, role: str, now: datetime, actor: str) -> None:
    """Give an account another role, at once: it is looked up anew with each request."""
    before, account.role = account.role, _role(role)
    session.add(account)
    details = {"before": before, "after": account.role}
    audit.record(session, now, actor, "change role", f"account {account.name}", details)


def set_password(
    session: Session,
    account: UserAccount,
    password: str,
    now: datetime,
    actor: str,
    *,
    but: int | None = None,
) -> None:
    """Give an account another password; all its logins end, `but` one."""
    if account.way != "password":
        raise InputError(f"{account.name} logs in by {account.way} and has no password here")
    passwords.refuse_weak(password)
    account.password_hash = passwords.hashed(password)
    session.add(account)
    ended = sessions.end_all(session, _id(account), but=but)
    audit.record(session, now, actor, "change password", f"account {account.name}", {"logins ended": ended})


def remove(session: Session, account: UserAccount, now: datetime, actor: str) -> None:
    """Remove an account with its logins and tokens; what it decided stays under its name."""
    saved.leave_to_all(session, account.id)
    session.delete(account)
    audit.record(session, now, actor, "remove account", f"account {account.name}", {"role": account.role})


def set_open(session: Session, account: UserAccount, now: datetime, actor: str, *, is_open: bool) -> None:
    """Let an account in, or keep it out: then its logins end, and its tokens hold only once it is open."""
    if is_open == (account.disabled_at is None):
        raise InputError(f"{account.name} is {'open' if is_open else 'disabled'} already")
    account.disabled_at = None if is_open else now
    session.add(account)
    ended = 0 if is_open else sessions.end_all(session, _id(account))
    verb = "enable account" if is_open else "disable account"
    audit.record(session, now, actor, verb, f"account {account.name}", {"logins ended": ended})


def is_last_admin(session: Session, account: UserAccount, ways: Collection[str] | None = None) -> bool:
    """Say whether nobody else is an admin who can come in; with `ways`, only by one of them."""
    others = select(UserAccount.id).where(
        UserAccount.workspace_id == WORKSPACE,
        UserAccount.role == "admin",
        col(UserAccount.disabled_at).is_(None),
        col(UserAccount.id) != account.id,
    )
    if ways:
        others = others.where(col(UserAccount.way).in_(ways))
    can_come_in = account.role == "admin" and account.disabled_at is None
    return can_come_in and session.exec(others).first() is None


def last_seen(session: Session) -> dict[int, datetime]:
    """Return when each account that is logged in was last seen, by its id."""
    found = session.exec(
        select(UserSession.account_id, func.max(UserSession.seen_at))
        .where(UserSession.workspace_id == WORKSPACE)
        .group_by(col(UserSession.account_id))
    )
    return dict(found.all())


def _role(text: str) -> Role:
    role = as_role(text)
    if role is None:
        raise InputError(f"{quoted(text)} is no role; roles: {', '.join(ROLES)}")
    return role


def _id(account: UserAccount) -> int:
    if account.id is None:
        raise ValueError(f"{account.name} is not in the store yet")
    return account.id
