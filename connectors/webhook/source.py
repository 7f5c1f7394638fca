"""The webhook connector: settings for who may send, and for what of a payload is what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar

from connectors import JSON, Checkpoint, Event, Health, Info
from connectors.errors import BadSettings
from connectors.items import Maker, check_columns, check_rating_max, check_staff
from connectors.nearest import did_you_mean
from connectors.times import Reading, zone_named
from connectors.webhook import signature
from connectors.webhook.payload import Mapped, check_paths
from connectors.webhook.signature import SCHEMES, Scheme

_TEXTS = ("secret", "scheme", "items", "timezone")
_OVERRIDES = ("signature_header", "timestamp_header", "id_header", "signed", "prefix", "encoding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What another system sends us, signed. Raises `BadSettings` when made with settings that can't work."""

    info: ClassVar[Info] = Info(
        channel="webhook",
        title="Webhook",
        summary="Signed JSON that another system sends to /hooks/NAME; up to many items in each delivery.",
    )

    secret: str = field(repr=False)
    columns: Mapping[str, str]
    items: str = "$"
    scheme: str = "bridge"
    signature_header: str | None = None
    timestamp_header: str | None = None
    id_header: str | None = None
    signed: str | None = None
    prefix: str | None = None
    encoding: str | None = None
    without_timestamp: bool = False
    max_bytes: int = 1_048_576
    per_minute: int = 600
    timezone: str = "UTC"
    rating_max: float | None = None
    staff: Sequence[str] = ()

    def __post_init__(self) -> None:
        _check_types(self)
        if self.scheme not in SCHEMES:
            near = did_you_mean(self.scheme, SCHEMES)
            raise BadSettings(f"there is no scheme {self.scheme!r}.{near} There are: {', '.join(SCHEMES)}")
        signature.keys_of(self.secret)
        signature.check_scheme(self._scheme(), without_timestamp=self.without_timestamp)
        check_columns(self.columns)
        check_paths(self.items, self.columns)
        zone_named(self.timezone)

    def check(self) -> Health:
        """Say what is taken in; whether the sender reaches us, only the sender can tell."""
        where, keys = self._scheme(), len(signature.keys_of(self.secret))
        secrets = "one secret" if keys == 1 else f"{keys} secrets"
        text = f"text = {self.columns['text']!r} of each item at {self.items!r}"
        return Health(
            ok=True,
            message=f"takes JSON signed in {where.signature_header} ({self.scheme}, {secrets}); {text}; "
            f"{self.max_bytes:,} bytes at most, {self.per_minute} deliveries a minute",
        )

    def pull(self, cursor: JSON | None) -> Iterator[Event]:
        """Yield nothing but the end: a sender comes by itself."""
        yield Checkpoint(cursor)

    @property
    def is_timed(self) -> bool:
        """Whether deliveries sign their time, so that an old one is refused for its age."""
        return self._scheme().is_timed

    def refusal(self, headers: Mapping[str, str], body: bytes | None, at: datetime) -> str | None:
        """Return why a request is not believed, None if it is; without a body, judge its headers alone."""
        return signature.refusal(self._scheme(), signature.keys_of(self.secret), headers, body, at)

    def names(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
        """Return what a believed delivery is known by: a digest of what was signed, and the sender's id."""
        return signature.names(self._scheme(), headers, body)

    def parse(self, headers: Mapping[str, str], body: bytes, at: datetime) -> Iterator[Event]:
        """Yield the events of one believed request; what has no time of its own was said now."""
        maker = Maker(
            columns=self.columns,
            reading=Reading(zone_named(self.timezone)),
            now=at.astimezone(UTC),
            rating_max=self.rating_max,
            staff=frozenset(name.lstrip("@").casefold() for name in self.staff),
        )
        yield from Mapped(self.items, maker).events(body, self.names(headers, body)[0][:12])

    def _scheme(self) -> Scheme:
        given = {name: getattr(self, name) for name in _OVERRIDES}
        return replace(SCHEMES[self.scheme], **{k: v for k, v in given.items() if v is not None})


def _check_types(hook: Webhook) -> None:
    for name in (*_TEXTS, *_OVERRIDES):
        value = getattr(hook, name)
        if not isinstance(value, str) and not (value is None and name in _OVERRIDES):
            raise BadSettings(f"{name} is not text; write it in quotation marks")
    for name, least in (("max_bytes", 1024), ("per_minute", 1)):
        value = getattr(hook, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise BadSettings(f"{name} = {value!r} is not a whole number from {least} up")
    for name in ("without_timestamp",):
        if not isinstance(getattr(hook, name), bool):
            raise BadSettings(f"{name} = {getattr(hook, name)!r} is neither true nor false")
    check_staff(hook.staff)
    check_rating_max(hook.rating_max)
