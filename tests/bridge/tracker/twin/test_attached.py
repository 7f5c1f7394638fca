"""Comments, remote links, properties and links."""

from __future__ import annotations

from jira_twin import Caller, Twin, adf


def kinds(twin):
    return [effect.kind for effect in twin.journal]


def test_comments_are_listed_edited_and_deleted(twin, call):
    issue = call.make().json()["id"]
    ids = []
    for number in range(3):
        body = {"body": call.text(f"Comment {number}"), "properties": [{"key": "op", "value": {"n": number}}]}
        ids.append(call("POST", f"/issue/{issue}/comment", body).json()["id"])
        twin.advance(1)

    newest = call(
        "GET", f"/issue/{issue}/comment", orderBy="-created", expand="properties", maxResults=1
    ).json()
    call("PUT", f"/issue/{issue}/comment/{ids[0]}", {"body": call.text("Edited")})
    call("DELETE", f"/issue/{issue}/comment/{ids[1]}")

    assert newest["total"] == 3
    assert newest["comments"][0]["properties"] == [{"key": "op", "value": {"n": 2}}]
    left = twin.issue(issue).comments
    assert [(one.id, adf.plain(one.body)) for one in left] == [(ids[0], "Edited"), (ids[2], "Comment 2")]
    assert left[0].properties == {"op": {"n": 0}}
    assert call("GET", f"/issue/{issue}/comment/{ids[1]}").json()["errorMessages"] == [
        f"Can not find a comment for the id: {ids[1]}."
    ]
    assert call("GET", f"/comment/{ids[2]}/properties/op").json()["value"] == {"n": 2}
    assert kinds(twin)[-2:] == ["comment edit", "comment delete"]


def test_a_remote_link_is_unique_by_its_global_id_and_forgets_what_is_left_out(twin, call):
    issue = call.make().json()["id"]
    own = {
        "globalId": "fbb:item=1",
        "relationship": "evidence",
        "object": {"url": "http://x/1", "title": "One"},
    }

    first = call("POST", f"/issue/{issue}/remotelink", own)
    again = {"globalId": "fbb:item=1", "object": {"url": "http://x/1", "title": "Two"}}
    second = call("POST", f"/issue/{issue}/remotelink", again)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    (link,) = call("GET", f"/issue/{issue}/remotelink").json()
    assert link["object"]["title"] == "Two"
    assert "relationship" not in link
    assert call("DELETE", f"/issue/{issue}/remotelink", globalId="fbb:item=1").status_code == 204
    assert call("GET", f"/issue/{issue}/remotelink", globalId="fbb:item=1").status_code == 404
    assert kinds(twin)[-3:] == ["remote link", "remote link update", "remote link delete"]


def test_a_remote_link_without_a_title_is_refused():
    with Twin("cloud", fake_clock=True) as twin:
        call = Caller(twin)
        issue = call.make().json()["id"]
        answer = call("POST", f"/issue/{issue}/remotelink", {"object": {"url": "http://x"}})
        call.session.close()

    assert answer.json() == {"errorMessages": [], "errors": {"title": "'title' is required."}}


def test_properties_are_new_once_and_limited(twin, call):
    issue = call.make().json()["id"]
    path = f"/issue/{issue}/properties/feedback-bridge"

    codes = [call("PUT", path, {"items": n}).status_code for n in (1, 2)]
    big = call("PUT", path, {"x": "y" * 33_000}).status_code
    keys = call("GET", f"/issue/{issue}/properties").json()["keys"]

    assert codes == [201, 200]
    assert big == 400
    assert [one["key"] for one in keys] == ["feedback-bridge"]
    assert call("DELETE", path).status_code == 204
    assert call("GET", path).status_code == 404


def test_the_inward_issue_duplicates_the_outward_one_once(twin, call):
    copy, first = call.make().json(), call.make().json()
    body = {
        "type": {"name": "Duplicate"},
        "inwardIssue": {"key": copy["key"]},
        "outwardIssue": {"key": first["key"]},
    }

    codes = [call("POST", "/issueLink", body).status_code for _ in range(2)]

    assert codes == [201, 201]
    assert kinds(twin).count("link") == 1
    (seen,) = call("GET", f"/issue/{copy['key']}").json()["fields"]["issuelinks"]
    assert (seen["type"]["outward"], seen["outwardIssue"]["key"]) == ("duplicates", first["key"])
    assert call("GET", f"/issueLink/{seen['id']}").json()["inwardIssue"]["key"] == copy["key"]
    assert call("DELETE", f"/issueLink/{seen['id']}").status_code in {200, 204}
    assert twin.issue(first["id"]).links == []


def test_an_issue_full_of_comments_says_413(twin, call):
    issue = call.make().json()["id"]
    twin.site.limits["comment"] = 1

    codes = [call("POST", f"/issue/{issue}/comment", {"body": call.text("x")}).status_code for _ in range(2)]

    assert codes == [201, 413]
