"""The accounts and tokens of all, for admins: who may come in, in which role, and when they were seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response

from bridge.access import accounts, tokens
from bridge.access.admins import Admins
from bridge.access.roles import ROLES, WAYS, Actor
from bridge.errors import InputError
from bridge.models import UserAccount
from bridge.times import stamp
from bridge.web.access import Gate, insist, needs, require
from bridge.web.account import TokenRow, token_row
from bridge.web.errors import NotFound
from bridge.web.render import Renderer
from bridge.web.twins import csv_answer, csv_text, json_answer
from bridge.web.words import Moment, moment

_COLUMNS = ("name", "role", "by", "open", "created", "last_seen")
BY: Final = {"password": "password", "oidc": "identity provider", "proxy": "proxy"}
"""How the page names the ways to log in."""
Text = Annotated[str, Form()]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account as it is shown."""

    name: str
    role: str
    by: str
    is_open: bool
    is_me: bool
    is_last: bool  # the last admin: neither another role nor kept out
    has_password: bool
    created: Moment
    seen: Moment | None


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token with whose it is."""

    owner: str
    row: TokenRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsPage:
    """All accounts and tokens."""

    template: ClassVar[str] = "accounts.html"
    title: str = "Accounts"
    rows: list[AccountRow]
    tokens: list[HeldToken]
    roles: ClassVar[tuple[str, ...]] = ROLES
    ways: dict[str, str]
    is_asked: bool
    closed_ways: list[str]  # ways of accounts that nobody comes in by just now
    secret: str = ""
    said: str = ""
    fault: str = ""


def add_accounts(app: FastAPI, gate: Gate, renderer: Renderer) -> None:
    """Add the page, its twins, and what its forms send to."""
    pages = _Accounts(gate, renderer)
    for path, show in (
        ("/accounts", pages.page),
        ("/accounts.json", pages.json),
        ("/accounts.csv", pages.csv),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)
    for path, do in (
        ("/accounts", pages.add),
        ("/accounts/role", pages.change_role),
        ("/accounts/disable", pages.disable),
        ("/accounts/enable", pages.enable),
        ("/accounts/password", pages.new_password),
        ("/accounts/tokens/revoke", pages.revoke),
    ):
        app.post(path, include_in_schema=False)(do)


class _Accounts:
    """The handlers."""

    def __init__(self, gate: Gate, renderer: Renderer) -> None:
        self._door = gate.door
        self._renderer = renderer

    @needs("manage")
    def page(self, request: Request) -> Response:
        """Show all accounts and tokens."""
        return self._shown(request)

    @needs("manage")
    def json(self) -> Response:
        """Give the accounts: what `accounts list --json` gives, with when they were seen."""
        return json_answer(self._rows())

    @needs("manage")
    def csv(self) -> Response:
        """Give the accounts as a file."""
        return csv_answer(csv_text(_COLUMNS, self._rows()), "accounts")

    @needs("manage")
    def add(self, request: Request, name: Text = "", role: Text = "", way: Text = "password") -> Response:
        """Add an account, and show its first password this once."""
        made = f"{accounts.as_name(name)} may come in as {role}."
        return self._do(request, lambda admins: admins.add(name, role, way), made)

    @needs("manage")
    def change_role(self, request: Request, name: Text = "", role: Text = "") -> Response:
        """Give an account another role."""
        return self._do(request, lambda admins: admins.set_role(name, role))

    @needs("manage")
    def disable(self, request: Request, name: Text = "") -> Response:
        """Keep an account out."""
        return self._do(request, lambda admins: admins.set_open(name, is_open=False))

    @needs("manage")
    def enable(self, request: Request, name: Text = "") -> Response:
        """Let an account in again."""
        return self._do(request, lambda admins: admins.set_open(name, is_open=True))

    @needs("manage")
    def new_password(self, request: Request, name: Text = "") -> Response:
        """Give an account another password, and show it this once."""
        said = f"The password of {accounts.as_name(name)} is changed; all their logins have ended."
        return self._do(request, lambda admins: admins.new_password(name), said)

    @needs("manage")
    def revoke(self, request: Request, name: Text = "") -> Response:
        """Take a token back."""
        if not self._door.revoke_token(_person(request), name):
            raise NotFound("there is no such token")
        return RedirectResponse("/accounts", status_code=303)

    def _do(self, request: Request, do: Callable[[Admins], str | None], said: str = "") -> Response:
        """Do it; what there is to be read only once is shown at once, else the page is loaded anew."""
        actor = _person(request)
        try:
            secret = do(Admins(self._door.database, self._ways(), actor, self._door.clock()))
        except InputError as fault:
            return self._shown(request, 409, fault=str(fault))
        if not secret:
            return RedirectResponse("/accounts", status_code=303)
        return self._shown(request, secret=secret, said=said)

    def _shown(self, request: Request, status: int = 200, **more: str) -> Response:
        actor, now, ways = require(request, "manage"), self._door.clock(), self._ways()
        with self._door.database.reading() as session:
            found = accounts.all_accounts(session)
            seen = accounts.last_seen(session)
            held = tokens.all_tokens(session)
        last = _last_admin(found, ways)
        page = AccountsPage(
            rows=[
                _row(one, seen, now, is_me=one.id == actor.account_id, is_last=one is last) for one in found
            ],
            tokens=[HeldToken(owner or "", token_row(token, now)) for token, owner in held],
            ways=BY,
            is_asked=self._door.asks,
            closed_ways=sorted({BY.get(one.way, one.way) for one in found if one.way not in ways}),
            **more,
        )
        return self._renderer.html(page, request=request, place="/accounts", status=status)

    def _ways(self) -> set[str]:
        """Return the ways to come in; where nobody has to yet, any may be the one."""
        return self._door.ways if self._door.asks else {*WAYS}

    def _rows(self) -> list[dict[str, Any]]:
        with self._door.database.reading() as session:
            seen = accounts.last_seen(session)
            return [
                {
                    "name": one.name,
                    "role": one.role,
                    "by": one.way,
                    "open": one.disabled_at is None,
                    "created": stamp(one.created_at),
                    "last_seen": None if (at := _seen(one, seen)) is None else stamp(at),
                }
                for one in accounts.all_accounts(session)
            ]


def _person(request: Request) -> Actor:
    """Return the admin who is asking; a token changes no accounts, or it could give itself any right."""
    actor = require(request, "manage")
    insist(actor, "self", "that: people change accounts, and no token does")
    return actor


def _last_admin(found: list[UserAccount], ways: set[str]) -> UserAccount | None:
    """Return whom `accounts.is_last_admin` keeps, out of all accounts; None when several can come in."""
    admins = [one for one in found if one.role == "admin" and one.disabled_at is None]
    able = [one for one in admins if one.way in ways]
    return next(iter(able or admins), None) if len(able) <= 1 else None


def _seen(account: UserAccount, seen: dict[int, datetime]) -> datetime | None:
    times = [at for at in (seen.get(account.id or 0), account.last_login_at) if at is not None]
    return max(times, default=None)


def _row(
    account: UserAccount, seen: dict[int, datetime], now: datetime, *, is_me: bool, is_last: bool
) -> AccountRow:
    at = _seen(account, seen)
    return AccountRow(
        name=account.name,
        role=account.role,
        by=BY.get(account.way, account.way),
        is_open=account.disabled_at is None,
        is_me=is_me,
        is_last=is_last,
        has_password=account.way == "password",
        created=moment(account.created_at, now),
        seen=None if at is None else moment(at, now),
    )
