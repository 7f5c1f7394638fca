"""The sample company as a source: the connector "sample"."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import ClassVar

from bridge.demo.company import generate
from bridge.demo.plan import SOURCES
from bridge.demo.records import SampleItem
from connectors import JSON, Author, Checkpoint, Event, Health, Info, Message, Upsert
from connectors.errors import BadSettings

PAGE = 100
"""Items between two checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSource:
    """One of the sample company's six channels, as it stands on the day `end`."""

    info: ClassVar[Info] = Info(
        channel="sample",
        title="Sample company",
        summary="Invented feedback about an invented airline, to try the bridge without data of your own.",
    )

    channel_name: str  # one of bridge.demo.plan.SOURCES
    end: str  # the last day, ISO 8601
    seed: int = 7

    def check(self) -> Health:
        """Say whether the channel's name and the last day are right."""
        try:
            items = self._items()
        except BadSettings as fault:
            return Health(ok=False, message=str(fault))
        return Health(ok=True, message=f"{len(items)} items of the sample company in {self.channel_name}")

    def pull(self, cursor: JSON | None) -> Iterator[Event]:
        """Yield the channel's items after the cursor in time order, a checkpoint after each hundred."""
        items = self._items()
        done = _done(cursor)
        for number, item in enumerate(items[done:], start=done + 1):
            yield Upsert(_message(item))
            if number % PAGE == 0 and number < len(items):
                yield Checkpoint(_cursor(number))
        if done < len(items) or cursor is None:
            yield Checkpoint(_cursor(len(items)))

    def _items(self) -> list[SampleItem]:
        if self.channel_name not in SOURCES:
            raise BadSettings(f"channel_name is {self.channel_name!r}; write one of {', '.join(SOURCES)}")
        try:
            end = date.fromisoformat(self.end)
        except ValueError:
            raise BadSettings(f"end is {self.end!r}; write a day such as 2026-03-31") from None
        return [item for item in generate(end, self.seed).items if item.source == self.channel_name]


def _cursor(number: int) -> JSON:
    return {"v": 1, "n": number}


def _done(cursor: JSON | None) -> int:
    if cursor is None:
        return 0
    number = cursor.get("n") if isinstance(cursor, Mapping) and cursor.get("v") == 1 else None
    if not isinstance(number, int) or number < 0:
        raise BadSettings(
            f'the cursor {cursor!r} isn\'t one of this connector ({{"v": 1, "n": 100}}); pull from the start'
        )
    return number


def _message(item: SampleItem) -> Message:
    channel = SOURCES[item.source]
    author = Author(
        id=item.author_id,
        handle=item.author_handle,
        display=item.author_display,
        contact=item.author_id if channel == "mail" else None,
        account=item.account,
        is_staff=item.is_staff,
    )
    return Message(
        external_id=item.external_id,
        text=item.text,
        said_at=item.said_at,
        revision=_revision(item),
        author=author,
        url=item.url,
        lang=item.lang,
        is_html=item.is_html,
        parent=item.parent,
        is_repost=item.is_repost,
        rating=item.rating,
        visibility="private" if channel in {"mail", "ticket", "call"} else "public",
    )


def _revision(item: SampleItem) -> str:
    content = {name: value for name, value in asdict(item).items() if name != "truth"}
    return hashlib.sha256(json.dumps(content, default=str, sort_keys=True).encode()).hexdigest()[:16]
