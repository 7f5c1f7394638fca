"""Who is asking, for the routes: each says what it needs, and is not reached by anybody who may not.

A route's function is marked by `needs`. `GuardedRoute` looks at the mark before a body is parsed or the
function called: who is it, may they, do requests come too fast, and was a change sent by our own page. A
route without a mark can't be made.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from bridge.access import keys, roles
from bridge.access.door import Door
from bridge.access.limits import TooMany
from bridge.access.origin import is_own, next_page
from bridge.access.roles import LOCAL, NEEDS, Actor, Need
from bridge.access.sessions import LONGEST
from bridge.errors import StoreError
from bridge.web.errors import PageError
from bridge.web.guard import host_name

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD: Final = "csrf"
HEADER: Final = "x-csrf-token"
NAME: Final = "feedback-bridge"
MOST_FIELDS: Final = 5_000
"""Fields of a form: a page has many boxes that can be ticked; how long a body may be, the guard says."""
_MARK: Final = "__bridge_need__"
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_FOR_PROGRAMS: Final = (".json", ".csv")
_KEY_LIMIT: Final = 200  # characters of a cookie of ours

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class LoginNeeded(PageError):  # noqa: N818 - says what is the case
    """Log in first."""

    status = 401

    def __init__(self, message: str = "Nobody is logged in here; log in, then do it again.") -> None:
        super().__init__(message)
        self.headers = {"WWW-Authenticate": "Bearer"}


class Forbidden(PageError):  # noqa: N818 - the name of its status
    """Whoever asks may not do this."""

    status = 403


class TooFast(PageError):  # noqa: N818 - says what is the case
    """Requests come too fast."""

    status = 429

    def __init__(self, cause: TooMany) -> None:
        super().__init__(f"{cause} ({cause.after:.0f} s)")
        self.headers = {"Retry-After": str(max(1, round(cause.after)))}


def needs(need: Need) -> Callable[[Endpoint], Endpoint]:
    """Mark a route's function with what it needs."""
    if need not in NEEDS:
        raise ValueError(f"{need!r} is no need; needs: {', '.join(NEEDS)}")

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(getattr(endpoint, "__func__", endpoint), _MARK, need)
        return endpoint

    return mark


def need_of(endpoint: Callable[..., Any]) -> Need:
    """Return what a route's function needs; raises `TypeError` if it doesn't say."""
    need: Need | None = getattr(endpoint, _MARK, None)
    if need is None:
        raise TypeError(f"{endpoint!r} does not say who may call it; mark it with @needs(…)")
    return need


class GuardedRoute(APIRoute):
    """A route that only those reach who may."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        self.need = need_of(endpoint)
        super().__init__(path, endpoint, **more)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with the gate before it."""
        inside, need = super().get_route_handler(), self.need

        async def handle(request: Request) -> Response:
            """Let through whom the mark allows."""
            gate: Gate = request.app.state.gate
            await gate.admit(request, need)
            if need != "open" and who(request) is None and need != "signed":
                return _to_login(request)
            answer = await inside(request)
            gate.give_cookies(request, answer)
            return answer

        return handle


