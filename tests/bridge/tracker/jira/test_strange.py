"""Answers that no good Jira gives: proxies, redirects, half-truths."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.errors import InDoubt, TrackerDenied, TrackerError, TrackerGone, TrackerThrottled
from bridge.render.document import Document, Paragraph, Text
from bridge.tracker import EvidenceLink, FieldUpdate
from bridge.tracker.jira import JiraSite, JiraTracker

NOTE = Document((Paragraph((Text("It grew."),)),))


def connected(canned: Any, flavour: str = "cloud", **changes: Any) -> JiraTracker:
    values = {"url": canned.url, "user": "bot@example.com", "token": lambda: "secret", "flavour": flavour}
    return JiraTracker(JiraSite(**(values | changes)), wait=lambda _: None)


@pytest.mark.parametrize(
    ("flavour", "route"), [("cloud", "POST /rest/api/3/search/jql"), ("dc", "POST /rest/api/2/search")]
)
@pytest.mark.parametrize("body", [{"hello": "world"}, [], "text", 7, None])
def test_json_that_is_not_of_jira_proves_nothing(canned: Any, flavour: str, route: str, body: Any):
    canned.says(route, body)

    with pytest.raises(TrackerError):
        connected(canned, flavour).find("fbb-0123456789ab")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_so_the_token_stays_here(canned: Any, status: int):
    canned.says("GET /myself", {}, status, Location=f"{canned.url}/elsewhere")

    with pytest.raises(TrackerError, match=r"jira\.url"):
        connected(canned).account()

    assert [path for _, path, _ in canned.seen] == ["/rest/api/3/myself"]


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_write_that_is_redirected_is_in_doubt(canned: Any, status: int):
    canned.says("POST /comment", {}, status, Location=f"{canned.url}/elsewhere")

    with pytest.raises(InDoubt):
        connected(canned).comment("10001", NOTE, "op-1")

    assert len(canned.seen) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {}),
        (201, {"self": "x"}),
        (201, b""),
        (200, b""),
        (200, b"<html>"),
        (201, []),
        (202, b"ok"),
        (500, {}),
    ],
)
def test_a_success_without_an_id_is_in_doubt(canned: Any, status: int, body: Any):
    canned.says("POST /comment", body, status)

    with pytest.raises(InDoubt):
        connected(canned).comment("10001", NOTE, "op-1")


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422])
def test_a_no_that_is_not_in_json_is_in_doubt_for_it_may_be_a_proxys(canned: Any, status: int):
    canned.says("POST /comment", b"<html>no</html>", status, Content_Type="text/html")

    with pytest.raises(InDoubt):
        connected(canned).comment("10001", NOTE, "op-1")


@pytest.mark.parametrize(
    ("status", "error"), [(400, TrackerError), (403, TrackerError), (404, TrackerGone), (401, TrackerDenied)]
)
def test_a_no_in_json_is_a_no(canned: Any, status: int, error: type[Exception]):
    canned.says(
        "POST /comment", {"errorMessages": ["No, ann@example.com."], "errors": {"comment": "long"}}, status
    )

    with pytest.raises(error) as caught:
        connected(canned).comment("10001", NOTE, "op-1")

    assert "ann@example.com" not in str(caught.value)
    assert "It grew" not in str(caught.value)
    if status == 400:
        assert caught.value.fields == {"comment": "long"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("header", ["X-Seraph-LoginReason", "x-seraph-loginreason"])
@pytest.mark.parametrize("reason", ["AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"])
def test_a_refused_login_is_seen_on_a_good_answer(canned: Any, header: str, reason: str):
    canned.says("POST /issue/bulkfetch", {"issues": []}, **{header: reason})

    with pytest.raises(TrackerDenied, match=r"jira\.token"):
        connected(canned).read(["10001"])


def test_a_captcha_is_said_to_be_one(canned: Any):
    canned.says("GET /myself", {}, 403, X_Authentication_Denied_Reason="CAPTCHA_CHALLENGE; login-url=x")

    with pytest.raises(TrackerDenied, match="captcha"):
        connected(canned).account()


def test_a_write_that_was_done_for_nobody_is_in_doubt(canned: Any):
    canned.says("POST /comment", {"id": "1"}, 201, X_Seraph_LoginReason="AUTHENTICATED_FAILED")

    with pytest.raises(InDoubt):
        connected(canned).comment("10001", NOTE, "op-1")


def test_a_token_without_a_scope_is_said_to_lack_it(canned: Any):
    canned.says("GET /myself", {"code": 401, "message": "Unauthorized; scope does not match"}, 401)

    with pytest.raises(TrackerDenied, match="read:jira-work"):
        connected(canned).account()


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry-After": "30"}, 30),
        ({"Date": "Sun, 22 Nov 2026 10:00:00 GMT", "Retry-After": "Sun, 22 Nov 2026 10:00:40 GMT"}, 40),
        ({"Date": "Sun, 22 Nov 2026 10:00:00 GMT", "X-RateLimit-Reset": "2026-11-22T10:00:50Z"}, 50),
        ({}, 5),
        ({"Retry-After": "soon"}, 5),
    ],
)
def test_the_time_to_wait_is_read_in_every_form(headers: dict[str, str], after: float):
    from bridge.tracker.jira.answers import read_answer, throttled

    answer = read_answer(429, headers, b"")

    assert throttled(answer, "POST issue").after == after


def test_being_asked_to_wait_for_a_write_is_not_waited_for(canned: Any):
    canned.says("PUT /issue/10001", b"", 429, Retry_After="3")

    with pytest.raises(TrackerThrottled):
        connected(canned).update("10001", FieldUpdate(title="New"))

    assert len(canned.seen) == 1


def test_data_center_that_may_not_keep_mails_back_sends_them(canned: Any):
    """There a 403 says that only administrators may; the twin lets everybody."""
    canned.says("PUT /issue/10001", {"errorMessages": ["To discard the user notification …"]}, 403)
    tracker = connected(canned, "dc")

    with pytest.raises(TrackerError):
        tracker.update("10001", FieldUpdate(title="New"))

    assert [path for _, path, _ in canned.seen] == [
        "/rest/api/2/issue/10001?notifyUsers=false",
        "/rest/api/2/issue/10001",
    ]


def test_an_address_from_outside_cannot_change_the_route(canned: Any):
    canned.says("DELETE /remotelink", b"", 204)

    connected(canned).detach("../../secret?x=1", "a&b=c/ü")

    assert canned.seen[0][1] == (
        "/rest/api/3/issue/..%2F..%2Fsecret%3Fx%3D1/remotelink?globalId=a%26b%3Dc%2F%C3%BC"
    )


def test_a_link_is_sent_with_all_its_fields(canned: Any):
    canned.says("POST /remotelink", {"id": 1}, 201)

    connected(canned).attach(
        "10001", EvidenceLink(global_id="g", url="https://x.example", title="", summary="")
    )

    assert canned.seen[0][2] == {
        "globalId": "g",
        "application": {"type": "org.feedback-bridge", "name": "Feedback Bridge"},
        "relationship": "customer evidence",
        "object": {"url": "https://x.example", "title": "https://x.example", "summary": ""},
    }


@pytest.mark.parametrize(
    ("info", "flavour"),
    [
        ({"deploymentType": "Cloud"}, "cloud"),
        ({"deploymentType": "Server"}, "dc"),
        ({"deploymentType": "DataCenter", "versionNumbers": [10, 3, 24]}, "dc"),
        ({"versionNumbers": [1001, 0, 0]}, "cloud"),
        ({"versionNumbers": [9, 12, 0]}, "dc"),
        ({}, "dc"),
    ],
)
def test_the_flavour_is_asked_for_once(canned: Any, info: dict[str, Any], flavour: str):
    canned.says("GET /serverInfo", info)
    canned.says("GET /myself", {"accountId": "1", "name": "bot"})
    tracker = connected(canned, "auto")

    assert tracker.flavour == flavour
    tracker.account()
    tracker.account()

    assert sum("serverInfo" in path for _, path, _ in canned.seen) == 1
    assert tracker.format.name == ("adf" if flavour == "cloud" else "wiki")


def test_a_known_flavour_is_not_asked_for(canned: Any):
    canned.says("POST /bulkfetch", {"issues": []})

    assert connected(canned, "auto", known_flavour="cloud").read(["1"]) == {}

    assert len(canned.seen) == 1


def test_the_end_of_a_token_is_told_where_the_server_tells_it(canned: Any):
    tokens = [
        {"lastAccessedAt": "2026-11-01T10:00:00.000+0000", "expiringAt": "2026-12-01T10:00:00.000+0000"},
        {"lastAccessedAt": "2026-11-21T10:00:00.000+0000", "expiringAt": "2027-02-01T10:00:00.000+0000"},
    ]
    canned.says("GET /rest/pat/latest/tokens", tokens)

    assert connected(canned, "dc", user=None).expires() == datetime(2027, 2, 1, 10, tzinfo=UTC)
    assert connected(canned, "cloud").expires() is None


def test_a_server_that_does_not_tell_the_end_of_a_token_is_fine(canned: Any):
    assert connected(canned, "dc", user=None).expires() is None


def test_data_center_says_403_of_an_issue_that_is_not_for_us(canned: Any):
    canned.says("GET /issue/10001", {"errorMessages": ["You do not have the permission to see it."]}, 403)
    canned.says("POST /search", {"issues": [], "total": 0})

    assert connected(canned, "dc").look("10001") is None
    assert connected(canned, "dc").read(["10001"]) == {}
    with pytest.raises(TrackerError):
        connected(canned, "cloud").look("10001")


def test_a_500_is_not_taken_for_an_absent_comment_property(canned: Any):
    """Taking it for absent would let a note be written twice."""
    mine = {"id": "1", "author": {"name": "bot"}, "body": "x", "created": "2026-11-21T19:30:00.000+0000"}
    canned.says("GET /issue/10001/comment", {"comments": [mine], "total": 1})
    canned.says("GET /myself", {"name": "bot"})
    canned.says("GET /properties/feedback-bridge.op", {"errorMessages": ["Oops"]}, 500)

    with pytest.raises(TrackerError):
        connected(canned, "dc").comments("10001")


def test_the_op_of_a_comment_is_asked_for_where_the_list_does_not_tell(canned: Any):
    mine = {"id": "1", "author": {"name": "bot"}, "body": "x", "created": "2026-11-21T19:30:00.000+0000"}
    theirs = {"id": "2", "author": {"name": "ann"}, "body": "y", "created": "2026-11-21T19:31:00.000+0000"}
    canned.says("GET /issue/10001/comment", {"comments": [theirs, mine], "total": 2})
    canned.says("GET /myself", {"name": "bot"})
    canned.says("GET /comment/1/properties/feedback-bridge.op", {"value": '{"op": "op-7"}'})

    found = connected(canned, "dc").comments("10001")

    assert [(one.id, one.op) for one in found] == [("2", None), ("1", "op-7")]
    assert not any("/comment/2/" in path for _, path, _ in canned.seen)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>Log in</html>"), (200, b""), (202, b"queued"), (204, b"")]
)
def test_an_edit_is_done_only_if_jira_says_so(canned: Any, status: int, body: bytes):
    canned.says("PUT /issue/10001", body, status, Content_Type="text/html")
    tracker = connected(canned)

    if status == 204:
        tracker.update("10001", FieldUpdate(title="New"))
    else:
        with pytest.raises(InDoubt):
            tracker.update("10001", FieldUpdate(title="New"))


def test_transitions_that_are_not_listed_are_no_missing_right(canned: Any):
    canned.says("GET /issue/10001", {"id": "10001", "key": "WEB-1", "fields": {}})
    canned.says("GET /issue/10001/transitions", {})

    with pytest.raises(TrackerError, match="lacks transitions"):
        connected(canned).move("10001", "done")
