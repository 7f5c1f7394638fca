"""What stands before every page: whose name the request may carry, and the headers that every answer has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers call the origin of our own forms "null"
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
SECONDS: Final = 10.0
"""How long a sender may take for the body of a form; what is signed has limits of its own."""
LIMIT: Final = 1_048_576
"""Bytes of a body; what is signed has limits of its own."""
HSTS: Final = "max-age=31536000"
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Guard:
    """Answers only requests that name this machine, and puts the headers on every answer.

    Another site's script can make its own name point at this machine (DNS rebinding) and then read the page
    as its own; the name it asks for gives it away. A bare IP address can't be made to point elsewhere, so any
    is taken when the server listens at all addresses (one of `names` is such a wildcard). `signed` are the
    methods and paths whose requests prove by themselves where they come from: they may carry any name.
    `refuse` makes the answer to a foreign name. With `https` browsers are told to come by nothing else.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        names: Collection[str],
        refuse: Callable[[Request, str], Response],
        signed: Collection[tuple[str, str]] = (),
        https: bool = False,
    ) -> None:
        self._app = app
        self._names = {*LOOPBACK, *(name.strip("[]").lower() for name in names if name)}
        self._everywhere = any(_is_wildcard(name) for name in names)
        self._signed = frozenset(signed)
        self._refuse = refuse
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                add_headers(headers)
                if self._https:
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        request = Request(scope)
        name = host_name(request.headers.get("host", ""))
        if (scope["method"], scope["path"]) in self._signed:
            await self._app(scope, receive, send_with_headers)
        elif self._is_ours(name):
            await self._app(scope, _limited(request, receive), send_with_headers)
        else:
            await self._refuse(request, name)(scope, receive, send_with_headers)

    def _is_ours(self, name: str) -> bool:
        return name in self._names or (self._everywhere and _is_address(name))


def _limited(request: Request, receive: Receive) -> Receive:
    """Hand a body on until it is too long; what it says of its length is believed at once."""
    told = request.headers.get("content-length", "")
    left = -1 if told.isascii() and told.isdigit() and int(told[:12]) > LIMIT else LIMIT

    loop = asyncio.get_running_loop()
    until: float | None = None
    is_whole = False

    async def receive_limited() -> Message:
        nonlocal left, until, is_whole
        if is_whole:  # what comes after a body is that the sender has gone; nobody has to hurry with that
            return await receive()
        until = loop.time() + SECONDS if until is None else until
        try:
            async with asyncio.timeout_at(until):
                message = {"type": "http.request"} if left < 0 else await receive()
        except TimeoutError:
            raise HTTPException(408, f"the body did not come within {SECONDS:.0f} s") from None
        is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, f"a request has {LIMIT} bytes at most")
        return message

    return receive_limited


def add_headers(headers: MutableHeaders) -> None:
    """Put the headers of every answer on this one; customers' words are not to be kept by anyone between."""
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


def host_name(host: str) -> str:
    """Return the name in a Host header, lower case, without port, brackets and a final dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_wildcard(host: str) -> bool:
    return _is_address(host.strip("[]")) and ip_address(host.strip("[]")).is_unspecified
