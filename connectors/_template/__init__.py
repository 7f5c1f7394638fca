"""A guestbook: the smallest whole connector, to copy.

Copy this folder to connectors/<channel>/, name the class after the folder, and replace `_entries` by your
channel's API. Everything else is the contract; `tests/connectors/test_template.py` shows how to test it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from connectors import JSON, Author, Checkpoint, Event, Health, Info, Message, Rejected, Upsert

PAGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A guestbook given in the settings: each entry has a number, a time, a name and words."""

    info: ClassVar[Info] = Info(channel="template", title="Template", summary="A guestbook, to copy.")

    entries: Sequence[Mapping[str, str]]
    token: str = field(default="", repr=False)  # secrets stay out of repr

    def check(self) -> Health:
        """Say whether there is a guestbook to read."""
        if not self.entries:
            return Health(ok=False, message="the guestbook is empty; write entries = [...] in the settings")
        return Health(ok=True, message=f"a guestbook of {len(self.entries)} entries")

    def pull(self, cursor: JSON | None) -> Iterator[Event]:
        """Yield the entries after the cursor, page by page."""
        done = cursor["done"] if isinstance(cursor, dict) else 0
        while page := self._entries(done):
            for number, entry in enumerate(page, start=done + 1):
                yield _event(number, entry)
            done += len(page)
            yield Checkpoint({"v": 1, "done": done})
        yield Checkpoint({"v": 1, "done": done})

    def _entries(self, done: int) -> Sequence[Mapping[str, str]]:
        """Return the next page; here a channel would ask its API."""
        return self.entries[done : done + PAGE]


def _event(number: int, entry: Mapping[str, str]) -> Event:
    try:
        text, said_at = entry["words"], datetime.fromisoformat(entry["time"]).astimezone(UTC)
    except (KeyError, ValueError) as error:
        return Rejected(f"entry {number}", f"no words or no time: {error}", repr(dict(entry))[:2000])
    return Upsert(
        Message(
            external_id=str(number),
            text=text,
            said_at=said_at,
            revision=hashlib.sha256(text.encode()).hexdigest()[:24],
            author=Author(handle=entry.get("name")),
        )
    )
