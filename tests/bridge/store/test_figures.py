from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from builders import NOW, Bench
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import select

from bridge.models import Assignment, TopicFigures
from bridge.report import topic_reports
from bridge.store import figures
from bridge.store.views import GROWING, Shelf, came_back
from topics.trend import trend_by_source
from topics.trends import movements, table


@pytest.fixture
def done(in_topics: Bench):
    return in_topics


def test_a_run_leaves_figures_that_are_those_of_a_recount(done: Bench):
    with done.database.reading() as session:
        kept = session.exec(select(TopicFigures)).all()

        assert kept
        assert figures.wrong(session) == []


def test_what_changes_members_is_counted_anew_though_nobody_renewed(done: Bench):
    with done.deciding() as verbs:
        verbs.merge(2, 1)

    with done.database.reading() as session:
        one = figures.figures(session, done.now, [1])[1]
        touches = figures.touches_by_root(session, [1])
        recount = figures.count(session, done.now, [1], touches)[1]

    assert (one.mentions, one.reach) == (recount.mentions, recount.reach)
    assert np.array_equal(one.times, recount.times)


def test_figures_that_lie_are_found(done: Bench):
    with done.database.writing() as session:
        session.execute(update(TopicFigures).values(reach=TopicFigures.reach + 1))

    with done.database.reading() as session:
        assert "are not those of a recount" in figures.wrong(session)[0]


def test_the_past_is_counted_up_to_its_own_clock(done: Bench):
    early = NOW - timedelta(days=19, hours=12)

    with done.database.reading() as session:
        then = figures.figures(session, early)
        said = session.exec(select(Assignment).where(Assignment.topic == 1)).all()

    assert then[1].mentions == sum(1 for row in said if row.said_at <= early and row.status == "published")


def test_the_shelf_has_the_order_and_the_growing_ones_of_the_reports(done: Bench):
    with done.database.reading() as session:
        shelf, reports = Shelf(session, done.now), topic_reports(session, done.now)

    assert [topic.number for topic in shelf.topics] == [report.topic.number for report in reports]
    assert shelf.growing == {
        report.topic.number
        for report in reports
        if report.trend.burst or (report.trend.ratio or 0) >= GROWING
    }


weeks = st.lists(st.integers(0, 12), min_size=26, max_size=26)


@given(st.lists(st.tuples(weeks, weeks), min_size=1, max_size=3), st.lists(weeks, min_size=2, max_size=2))
def test_many_topics_at_once_move_as_each_by_itself(
    mentions: list[tuple[list[int], list[int]]], more: list[list[int]]
):
    names, moments = ("a", "b"), {}
    for topic, both in enumerate(mentions):
        for source, counts in zip(names, both, strict=True):
            moments[topic, source] = [
                NOW - timedelta(days=7 * (25 - week), hours=1)
                for week, count in enumerate(counts)
                for _ in range(count)
            ]
    volume = {name: [4 * count for count in counts] for name, counts in zip(names, more, strict=True)}
    columns = [(t, names.index(s), figures.micros(at)) for (t, s), times in moments.items() for at in times]
    topics, sources, times = np.array(columns, np.int64).reshape(-1, 3).T
    shape = (len(mentions), 2)

    counts = table(topics, sources, times, shape=shape, now=figures.micros(NOW))
    heard = counts.any(axis=2)
    found = movements(counts, np.array([volume[name] for name in names]), heard)

    for topic in range(len(mentions)):
        said = {name: moments[topic, name] for name in names if moments[topic, name]}
        known = {name: volume[name] for name in said}
        alone = trend_by_source(said, volume=known, now=NOW)
        assert tuple(found.per_week[topic].tolist()) == alone.per_week
        assert found.ratio[topic] == alone.ratio
        assert bool(found.burst[topic]) == alone.burst


def test_a_topic_comes_back_after_a_quiet_time_only():
    quiet, back = [0] * 26, [0] * 26
    back[2] = back[25] = 1
    quiet[2] = quiet[10] = 1

    assert came_back(np.array([quiet, back]), np.array([50, 150])).tolist() == [False, True]
