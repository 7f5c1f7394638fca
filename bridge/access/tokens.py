"""Tokens for programs: some scopes, until some day, for somebody or for nobody in particular."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from bridge.access.keys import digest, new_token
from bridge.access.roles import MAY, SCOPES, Actor, as_role
from bridge.config.values import quoted
from bridge.errors import InputError
from bridge.models import WORKSPACE, ApiToken, UserAccount
from bridge.store import audit

LASTS: Final = timedelta(days=90)
LONGEST: Final = timedelta(days=366)
USED_EVERY: Final = timedelta(minutes=5)
"""How exactly we know when a token was last used."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token: its secret is never seen again."""

    token: ApiToken
    secret: str


def issue(
    session: Session,
    name: str,
    *,
    scopes: Collection[str],
    now: datetime,
    lasts: timedelta = LASTS,
    owner: UserAccount | None = None,
    actor: str = "local",
) -> Issued:
    """Make a token. It never may do more than its owner may at the time. Raises `InputError`."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{quoted(name)} is not a token's name: 1 to 64 letters, digits, spaces, . _ -")
    if by_name(session, name) is not None:
        raise InputError(f"there is a token named {quoted(name)} already; revoke it first, or name another")
    _refuse_scopes(scopes, owner)
    if not timedelta(0) < lasts <= LONGEST:
        raise InputError(f"a token lasts {LONGEST.days} days at most; {LASTS.days} are the default")
    secret = new_token()
    row = ApiToken(
        account_id=owner.id if owner else None,
        name=name,
        key_hash=digest(secret),
        scopes=sorted(scopes, key=list(SCOPES).index),
        created_at=now,
        expires_at=now + lasts,
    )
    session.add(row)
    details = {"scopes": row.scopes, "days": lasts.days, "owner": owner.name if owner else None}
    audit.record(session, now, actor, "add token", f"token {name}", details)
    return Issued(row, secret)


def _refuse_scopes(scopes: Collection[str], owner: UserAccount | None) -> None:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        wrong = f"{quoted(unknown[0])} is no scope" if unknown else "a token needs a scope"
        raise InputError(f"{wrong}; scopes: {', '.join(SCOPES)}")
    role = as_role(owner.role) if owner else None
    beyond = [scope for scope in scopes if role is not None and scope not in MAY[role]]
    if owner and beyond:
        raise InputError(f"{owner.name} is {owner.role} and may not {beyond[0]}; leave that scope out")


def find(
    session: Session, secret: str, now: datetime, *, ways: Collection[str] | None = None
) -> tuple[ApiToken, Actor] | None:
    """Return the token of this secret and who asks by it; None if it is unknown, revoked or expired.

    A token holds only while its owner's account is open and, with `ways`, comes in by one of them.
    """
    found = session.exec(
        select(ApiToken, UserAccount)
        .join(UserAccount, col(UserAccount.id) == ApiToken.account_id, isouter=True)
        .where(ApiToken.workspace_id == WORKSPACE, ApiToken.key_hash == digest(secret))
    ).first()
    if found is None:
        return None
    token, owner = found
    if owner is not None and (owner.disabled_at or (ways is not None and owner.way not in ways)):
        return None
    role = as_role(owner.role) if owner else "admin"
    if token.expires_at <= now or role is None:
        return None
    name = f"{owner.name} by token {token.name}" if owner else f"token {token.name}"
    actor = Actor(
        name=name, role=role, via="token", account_id=token.account_id, scopes=frozenset(token.scopes)
    )
    return token, actor


def touch(session: Session, token_id: int, now: datetime) -> None:
    """Note that a token was used."""
    row = session.get(ApiToken, token_id)
    if row is not None and (row.used_at is None or row.used_at < now):
        row.used_at = now
        session.add(row)


def by_name(session: Session, name: str) -> ApiToken | None:
    """Return the token of this name, None if there is none."""
    return session.exec(
        select(ApiToken).where(ApiToken.workspace_id == WORKSPACE, ApiToken.name == name)
    ).first()


def named(session: Session, name: str) -> ApiToken:
    """Return the token of this name; raises `InputError`."""
    found = by_name(session, name)
    if found is None:
        known = ", ".join(token.name for token, _ in all_tokens(session)) or "none yet"
        raise InputError(f"there is no token {quoted(name)}; tokens: {known}")
    return found


def all_tokens(session: Session) -> list[tuple[ApiToken, str | None]]:
    """Return all tokens by name, each with its owner's name."""
    rows = session.exec(
        select(ApiToken, UserAccount)
        .join(UserAccount, col(UserAccount.id) == ApiToken.account_id, isouter=True)
        .where(ApiToken.workspace_id == WORKSPACE)
        .order_by(ApiToken.name)
    )
    return [(token, owner.name if owner else None) for token, owner in rows]


def of_account(session: Session, account_id: int | None) -> list[ApiToken]:
    """Return the tokens of an account, or those of nobody in particular, by name."""
    rows = session.exec(
        select(ApiToken)
        .where(ApiToken.workspace_id == WORKSPACE, col(ApiToken.account_id) == account_id)
        .order_by(ApiToken.name)
    )
    return list(rows)


def revoke(session: Session, token: ApiToken, now: datetime, actor: str) -> None:
    """Take a token back; it is refused from now on."""
    session.delete(token)
    audit.record(session, now, actor, "revoke token", f"token {token.name}", {})
