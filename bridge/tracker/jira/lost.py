"""Requests that came to nothing: whether anything was sent, and whether trying again may help."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

_HANDSHAKE = (
    "certificate",
    "handshake",
    "wrong_version",
    "wrong version",
    "unknown protocol",
    "unsupported protocol",
)


class Lost(Exception):  # noqa: N818 - a state of knowledge; it never leaves this package
    """No whole answer came. `sent`: Jira may have got the request; `lasting`: the same will happen again."""

    def __init__(self, message: str, *, sent: bool, lasting: bool = False) -> None:
        super().__init__(message)
        self.sent = sent
        self.lasting = lasting


def lost(fault: BaseException) -> Lost:
    """Say what an exception of `requests` means, in words of ours: its own hold addresses and values."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

    chain = list(_chain(fault))
    if any(isinstance(one, NameResolutionError) for one in chain):
        return Lost("the host's name isn't known; check jira.url and the network", sent=False)
    if isinstance(fault, requests.exceptions.SSLError):
        return _tls(chain)
    if isinstance(fault, requests.ConnectTimeout) or any(
        isinstance(one, ConnectTimeoutError) for one in chain
    ):
        return Lost("no connection within the time; check jira.url and the network", sent=False)
    if any(isinstance(one, NewConnectionError) for one in chain):
        return Lost(
            "no connection: nobody answers there, or the way is blocked; check jira.url and the network",
            sent=False,
        )
    if any("Tunnel connection failed" in str(one) for one in chain if isinstance(one, OSError)):
        return Lost("the proxy refuses to connect us; check HTTPS_PROXY", sent=False)
    if isinstance(fault, requests.Timeout) or any(isinstance(one, TimeoutError) for one in chain):
        return Lost("no whole answer within the time", sent=True)
    bad = requests.exceptions
    if isinstance(
        fault, UnicodeEncodeError | bad.InvalidURL | bad.InvalidSchema | bad.MissingSchema | bad.InvalidHeader
    ):
        return Lost(
            "the address, the user or the token has a character that can't be sent", sent=False, lasting=True
        )
    return Lost("the connection was lost before the whole answer came", sent=True)


def _tls(chain: list[BaseException]) -> Lost:
    for one in chain:
        said = f"{getattr(one, 'reason', '')} {one}".lower() if isinstance(one, ssl.SSLError) else ""
        if isinstance(one, ssl.SSLCertVerificationError):
            return Lost("the host's certificate isn't one that this machine trusts", sent=False, lasting=True)
        if any(word in said for word in _HANDSHAKE):
            return Lost("no secure connection came about; check jira.url", sent=False, lasting=True)
    return Lost("the secure connection broke", sent=True)


def _chain(fault: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those it was made from. What was merely being handled is another request's."""
    waiting, seen = [fault], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        kin = [one.__cause__, getattr(one, "reason", None), *one.args]
        waiting += [other for other in kin if isinstance(other, BaseException)]
