"""The sample company speaks through the connector contract."""

from __future__ import annotations

from datetime import date

import pytest

from bridge.demo.company import generate
from bridge.demo.plan import SOURCES
from bridge.demo.source import SampleSource
from connectors import JSON, Checkpoint, Message, Source, Upsert
from connectors.errors import BadSettings

END = "2026-03-19"


def pull(source: SampleSource, cursor: JSON = None) -> tuple[list[Message], list[JSON]]:
    events = list(source.pull(cursor))
    messages = [event.message for event in events if isinstance(event, Upsert)]
    return messages, [event.cursor for event in events if isinstance(event, Checkpoint)]


def test_it_is_a_source() -> None:
    assert isinstance(SampleSource(channel_name="help-desk", end=END), Source)


@pytest.mark.parametrize("name", SOURCES)
def test_each_channel_yields_its_items_once_and_in_order(name: str) -> None:
    expected = [item for item in generate(date.fromisoformat(END)).items if item.source == name]

    messages, _ = pull(SampleSource(channel_name=name, end=END))

    assert [(m.external_id, m.text, m.said_at) for m in messages] == [
        (item.external_id, item.text, item.said_at) for item in expected
    ]


@pytest.mark.parametrize("name", SOURCES)
def test_pulling_with_the_last_cursor_yields_nothing(name: str) -> None:
    source = SampleSource(channel_name=name, end=END)
    _, cursors = pull(source)

    assert list(source.pull(cursors[-1])) == []


def test_a_checkpoint_follows_each_hundred_items_and_any_of_them_can_be_gone_on_from() -> None:
    source = SampleSource(channel_name="x-mentions", end=END)
    messages, cursors = pull(source)

    assert cursors[:2] == [{"v": 1, "n": 100}, {"v": 1, "n": 200}]
    for cursor, done in zip(cursors, range(100, len(messages), 100), strict=False):
        assert pull(source, cursor)[0] == messages[done:]


def test_revisions_change_only_with_the_content() -> None:
    source, later = (SampleSource(channel_name="app-reviews", end=end) for end in (END, "2026-03-20"))
    first, again, moved = pull(source)[0], pull(source)[0], pull(later)[0]

    assert [m.revision for m in first] == [m.revision for m in again]
    assert all(a.revision != b.revision for a, b in zip(first, moved, strict=True))


def test_letters_are_private_and_can_be_answered() -> None:
    messages, _ = pull(SampleSource(channel_name="support-mail", end=END))

    assert {m.visibility for m in messages} == {"private"}
    assert all(m.author and m.author.contact and m.author.contact.endswith("@mail.example") for m in messages)
    assert all(m.author and m.author.contact and m.author.contact.isascii() for m in messages)


def test_the_truth_does_not_leak_into_the_messages() -> None:
    for name in SOURCES:
        messages, _ = pull(SampleSource(channel_name=name, end=END))
        assert all(m.raw == {} for m in messages)


def test_check_tells_how_many_items_there_are() -> None:
    health = SampleSource(channel_name="support-calls", end=END).check()

    assert health.ok
    assert "support-calls" in health.message


@pytest.mark.parametrize(
    ("channel", "end", "words"), [("fax", END, "x-mentions"), ("help-desk", "19.3.2026", "19.3.2026")]
)
def test_wrong_settings_are_named_with_what_is_valid(channel: str, end: str, words: str) -> None:
    source = SampleSource(channel_name=channel, end=end)

    health = source.check()

    assert not health.ok
    assert words in health.message
    with pytest.raises(BadSettings):
        list(source.pull(None))


@pytest.mark.parametrize("cursor", [{"v": 2, "n": 5}, {"v": 1, "n": -1}, {"v": 1, "n": "5"}, "5", [1], 7])
def test_a_foreign_cursor_is_refused(cursor: JSON) -> None:
    with pytest.raises(BadSettings, match="cursor"):
        list(SampleSource(channel_name="help-desk", end=END).pull(cursor))
