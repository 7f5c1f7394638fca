"""The door: finds out who is asking, and lets people in and out.

A login that fails says the same whether the name exists or not, takes as long, and is counted by address and
by name. The audit log gets the first failure in a row, the fifth, the twenty-fifth and so on, and of all such
rows only a few a minute: nobody can flood it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from sqlmodel import Session

from bridge.access import accounts, passwords, sessions, tokens
from bridge.access.keys import derived, same
from bridge.access.limits import Backoff, Bucket, TooMany
from bridge.access.oidc import OidcFault, Person, Provider
from bridge.access.origin import Proxies, house
from bridge.access.roles import Actor, Role, Way, as_role, may
from bridge.config.model import Settings
from bridge.errors import BridgeError, InputError
from bridge.models import UserAccount, UserSession
from bridge.store import audit
from bridge.store.database import Database, workspace_secret

BACK: Final = "/login/oidc/back"
_NOTED: Final = frozenset(5**power for power in range(12))


class Refused(BridgeError):  # noqa: N818 - an answer, not a fault
    """The name or the password is not right."""


class Door:
    """Who may come in, by these settings. `clock` gives the time."""

    def __init__(self, database: Database, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.settings = settings.access
        self.url = settings.server.url
        self.proxies = Proxies(self.settings.proxy_addresses)
        self.clock = clock
        self.database = database
        self._by_address = Backoff(free=20, longest_s=900.0)
        self._by_account = Backoff(free=5, longest_s=60.0)
        self._by_token = Bucket(per_s=20.0, burst=200)
        self._by_house = Bucket(per_s=50.0, burst=500)
        self._notes = Bucket(per_s=0.1, burst=60)

    @property
    def asks(self) -> bool:
        """Whether people have to log in."""
        return bool(self.settings.login)

    @cached_property
    def secret(self) -> bytes:
        """The key that what we hand out is signed with."""
        with self.database.reading() as session:
            return workspace_secret(session)

    @cached_property
    def provider(self) -> Provider | None:
        """The identity provider, if there is one."""
        if "oidc" not in self.settings.login:
            return None
        return Provider(self.settings.oidc, f"{self.url}{BACK}", lambda: self.secret, self.clock)

    def form_token(self, cookie: str) -> str:
        """Return the token that a form needs, for the browser with this cookie."""
        return derived(self.secret, "form", cookie)

    def is_form_token(self, token: str, cookie: str) -> bool:
        """Say whether a token was made for the browser with this cookie."""
        return bool(cookie) and same(token, self.form_token(cookie))

    def steady(self, actor: Actor | None, address: str) -> None:
        """Raise `TooMany` if requests come too fast; where nobody logs in only tokens have a limit."""
        now = self.clock().timestamp()
        wait = 0.0
        if actor is not None and actor.via == "token":
            wait = self._by_token.take(actor.name, now)
        elif self.asks:
            wait = self._by_house.take(house(address), now)
        if wait:
            raise TooMany("too many requests; wait a little, then go on", wait)

    def by_token(self, secret: str, address: str) -> Actor | None:
        """Return who asks by a token. Wrong ones are counted by address: raises `TooMany`."""
        now = self.clock()
        with self.database.reading() as session:
            found = tokens.find(session, secret, now, ways=self.ways if self.asks else None)
        if found is None:
            self._count(self._by_address, f"token {house(address)}", now)
            return None
        token, actor = found
        if token.id is not None and (token.used_at is None or now - token.used_at >= tokens.USED_EVERY):
            with self.database.writing() as session:
                tokens.touch(session, token.id, now)
        return actor

    def by_session(self, key: str) -> Actor | None:
        """Return who asks by the key of a login."""
        if not key or not {"accounts", "oidc"} & set(self.settings.login):
            return None
        now = self.clock()
        with self.database.reading() as session:
            found = sessions.find(session, key, now)
        if found is None:
            return None
        login, account = found
        if not self._is_open(account) or login.id is None:
            return None
        if now - login.seen_at >= sessions.SEEN_EVERY:
            with self.database.writing() as session:
                sessions.touch(session, login.id, now)
        return _actor(account, login)

    def by_proxy(self, peer: str | None, names: list[str]) -> Actor | None:
        """Return who asks by the word of a proxy that we trust; its header must be there once."""
        if "proxy" not in self.settings.login or not self.proxies.trust(peer):
            return None
        if len(names) != 1 or not names[0].strip():
            return None
        now = self.clock()
        with self.database.reading() as session:
            account = accounts.by_name(session, names[0])
        last = account.last_login_at if account is not None else None
        if account is None or last is None or now - last >= sessions.IDLE:
            try:
                account = self._welcome(names[0], now)
            except InputError:  # a name that no account can have
                return None
        is_let_in = account is not None and account.way == "proxy" and account.disabled_at is None
        return _actor(account, None) if account is not None and is_let_in else None

    def log_in(self, name: str, password: str, address: str, *, instead_of: str = "") -> str:
        """Return the key of a new login, or raise `Refused` or `TooMany`."""
        now = self.clock()
        kept = accounts.as_name(name)
        place = house(address)
        counts = {self._count(self._by_address, place, now), self._count(self._by_account, kept, now)}
        with self.database.reading() as session:
            account = accounts.by_name(session, kept)
        is_known = account is not None and account.way == "password" and account.disabled_at is None
        known = account if is_known else None
        is_open = "accounts" in self.settings.login
        if not passwords.is_right(password, known.password_hash if known and is_open else None) or not known:
            self._note_failure(known, counts, now)
            raise Refused("the name or the password is not right")
        self._by_address.forgive(place)
        self._by_account.clear(kept)
        better = (
            passwords.hashed(password)
            if known.password_hash and passwords.is_outdated(known.password_hash)
            else None
        )
        return self._start(known, now, instead_of, better)

    def log_in_person(self, person: Person, *, instead_of: str = "") -> str:
        """Return the key of a new login for whom the identity provider sent; raises `OidcFault`."""
        now = self.clock()
        with self.database.writing() as session:
            account = accounts.by_subject(session, person.issuer, person.subject)
            if account is None:
                account = self._bound(session, person, now)
            if account.disabled_at is not None:
                raise OidcFault(f"the account {account.name} is kept out; ask an admin")
            session.flush()
        return self._start(account, now, instead_of, None)

    def log_out(self, key: str) -> None:
        """End a login."""
        with self.database.writing() as session:
            sessions.end(session, key)

    def log_out_everywhere(self, actor: Actor) -> None:
        """End all logins of an account."""
        if actor.account_id is None:
            return
        with self.database.writing() as session:
            ended = sessions.end_all(session, actor.account_id)
            details = {"logins ended": ended}
            audit.record(
                session, self.clock(), actor.name, "log out everywhere", f"account {actor.name}", details
            )

    def change_password(self, actor: Actor, old: str, new: str, address: str) -> None:
        """Give the actor another password; all its other logins end.

        Raises `Refused` if the old one is wrong, `TooMany`, and `InputError` if the new one won't do.
        """
        now = self.clock()
        self._count(self._by_account, actor.name, now)
        self._count(self._by_address, house(address), now)
        with self.database.reading() as session:
            account = session.get(UserAccount, actor.account_id) if actor.account_id else None
        if account is None or not passwords.is_right(old, account.password_hash):
            raise Refused("the present password is not right; nothing was changed")
        self._by_account.clear(actor.name)
        self._by_address.forgive(house(address))
        passwords.refuse_weak(new)
        with self.database.writing() as session:
            accounts.set_password(session, account, new, now, actor.name, but=actor.session_id)

    def add_token(self, actor: Actor, name: str, scopes: Collection[str], lasts: timedelta) -> tokens.Issued:
        """Make a token for the actor, or for nobody in particular where nobody logs in."""
        now = self.clock()
        with self.database.writing() as session:
            owner = session.get(UserAccount, actor.account_id) if actor.account_id else None
            return tokens.issue(
                session, name, scopes=scopes, now=now, lasts=lasts, owner=owner, actor=actor.name
            )

    def revoke_token(self, actor: Actor, name: str) -> bool:
        """Revoke one of the actor's tokens, or any if they may manage; say whether there was one."""
        with self.database.writing() as session:
            token = tokens.by_name(session, name)
            if token is None or not (token.account_id == actor.account_id or may(actor, "manage")):
                return False
            tokens.revoke(session, token, self.clock(), actor.name)
        return True

    @contextmanager
    def counting(self, address: str) -> Iterator[None]:
        """Count what is tried inside as a failure of this address unless it goes well; raises `TooMany`."""
        place = f"back {house(address)}"
        self._count(self._by_address, place, self.clock())
        yield
        self._by_address.forgive(place)

    def _start(self, account: UserAccount, now: datetime, instead_of: str, better: str | None) -> str:
        with self.database.writing() as session:
            fresh = session.get(UserAccount, account.id)
            if fresh is None or fresh.disabled_at or fresh.password_hash != account.password_hash:
                raise Refused("the name or the password is not right")  # changed in this very moment
            fresh.password_hash = better or fresh.password_hash
            key = sessions.start(session, fresh, now, instead_of=instead_of)
            audit.record(session, now, fresh.name, "log in", f"account {fresh.name}", {"way": fresh.way})
        return key

    def _bound(self, session: Session, person: Person, now: datetime) -> UserAccount:
        """Return the account that was made for this person, bound to them from now on, or a new one."""
        if person.name is None:
            raise OidcFault(
                f"the identity provider doesn't vouch for the claim {self.settings.oidc.name_claim!r} that "
                "accounts are found by; ask who runs the bridge to look at access.oidc.name_claim"
            )
        account = accounts.by_name(session, person.name)
        if account is None and self.settings.newcomers:
            account = self._newcomer(session, person.name, now, "oidc")
        if account is None or account.way != "oidc" or account.subject is not None:
            raise OidcFault(f"there is no account for {accounts.as_name(person.name)}; ask an admin for one")
        account.issuer, account.subject = person.issuer, person.subject
        session.add(account)
        audit.record(session, now, account.name, "bind account", f"account {account.name}", {"way": "oidc"})
        return account

    def _welcome(self, name: str, now: datetime) -> UserAccount | None:
        """Note that the proxy brought somebody, who may be new; None if there is no account for them."""
        with self.database.writing() as session:
            account = accounts.by_name(session, name)
            if account is None and self.settings.newcomers:
                account = self._newcomer(session, name, now, "proxy")
            if account is None or account.way != "proxy" or account.disabled_at is not None:
                return None
            account.last_login_at = now
            session.add(account)
            audit.record(session, now, account.name, "log in", f"account {account.name}", {"way": "proxy"})
            session.flush()
        return account

    def _newcomer(self, session: Session, name: str, now: datetime, way: Way) -> UserAccount:
        return accounts.add(session, name, self.settings.newcomers, now, password=None, way=way, actor=way)

    @property
    def ways(self) -> set[str]:
        """The ways by which accounts come in, as accounts call them."""
        return {"password" if name == "accounts" else name for name in self.settings.login}

    def _is_open(self, account: UserAccount) -> bool:
        if account.disabled_at is not None:
            return False
        return {"password": "accounts", "oidc": "oidc"}.get(account.way) in self.settings.login

    def _count(self, limit: Backoff, key: str, now: datetime) -> int:
        attempt = limit.attempt(key, now.timestamp())
        if attempt.wait_s:
            raise TooMany("too many failed tries; wait, then try again", attempt.wait_s)
        return attempt.count

    def _note_failure(self, account: UserAccount | None, counts: set[int], now: datetime) -> None:
        """Write a failure down, unless it is one of many; a name that nobody has may be a mistyped password.

        Whether it is written does not depend on the account, or the time it takes would tell.
        """
        if not counts & _NOTED or self._notes.take("", now.timestamp()):
            return
        subject = f"account {account.name}" if account is not None else "an unknown account"
        with self.database.writing() as session:
            audit.record(session, now, "somebody", "fail to log in", subject, {"in a row": max(counts)})


def _actor(account: UserAccount, login: UserSession | None) -> Actor | None:
    role: Role | None = as_role(account.role)
    if role is None:
        return None
    return Actor(
        name=account.name,
        role=role,
        via="session" if login is not None else "proxy",
        account_id=account.id,
        session_id=login.id if login is not None else None,
    )
