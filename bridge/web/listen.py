"""A listening socket, or a clear message why there is none."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.errors import SettingsError


@contextmanager
def listen(host: str, port: int, *, asks: bool = False) -> Iterator[socket.socket]:
    """Open a socket for the page; only on this machine, unless the page `asks` who people are."""
    if not asks and not is_loopback(host):
        raise SettingsError(
            f"server.host: {host!r} can be reached from other machines, and nobody has to log in: whoever "
            'finds the page could do anything. Set access.login to ["accounts"], ["oidc"] or ["proxy"], '
            "or listen at 127.0.0.1"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"server.port: can't listen at {host}:{port}: {error.strerror}; "
                "is another copy serving? Choose another port with --port, 0 takes any free one"
            ) from error
        opened.listen(64)
        yield opened


def is_loopback(host: str) -> bool:
    """Say whether a name or an address is of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
