"""The kinds of value a setting can have, each with a refusal that says what would do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from bridge.config.secret import SecretUrl

_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?", re.ASCII)
_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_DATABASE = re.compile(r"(sqlite|postgres(?:ql)?(?:\+[a-z0-9]+)?)://(.*)", re.DOTALL)
_LONGEST = timedelta(days=366)
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def quoted(text: str, limit: int = 60) -> str:
    r"""Show a text from outside on one line: cut, in quotes, and without characters that steer a terminal.

    >>> quoted("a\x1b[2J")
    '"a\\x1b[2J"'
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut) + '"'


def parse_duration(text: str) -> timedelta:
    """Read a duration such as ``"15m"``, ``"1h"`` or ``"1d12h"``: more than nothing and at most 366 days.

    Raises ``ValueError`` with a clause that names the value and valid ones.
    """
    match = _DURATION.fullmatch(text.strip())
    parts = [int(part or 0) for part in match.groups()] if match else [0, 0, 0, 0]
    length = timedelta(days=parts[0], hours=parts[1], minutes=parts[2], seconds=parts[3])
    if not timedelta(0) < length <= _LONGEST:
        raise ValueError(f'{quoted(text)} is not a duration such as "15m", "1h" or "1d" (at most 366 days)')
    return length


def duration_text(length: timedelta) -> str:
    """Write a duration the way it is read: 5,400 seconds are ``"1h30m"``."""
    left = int(length.total_seconds())
    text = ""
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def closest(word: str, known: Sequence[str], cutoff: float = 0.6) -> str | None:
    """Give the known word that is most like a mistyped one, or nothing."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=cutoff)
    return found[0] if found else None


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError('is not a duration such as "15m", "1h" or "1d"')


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty; write a text or leave the key out")
    if "\0" in value:
        raise ValueError("holds a NUL character")
    return value


def _source_name(value: str) -> str:
    if not _SOURCE_NAME.fullmatch(value):
        raise ValueError(
            f"{quoted(value)} is not a source's name: small letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit"
        )
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError(f'{quoted(value)} is not a language code such as "en" or "de" (ISO 639-1)')
    return value


def _at_least_one(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("is empty; name at least one")
    return value


def _database_url(value: object) -> SecretUrl:
    """Check an address; no message shows any of it, because a mistyped one may be all password."""
    if isinstance(value, SecretUrl):
        return value
    match = _DATABASE.fullmatch(value) if isinstance(value, str) else None
    if not match or "\0" in match[2]:
        raise ValueError('is not "sqlite:///PATH" or "postgresql://USER@HOST/NAME" (the value is not shown)')
    scheme, rest = match.groups()
    if scheme == "sqlite" and rest and not rest.startswith("/"):
        raise ValueError('needs three slashes before the path of a database file: "sqlite:///PATH"')
    if scheme == "postgres":
        scheme = "postgresql"
    return SecretUrl(f"{scheme}://{rest}")


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if isinstance(value, str):
        return Path(_text(value))
    raise ValueError("is not a path; write it as a text")


Kind = Literal["problem", "request", "question", "praise", "other"]
Mode = Literal["review", "shadow", "automatic"]
Text = Annotated[str, AfterValidator(_text)]
SourceName = Annotated[str, AfterValidator(_source_name)]
Language = Annotated[str, AfterValidator(_language)]
Languages = Annotated[tuple[Language, ...], AfterValidator(_at_least_one)]
Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(duration_text)]
DatabaseUrl = Annotated[SecretUrl, BeforeValidator(_database_url), PlainSerializer(str)]
Folder = Annotated[Path, BeforeValidator(_path), PlainSerializer(str)]
