"""How senders sign what they send: the common schemes, and whether a request keeps to one.

Signatures are HMAC-SHA256. The schemes follow what the senders publish about themselves.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from connectors.errors import BadSettings

FRESH = timedelta(minutes=5)
"""How far the time of a delivery may be from ours, either way."""

BODY, TIMESTAMP, ID = "{body}", "{timestamp}", "{id}"
SHORTEST_SECRET = 16  # characters
_WHOLE = re.compile(r"[0-9]{9,11}", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}", re.ASCII)
_MOST_SIGNATURES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Where signature, time and id of a delivery stand, and what is signed.

    `signed` is what the signature is of, with the marks {id} and {timestamp}, and {body} at its end.
    `prefix` stands before each signature. Without `timestamp_header`, but with {timestamp} in `signed`,
    the time stands in the signature's own header: "t=1795255200,v1=…".
    """

    signature_header: str
    signed: str
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    timestamp_header: str = ""
    id_header: str = ""

    @property
    def is_timed(self) -> bool:
        """Whether the time is part of what is signed."""
        return TIMESTAMP in self.signed


SCHEMES: Mapping[str, Scheme] = {
    "bridge": Scheme(
        signature_header="X-Webhook-Signature",
        signed="{timestamp}.{body}",
        prefix="sha256=",
        timestamp_header="X-Webhook-Timestamp",
        id_header="X-Webhook-Id",
    ),
    "standard": Scheme(
        signature_header="webhook-signature",
        signed="{id}.{timestamp}.{body}",
        prefix="v1,",
        encoding="base64",
        timestamp_header="webhook-timestamp",
        id_header="webhook-id",
    ),
    "stripe": Scheme(signature_header="Stripe-Signature", signed="{timestamp}.{body}", prefix="v1="),
    "zendesk": Scheme(
        signature_header="X-Zendesk-Webhook-Signature",
        signed="{timestamp}{body}",
        encoding="base64",
        timestamp_header="X-Zendesk-Webhook-Signature-Timestamp",
        id_header="X-Zendesk-Webhook-Invocation-Id",
    ),
    "github": Scheme(
        signature_header="X-Hub-Signature-256",
        signed="{body}",
        prefix="sha256=",
        id_header="X-GitHub-Delivery",
    ),
    "typeform": Scheme(
        signature_header="Typeform-Signature", signed="{body}", prefix="sha256=", encoding="base64"
    ),
}
"""The schemes that can be named in the settings."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The parts of a request that its signature is about."""

    signatures: Sequence[bytes]
    timestamp: str
    id: str


def keys_of(secret: str) -> tuple[bytes, ...]:
    """Return the keys that a secret stands for, one a line; "whsec_…" is base64.

    Raises `BadSettings` for none, one that is too short to be safe, or one that is no base64.
    """
    lines = [line.strip() for line in secret.splitlines() if line.strip()]
    if not lines or min(map(len, lines)) < SHORTEST_SECRET:
        raise BadSettings(
            f"secret must have {SHORTEST_SECRET} characters at least, a line for each during a rotation;"
            " make one with: openssl rand -hex 32"
        )
    return tuple(map(_key, lines))


