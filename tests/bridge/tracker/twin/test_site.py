"""Workflows, projects, people, and who may ask."""

from __future__ import annotations

import pytest
import requests
from jira_twin import Caller, Twin, adf


def test_done_sets_a_resolution_and_reopening_clears_it(twin, call):
    issue = call.make().json()["id"]

    def go(category):
        ways = call("GET", f"/issue/{issue}/transitions", expand="transitions.fields").json()["transitions"]
        way = next(one["id"] for one in ways if one["to"]["statusCategory"]["key"] == category)
        code = call("POST", f"/issue/{issue}/transitions", {"transition": {"id": way}}).status_code
        return code, twin.issue(issue).category, twin.issue(issue).resolution

    assert go("done") == (204, "done", "Done")
    assert go("new") == (204, "new", None)


def test_a_classic_workflow_asks_for_a_resolution_on_its_screen(twin, call):
    twin.project("OLD", workflow="classic", reopen_clears=False)
    issue = call.make(project="OLD").json()["id"]
    path = f"/issue/{issue}/transitions"

    ways = {one["name"]: one for one in call("GET", path, expand="transitions.fields").json()["transitions"]}
    bare = call("POST", path, {"transition": {"id": "5"}})
    full = call("POST", path, {"transition": {"id": "5"}, "fields": {"resolution": {"name": "Won't Do"}}})
    stale = call("POST", path, {"transition": {"id": "5"}})
    call("POST", path, {"transition": {"id": "3"}})

    assert ways["Resolve Issue"]["fields"]["resolution"]["required"] is True
    assert bare.json()["errors"] == {"resolution": "Resolution is required."}
    assert full.status_code == 204
    assert stale.json()["errorMessages"] == ["Transition id '5' is not valid for this issue."]
    assert (twin.issue(issue).status, twin.issue(issue).resolution) == ("Reopened", "Won't Do")


def test_a_field_that_is_not_on_the_transition_screen_is_refused(twin, call):
    issue = call.make().json()["id"]

    body = {"transition": {"id": "31"}, "fields": {"resolution": {"name": "Done"}}}
    answer = call("POST", f"/issue/{issue}/transitions", body)

    assert "cannot be set" in answer.json()["errors"]["resolution"]
    assert twin.issue(issue).category == "new"


def test_without_the_permission_there_are_no_transitions(twin, call):
    issue = call.make().json()["id"]
    twin.deny("WEB", "TRANSITION_ISSUES")

    assert call("GET", f"/issue/{issue}/transitions").json()["transitions"] == []


def test_createmeta_is_paged_under_the_names_of_each_flavour(twin, call):
    twin.project("WEB", required={"Bug": {"customfield_10050": "Severity"}})
    lists = {"cloud": ("issueTypes", "fields"), "dc": ("values", "values")}[twin.flavour]

    page = call("GET", "/issue/createmeta/WEB/issuetypes", maxResults=2).json()
    number = page[lists[0]][0]["id"]
    fields = call("GET", f"/issue/createmeta/WEB/issuetypes/{number}").json()[lists[1]]

    assert (len(page[lists[0]]), page["total"]) == (2, 3)
    required = {one["name"] for one in fields if one["required"] and not one["hasDefaultValue"]}
    assert required == {"Summary", "Issue Type", "Project", "Severity"}


def test_createmeta_gives_200_at_once_and_no_more():
    with Twin("cloud") as twin, Caller(twin) as call:
        answer = call("GET", "/issue/createmeta/WEB/issuetypes", maxResults=201)

    assert answer.json()["errorMessages"] == ["Parameter 'maxResults' must not exceed the limit '200'"]
    assert answer.json()["httpStatusCode"] == {"empty": False, "present": True}


def test_a_team_managed_project_has_its_own_ids(cloud, on_cloud):
    cloud.project("TEAM", style="team")

    ours = on_cloud("GET", "/project/TEAM").json()
    theirs = on_cloud("GET", "/project/WEB").json()

    assert (ours["style"], ours["simplified"]) == ("next-gen", True)
    assert {one["id"] for one in ours["issueTypes"]}.isdisjoint(one["id"] for one in theirs["issueTypes"])
    assert ours["issueTypes"][0]["scope"]["project"]["id"] == ours["id"]


@pytest.mark.parametrize("kind", ["service_desk", "product_discovery"])
def test_a_project_tells_its_kind(twin, call, kind):
    twin.project("DESK", kind=kind, types=("Idea",))

    assert call("GET", "/project/DESK").json()["projectTypeKey"] == kind


