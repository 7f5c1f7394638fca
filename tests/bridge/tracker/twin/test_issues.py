"""Issues are made, read, changed and lost as in Jira."""

from __future__ import annotations

from datetime import datetime

import pytest


def kinds(twin):
    return [effect.kind for effect in twin.journal]


def test_a_created_issue_is_read_by_id_key_and_key_in_small_letters(twin, call):
    made = call.make().json()

    for name in (made["id"], made["key"], made["key"].lower()):
        assert call("GET", f"/issue/{name}").json()["id"] == made["id"]
    assert isinstance(made["id"], str)
    assert kinds(twin) == ["create"]


def test_label_and_property_travel_in_the_create_request(twin, call):
    value = {"v": 1, "topic": "T-1"}
    fields = {
        "project": {"key": "WEB"},
        "issuetype": {"name": "Bug"},
        "summary": "One",
        "labels": ["fbb-1f3a"],
    }
    made = call(
        "POST", "/issue", {"fields": fields, "properties": [{"key": "feedback-bridge", "value": value}]}
    )

    read = call("GET", f"/issue/{made.json()['id']}/properties/feedback-bridge")

    assert made.status_code == 201
    assert read.json() == {"key": "feedback-bridge", "value": value}
    assert call.keys('labels = "fbb-1f3a"') == [made.json()["key"]]
    (issue,) = twin.issues("WEB")
    assert issue.properties == {"feedback-bridge": value}


def test_ids_rise_with_gaps(twin, call):
    ids = [int(call.make().json()["id"]) for _ in range(20)]

    assert ids == sorted(ids)
    assert ids[-1] - ids[0] > 19


def test_times_are_written_as_jira_writes_them(call):
    made = call.make().json()

    created = call("GET", f"/issue/{made['id']}").json()["fields"]["created"]

    assert created == "2026-11-21T19:30:00.000+0000"
    assert datetime.strptime(created, "%Y-%m-%dT%H:%M:%S.%f%z")


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"summary": ""}, "summary", "You must specify a summary of the issue."),
        ({"summary": "x" * 256}, "summary", "Summary can't exceed 255 characters."),
        ({"summary": "a\nb"}, "summary", "newline characters"),
        ({"labels": ["a b"]}, "labels", "The label 'a b' contains spaces which is invalid."),
        ({"labels": ["x" * 256]}, "labels", "255"),
        ({"customfield_99999": 1}, "customfield_99999", "It is not on the appropriate screen, or unknown."),
        ({"issuetype": {"name": "Nonsense"}}, "issuetype", "The issue type selected is invalid."),
        ({"project": {"key": "NOPE"}}, "project", "valid project is required"),
    ],
)
def test_a_wrong_field_is_refused_by_name_and_nothing_is_made(twin, call, wrong, field, words):
    answer = call.make(**({"summary": "ok"} | wrong))

    assert answer.status_code == 400
    assert words in answer.json()["errors"][field]
    assert twin.issues() == []


def test_a_required_field_is_asked_for_by_its_name(twin, call):
    twin.project("WEB", required={"Bug": {"customfield_10050": "Severity"}})

    assert call.make().json()["errors"] == {"customfield_10050": "Severity is required."}
    assert call.make(customfield_10050="high").status_code == 201
    assert call.make(kind="Task").status_code == 201


def test_custom_fields_keep_their_kind(twin, call):
    twin.project("WEB", fields={"customfield_10060": ("Reach", "number")})

    refused = call.make(customfield_10060="many")
    made = call.make(customfield_10060=41)

    assert refused.json()["errors"] == {"customfield_10060": "Operation value must be a number"}
    assert call("GET", f"/issue/{made.json()['id']}").json()["fields"]["customfield_10060"] == 41


def test_labels_are_added_and_removed_one_by_one(twin, call):
    made = call.make(labels=["ours", "theirs"]).json()

    for _ in range(2):
        body = {"update": {"labels": [{"add": "new"}, {"remove": "ours"}]}}
        assert call("PUT", f"/issue/{made['id']}", body, notifyUsers="false").status_code == 204

    assert twin.issue(made["id"]).labels == ["theirs", "new"]
    assert kinds(twin) == ["create", "label add", "label remove"]
    assert len(twin.issue(made["id"]).history) == 1


