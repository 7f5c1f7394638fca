"""Which addresses a ticket may lead to."""

from __future__ import annotations

from urllib.parse import urlsplit

from bridge.privacy import carries_secret
from bridge.render.characters import visible

LONGEST = 2000
_NEVER = frozenset(' \t\n"<>\\^`{|}')


def safe_href(address: str) -> str | None:
    """Return an address that may stand in a link, else None.

    It is http or https with a host, without a user or a password, without control, bidi or zero-width
    characters, no longer than 2,000 characters, and carries no token or personal data that can be told.
    """
    if not 0 < len(address) <= LONGEST or _NEVER & set(address) or visible(address) != address:
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme.lower() not in {"http", "https"} or not host or "@" in parts.netloc:
        return None
    return None if any(c.isspace() for c in address) or carries_secret(address) else address