def _key(line: str) -> bytes:
    if not line.startswith("whsec_"):
        return line.encode()
    try:
        return base64.b64decode(line.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise BadSettings("secret begins with whsec_, but what follows is no base64; copy it again") from None


def check_scheme(scheme: Scheme, *, without_timestamp: bool) -> None:
    """Raise `BadSettings` unless the scheme can be worked with, and signs a time or needn't."""
    if not scheme.signed.endswith(BODY) or scheme.signed.count(BODY) != 1:
        raise BadSettings(
            f"signed = {scheme.signed!r} must end with {BODY}, such as '{{timestamp}}.{{body}}'"
        )
    if scheme.encoding not in ("hex", "base64"):
        raise BadSettings(f'encoding = {scheme.encoding!r} is neither "hex" nor "base64"')
    for name in ("signature_header", "timestamp_header", "id_header"):
        header = getattr(scheme, name)
        if not _HEADER.fullmatch(header) and (header or name == "signature_header"):
            raise BadSettings(f"{name} = {header!r} is no name of a header; write letters, digits and dashes")
    if ID in scheme.signed and not scheme.id_header:
        raise BadSettings(f"signed = {scheme.signed!r} needs id_header, the header with the delivery's id")
    if not scheme.is_timed and not without_timestamp:
        raise BadSettings(
            f"signed = {scheme.signed!r} holds no time, so whoever overhears a delivery can send it again"
            " later; if the sender can't do better, say so with without_timestamp = true"
        )


def refusal(
    scheme: Scheme, keys: Sequence[bytes], headers: Mapping[str, str], body: bytes | None, at: datetime
) -> str | None:
    """Return why a request is not believed, None if it is; without a body, judge its headers alone."""
    found = _signed(scheme, headers)
    if isinstance(found, str):
        return found
    if scheme.is_timed and (why := _stale(found.timestamp, at)):
        return why
    if body is None:
        return None
    content = signed_content(scheme, found, body)
    rights = [hmac.new(key, content, hashlib.sha256).digest() for key in keys]
    # no early end: how long it takes tells nothing about which key or signature came near
    same = [hmac.compare_digest(right, given) for right in rights for given in found.signatures]
    return None if any(same) else f"{scheme.signature_header} is not the HMAC-SHA256 under our secret"


def names(scheme: Scheme, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """Return what a believed delivery is known by: a digest of what was signed, and the sender's id or ""."""
    found = _signed(scheme, headers)
    if isinstance(found, str):
        return hashlib.sha256(body).hexdigest(), ""
    return hashlib.sha256(signed_content(scheme, found, body)).hexdigest(), found.id


def signed_content(scheme: Scheme, found: Signed, body: bytes) -> bytes:
    """Return the bytes that the signature is of."""
    before = scheme.signed.removesuffix(BODY).replace(TIMESTAMP, found.timestamp).replace(ID, found.id)
    return before.encode() + body


def _signed(scheme: Scheme, headers: Mapping[str, str]) -> Signed | str:
    given = headers.get(scheme.signature_header.lower(), "").strip()
    if not given:
        return f"{scheme.signature_header} is missing"
    timestamp = headers.get(scheme.timestamp_header.lower(), "").strip() if scheme.timestamp_header else ""
    if scheme.is_timed and not scheme.timestamp_header:
        times = [part[2:] for part in map(str.strip, given.split(",")) if part.startswith("t=")]
        timestamp = times[0] if len(times) == 1 else ""
    name = headers.get(scheme.id_header.lower(), "").strip() if scheme.id_header else ""
    if ID in scheme.signed and not name:
        return f"{scheme.id_header} is missing"
    signatures = [raw for part in _parts(scheme, given) if (raw := _decoded(scheme, part)) is not None]
    if not signatures or len(signatures) > _MOST_SIGNATURES:
        return f"{scheme.signature_header} holds no signature like {scheme.prefix}… in {scheme.encoding}"
    return Signed(signatures, timestamp, name)


def _parts(scheme: Scheme, given: str) -> list[str]:
    """Return the signatures of a header without their prefix: one, or several with spaces or commas between.

    In a scheme whose prefix holds a comma, spaces alone part them.
    """
    parts = given.split() if "," in scheme.prefix else re.split(r"[\s,]+", given)
    return [part.removeprefix(scheme.prefix) for part in parts if part.startswith(scheme.prefix)]


def _decoded(scheme: Scheme, part: str) -> bytes | None:
    try:
        if scheme.encoding == "hex":
            return bytes.fromhex(part) if len(part) == 2 * hashlib.sha256().digest_size else None
        return base64.b64decode(part, validate=True)
    except (binascii.Error, ValueError):
        return None


def _stale(timestamp: str, at: datetime) -> str | None:
    """Return why a time won't do: none that can be read, or too far from ours."""
    try:
        told = _time(timestamp)
    except (ValueError, OverflowError):
        return "the delivery's time is missing, or neither seconds since 1970 nor ISO 8601 with its zone"
    if abs(told - at) > FRESH:
        return f"the delivery's time is over {FRESH.seconds // 60} minutes from ours; are both clocks right?"
    return None


def _time(text: str) -> datetime:
    if _WHOLE.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC)
    told = datetime.fromisoformat(text)
    if told.tzinfo is None:
        raise ValueError("no zone")
    return told
