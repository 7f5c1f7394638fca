"""The settings of access: how people log in, and whom we believe who they are."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from bridge.config.part import Hidden, Part, meta
from bridge.config.secret import Secret
from bridge.config.values import Line, PublicUrl, is_loopback, quoted

Login = Literal["accounts", "oidc", "proxy"]


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise ValueError(
            f'{quoted(value)} is not an address such as "10.0.0.5" or a network such as "10.0.0.0/24"'
        ) from None


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    if value and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{quoted(value)} would answer unencrypted; write it with https://")
    return value


def _header(value: str) -> str:
    if not value.isascii() or not value.replace("-", "").isalnum():
        raise ValueError(f'{quoted(value)} is not the name of a header such as "X-Forwarded-User"')
    if value.lower() in ("authorization", "cookie", "host", "origin", "x-forwarded-for"):
        raise ValueError(f"{quoted(value)} says something else; name the header that holds the user's name")
    return value


Network = Annotated[str, AfterValidator(_network)]
Issuer = Annotated[PublicUrl, AfterValidator(_issuer)]
Header = Annotated[str, AfterValidator(_header)]


class Oidc(Part):
    """The identity provider, when `access.login` has "oidc"."""

    issuer: Issuer = Field(
        default="",
        description="Address of the identity provider, as it names itself; "
        "`/.well-known/openid-configuration` is read below it.",
        json_schema_extra=meta(example='"https://login.acme.example"'),
    )
    client_id: Line = Field(
        default="",
        description="Our id at the identity provider.",
        json_schema_extra=meta(example='"feedback-bridge"'),
    )
    client_secret: Hidden = Field(
        default_factory=lambda: Secret(""),
        description="Our secret there, if it gave us one; never shown.",
        json_schema_extra=meta(example='""'),
    )
    name_claim: Line = Field(
        default="email",
        description="Claim that an account is found by at the first login; `email` counts only if the "
        "provider says that it is verified.",
    )


class Access(Part):
    """Who may see the page, and how they log in."""

    login: tuple[Login, ...] = Field(
        default=(),
        strict=False,
        description="Ways to log in: `accounts` with passwords, `oidc` for an identity provider, `proxy` for "
        "a proxy that says who it is; empty: nobody is asked, and the page is on this machine alone.",
        json_schema_extra=meta(example='["accounts"]'),
    )
    newcomers: Literal["", "viewer", "triager", "approver"] = Field(
        default="",
        description="Role of somebody whom the identity provider or the proxy knows and who has no account "
        "yet; empty: nobody comes in without an account.",
        json_schema_extra=meta(example='"viewer"'),
    )
    proxy_addresses: tuple[Network, ...] = Field(
        default=(),
        strict=False,
        description="Addresses and networks of the proxies before the page; no other's headers are believed.",
        json_schema_extra=meta(example='["10.0.0.5"]'),
    )
    proxy_header: Header = Field(
        default="X-Forwarded-User",
        description='Header in which the proxy names the user, when `access.login` has "proxy".',
    )
    oidc: Oidc = Field(default=Oidc(), description="The identity provider.")