class Gate:
    """What every request goes through. Cookies carry `__Host-` where the page is reached by https."""

    def __init__(self, door: Door) -> None:
        self.door = door
        own = urlsplit(door.url)
        self._https_name = (own.hostname or "").lower() if own.scheme == "https" else None

    async def admit(self, request: Request, need: Need) -> None:
        """Let a request in, or raise `LoginNeeded`, `Forbidden` or `TooFast`."""
        request.state.admitted = True
        if need == "signed":
            request.state.actor = None
            return
        is_reading = request.method in READING
        try:
            is_plain = need == "open" and is_reading
            actor = None if is_plain else await run_in_threadpool(self.actor, request)
            self.door.steady(actor, self.address(request))
        except TooMany as error:
            raise TooFast(error) from error
        if need != "open":
            self._let(request, need)
        if not is_reading and not _is_by_token(request):
            await self._refuse_foreign(request)

    def actor(self, request: Request) -> Actor | None:
        """Return who is asking; found out once for each request."""
        if not hasattr(request.state, "actor"):
            request.state.actor = None  # what fails is not tried again for the page that says so
            request.state.actor = self._actor(request)
        found: Actor | None = request.state.actor
        return found

    def address(self, request: Request) -> str:
        """Return the address that asks, as far as our proxies tell."""
        return self.door.proxies.client(_peer(request), request.headers.getlist("x-forwarded-for"))

    def form_token(self, request: Request) -> str:
        """Return the token for the forms of this browser; one without a login gets a cookie for it."""
        return self.door.form_token(self._form_key(request, fresh=True))

    def session_key(self, request: Request) -> str:
        """Return the key of the login that the browser has, or nothing."""
        return _cookie(request, self._name(request, NAME))

    def start_session(self, request: Request, answer: Response, key: str) -> None:
        """Give the browser the key of its login."""
        self.set_cookie(request, answer, NAME, key, int(LONGEST.total_seconds()))
        self.drop_cookie(request, answer, f"{NAME}-form")
        request.state.form_key = ""

    def set_cookie(self, request: Request, answer: Response, name: str, value: str, seconds: int) -> None:
        """Give the browser a cookie that no script and no other site can use."""
        answer.set_cookie(
            self._name(request, name),
            value,
            max_age=seconds,
            path="/",
            secure=self._is_https(request),
            httponly=True,
            samesite="lax",
        )

    def drop_cookie(self, request: Request, answer: Response, name: str) -> None:
        """Take a cookie back."""
        self.set_cookie(request, answer, name, "", 0)

    def cookie(self, request: Request, name: str) -> str:
        """Return a cookie's value, or nothing."""
        return request.cookies.get(self._name(request, name), "")

    def give_cookies(self, request: Request, answer: Response) -> None:
        """Give the browser the cookie that its forms were made for, if it is new."""
        key = getattr(request.state, "form_key", "")
        if key:
            self.set_cookie(request, answer, f"{NAME}-form", key, int(LONGEST.total_seconds()))

    def _actor(self, request: Request) -> Actor | None:
        if _is_by_token(request):
            secret = request.headers["authorization"].partition(" ")[2].strip()
            actor = self.door.by_token(secret, self.address(request))
            if actor is None:
                raise LoginNeeded("the API token is unknown, revoked or expired; make another one")
            return actor
        if not self.door.asks:
            return LOCAL
        names = request.headers.getlist(self.door.settings.proxy_header)
        return self.door.by_proxy(_peer(request), names) or self.door.by_session(self.session_key(request))

    def _let(self, request: Request, need: Need) -> None:
        actor = self.actor(request)
        if actor is None:
            if not _may_be_sent_to_login(request):
                raise LoginNeeded
        elif not roles.may(actor, need):
            what = (
                f"{actor.name} is {actor.role}" if actor.scopes is None else f"{actor.name} lacks the scope"
            )
            raise Forbidden(f"{what} and may not do this: it needs {need!r}; ask an admin")

    async def _refuse_foreign(self, request: Request) -> None:
        headers = request.headers
        host = headers.get("host", "")
        if not is_own(headers.get("origin"), headers.get("sec-fetch-site"), host, self.door.url):
            raise Forbidden("this was sent by another site's page; nothing was done")
        token = headers.get(HEADER) or await _field(request)
        key = self._form_key(request, fresh=False)
        if not await run_in_threadpool(self.door.is_form_token, token, key):
            raise Forbidden(
                "the form is from before the last login, or the browser keeps no cookies; nothing was done: "
                "load the page again, and send it anew"
            )

    def _form_key(self, request: Request, *, fresh: bool) -> str:
        """Return what the forms of this browser are bound to: its login, or a cookie of their own."""
        actor = self.actor(request)
        if actor is not None and actor.via == "session":
            return self.session_key(request)
        made: str = getattr(request.state, "form_key", "")
        kept = made or _cookie(request, self._name(request, f"{NAME}-form"))
        if not kept and fresh:
            kept = request.state.form_key = keys.new_key()
        return kept

    def _is_https(self, request: Request) -> bool:
        """Say whether the browser came by https, which ends before us: the name it asked for tells."""
        return self._https_name is not None and (
            host_name(request.headers.get("host", "")) == self._https_name or request.url.scheme == "https"
        )

    def _name(self, request: Request, name: str) -> str:
        return f"__Host-{name}" if self._is_https(request) else name


def install(app: FastAPI, door: Door) -> Gate:
    """Put the gate before all routes that are made from now on."""
    app.router.route_class = GuardedRoute
    app.state.gate = Gate(door)
    gate: Gate = app.state.gate
    return gate


def who(request: Request) -> Actor | None:
    """Return who is asking; None for nobody, and while that can't be found out."""
    gate: Gate = request.app.state.gate
    try:
        return gate.actor(request)
    except (StoreError, PageError, TooMany):
        return None


def may(request: Request, need: Need) -> bool:
    """Say whether who is asking may do this: for what a page offers."""
    return roles.may(who(request), need)


def require(request: Request, need: Need) -> Actor:
    """Return who is asking if they may do this, else raise `LoginNeeded` or `Forbidden`."""
    actor = who(request)
    if actor is None:
        raise LoginNeeded
    insist(actor, need)
    return actor


def insist(actor: Actor, need: Need, why: str = "this") -> None:
    """Raise `Forbidden` if somebody may not do what needs this; `why` names what they asked for."""
    if not roles.may(actor, need):
        is_narrow = need in roles.MAY[actor.role]
        what = f"{actor.name} lacks the scope" if is_narrow else f"{actor.name} is {actor.role}"
        raise Forbidden(f"{what} and may not do {why}: it needs {need!r}; ask an admin")


async def form_of(request: Request) -> FormData:
    """Return the form of a request; it is read once, by whoever asks first, as far as `MOST_FIELDS` go."""
    return await request.form(max_fields=MOST_FIELDS)


def csrf(request: Request) -> str:
    """Return the token that the forms of this page need; nothing on the page of a refusal."""
    gate: Gate = request.app.state.gate
    if not getattr(request.state, "admitted", False):
        return ""
    try:
        return gate.form_token(request)
    except (StoreError, PageError, TooMany):
        return ""


def _to_login(request: Request) -> Response:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(next_page(here), safe='')}", status_code=303)


def _may_be_sent_to_login(request: Request) -> bool:
    path = request.url.path
    is_page = not path.startswith("/api/") and not path.endswith(_FOR_PROGRAMS) and path != "/metrics"
    return is_page and request.method in READING


def _is_by_token(request: Request) -> bool:
    return request.headers.get("authorization", "")[:7].lower() == "bearer "


def _peer(request: Request) -> str | None:
    return request.client.host if request.client else None


def _cookie(request: Request, name: str) -> str:
    value = request.cookies.get(name, "")
    return value if len(value) <= _KEY_LIMIT else ""


async def _field(request: Request) -> str:
    """Return the token out of a form; what is read is kept for the function of the route."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _FORMS:
        return ""
    value = (await form_of(request)).get(FIELD)
    return value if isinstance(value, str) else ""
