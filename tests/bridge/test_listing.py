from __future__ import annotations

from datetime import timedelta

import pytest
from builders import Bench
from sqlmodel import col, select

from bridge.listing import listed
from bridge.models import Assignment, Topic
from bridge.report import topic_reports
from bridge.store.views import Shelf


@pytest.fixture
def done(in_topics: Bench):
    return in_topics


@pytest.mark.parametrize("seconds", [0, 17, 59, 86_400 * 40], ids=str)
@pytest.mark.parametrize("until", [0, 60], ids=["at once", "to the end of a minute"])
def test_a_list_of_a_shelf_is_that_of_the_reports(done: Bench, seconds: int, until: int):
    with done.database.reading() as session:
        shelf = Shelf(session, done.now, until=done.now + timedelta(seconds=until))
        now = done.now + timedelta(seconds=seconds)

        found = listed(session, shelf, now, shelf.topics)

        assert found == [report.as_json() for report in topic_reports(session, now)]
        assert len(found) > 3


def test_a_list_keeps_the_order_it_was_asked_for_in(done: Bench):
    with done.database.reading() as session:
        shelf = Shelf(session, done.now)
        asked = [shelf.topics[2], shelf.topics[0]]

        found = listed(session, shelf, done.now, asked)
        alone = {row["id"]: row for row in listed(session, shelf, done.now, shelf.topics)}

    assert found == [alone[f"T-{topic.number}"] for topic in asked]


@pytest.mark.parametrize("minutes", [-6, 0, 4, 6])
def test_what_is_said_after_the_clock_is_counted_when_its_time_has_come(done: Bench, minutes: int):
    with done.database.writing() as session:
        member = session.exec(select(Assignment).where(col(Assignment.topic) == 1)).first()
        assert member is not None
        member.said_at = done.now + timedelta(minutes=5)
        session.exec(select(Topic).where(Topic.number == 1)).one().touched += 1

    with done.database.reading() as session:
        shelf, now = Shelf(session, done.now), done.now + timedelta(minutes=minutes)

        found = listed(session, shelf, now, shelf.topics)

        assert found == [report.as_json() for report in topic_reports(session, now)]


def test_no_topics_are_an_empty_list(done: Bench):
    with done.database.reading() as session:
        shelf = Shelf(session, done.now)

        assert listed(session, shelf, done.now, []) == []
        assert listed(session, shelf, done.now + timedelta(seconds=1), []) == []
