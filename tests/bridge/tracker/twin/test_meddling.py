"""Faults that change the site while somebody works with it."""

from __future__ import annotations

import hashlib
import hmac
import json
from email.utils import parsedate_to_datetime

import pytest
from jira_twin import Caller, Twin


def test_a_frozen_index_thaws(twin, call):
    twin.fault("stale-index", route="POST /issue", seconds=60)
    made = call.make().json()

    assert call.keys("project = WEB") == []
    twin.advance(60)
    assert call.keys("project = WEB") == [made["key"]]


@pytest.mark.parametrize(
    ("name", "code", "detail"),
    [
        ("deleted", 404, {}),
        ("archived", 400, {}),
        ("limit-413", 413, {}),
        ("conflict", 409, {}),
        ("permission-lost", 403, {"permissions": ["EDIT_ISSUES"]}),
        ("permission-lost", 404, {}),
        ("project-gone", 404, {}),
        ("field-off-screen", 400, {"field": "summary"}),
        ("moved", 204, {"to": "OPS"}),
        ("project-gone", 204, {"key": "NEW"}),
        ("second-bridge", 204, {}),
    ],
)
def test_the_site_changes_right_before_a_write(twin, call, name, code, detail):
    made = call.make().json()
    twin.fault(name, route="PUT /issue/{id}", **detail)

    assert call("PUT", f"/issue/{made['key']}", {"fields": {"summary": "Ours"}}).status_code == code
    assert (twin.issue(made["id"]).fields["summary"] == "Ours") == (code == 204)


def test_a_field_becomes_required_between_two_creates(twin, call):
    call.make()
    twin.fault("required-field", route="POST /issue", field="customfield_10077", title="Team")

    assert call.make().json()["errors"] == {"customfield_10077": "Team is required."}


@pytest.mark.parametrize(
    ("mode", "code"), [("removed", 400), ("renamed", 400), ("resolution", 400), ("conflict", 409)]
)
def test_a_transition_goes_away(twin, call, mode, code):
    issue = call.make().json()["id"]
    twin.fault("transition-gone", route="POST /issue/{id}/transitions", mode=mode)

    answer = call("POST", f"/issue/{issue}/transitions", {"transition": {"id": "31"}})

    assert answer.status_code == code
    assert twin.issue(issue).category == "new"


def test_a_person_edits_between_our_read_and_our_write(twin, call):
    issue = call.make().json()["id"]
    twin.fault(
        "person-edits", route="GET /issue/{id}", when="after", fields={"summary": "By hand"}, close=True
    )

    seen = call("GET", f"/issue/{issue}").json()["fields"]["summary"]

    assert seen == "Export fails"
    assert twin.issue(issue).fields["summary"] == "By hand"
    assert twin.issue(issue).category == "done"


def test_a_second_bridge_makes_the_same_issue_first(twin, call):
    twin.fault("second-bridge", route="POST /issue")

    call.make(labels=["fbb-0123456789ab"])

    assert len(call.keys("labels = fbb-0123456789ab")) == 2
    assert [effect.actor for effect in twin.journal] == ["bridge2", "bot"]


@pytest.mark.parametrize("mode", ["expired", "repeating"])
def test_a_page_token_goes_bad(cloud, on_cloud, mode):
    for _ in range(3):
        on_cloud.make()
    cloud.fault("page-token", mode=mode, times=None)
    first = on_cloud("GET", "/search/jql", jql="project = WEB", maxResults=1).json()

    second = on_cloud(
        "GET", "/search/jql", jql="project = WEB", maxResults=1, nextPageToken=first["nextPageToken"]
    )

    if mode == "expired":
        assert second.status_code == 400
    else:
        assert second.json()["nextPageToken"] == first["nextPageToken"]
        assert second.json()["issues"] == first["issues"]


def test_a_skewed_clock_shows_in_times_and_the_date(twin, call):
    twin.fault("clock-skew", seconds=-7200)

    answer = call.make()

    assert parsedate_to_datetime(answer.headers["Date"]).hour == 17
    assert "T17:30:00" in call("GET", f"/issue/{answer.json()['id']}").json()["fields"]["created"]


def test_webhooks_are_signed_and_can_come_wrong(twin, call):
    issue = call.make().json()["id"]
    twin.as_person().close(issue)

    def right(delivery):
        headers, body = delivery
        own = "sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest()
        return headers.get("X-Hub-Signature") == own

    usual = twin.webhooks("secret")
    double = twin.webhooks("secret", "duplicate")
    twin.fault("webhook", mode="bad-signature")
    call("GET", "/myself")

    assert [json.loads(body)["webhookEvent"] for _, body in usual] == [
        "jira:issue_created",
        "jira:issue_updated",
    ]
    assert all(map(right, usual))
    assert (
        len({head["X-Atlassian-Webhook-Identifier"] for head, _ in double}) == len(usual) == len(double) / 2
    )
    assert twin.webhooks("secret", "out-of-order")[0][1] == usual[1][1]
    assert not any(map(right, twin.webhooks("secret")))


def test_hooks_run_right_before_a_request_and_right_after_a_read(twin, call):
    issue = call.make().json()["id"]
    ann = twin.as_person("ann")
    before = twin.before("PUT /issue/{id}", lambda: ann.add_label(issue, "before"), times=1)
    twin.after_read(
        "GET /issue/{id}", lambda request: ann.edit(request.params["id"], summary="After"), times=1
    )

    read = call("GET", f"/issue/{issue}").json()
    call("PUT", f"/issue/{issue}", {"update": {"labels": [{"add": "ours"}]}})

    assert read["fields"]["summary"] == "Export fails"
    assert twin.issue(issue).fields["summary"] == "After"
    assert twin.issue(issue).labels[-2:] == ["before", "ours"]
    assert before.hits == 1


def test_a_hook_that_fails_is_a_500_and_kept():
    with Twin("dc", fake_clock=True) as twin, Caller(twin) as call:
        twin.before("GET /myself", lambda: 1 / 0)

        assert call("GET", "/myself").status_code == 500
        assert "ZeroDivisionError" in twin.errors[0]
        assert call("GET", "/project/WEB").status_code == 200