def test_an_internal_comment_of_a_service_desk_is_not_public(cloud, on_cloud):
    cloud.project("DESK", kind="service_desk")
    issue = on_cloud.make(project="DESK").json()["id"]

    def public(properties):
        body = {"body": adf.from_text("x"), "properties": properties}
        return on_cloud("POST", f"/issue/{issue}/comment", body).json()["jsdPublic"]

    assert public([]) is True
    assert public([{"key": "sd.public.comment", "value": {"internal": True}}]) is False


def test_permissions_are_told_and_must_be_named_on_cloud(twin, call):
    twin.deny("WEB", "CREATE_ISSUES")

    answer = call("GET", "/mypermissions", permissions="CREATE_ISSUES,EDIT_ISSUES", projectKey="WEB").json()

    held = {name: answer["permissions"][name]["havePermission"] for name in ("CREATE_ISSUES", "EDIT_ISSUES")}
    assert held == {"CREATE_ISSUES": False, "EDIT_ISSUES": True}
    assert call("GET", "/mypermissions").status_code == (400 if twin.flavour == "cloud" else 200)
    assert set(call.make().json()["errors"]) >= {"summary", "labels"}


def test_versions_are_planned_and_released_by_people(twin, call):
    issue = call.make().json()["id"]
    ann = twin.as_person("ann")
    ann.set_fix_version(issue, "2.0")
    (planned,) = call("GET", "/project/WEB/versions").json()

    ann.release("WEB", "2.0")

    (released,) = call("GET", f"/issue/{issue}").json()["fields"]["fixVersions"]
    assert (planned["released"], released["released"]) == (False, True)
    assert call("GET", f"/version/{released['id']}").json()["name"] == "2.0"


def test_a_clone_copies_labels_but_no_properties(twin, call):
    made = call.make(labels=["fbb-0123456789ab"]).json()
    call("PUT", f"/issue/{made['id']}/properties/feedback-bridge", {"v": 1})

    clone = twin.as_person().clone(made["id"])

    assert clone.labels == ["fbb-0123456789ab"]
    assert clone.properties == {}
    assert twin.issue(clone.id).links[0].type == "Cloners"
    assert len(call.keys("labels = fbb-0123456789ab")) == 2


def test_people_close_reopen_comment_and_link_with_their_name_in_the_journal(twin, call):
    one, two = call.make().json(), call.make().json()
    bob = twin.as_person("bob")

    bob.close(one["id"], "Won't Do")
    bob.reopen(one["id"])
    bob.comment(one["id"], "Why?")
    bob.delete_comment(one["id"], twin.issue(one["id"]).comments[0])
    bob.add_label(one["id"], "mine")
    bob.remove_label(one["id"], "mine")
    bob.edit_description(one["id"], "By hand")
    bob.link(one["id"], two["id"], "Duplicate")

    effects = [effect for effect in twin.journal if effect.actor == "bob"]
    assert [effect.kind for effect in effects] == [
        "transition",
        "transition",
        "comment",
        "comment delete",
        "label add",
        "label remove",
        "update",
        "link",
    ]
    assert effects[0].detail["resolution"] == "Won't Do"
    assert {effect.request_id for effect in effects} == {"person:bob"}


def test_a_stranger_finds_nothing_and_is_not_told(on_cloud):
    on_cloud.make()
    on_cloud.session.auth = None

    assert on_cloud.search("project = WEB").json()["issues"] == []
    assert on_cloud("GET", "/myself").status_code == 401
    assert on_cloud.make().status_code == 401


def test_a_wrong_token_is_refused_with_the_login_reason(twin, call):
    call.session.auth = (twin.user, "wrong")

    answer = call("GET", "/myself")

    assert answer.status_code == 401
    assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    assert answer.json()["status-code"] == 401


def test_data_center_takes_a_bearer_token_and_tells_its_rate(dc, on_dc):
    on_dc.session.auth = None
    on_dc.session.headers["Authorization"] = f"Bearer {dc.token}"

    answer = on_dc("GET", "/myself")

    assert answer.json()["name"] == "bot"
    assert answer.headers["X-RateLimit-Remaining"] == "599"
    assert answer.headers["retry-after"] == "0"


def test_scoped_tokens_work_at_the_gateway_only(cloud):
    here, there = Caller(cloud), Caller(cloud, base=cloud.gateway_url)
    cloud.scopes = {"read:jira-work"}
    for caller in (here, there):
        caller.session.auth = None
        caller.session.headers["Authorization"] = f"Bearer {cloud.token}"

    assert here("GET", "/project/WEB").status_code == 401
    assert there("GET", "/project/WEB").status_code == 200
    refused = there.make()
    assert refused.json() == {"code": 401, "message": "Unauthorized; scope does not match"}
    assert requests.get(f"{cloud.url}/_edge/tenant_info", timeout=5).json()["cloudId"] in cloud.gateway_url
    here.session.close()
    there.session.close()
