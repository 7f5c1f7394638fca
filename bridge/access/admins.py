"""What an admin does with accounts on the page: each change is written down, and an admin always remains."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from bridge.access import accounts
from bridge.access.roles import WAYS, Actor, Way
from bridge.config.values import quoted
from bridge.errors import InputError
from bridge.models import UserAccount
from bridge.store.database import Database

_BYTES: Final = 15  # of a password made here: 20 characters, 120 bits


@dataclass(frozen=True, slots=True)
class Admins:
    """The accounts in an admin's hands. `ways` are those by which accounts come in just now."""

    database: Database
    ways: Collection[str]
    actor: Actor
    now: datetime

    def add(self, name: str, role: str, way: str) -> str:
        """Add an account; return its first password, "" if it has none. Raises `InputError`."""
        by = _way(way)
        password = _password() if by == "password" else None
        with self.database.writing() as session:
            accounts.add(session, name, role, self.now, password=password, way=by, actor=self.actor.name)
        return password or ""

    def set_role(self, name: str, role: str) -> None:
        """Give an account another role; raises `InputError` for the last admin."""
        with self._one(name) as (session, account):
            if role != "admin":
                self._refuse_last(session, account)
            accounts.set_role(session, account, role, self.now, self.actor.name)

    def set_open(self, name: str, *, is_open: bool) -> None:
        """Let an account in, or keep it out with its tokens; raises `InputError` for the last admin."""
        with self._one(name) as (session, account):
            if not is_open:
                self._refuse_last(session, account)
            accounts.set_open(session, account, self.now, self.actor.name, is_open=is_open)

    def new_password(self, name: str) -> str:
        """Give an account another password and return it; all its logins end. Raises `InputError`."""
        password = _password()
        with self._one(name) as (session, account):
            accounts.set_password(session, account, password, self.now, self.actor.name)
        return password

    @contextmanager
    def _one(self, name: str) -> Iterator[tuple[Session, UserAccount]]:
        with self.database.writing() as session:
            yield session, accounts.named(session, name)

    def _refuse_last(self, session: Session, account: UserAccount) -> None:
        if accounts.is_last_admin(session, account, self.ways):
            raise InputError(
                f"{account.name} is the last admin who can come in; make somebody else admin first"
            )


def _way(text: str) -> Way:
    way = next((way for way in WAYS if way == text), None)
    if way is None:
        raise InputError(f"{quoted(text)} is no way to log in; ways: {', '.join(WAYS)}")
    return way


def _password() -> str:
    return secrets.token_urlsafe(_BYTES)
