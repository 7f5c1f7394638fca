"""The connector to copy works, and shows how its copy is tested."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors import Rejected, Upsert
from connectors._template import Template

ENTRY = {"time": "2026-02-01T10:00:00+01:00", "name": "Ana", "words": "Lovely view, cold soup."}


def test_an_entry_becomes_a_message():
    first, *_ = Template(entries=[ENTRY]).pull(None)

    assert isinstance(first, Upsert)
    assert first.message.text == "Lovely view, cold soup."
    assert first.message.said_at == datetime(2026, 2, 1, 9, 0, tzinfo=UTC)
    assert first.message.author.handle == "Ana"


def test_only_new_entries_come_after_the_cursor():
    *_, last = Template(entries=[ENTRY]).pull(None)

    events = list(Template(entries=[ENTRY, {**ENTRY, "words": "Again."}]).pull(last.cursor))

    assert [event.message.text for event in events if isinstance(event, Upsert)] == ["Again."]


def test_an_entry_without_a_time_is_set_aside():
    events = list(Template(entries=[{"words": "Nice."}]).pull(None))

    assert [event.where for event in events if isinstance(event, Rejected)] == ["entry 1"]


def test_an_empty_guestbook_says_what_to_do():
    health = Template(entries=[]).check()

    assert not health.ok
    assert "entries" in health.message
