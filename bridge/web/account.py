"""The pages about oneself: login and logout, one's password, one's logins, one's tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final

from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response

from bridge.access import roles, sessions, tokens
from bridge.access.door import BACK, Refused
from bridge.access.limits import TooMany
from bridge.access.oidc import COOKIE_S, OidcFault
from bridge.access.origin import next_page
from bridge.access.roles import MAY, MEANS, SCOPES, Actor
from bridge.errors import InputError
from bridge.models import ApiToken, UserAccount
from bridge.web.access import NAME, Gate, TooFast, needs, require, who
from bridge.web.errors import NotFound
from bridge.web.render import Renderer
from bridge.web.words import Moment, moment

OIDC_COOKIE: Final = f"{NAME}-oidc"
_DAYS: Final = (7, 30, 90, 180, 366)
Text = Annotated[str, Form()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The page to log in at."""

    template: ClassVar[str] = "login.html"
    title: str = "Log in"
    has_accounts: bool
    has_provider: bool
    has_proxy: bool
    next_page: str
    name: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token as it is shown."""

    name: str
    scopes: str
    until: str
    used: Moment | None
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRow:
    """A login as it is shown."""

    since: Moment
    seen: Moment
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The page about oneself."""

    template: ClassVar[str] = "account.html"
    days: ClassVar[tuple[int, ...]] = _DAYS
    usual: ClassVar[int] = tokens.LASTS.days
    title: str = "Your account"
    actor: Actor
    rights: list[str]
    has_password: bool
    logins: list[LoginRow]
    tokens: list[TokenRow]
    scopes: list[tuple[str, str]]
    secret: str = ""
    said: str = ""
    fault: str = ""


def add_account_pages(app: FastAPI, gate: Gate, renderer: Renderer) -> None:
    """Add the pages and what their forms send to."""
    pages = _Pages(gate, renderer)
    for path, show in (
        ("/login", pages.login),
        ("/login/oidc", pages.begin),
        (BACK, pages.back),
        ("/account", pages.account),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)
    for path, do in (
        ("/login", pages.log_in),
        ("/logout", pages.log_out),
        ("/account/logout-everywhere", pages.log_out_everywhere),
        ("/account/password", pages.change_password),
        ("/account/tokens", pages.add_token),
        ("/account/tokens/revoke", pages.revoke_token),
    ):
        app.post(path, include_in_schema=False)(do)


