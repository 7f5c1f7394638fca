"""The trends side by side: their numbers, bursts and gaps."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.models import SourceGap
from bridge.report import topic_reports


@pytest.fixture
def bursting(empty: Any) -> Any:
    """A topic said once a week, then twelve times in the last one, and a week that lacks its source."""
    empty.topic(1, "Bags <late>")
    empty.topic(2, "Refund")
    for week in range(1, 20):
        empty.said(days=7 * week + 3, topic=1)
        for _ in range(3):
            empty.said(days=7 * week + 2, topic=2)
    for _ in range(12):
        empty.said(days=2, topic=1)
    return empty


def gap(company: Any, now: datetime, source: str):
    company.add(
        SourceGap(source=source, seen_at=now, since=now - timedelta(days=18), until=now - timedelta(days=16))
    )


def test_the_numbers_are_those_of_the_list_of_topics(bursting: Any, now: datetime):
    with bursting.database.reading() as session:
        expected = {report.id: report.as_json() for report in topic_reports(session, now)}

    found = bursting.browser().get("/trends.json").json()

    assert {row["id"]: {**row, "bursts": None, "gaps": None} for row in found} == {
        name: {**row, "bursts": None, "gaps": None} for name, row in expected.items()
    }


def test_a_week_far_above_the_rest_is_marked_as_a_burst(
    bursting: Any, now: datetime, strictly: Callable[[str], Any]
):
    page = bursting.browser().get("/trends").text

    strictly(page)
    assert page.count('class="burst"') == 1
    assert f"▲ burst in the week of {now - timedelta(days=7):%Y-%m-%d}" in page


def test_a_week_that_lacks_a_source_is_marked(bursting: Any, now: datetime):
    gap(bursting, now, "reviews")

    found = {row["id"]: row["gaps"] for row in bursting.browser().get("/trends.json").json()}

    week = f"{now - timedelta(days=21):%Y-%m-%d}"
    assert found["T-1"] == [{"week": week, "sources": ["reviews"]}]
    assert 'class="gap"' in bursting.browser().get("/trends").text


def test_a_gap_of_another_source_marks_nothing(bursting: Any, now: datetime):
    gap(bursting, now, "tweets")

    assert all(row["gaps"] == [] for row in bursting.browser().get("/trends.json").json())


def test_only_the_topics_of_the_most_people_are_shown(empty: Any):
    for number in range(1, 15):
        empty.topic(number, f"Topic {number}")
        for speaker in range(number):
            empty.said(topic=number, speaker=f"p{speaker}")

    found = [row["id"] for row in empty.browser().get("/trends.json").json()]

    assert found == [f"T-{number}" for number in range(14, 2, -1)]


def test_the_file_has_a_line_for_each_week(bursting: Any):
    rows = list(csv.DictReader(io.StringIO(bursting.browser().get("/trends.csv").text)))

    assert len(rows) == 2 * 26
    assert [row["mentions"] for row in rows if row["burst"] == "yes"] == ["12"]
