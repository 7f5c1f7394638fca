"""The settings of the digest: when it is due, and the ways it goes out."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from bridge.config.part import Hidden, Part, meta
from bridge.config.secret import Secret
from bridge.config.values import Duration, Line, OptionalFolder, is_loopback, quoted

Way = Literal["email", "slack", "folder"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_HOST = re.compile(r"[A-Za-z0-9.:_-]*")


def _period(value: timedelta) -> timedelta:
    if value != _DAY and value % _WEEK:
        raise ValueError('is not "1d" for each day, or whole weeks such as "7d" or "14d"')
    return value


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a LookupError
        raise ValueError(
            f'{quoted(value)} is not a time zone that this machine knows, such as "Europe/Berlin" or "UTC"'
        ) from None


def _mailbox(value: str) -> str:
    if value and not _MAILBOX.fullmatch(value):
        raise ValueError(f'{quoted(value)} is not an e-mail address such as "ana@acme.example"')
    return value


def _recipient(value: str) -> str:
    if not value:
        raise ValueError('holds an empty address; write one such as "ana@acme.example"')
    return _mailbox(value)


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError(f'{quoted(value)} is not the name of a server such as "mail.acme.example"')
    return value


def _slack_url(value: object) -> Secret:
    """Check an address that is a secret as a whole, so that no message shows it."""
    text = value.reveal() if isinstance(value, Secret) else value
    try:
        parts = urlsplit(text.strip()) if isinstance(text, str) else urlsplit("")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if text == "":
        return Secret("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not isinstance(text, str) or not host or not secure or not text.strip().isprintable():
        raise ValueError("is not the https address of an incoming webhook (the value is not shown)")
    return Secret(text.strip())


Mailbox = Annotated[str, AfterValidator(_mailbox)]
Recipient = Annotated[str, AfterValidator(_recipient)]
Zone = Annotated[str, AfterValidator(_zone)]
Period = Annotated[Duration, AfterValidator(_period)]
Host = Annotated[Line, AfterValidator(_host)]
WebhookUrl = Annotated[Secret, BeforeValidator(_slack_url), PlainSerializer(str)]


class Smtp(Part):
    """The server that digests by e-mail go through."""

    host: Host = Field(
        default="",
        description="Name of the mail server; empty: no e-mail.",
        json_schema_extra=meta(example='"mail.acme.example"'),
    )
    port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="Its port; 0: 587 with `starttls`, 465 with `tls`, 25 with `none`.",
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the connection is encrypted; `none` is for a server on this machine alone.",
    )
    user: Line = Field(
        default="",
        description="Name to log in with; empty: nobody logs in.",
        json_schema_extra=meta(example='""'),
    )
    password: Hidden = Field(
        default_factory=lambda: Secret(""),
        description="Password to log in with; never shown.",
        json_schema_extra=meta(example='""'),
    )

    @property
    def at_port(self) -> int:
        """The port in force."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]


class Digest(Part):
    """The digest: what is new, daily or weekly. Off until one way to send it is set."""

    every: Period = Field(
        default=_DAY,
        description='Time between two digests: "1d", or whole weeks such as "7d".',
    )
    hour: int = Field(
        default=7,
        ge=0,
        le=23,
        description="When it is due, in `digest.zone`.",
        json_schema_extra=meta(unit="hour of the day"),
    )
    weekday: Weekday = Field(
        default="monday", description="Day it is due when `digest.every` is whole weeks."
    )
    zone: Zone = Field(
        default="UTC",
        description="Time zone of the hour.",
        json_schema_extra=meta(unit="IANA name", example='"Europe/Berlin"'),
    )
    to: tuple[Recipient, ...] = Field(
        default=(),
        strict=False,
        description="Addresses it goes to by e-mail; empty: no e-mail.",
        json_schema_extra=meta(example='["product@acme.example"]'),
    )
    sender: Mailbox = Field(
        default="",
        description="Address it comes from by e-mail; empty: the first of `digest.to`.",
        json_schema_extra=meta(example='""'),
    )
    slack_url: WebhookUrl = Field(
        default_factory=lambda: Secret(""),
        description="Incoming webhook of Slack that it is posted to; a secret as a whole, never shown; "
        "empty: none.",
        json_schema_extra=meta(example='""'),
    )
    folder: OptionalFolder = Field(
        default=None,
        description="Folder that it is written into as Markdown, a file each; empty: none.",
        json_schema_extra=meta(example='""'),
    )
    smtp: Smtp = Field(default=Smtp(), description="The server that digests by e-mail go through.")

    def ways(self) -> tuple[Way, ...]:
        """Return the ways out that are set."""
        there: dict[Way, Any] = {
            "email": self.to and self.smtp.host,
            "slack": self.slack_url,
            "folder": self.folder,
        }
        return tuple(way for way, value in there.items() if value)