class _Pages:
    """The handlers."""

    def __init__(self, gate: Gate, renderer: Renderer) -> None:
        self._gate = gate
        self._door = gate.door
        self._renderer = renderer

    @needs("open")
    def login(self, request: Request) -> Response:
        """Show the page to log in at; who is known already goes on."""
        to = next_page(request.query_params.get("next", "/"))
        if who(request) is not None:
            return RedirectResponse(to, status_code=303)
        return self._login(request, to)

    @needs("open")
    def log_in(self, request: Request, name: Text = "", password: Text = "", next: Text = "/") -> Response:  # noqa: A002 - the field's name
        """Log in by name and password."""
        gate, to = self._gate, next_page(next)
        address, old = gate.address(request), gate.session_key(request)
        try:
            key = self._door.log_in(name, password, address, instead_of=old)
        except Refused as refused:
            return self._login(request, to, name=name, fault=f"{refused}", status=401)
        except TooMany as error:
            raise TooFast(error) from error
        return self._let_in(request, key, to)

    @needs("open")
    def begin(self, request: Request) -> Response:
        """Send the browser to the identity provider."""
        if self._door.provider is None:
            raise NotFound("nobody logs in by an identity provider here")
        to = next_page(request.query_params.get("next", "/"))
        try:
            begun = self._door.provider.begin(to)
        except OidcFault as fault:
            return self._login(request, to, fault=str(fault), status=502)
        answer = RedirectResponse(begun.address, status_code=303)
        self._gate.set_cookie(request, answer, OIDC_COOKIE, begun.cookie, COOKIE_S)
        return answer

    @needs("open")
    def back(self, request: Request) -> Response:
        """Take in whom the identity provider sends back."""
        if self._door.provider is None:
            raise NotFound("nobody logs in by an identity provider here")
        cookie, old = self._gate.cookie(request, OIDC_COOKIE), self._gate.session_key(request)
        try:
            with self._door.counting(self._gate.address(request)):
                person = self._door.provider.finish(cookie, request.query_params)
                key = self._door.log_in_person(person, instead_of=old)
        except (OidcFault, Refused, InputError) as fault:
            answer = self._login(request, "/", fault=str(fault), status=401)
        except TooMany as error:
            raise TooFast(error) from error
        else:
            answer = self._let_in(request, key, person.next_page)
        self._gate.drop_cookie(request, answer, OIDC_COOKIE)
        return answer

    @needs("self")
    def log_out(self, request: Request) -> Response:
        """End this login."""
        self._door.log_out(self._gate.session_key(request))
        return self._let_out(request)

    @needs("self")
    def log_out_everywhere(self, request: Request) -> Response:
        """End all logins of this account."""
        self._door.log_out_everywhere(require(request, "self"))
        return self._let_out(request)

    @needs("self")
    def account(self, request: Request) -> Response:
        """Show the page about oneself."""
        return self._account(request)

    @needs("self")
    def change_password(self, request: Request, old: Text = "", new: Text = "", again: Text = "") -> Response:
        """Change one's password."""
        actor = require(request, "self")
        if new != again:
            return self._account(request, 400, fault="the new password was not the same twice")
        try:
            self._door.change_password(actor, old, new, self._gate.address(request))
        except (Refused, InputError) as fault:
            return self._account(request, 400, fault=str(fault))
        except TooMany as error:
            raise TooFast(error) from error
        return self._account(request, said="The password is changed; all other logins have ended.")

    @needs("self")
    def add_token(
        self,
        request: Request,
        name: Text = "",
        days: Text = "",
        scope: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    ) -> Response:
        """Make a token for oneself, and show its secret this once."""
        lasts = timedelta(days=int(days)) if days in {str(day) for day in _DAYS} else tokens.LASTS
        try:
            issued = self._door.add_token(require(request, "self"), name, scope, lasts)
        except InputError as fault:
            return self._account(request, 400, fault=str(fault))
        return self._account(request, secret=issued.secret, said=f"The token {name} is made.")

    @needs("self")
    def revoke_token(self, request: Request, name: Text = "") -> Response:
        """Revoke one of one's own tokens; an admin any."""
        if not self._door.revoke_token(require(request, "self"), name):
            raise NotFound("there is no such token of yours")
        return RedirectResponse("/account", status_code=303)

    def _let_in(self, request: Request, key: str, to: str) -> Response:
        answer = RedirectResponse(to, status_code=303)
        self._gate.start_session(request, answer, key)
        return answer

    def _let_out(self, request: Request) -> Response:
        answer = RedirectResponse("/login", status_code=303)
        self._gate.drop_cookie(request, answer, NAME)
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    def _login(self, request: Request, to: str, *, status: int = 200, **more: str) -> Response:
        ways = self._door.settings.login
        page = Login(
            has_accounts="accounts" in ways,
            has_provider="oidc" in ways,
            has_proxy="proxy" in ways,
            next_page=to,
            **more,
        )
        return self._renderer.html(page, request=request, status=status)

    def _account(self, request: Request, status: int = 200, **more: str) -> Response:
        actor, now = require(request, "self"), self._door.clock()
        with self._door.database.reading() as session:
            mine = session.get(UserAccount, actor.account_id) if actor.account_id else None
            held = sessions.of_account(session, actor.account_id, now) if actor.account_id else []
            kept = tokens.of_account(session, actor.account_id)
        page = Account(
            actor=actor,
            rights=[MEANS[need] for need in SCOPES if roles.may(actor, need)],
            has_password=mine is not None and mine.way == "password",
            logins=[
                LoginRow(
                    since=moment(row.created_at, now),
                    seen=moment(row.seen_at, now),
                    is_this=row.id == actor.session_id,
                )
                for row in held
            ],
            tokens=[token_row(token, now) for token in kept],
            scopes=[(scope, MEANS[scope]) for scope in SCOPES if scope in MAY[actor.role]],
            **more,
        )
        return self._renderer.html(page, request=request, status=status)


def token_row(token: ApiToken, now: datetime) -> TokenRow:
    """Return a token as it is shown."""
    return TokenRow(
        name=token.name,
        scopes=", ".join(token.scopes),
        until=f"{token.expires_at:%Y-%m-%d}",
        used=None if token.used_at is None else moment(token.used_at, now),
        is_over=token.expires_at <= now,
    )
