"""Which Jira it is: its address, its flavour, and who we are there."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from bridge.errors import SettingsError

Flavour = Literal["cloud", "dc"]
GATEWAY = "api.atlassian.com"
_CLOUD_FROM = 1000  # the main version number of every Cloud site


@dataclass(frozen=True, slots=True, kw_only=True)
class JiraSite:
    """All that the settings say of a Jira. `token` gives the secret when asked, so that it never prints.

    `types` maps our kinds to names of issue types, `fields` our names (reach, mentions, topic, recurrence) to
    a field's id or name. `timeout` is connecting and reading, in seconds. `known_flavour` spares the question
    when `flavour` is auto. Raises `SettingsError` for an address that would show the token to others.
    """

    url: str
    token: Callable[[], str]
    user: str | None = None  # absent: a bearer token
    flavour: Literal["auto", "cloud", "dc"] = "auto"
    known_flavour: Flavour | None = None
    tell_flavour: Callable[[Flavour], None] = lambda _: (
        None
    )  # told what was found out, to be known from then on
    site_url: str | None = None  # for links, when the API is reached by another address
    settle_s: float = 420.0
    types: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    service_desks_allowed: bool = False
    timeout: tuple[float, float] = (5.0, 30.0)

    def __post_init__(self) -> None:
        for name, value in (("jira.url", self.url), ("jira.site_url", self.site_url)):
            if value is not None:
                check_address(name, value)

    @property
    def base(self) -> str:
        """The address without a slash at its end."""
        return self.url.rstrip("/")

    @property
    def host(self) -> str:
        """The host alone, for messages."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_plain(self) -> bool:
        """Whether it is reached without encryption, which is for this machine only."""
        return urlsplit(self.url).scheme == "http"

    @property
    def told_flavour(self) -> Flavour | None:
        """The flavour as far as it is known without asking: Atlassian's own hosts are Cloud."""
        if self.flavour != "auto":
            return self.flavour
        if self.host == GATEWAY or self.host.endswith((".atlassian.net", ".jira.com")):
            return "cloud"
        return self.known_flavour


@dataclass(frozen=True, slots=True)
class Account:
    """The account that we log in with. `id` is the accountId on Cloud, the name on Data Center."""

    id: str
    name: str
    also: frozenset[str] = frozenset()  # other ids by which history may name it

    @classmethod
    def of(cls, raw: object) -> Account | None:
        """Read an account out of Jira's JSON; None if it has no id."""
        ids = identities(raw)
        if not ids or not isinstance(raw, dict):
            return None
        return cls(ids[0], str(raw.get("displayName") or raw.get("name") or ids[0]), frozenset(ids[1:]))

    def made(self, author: object) -> bool:
        """Whether this author is the account."""
        return bool({self.id, *self.also} & set(identities(author)))


def identities(raw: object) -> list[str]:
    """Return the ids that Jira's JSON of a user has, the best one first."""
    if not isinstance(raw, dict):
        return []
    found = [raw.get(name) for name in ("accountId", "name", "key")]
    return [one for one in found if isinstance(one, str) and one]


def flavour_of(info: Any) -> Flavour:
    """Return the flavour that serverInfo tells of."""
    info = info if isinstance(info, dict) else {}
    kind = info.get("deploymentType")
    if kind:
        return "cloud" if kind == "Cloud" else "dc"
    numbers = info.get("versionNumbers")
    first = numbers[0] if isinstance(numbers, list) and numbers else 0
    return "cloud" if isinstance(first, int) and first >= _CLOUD_FROM else "dc"


def check_address(name: str, value: str) -> None:
    """Refuse an address that isn't https, or that carries a login; plain http is for this machine only."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise SettingsError(f"{name} is not a web address; write https:// and the host") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{name} is not a web address; write https:// and the host")
    if parts.username is not None or parts.password is not None:
        raise SettingsError(
            f"{name} carries a login; write the address alone, jira.user and jira.token beside it"
        )
    if parts.query or parts.fragment:
        raise SettingsError(f"{name} has a ? or # in it; write the address of the site alone")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise SettingsError(
            f"{name} starts with http://, so anybody on the way to {parts.hostname} could read the token;"
            " write https:// (http:// is for this machine only)"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
