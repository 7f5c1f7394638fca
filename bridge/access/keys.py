"""Secrets that we hand out: made at random, shown once, and kept as a hash only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

PREFIX: Final = "fb_"
"""What an API token begins with, so that it is known for what it is when it turns up where it shouldn't."""
_BYTES: Final = 32  # 256 bits, drawn anew for each


def new_key() -> str:
    """Return a new secret, fit for an address or a cookie."""
    return secrets.token_urlsafe(_BYTES)


def new_token() -> str:
    """Return the secret of a new API token."""
    return PREFIX + new_key()


def digest(key: str) -> str:
    """Return what is kept of a secret: with 256 random bits no slow hash is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def derived(secret: bytes, purpose: str, text: str) -> str:
    """Return what only the holder of `secret` can make of a text, another one for each purpose."""
    key = hmac.new(secret, f"bridge {purpose}".encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two secrets; takes as long for wrong ones."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
