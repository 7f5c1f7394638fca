"""Passwords: the rule for new ones, their hashes (argon2id), and a check that takes as long for nobody."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from bridge.errors import InputError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 12  # characters
LONGEST: Final = 1024
_AT_ONCE: Final = threading.BoundedSemaphore(2)  # a check takes 64 MiB for a moment


@cache
def hasher() -> PasswordHasher:
    """Return the library's hasher with its own defaults (RFC 9106, low memory)."""
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _of_nobody() -> str:
    return hasher().hash("a password that nobody has")


def refuse_weak(password: str) -> None:
    """Raise `InputError` unless a new password is long enough; what it is made of is free."""
    length = len(normalize("NFC", password))
    if not SHORTEST <= length <= LONGEST:
        raise InputError(
            f"the password has {length} characters; it needs {SHORTEST} to {LONGEST}, of any kind: "
            "a few words that don't belong together do well"
        )
    if not password.strip():
        raise InputError("the password is nothing but spaces; write a few words")


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with _AT_ONCE:
        return hasher().hash(_bytes(password))


def is_right(password: str, kept: str | None) -> bool:
    """Say whether this is the password; takes as long when there is none (`kept` is None)."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    with _AT_ONCE:
        try:
            found = hasher().verify(kept or _of_nobody(), _bytes(password))
        except (Argon2Error, InvalidHashError):
            return False
    return found and kept is not None


def is_outdated(kept: str) -> bool:
    """Say whether a hash was made with weaker figures than those of today."""
    return hasher().check_needs_rehash(kept)


def _bytes(password: str) -> bytes:
    return normalize("NFC", password[: LONGEST + 1]).encode("utf-8", "surrogatepass")
