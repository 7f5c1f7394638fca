"""Searching, with its index that lags."""

from __future__ import annotations

import pytest
from jira_twin import Caller, Twin


def test_the_old_search_is_gone_on_cloud(on_cloud):
    answer = on_cloud("GET", "/search", jql="project = WEB")

    assert answer.status_code == 410
    assert "CHANGE-2046" in answer.json()["errorMessages"][0]


def test_the_new_search_is_unknown_on_data_center():
    with Twin("dc", fake_clock=True) as twin:
        call = Caller(twin)
        assert call("GET", "/search/jql", jql="project = WEB").status_code == 404
        assert call("GET", "/search", jql="project = WEB").json()["total"] == 0
        call.session.close()


def test_cloud_pages_by_token_without_a_total(cloud, on_cloud):
    for number in range(5):
        on_cloud.make(f"Issue {number}")
    body = {"jql": "project = WEB ORDER BY id ASC", "fields": ["summary"], "maxResults": 2}

    seen, token, pages = [], None, 0
    while pages == 0 or token:
        page = on_cloud("POST", "/search/jql", body | ({"nextPageToken": token} if token else {})).json()
        seen += [one["fields"]["summary"] for one in page["issues"]]
        token, pages = page.get("nextPageToken"), pages + 1

    assert seen == [f"Issue {number}" for number in range(5)]
    assert pages == 3
    assert "total" not in page
    assert page["isLast"] is True


def test_cloud_answers_with_ids_only_unless_asked(on_cloud):
    made = on_cloud.make().json()

    assert on_cloud("GET", "/search/jql", jql="project = WEB").json()["issues"] == [{"id": made["id"]}]


def test_a_page_token_expires_after_a_week_and_belongs_to_its_query(cloud, on_cloud):
    for _ in range(3):
        on_cloud.make()
    token = on_cloud("GET", "/search/jql", jql="project = WEB", maxResults=1).json()["nextPageToken"]

    other = on_cloud("GET", "/search/jql", jql="labels = x", maxResults=1, nextPageToken=token)
    cloud.advance(8 * 24 * 3600)
    late = on_cloud("GET", "/search/jql", jql="project = WEB", maxResults=1, nextPageToken=token)

    assert (other.status_code, late.status_code) == (400, 400)


def test_data_center_pages_by_number(dc, on_dc):
    for number in range(5):
        on_dc.make(f"Issue {number}")

    page = on_dc("GET", "/search", jql="project = WEB ORDER BY created", startAt=3, maxResults=50).json()

    assert (page["total"], page["startAt"], len(page["issues"])) == (5, 3, 2)


@pytest.mark.parametrize(
    ("jql", "words"),
    [
        ("ORDER BY created DESC", "Unbounded JQL"),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("project = 99", "A value with ID '99' does not exist for the field 'project'."),
        ("nonsense = 1", "Field 'nonsense' does not exist"),
        ("status = Nowhere", "The value 'Nowhere' does not exist for the field 'status'."),
        ("project = WEB AND", "Error in the JQL Query"),
        ('labels = "open', "Error in the JQL Query"),
        ("key = WEB-999", "An issue with key 'WEB-999' does not exist"),
        ("created >= soon", "Date value 'soon'"),
    ],
)
def test_a_bad_query_is_refused_with_reasons(on_cloud, jql, words):
    answer = on_cloud.search(jql)

    assert answer.status_code == 400
    assert words in answer.json()["errorMessages"][0]
    assert answer.json()["warningMessages"] == []


@pytest.mark.parametrize(
    ("jql", "found"),
    [
        ("project = WEB", "abc"),
        ("project = web AND labels = red", "a"),
        ("labels in (red, blue)", "ab"),
        ("labels not in (red)", "b"),
        ("labels is EMPTY", "c"),
        ('NOT labels = "red"', "bc"),
        ("labels = unheard-of", ""),
        ("statusCategory = Done", "b"),
        ("statusCategory != done", "ac"),
        ('status = "To Do" OR resolution = Done', "abc"),
        ("resolution is EMPTY AND issuetype = Bug", "ac"),
        ("resolution = Unresolved", "ac"),
        ('text ~ "needle"', "a"),
        ('summary ~ "needle"', ""),
        ('summary ~ "\\"second issue\\""', "b"),
        ('summary ~ "iss*"', "abc"),
        ("(labels = red OR labels = blue) AND NOT statusCategory = Done", "a"),
        ("created >= -15m", "c"),
        ("resolutiondate >= -2h", "b"),
        ('created >= "2026-11-21 20:00"', "c"),
    ],
)
def test_queries_find_what_they_say(twin, call, jql, found):
    first = call.make("first issue", labels=["red"], description=call.text("a needle")).json()
    second = call.make("second issue", labels=["blue"]).json()
    twin.as_person().close(second["id"])
    twin.advance(3600)
    third = call.make("third issue", labels=[]).json()

    names = {first["key"]: "a", second["key"]: "b", third["key"]: "c"}

    assert "".join(sorted(names[key] for key in call.keys(jql))) == found


def test_ids_and_keys_are_searched_and_ordered(twin, call):
    made = [call.make().json() for _ in range(3)]

    by_id = call.keys(f"id in ({made[0]['id']}, {made[2]['id']}) ORDER BY key DESC")
    by_key = call.keys(f"key in ({made[1]['key']}, {made[2]['key']}) ORDER BY created ASC, id ASC")

    assert by_id == [made[2]["key"], made[0]["key"]]
    assert by_key == [made[1]["key"], made[2]["key"]]


def test_the_index_lags_but_reads_do_not(twin, call):
    twin.index_lag = 30
    made = call.make().json()

    assert call.keys("project = WEB") == []
    assert call("GET", f"/issue/{made['id']}").status_code == 200
    twin.advance(29)
    assert call.keys("project = WEB") == []
    twin.advance(1)
    assert call.keys("project = WEB") == [made["key"]]


def test_old_labels_and_deleted_issues_stay_in_a_lagging_index(twin, call):
    made = call.make(labels=["old"]).json()
    twin.index_lag = 30
    twin.as_person().edit(made["id"], labels=["new"])
    assert call.keys("labels = old") == [made["key"]]

    twin.as_person().delete(made["id"])
    twin.advance(10)

    assert call.keys("labels = old") == [made["key"]]
    twin.advance(20)
    assert call.keys("labels = old OR labels = new") == []


def test_reconciled_issues_are_seen_at_once(cloud, on_cloud):
    cloud.index_lag = 600
    made = on_cloud.make().json()

    body = {"jql": "project = WEB", "fields": ["key"], "reconcileIssues": [int(made["id"])]}
    many = body | {"reconcileIssues": list(range(51))}

    assert on_cloud("POST", "/search/jql", body).json()["issues"][0]["key"] == made["key"]
    assert on_cloud("POST", "/search/jql", many).status_code == 400


def test_under_a_random_lag_a_later_issue_can_be_seen_first():
    with Twin("cloud", seed=1, index_lag=(0, 60), fake_clock=True) as twin, Caller(twin) as call:
        made = [call.make().json()["key"] for _ in range(10)]
        twin.advance(30)
        seen = call.keys("project = WEB ORDER BY id ASC")
        twin.advance(30)

        assert 0 < len(seen) < 10
        assert seen != made[: len(seen)]
        assert call.keys("project = WEB ORDER BY id ASC") == made
