"""The kinds of value a setting can have, each with a refusal that says what would do."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from bridge.config.secret import SecretUrl

_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?", re.ASCII)
_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_DATABASE = re.compile(r"(sqlite|postgres(?:ql)?(?:\+psycopg)?)://(.*)", re.DOTALL)
_PROJECT = re.compile(r"[A-Z][A-Z0-9_]{0,254}", re.ASCII)
_HEX_END = re.compile(r"[0-9a-f]{8,}\Z", re.IGNORECASE | re.ASCII)
_GATEWAY = re.compile(r"/ex/jira/[A-Za-z0-9-]+")
_CONTEXT = re.compile(r"/[A-Za-z0-9._-]+")
_PAGES = frozenset({"browse", "issues", "jira", "people", "plugins", "projects", "rest", "secure", "wiki"})
_CLOUD = ".atlassian.net"
_CLOUD_GATEWAY = "api.atlassian.com"
LABEL_LIMIT = 255  # characters: Jira's own limit
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
    return SecretUrl(f"{re.sub('^postgres(ql)?', 'postgresql', scheme)}://{rest}")


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if isinstance(value, str):
        return Path(_text(value))
    raise ValueError("is not a path; write it as a text")


def _optional_path(value: object) -> Path | None:
    return None if value in (None, "") else _path(value)


def _line(value: str) -> str:
    if value and not value.isprintable():
        raise ValueError("holds a character that can't be seen; write it on one line")
    return value.strip()


def is_project_key(text: str) -> bool:
    """Say whether a text can be the key of a project of Jira, such as ``WEB``."""
    return _PROJECT.fullmatch(text) is not None


def _project_key(value: str) -> str:
    if value and not is_project_key(value):
        raise ValueError(
            f"{quoted(value)} is not a project's key: capital letters, digits and underscores, "
            'beginning with a letter, such as "WEB"'
        )
    return value


def _label(value: str) -> str:
    if not value or len(value) > LABEL_LIMIT or not value.isprintable() or " " in value:
        raise ValueError(
            f"{quoted(value)} is not a label: no spaces, and 1 to {LABEL_LIMIT} characters that can be seen"
        )
    if _HEX_END.search(value) or value.lower().startswith("fbb-"):
        raise ValueError(
            f'{quoted(value)} looks like a marker: it must not begin with "fbb-" nor end in eight or more '
            "hexadecimal digits"
        )
    return value


def _public_url(value: str) -> str:
    return _web_address(value)[0] if value else ""


def _jira_url(value: str) -> str:
    if not value:
        return ""
    address, parts = _jira_address(value)
    if (parts.hostname or "") == _CLOUD_GATEWAY and not _GATEWAY.fullmatch(parts.path.rstrip("/")):
        raise ValueError(
            f"{quoted(value)} lacks the site: write https://{_CLOUD_GATEWAY}/ex/jira/CLOUDID; "
            "https://YOURS.atlassian.net/_edge/tenant_info tells the CLOUDID"
        )
    return address


def _site_url(value: str) -> str:
    if not value:
        return ""
    address, parts = _jira_address(value)
    if _GATEWAY.fullmatch(parts.path.rstrip("/")) or parts.hostname == _CLOUD_GATEWAY:
        raise ValueError(
            f"{quoted(value)} is where programs go; write the site as people open it, "
            "such as https://acme.atlassian.net"
        )
    return address


def _jira_address(value: str) -> tuple[str, SplitResult]:
    """Check an address of Jira: encrypted unless it is this machine, and no page of Jira's."""
    address, parts = _web_address(value)
    host, path = parts.hostname or "", parts.path.rstrip("/")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{quoted(value)} would send the token unencrypted; write it with https://")
    is_context = _CONTEXT.fullmatch(path) and (path == "/jira" or path[1:] not in _PAGES)
    is_gateway = _GATEWAY.fullmatch(path) and (host == _CLOUD_GATEWAY or is_loopback(host))
    if path and not is_gateway and (host.endswith(_CLOUD) or not is_context):
        raise ValueError(
            f"{quoted(value)} is a page; write the address of the site alone: {parts.scheme}://{parts.netloc}"
        )
    return address, parts


def _web_address(value: str) -> tuple[str, SplitResult]:
    """Check an address of the web; no message shows one that holds a user or password."""
    example = "such as https://acme.example.org"
    try:
        parts = urlsplit(value.strip())
        name, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"is not an address of the web, {example}") from None
    if "@" in parts.netloc:
        raise ValueError(f"holds a user or a password before the host; write the address alone, {example}")
    if parts.scheme not in {"http", "https"} or not name or not value.isprintable() or " " in value.strip():
        raise ValueError(f"{quoted(value)} is not an address of the web, {example}")
    if "?" in value or "#" in value:
        raise ValueError(f'must end before the "?" or "#"; write the address alone, {example}')
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/"), parts


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("localhost.evil.example")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


Kind = Literal["problem", "request", "question", "praise", "other"]
Mode = Literal["review", "shadow", "automatic"]
Text = Annotated[str, AfterValidator(_text)]
SourceName = Annotated[str, AfterValidator(_source_name)]
Language = Annotated[str, AfterValidator(_language)]
Languages = Annotated[tuple[Language, ...], AfterValidator(_at_least_one)]
Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(duration_text)]
DatabaseUrl = Annotated[SecretUrl, BeforeValidator(_database_url), PlainSerializer(str)]
Folder = Annotated[Path, BeforeValidator(_path), PlainSerializer(str)]
OptionalFolder = Annotated[
    Path | None, BeforeValidator(_optional_path), PlainSerializer(lambda path: str(path or ""))
]
Line = Annotated[str, AfterValidator(_line)]
Label = Annotated[str, AfterValidator(_label)]
ProjectKey = Annotated[str, AfterValidator(_project_key)]
JiraUrl = Annotated[str, AfterValidator(_jira_url)]
SiteUrl = Annotated[str, AfterValidator(_site_url)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
