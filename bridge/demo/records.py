"""What the sample company consists of: items with their truth, releases, topics and channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["customer", "employee", "brand", "bot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the writer of the sample meant by an item; a pipeline must find it without looking."""

    topic: str | None  # the slug of its main topic; None for small talk, brands, bots and spam
    kinds: tuple[str, ...]  # problem, request, question, praise, other; main kind first, each once
    role: Role
    also: str | None = None  # the slug of a second topic in the same item
    repost_of: str | None = None  # the external id of the item it repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleItem:
    """One thing one invented person said in one of the sample's channels."""

    source: str
    external_id: str  # unique over all channels; the same for every `end`
    text: str
    said_at: datetime  # aware, UTC
    author_id: str
    author_handle: str | None
    author_display: str | None
    account: str | None
    is_staff: bool
    url: str | None
    lang: str
    is_html: bool
    parent: str | None  # the external id it answers or reposts
    is_repost: bool  # the channel marks it as a repost; copies made by hand are not marked
    rating: float | None  # 0–1
    truth: Truth


@dataclass(frozen=True, slots=True)
class Release:
    """A change that was shipped for one topic, and whether the complaints fell after it."""

    topic: str
    version: str
    released_at: datetime
    helped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCompany:
    """Everything that was said, in time order, and what is true about it."""

    items: tuple[SampleItem, ...]
    releases: tuple[Release, ...]
    topics: Mapping[str, str]  # slug → title for people
    brand_accounts: tuple[str, ...]  # handles, without the at sign
    sources: Mapping[str, str]  # name → kind of channel
    crisis: tuple[datetime, datetime]  # the night of the check-in outage
    loud_author: str  # the author id of the one who writes forty posts on one subject
