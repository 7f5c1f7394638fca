"""Issues out of JSON, however little of it there is, and ways through a workflow."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import TrackerError
from bridge.tracker import Version
from bridge.tracker.jira.answers import read_answer, saying, short
from bridge.tracker.jira.issues import FIELDS, remote
from bridge.tracker.jira.meta import Field, IssueType, choose, unfilled
from bridge.tracker.jira.workflow import way_to

SITE = "https://acme.example"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "key"), JSON)),
    st.dictionaries(st.sampled_from(FIELDS), JSON),
)
def test_any_json_is_an_issue(raw: dict[str, Any], fields: dict[str, Any]):
    found = remote({**raw, "fields": fields}, SITE)

    assert found.category in {"new", "indeterminate", "done"}
    assert found.updated is None or found.updated.tzinfo is UTC


def test_times_are_in_utc_and_days_are_days():
    fields = {
        "updated": "2026-11-21T20:30:00.000+0100",
        "resolutiondate": "2026-11-21T19:30:00.000+0000",
        "fixVersions": [{"name": "2.4", "released": True, "releaseDate": "2026-11-20"}, {"name": "3"}],
        "status": {"name": "Weird", "statusCategory": {"key": "undefined"}},
        "archiveddate": "2026-11-21T19:30:00.000+0000",
    }

    found = remote({"id": "1", "key": "WEB-1", "fields": fields}, SITE + "/")

    assert found.updated == found.resolved_at == datetime(2026, 11, 21, 19, 30, tzinfo=UTC)
    assert found.versions == (Version("2.4", True, date(2026, 11, 20)), Version("3"))
    assert (found.category, found.status, found.project) == ("new", "Weird", "WEB")
    assert found.url == "https://acme.example/browse/WEB-1"
    assert found.archived


@given(JSON, st.integers(100, 599))
def test_what_jira_says_is_one_short_line(body: Any, status: int):
    import json

    told = saying(read_answer(status, {}, json.dumps(body).encode()))

    assert len(told) <= 200
    assert "\n" not in told


@pytest.mark.parametrize(
    "body",
    [
        {"errorMessages": ["Too long."], "errors": {}},
        {"errorMessage": "Too long."},
        {"message": "Too long.", "status-code": 400},
        {"errors": ["Too long."]},
        {"errors": [{"message": "Too long."}]},
        {"errorMessages": None, "errors": None, "message": "Too long."},
    ],
)
def test_jiras_words_are_read_in_every_shape(body: Any):
    import json

    assert saying(read_answer(400, {}, json.dumps(body).encode())) == "Too long."


def test_addresses_of_people_are_masked_in_jiras_words():
    assert short("User 'ann.lee@example.com' has no right\r\n to do so") == (
        "User [e-mail]' has no right to do so"
    )


def way(number: str, to: str, **changes: Any) -> dict[str, Any]:
    return {"id": number, "name": number, "to": {"name": to, "statusCategory": {"key": to}}, **changes}


def required(name: str, **changes: Any) -> dict[str, Any]:
    return {name: {"required": True, "name": name.title(), **changes}}


def test_a_way_without_a_screen_goes_before_one_with():
    ways = [way("1", "done", hasScreen=True), way("2", "done", hasScreen=False), way("3", "new")]

    assert way_to("done", ways, "WEB-1") == (ways[1], {})


def test_a_way_that_only_a_person_can_go_is_passed_over():
    ways = [
        way("1", "done", fields=required("customfield_1")),
        way("2", "done", isAvailable=False),
        way(
            "3",
            "done",
            fields=required("resolution", allowedValues=[{"id": "7", "name": "Fixed"}, {"id": "8"}]),
        ),
    ]

    assert way_to("done", ways, "WEB-1") == (ways[2], {"resolution": {"id": "7"}})


def test_a_required_field_with_a_default_needs_nothing():
    ways = [way("1", "done", fields=required("customfield_1", hasDefaultValue=True))]

    assert way_to("done", ways, "WEB-1") == (ways[0], {})


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        ([], "TRANSITION_ISSUES"),
        ([way("1", "new"), way("2", "indeterminate")], "it leads to: indeterminate, new"),
        ([way("1", "done", fields=required("severity"))], "Severity, which only a person can fill"),
        ([way("1", "done", fields=required("resolution", allowedValues=[]))], "Resolution"),
    ],
)
def test_where_no_way_leads_the_error_says_why(ways: list[dict[str, Any]], told: str):
    with pytest.raises(TrackerError, match=told):
        way_to("done", ways, "WEB-1")


def test_a_required_field_with_a_default_and_those_we_send_need_nobody():
    screen = {
        name: Field(id=name, name=name, required=True, has_default=name == "priority")
        for name in ("summary", "project", "reporter", "priority", "labels", "severity")
    }

    assert [field.id for field in unfilled(screen, ["labels"])] == ["severity"]


def test_epics_and_subtasks_are_no_types_for_a_ticket():
    types = [IssueType(id="1", name="Sub-task", subtask=True), IssueType(id="2", name="Epic", level=1)]
    last = IssueType(id="3", name="Idea")

    assert choose("WEB", [*types, last], wanted="", kind="problem", names={}) is last
    with pytest.raises(TrackerError, match="CREATE_ISSUES"):
        choose("WEB", types[:1], wanted="", kind="problem", names={})
