"""The parts of a digest, and what the next one remembers of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from bridge.times import stamp


@dataclass(frozen=True, slots=True)
class Memory:
    """What the digests before have told, by numbers, so that it isn't told as news again.

    `topic` is the highest number of a topic; `growing` and `back` are the topics in these tabs; `ended` are
    tickets with their end, such as `12 released`.
    """

    topic: int = 0
    growing: frozenset[int] = frozenset()
    back: frozenset[int] = frozenset()
    ended: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        lists = {"growing": sorted(self.growing), "back": sorted(self.back), "ended": sorted(self.ended)}
        return {"topic": self.topic, **lists}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Memory:
        """Return what was kept."""
        growing, back = frozenset(kept.get("growing", ())), frozenset(kept.get("back", ()))
        return cls(int(kept.get("topic", 0)), growing, back, frozenset(kept.get("ended", ())))


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a digest tells of; `told` is None when everything in it is news."""

    since: datetime
    told: Memory | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look closer: an address if the page has a public one, else a path of the page or a command."""

    href: str | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A topic. `people` and `mentions` are those of its page; `since` are people in the window."""

    topic: str
    title: str
    kind: str
    people: int
    mentions: int
    since: int
    sign: str
    quote: str
    source: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Topics of one sort: the news of it, how many more news there are, and how many were told before."""

    name: str
    title: str
    entries: tuple[Entry, ...]
    more: int
    known: int
    path: str  # on the page
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A tab of the inbox that asks for a person, and how much is in it."""

    tab: str
    title: str
    count: int
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A ticket that is done or released; `people` are those who asked."""

    topic: str
    title: str
    key: str
    href: str | None
    state: str  # done · released
    people: int
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A source that can't be read."""

    source: str
    state: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A digest, ready to be written. `memory` is what the next one need not tell."""

    since: datetime
    until: datetime
    sections: tuple[Section, ...]
    waiting: tuple[Waiting, ...]
    ended: tuple[Ended, ...]
    ended_more: int
    failing: tuple[Failing, ...]
    failing_more: int
    sources: Place
    memory: Memory = field(default_factory=Memory)

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell: no news, nothing that waits, nothing that fails."""
        waits = any(tab.count for tab in self.waiting)
        return not (waits or self.ended or self.failing or any(part.entries for part in self.sections))

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape of `digest --json`."""
        return {
            "since": stamp(self.since),
            "until": stamp(self.until),
            "quiet": self.is_quiet,
            **{
                part.name: {
                    "topics": [_flat(entry) for entry in part.entries],
                    "more": part.more,
                    "known": part.known,
                }
                for part in self.sections
            },
            "waiting": {tab.tab: tab.count for tab in self.waiting},
            "ended": {"tickets": [_flat(one) for one in self.ended], "more": self.ended_more},
            "failing": {"sources": [asdict(one) for one in self.failing], "more": self.failing_more},
        }


def _flat(one: Entry | Ended) -> dict[str, Any]:
    flat = asdict(one)
    place = flat.pop("place")
    return {**flat, "url": place["href"]}
