from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from builders import NOW, Bench, sixty

from bridge.report import neighbours, topic_detail, topic_reports
from bridge.simulate import simulate
from bridge.store.counts import totals
from bridge.times import stamp


@pytest.fixture
def done(in_topics: Bench):
    in_topics.sync()
    return in_topics


def test_times_are_told_in_utc_to_the_second():
    assert (
        stamp(datetime(2026, 3, 1, 1, 30, 5, 999, tzinfo=timezone(timedelta(hours=2))))
        == "2026-02-28T23:30:05Z"
    )


def test_topics_come_with_the_widest_reach_first_and_weeks_that_add_up(done: Bench):
    with done.database.reading() as session:
        reports = topic_reports(session, done.now)

    reach = [report.counts.reach for report in reports]
    assert reach == sorted(reach, reverse=True)
    for report in reports:
        assert sum(report.trend.per_week) == report.counts.mentions
        assert report.counts.first_seen <= report.counts.last_seen <= done.now


def test_what_was_said_after_the_clock_does_not_count_yet(done: Bench):
    early = NOW - timedelta(days=19, hours=12)
    with done.database.reading() as session:
        then = topic_reports(session, early)
        now = topic_reports(session, done.now)

    assert sum(r.counts.mentions for r in then) < sum(r.counts.mentions for r in now)
    assert all(r.counts.last_seen <= early for r in then)


def test_the_nearest_topics_are_others_and_their_scores_fall(done: Bench):
    with done.database.reading() as session:
        near = neighbours(session, 1)

    assert near
    assert "T-1" not in [other["topic"] for other in near]
    scores = [other["score"] for other in near]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_the_history_of_a_topic_names_who_did_what(done: Bench):
    with done.deciding("ben") as verbs:
        verbs.rename(1, "Lost suitcases")
        verbs.undo(1)
    with done.database.reading() as session:
        detail = topic_detail(session, done.now, 1)
        nobody = topic_detail(session, NOW - timedelta(days=400), 1)

    assert detail is not None
    assert nobody is None
    told = [(event["who"], event["what"]) for event in detail["history"]]
    assert told[0] == ("bridge", "found")
    assert ("ben", "rename (undone)") in told
    assert ("policy", "proposed a ticket") in told


def test_totals_are_a_recount(done: Bench):
    with done.database.reading() as session:
        found = dict(totals(session))

    assert found["items"] == found["statements"] == 60
    assert found["people"] == len({m.author.handle for m in sixty() if m.author})
    assert found["topics"] == len(done.reports())
    assert sum(found[name] for name in ("published", "repost", "out", "unsure") if name in found) == 60


def test_the_rules_on_the_past_say_on_which_day_a_topic_would_have_met_them(done: Bench):
    rows = simulate(done.context(), 30)

    assert {row["topic"] for row in rows} == {name for name, r in done.reports().items() if r["reach"] >= 5}
    assert [row["day"] for row in rows] == sorted(row["day"] for row in rows)
    assert all(row["mode"] == "review" and row["rule"] == "policy" for row in rows)
    first = min(rows, key=lambda row: row["day"])
    day = datetime.fromisoformat(first["day"]).replace(tzinfo=UTC, hour=12)
    done.now = day
    assert done.reports()[first["topic"]]["reach"] >= 5
    done.now = day - timedelta(days=1)
    assert done.reports().get(first["topic"], {"reach": 0})["reach"] < 5


def test_simulating_writes_nothing(done: Bench):
    before = done.tables()

    simulate(done.context(), 5)

    assert done.tables() == before
