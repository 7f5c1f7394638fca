"""Where a request comes from: whether our own page sent it, the address behind proxies, where to go next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

_V6_ONE_HOUSE: Final = 64  # bits: one subscriber has all addresses below
_NEXT_LIMIT: Final = 2000


class Proxies:
    """The proxies before the page: only what they say of a request's origin is believed."""

    def __init__(self, addresses: Collection[str]) -> None:
        self._networks = [ip_network(address, strict=False) for address in addresses]

    def trust(self, peer: str | None) -> bool:
        """Say whether the other end of the connection is one of them."""
        address = _address(peer or "")
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )

    def client(self, peer: str | None, forwarded: Sequence[str]) -> str:
        """Return who asks: the peer, or behind our proxies the last address that is none of them.

        `forwarded` are the values of X-Forwarded-For, in order; each proxy adds whom it heard at the end.
        """
        if not self.trust(peer):
            return peer or ""
        chain = [part.strip() for value in forwarded for part in value.split(",")]
        for part in reversed(chain):
            if not self.trust(part):
                return part if _address(part) else peer or ""
        return peer or ""


def house(address: str) -> str:
    """Return what an address is counted as: itself, or its network of 64 bits for IPv6.

    >>> house("2001:db8:1:2:3::4"), house("192.0.2.1"), house("::ffff:192.0.2.1")
    ('2001:db8:1:2::/64', '192.0.2.1', '192.0.2.1')
    """
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, _V6_ONE_HOUSE), strict=False))
    return str(found) if found else "unknown"


def is_own(origin: str | None, site: str | None, host: str, url: str) -> bool:
    """Say whether a request that changes something was sent by our own page, as far as its headers tell.

    `origin` and `site` are Origin and Sec-Fetch-Site, None when they are missing: old browsers and programs
    send neither, and then the form's token alone decides. `url` is server.url.
    """
    if site is not None and site != "same-origin":
        return False
    if origin is None:
        return True
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin:
        return False
    own = urlsplit(url)
    if own.netloc and parts.netloc.lower() == own.netloc.lower():
        return parts.scheme == own.scheme
    return parts.netloc.lower() == host.lower()


def next_page(text: str) -> str:
    r"""Return where to go after the login: a page of ours, the first one if the text names anything else.

    >>> next_page("/topics?page=2"), next_page("//evil.example"), next_page("/\\evil.example")
    ('/topics?page=2', '/', '/')
    """
    is_page = text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text
    is_sound = text.isascii() and text.isprintable() and " " not in text and len(text) <= _NEXT_LIMIT
    return text if is_page and is_sound and not text.startswith(("/login", "/logout")) else "/"


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found
