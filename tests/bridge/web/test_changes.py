"""What will change in the tracker, and what was done: the pages and their twins."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from markupsafe import escape
from sqlmodel import select

from bridge.models import Audit, BacklogIssue, Mirror
from bridge.pipeline.deciding import decide_all
from bridge.pipeline.planning import make_plan
from bridge.render.markdown import Markdown
from bridge.store.audit import record
from bridge.web.desk import Desk
from bridge.web.render import Renderer

OPEN = 40
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def planned(full: Any) -> Any:
    """A company with a ticket to create, one to update, and a proposal."""
    full.topic(4, "Seat map <freezes>")
    full.said("The seat map freezes", topic=4, speaker="p1")
    full.ticket(4, "approved", marker="m4", title="Seat map")
    full.ticket(3, "open", id=OPEN, key="FB-9", remote_id="9", marker="m3", reported={"mentions": 0})
    return full


def log(company: Any, now: datetime, *rows: tuple[str, str, str, dict[str, Any]]):
    with company.database.writing() as session:
        for place, (actor, verb, subject, details) in enumerate(rows):
            record(session, now - timedelta(hours=len(rows) - place), actor, verb, subject, details)


def test_the_page_shows_each_change_field_by_field(planned: Any, strictly: Callable[[str], Any]):
    answer = planned.browser().get("/changes")

    strictly(answer.text)
    assert answer.status_code == 200
    assert "To create" in answer.text
    assert "To update" in answer.text
    assert "Seat map &lt;freezes&gt;" in answer.text
    assert "mentions" in answer.text


def test_the_twin_is_the_plan_of_the_command_line(planned: Any, now: datetime):
    desk = Desk(planned.database, planned.settings(), lambda: now, Renderer())
    context = desk.context()
    expected = make_plan(context, decide_all(context), Markdown()).as_json()

    found = planned.browser().get("/changes.json").json()

    assert found == expected
    assert {"create", "update"} <= {change["action"] for change in found["changes"]}


def test_the_file_has_a_line_for_each_field_and_no_formula(planned: Any):
    planned.topic(5, FORMULA)
    planned.said("Sum", topic=5, speaker="p2")
    planned.ticket(5, "approved", marker="m5", title="Sum")

    rows = list(csv.DictReader(io.StringIO(planned.browser().get("/changes.csv").text)))

    titles = {row["after"] for row in rows if row["field"] == "title"}
    assert f"'{FORMULA}" in titles
    assert FORMULA not in titles


def test_looking_sends_nothing_and_calls_no_tracker(planned: Any):
    planned.browser().get("/changes")

    with planned.database.reading() as session:
        assert [issue.key for issue in session.exec(select(BacklogIssue))] == ["FB-1"]
        assert session.exec(select(Audit)).all() == []


def test_the_page_says_when_the_tracker_was_last_read(planned: Any, now: datetime):
    assert "No issue was read there yet" in planned.browser().get("/changes").text

    planned.add(Mirror(ticket_id=OPEN, seen_at=now - timedelta(hours=5)))

    assert "last read" in planned.browser().get("/changes").text
    assert "5 hours ago" in planned.browser().get("/changes").text


def test_a_plan_is_kept_until_something_is_committed(planned: Any):
    browser = planned.browser()
    browser.get("/changes")
    with planned.counting_queries() as queries:
        browser.get("/changes")
    again = len(queries)

    planned.topic(6, "Late again")
    planned.said("Late", topic=6, speaker="p3")
    planned.ticket(6, "approved", marker="m6", title="Late again")

    assert again <= 12
    assert "Late again" in browser.get("/changes").text


def test_what_only_a_person_can_end_is_shown_with_the_next_step(planned: Any, now: datetime):
    planned.add(Mirror(ticket_id=OPEN, gone_at=now, seen_at=now))

    expected = planned.browser().get("/changes.json").json()["needs_person"]

    page = planned.browser().get("/changes").text
    assert [person["ticket"] for person in expected] == ["FB-9"]
    assert all(escape(person["next_step"]) in page for person in expected)


def test_the_log_tells_who_did_what_the_latest_first(
    full: Any, now: datetime, strictly: Callable[[str], Any]
):
    log(full, now, ("ana", "approve", "T-1", {"rule": "policy"}), ("bo", "snooze", "T-2", {"until": "<b>"}))

    answer = full.browser().get("/changes/log")

    strictly(answer.text)
    assert answer.text.index("snooze</th>") < answer.text.index("approve</th>")
    assert "until &lt;b&gt;" in answer.text


@pytest.mark.parametrize(
    ("asked", "expected"), [("actor=ana", ["T-1", "T-2"]), ("verb=snooze", ["T-3"]), ("topic=t-2", ["T-2"])]
)
def test_the_log_is_narrowed_by_who_what_and_topic(full: Any, now: datetime, asked: str, expected: list[str]):
    log(full, now, ("ana", "approve", "T-1", {}), ("bo", "snooze", "T-3", {}), ("ana", "approve", "T-2", {}))

    found = full.browser().get(f"/changes/log.json?{asked}").json()

    assert sorted(row["subject"] for row in found) == expected
    assert set(found[0]) == {"id", "at", "actor", "verb", "subject", "details"}


def test_the_log_as_a_file_runs_no_formula(full: Any, now: datetime):
    log(full, now, (FORMULA, "approve", "T-1", {"n": 1}))

    row = next(csv.DictReader(io.StringIO(full.browser().get("/changes/log.csv").text)))

    assert row["actor"] == f"'{FORMULA}"
    assert row["details"] == '{"n": 1}'


def test_a_name_that_the_log_does_not_hold_is_refused_in_words(full: Any):
    answer = full.browser().get("/changes/log.json?actor=nobody")

    assert answer.status_code == 400
    assert "nobody" in answer.json()["error"]["message"]


def test_the_log_comes_in_pages(full: Any, now: datetime):
    log(full, now, *[("ana", "approve", f"T-{number}", {}) for number in range(1, 61)])

    second = full.browser().get("/changes/log?actor=ana&page=2").text

    assert second.count("<tr>") == 11
    assert "/changes/log?actor=ana&amp;page=1" in second