def test_the_same_field_in_fields_and_update_is_refused(twin, call):
    made = call.make().json()

    body = {"fields": {"labels": ["a"]}, "update": {"labels": [{"add": "b"}]}}
    answer = call("PUT", f"/issue/{made['id']}", body)

    assert answer.status_code == 400
    assert "labels" in answer.json()["errors"]
    assert twin.issue(made["id"]).labels == ["fbb-0123456789ab"]


def test_the_changelog_tells_every_field_with_its_author(twin, call):
    made = call.make().json()
    call("PUT", f"/issue/{made['id']}", {"fields": {"summary": "New", "description": call.text("One\nTwo")}})
    twin.as_person("ann").edit(made["id"], summary="By hand")

    entries = call("GET", f"/issue/{made['id']}", expand="changelog").json()["changelog"]["histories"]

    by_hand, ours = entries
    assert by_hand["author"]["displayName"] == "Ann"
    assert [(one["field"], one["fromString"], one["toString"]) for one in by_hand["items"]] == [
        ("summary", "New", "By hand")
    ]
    assert {one["field"]: one["toString"] for one in ours["items"]} == {
        "summary": "New",
        "description": "One\nTwo",
    }


def test_cloud_pages_the_changelog_from_the_oldest(cloud, on_cloud):
    made = on_cloud.make().json()
    for number in range(3):
        cloud.as_person().edit(made["id"], summary=f"Title {number}")

    page = on_cloud("GET", f"/issue/{made['id']}/changelog", startAt=1, maxResults=1).json()

    assert page["total"] == 3
    assert page["isLast"] is False
    assert page["values"][0]["items"][0]["toString"] == "Title 1"
    assert page["values"][0]["items"][0]["fieldId"] == "summary"


def test_a_deleted_issue_is_gone_from_everywhere(twin, call):
    made = call.make().json()
    assert call("DELETE", f"/issue/{made['id']}").status_code == 204

    answer = call("GET", f"/issue/{made['id']}")

    assert answer.status_code == 404
    assert answer.json()["errorMessages"] == ["Issue does not exist or you do not have permission to see it."]
    assert call.keys("project = WEB") == []
    assert twin.issue(made["id"]).deleted


def test_a_moved_issue_answers_to_its_old_key_with_the_new_one(twin, call):
    made = call.make().json()
    twin.project("OPS", style="team", types=("Task",))

    key = twin.as_person().move(made["id"], "OPS")

    assert key.startswith("OPS-")
    assert call("GET", f"/issue/{made['key']}").json()["key"] == key
    assert call("GET", f"/issue/{made['id']}").json()["fields"]["issuetype"]["name"] == "Task"


def test_an_archived_issue_is_read_but_neither_found_nor_written(twin, call):
    made = call.make().json()
    twin.as_person().archive(made["id"])

    assert call("GET", f"/issue/{made['id']}").status_code == 200
    assert call.keys("project = WEB") == []
    assert call("PUT", f"/issue/{made['id']}", {"fields": {"summary": "x"}}).status_code == 400
    assert call("POST", f"/issue/{made['id']}/comment", {"body": call.text("x")}).status_code == 400


def test_bulk_fetch_reads_by_id_and_key_and_names_the_missing(cloud, on_cloud):
    first, second = on_cloud.make().json(), on_cloud.make().json()

    body = {"issueIdsOrKeys": [first["id"], second["key"], "99"], "fields": ["status"]}
    read = on_cloud("POST", "/issue/bulkfetch", body).json()

    assert [one["id"] for one in read["issues"]] == [first["id"], second["id"]]
    assert [one["id"] for one in read["issueErrors"]] == ["99"]
    many = {"issueIdsOrKeys": [str(n) for n in range(101)]}
    assert on_cloud("POST", "/issue/bulkfetch", many).status_code == 400
