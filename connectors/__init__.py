"""The connector contract, on one screen: a channel in, events out.

A connector is a frozen settings record plus a generator. It keeps no state, never sleeps, and writes no
file: the runner owns time, threads, retries and the database. `pull(cursor)` yields events in order; the
runner commits all events since the last `Checkpoint` together with its cursor in one transaction, keyed by
(source, external id, revision). Killed anywhere, the next pull goes on from the last checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

API_VERSION = 1

JSON: TypeAlias = Mapping[str, Any] | Sequence[Any] | str | int | float | bool | None
"""Anything that JSON can hold. A cursor is one of these, versioned and understood only by its connector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who said it, as far as the channel tells; everything may be absent."""

    id: str | None = None  # the channel's own stable id; else the handle stands for it
    handle: str | None = None  # "@ana_r", without the at sign
    display: str | None = None
    contact: str | None = None  # an address we may write to, only if the channel gives it
    account: str | None = None  # the company they belong to
    is_staff: bool = False  # the channel says they work for us


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing one person said, in one place, at one time."""

    external_id: str  # the channel's own id; (source, external_id) is our key
    text: str  # as the channel gave it: not cleaned, not cut
    said_at: datetime  # aware, UTC
    revision: str  # changes exactly when the content changes
    author: Author | None = None
    url: str | None = None
    lang: str | None = None  # ISO 639-1, if the channel says so
    is_html: bool = False
    edited_at: datetime | None = None
    thread: str | None = None  # the conversation it belongs to
    parent: str | None = None  # the external id it answers or reposts
    is_repost: bool = False
    rating: float | None = None  # 0–1, whatever scale the channel uses
    visibility: Literal["public", "private"] = "public"
    raw: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upsert:
    """A message that is new or changed."""

    message: Message


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A message that its author or the channel took away; we stop showing and counting it."""

    external_id: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything up to here can be committed with this cursor."""

    cursor: JSON


@dataclass(frozen=True, slots=True)
class Gap:
    """A time for which the channel can't give us what was said; shown to the user, never silent."""

    since: datetime | None
    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Input that can't be a message; kept aside with its reason, and counted."""

    where: str  # "row 17", "sheet Reviews row 3", "message 88123"
    reason: str
    raw: str  # the input as text, cut to 2,000 characters


Event: TypeAlias = Upsert | Tombstone | Checkpoint | Gap | Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a channel's rules ask of whoever stores its content."""

    retain_days: int | None = None  # None: no limit
    delete_within_hours: int | None = None
    recheck_every_hours: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What a connector is, for lists and documentation."""

    channel: str  # "files", "bluesky"
    title: str
    summary: str
    terms: Terms = Terms()
    extra: str | None = None  # the optional extra it needs: pip install feedback-bridge[extra]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a source can be read now, and if not, how to mend it."""

    ok: bool
    message: str


@runtime_checkable
class Source(Protocol):
    """A configured channel. Made by calling the class with its settings' fields as keywords."""

    info: ClassVar[Info]

    def check(self) -> Health:
        """Say whether the source can be read now; cheap, reads nothing for keeps."""
        ...

    def pull(self, cursor: JSON | None) -> Iterator[Event]:
        """Yield what is new since the cursor (None: everything), ending with a Checkpoint."""
        ...


@runtime_checkable
class Rechecks(Protocol):
    """Optional: look stored messages up again, for edits and deletions."""

    def lookup(self, external_ids: Sequence[str]) -> Iterator[Upsert | Tombstone]:
        """Yield the present state of each message asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of a reply sent: the channel's id and address of it."""

    external_id: str
    url: str | None = None


@runtime_checkable
class Replies(Protocol):
    """Optional: answer the people who asked."""

    def can_reply(self, message: Message) -> str | None:
        """Return None if a reply is allowed, else the reason why not."""
        ...

    def reply(self, message: Message, text: str, key: str) -> Receipt:
        """Post a reply once; the same key again returns the first receipt."""
        ...


@runtime_checkable
class Receives(Protocol):
    """Optional: take in what the channel sends us by webhook. Names of headers are in small letters."""

    @property
    def max_bytes(self) -> int:
        """The longest body that is taken."""
        ...

    @property
    def per_minute(self) -> int:
        """So many deliveries are taken in a minute."""
        ...

    @property
    def is_timed(self) -> bool:
        """Whether what is signed holds its time, so that an old request is refused for its age."""
        ...

    def refusal(self, headers: Mapping[str, str], body: bytes | None, at: datetime) -> str | None:
        """Return why a request is not believed at this time, None if it is truly from the channel.

        Without a body it is judged by its headers alone, before anything more is read of it.
        """
        ...

    def names(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
        """Return what a believed request is known by: a digest of what was signed, the sender's id or ""."""
        ...

    def parse(self, headers: Mapping[str, str], body: bytes, at: datetime) -> Iterator[Event]:
        """Yield the events of one believed request; what has no time of its own was said at this one."""
        ...
