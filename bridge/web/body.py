"""The body of a request that another program sends: read only as far as it may be long, or refused."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import Request

SECONDS: Final = 20.0
"""How long a sender may take for a body."""


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """The request is not taken in; `status` is the answer's, `retry_s` when to come again."""

    def __init__(self, status: int, message: str, *, retry_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {} if retry_s is None else {"Retry-After": str(retry_s)}


def refuse_long(request: Request, limit: int) -> None:
    """Raise `Refused` if the request tells that its body is longer than so many bytes; reads nothing."""
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and (len(told) > len(str(limit)) or int(told) > limit):
        raise Refused(413, f"a delivery has {limit} bytes at most")


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body, or raise `Refused` as soon as it is too long or too slow."""
    refuse_long(request, limit)
    raw = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for part in request.stream():
                raw += part
                if len(raw) > limit:
                    raise Refused(413, f"a delivery has {limit} bytes at most")
    except TimeoutError:
        raise Refused(408, f"the body did not come within {SECONDS:.0f} s") from None
    return bytes(raw)
