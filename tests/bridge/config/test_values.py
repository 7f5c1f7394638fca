from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.model import Paths, Source
from bridge.config.values import duration_text, parse_duration, quoted


@given(seconds=st.integers(min_value=1, max_value=366 * 86_400))
def test_a_duration_is_read_as_it_was_written(seconds: int):
    length = timedelta(seconds=seconds)

    assert parse_duration(duration_text(length)) == length


@pytest.mark.parametrize(
    ("text", "minutes"), [("15m", 15), ("1h", 60), ("1d", 1440), ("1h30m", 90), ("90m", 90), (" 60s ", 1)]
)
def test_durations_mean_what_they_say(text: str, minutes: int):
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["", "0s", "15", "5 min", "-1h", "1m1h", "1.5h", "367d", "9999999999d", "٣h"]
)
def test_what_is_no_duration_is_refused_with_examples(text: str):
    with pytest.raises(ValueError, match='is not a duration such as "15m", "1h" or "1d"'):
        parse_duration(text)


def test_values_that_are_ready_are_taken_as_they_are():
    source = Source(name="a", connector="files", every=timedelta(minutes=5))
    paths = Paths(data=Path("a"), cache=Path("b"))

    assert source.every == timedelta(minutes=5)
    assert source.model_dump() == {"name": "a", "connector": "files", "every": "5m", "paused": False}
    assert paths.data == Path("a")


@given(text=st.text())
def test_a_quoted_text_is_short_and_printable(text: str):
    shown = quoted(text, 20)

    assert shown.isprintable()
    assert len(shown) <= 20 * 10 + 2
