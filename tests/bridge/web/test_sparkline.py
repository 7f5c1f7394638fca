from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from bridge.web.sparkline import bars, described, sparkline

weeks = st.lists(st.integers(0, 10**6), max_size=60)


@given(weeks)
def test_pictures_are_well_formed_and_say_what_they_show(per_week: list[int]):
    for picture in (sparkline(per_week), bars(per_week)):
        root = ET.fromstring(picture)  # noqa: S314 - our own text

        assert root.get("role") == "img"
        assert root.get("aria-label") == described(per_week)
        assert "style" not in picture


@given(weeks)
def test_the_line_stays_inside_its_box(per_week: list[int]):
    points = re.search(r'points="([^"]*)"', sparkline(per_week))[1].split()

    assert len(points) == len(per_week)
    for point in points:
        x, y = map(float, point.split(","))
        assert 0 <= x <= 104
        assert 0 <= y <= 24


def test_the_greatest_week_is_highest():
    points = re.search(r'points="([^"]*)"', sparkline([0, 9, 3]))[1].split()
    heights = [float(point.split(",")[1]) for point in points]

    assert heights[1] < heights[2] < heights[0]


def test_described_names_the_greatest_and_the_latest_week():
    assert described([1, 9, 4]) == "3 weeks: max 9, this week 4"
    assert described([]) == "no weeks"


def test_a_week_with_anything_has_a_bar_and_an_empty_one_none():
    assert bars([0, 1, 1000]).count("<rect") == 2
