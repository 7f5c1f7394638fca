"""Faults of the network and of what stands between."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest
import requests
from jira_twin import Caller, Twin


def kinds(twin):
    return [effect.kind for effect in twin.journal]


BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.mark.parametrize(
    ("name", "made"),
    [("reset-before", 0), ("reset-after", 1), ("truncated", 1)],
)
def test_a_connection_breaks_before_or_after_the_commit(twin, call, name, made):
    handle = twin.fault(name, route="POST /issue")

    with pytest.raises((*BROKEN, ValueError)):
        call.make().json()

    assert kinds(twin).count("create") == made
    assert handle.hits == 1
    assert twin.requests[-1].fault == name
    assert call.make().status_code == 201


@pytest.mark.parametrize("name", ["commit-then-silence", "commit-then-stall"])
def test_an_answer_that_never_comes_was_committed(twin, call, name):
    twin.fault(name, route="POST /issue")
    fields = {"project": {"key": "WEB"}, "issuetype": {"name": "Bug"}, "summary": "x"}

    with pytest.raises((requests.ReadTimeout, requests.ConnectionError)):
        call("POST", "/issue", {"fields": fields}, timeout=0.2)

    assert kinds(twin) == ["create"]


@pytest.mark.parametrize("committed", [False, True])
def test_a_proxy_page_says_nothing_of_the_commit(twin, call, committed):
    twin.fault("proxy-html", status=504, committed=committed)

    answer = call.make()

    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (504, "text/html")
    assert len(twin.issues()) == committed


def test_a_login_page_is_a_200(twin, call):
    twin.fault("login-page")

    answer = call.make()

    assert answer.status_code == 200
    assert "<form" in answer.text
    assert twin.issues() == []


@pytest.mark.parametrize(
    "reason",
    ["jira-burst-based", "jira-per-issue-on-write", "jira-quota-global-based", "jira-quota-tenant-based"],
)
def test_throttling_names_its_reason_and_when_to_come_again(twin, call, reason):
    twin.fault("throttle", reason=reason, retry_after=1847)
    twin.fault("throttle", retry_after="http-date")
    twin.fault("throttle", retry_after=None)

    seconds, date, none = (call.make() for _ in range(3))

    assert [one.status_code for one in (seconds, date, none)] == [429] * 3
    assert (seconds.headers["Retry-After"], seconds.headers["RateLimit-Reason"]) == ("1847", reason)
    assert parsedate_to_datetime(date.headers["Retry-After"]) > twin.now
    assert "Retry-After" not in none.headers
    assert twin.issues() == []


def test_unavailable_may_say_when(twin, call):
    twin.fault("unavailable", retry_after=5)
    twin.fault("unavailable")

    first, second = call.make(), call.make()

    assert (first.status_code, first.headers["Retry-After"]) == (503, "5")
    assert (second.status_code, "Retry-After" in second.headers) == (503, False)


@pytest.mark.parametrize(
    ("form", "kind"), [("json", "application/json"), ("plain", "text/plain"), ("html", "text/html")]
)
def test_the_three_forms_of_401(twin, call, form, kind):
    twin.fault("unauthorised", body=form)

    answer = call.make()

    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith(kind)


def test_an_expired_token_answers_200_with_nothing(twin, call):
    call.make()
    twin.fault("expired-anonymous", times=None)

    found = call.search("project = WEB")

    assert (found.status_code, found.json()["issues"]) == (200, [])
    assert found.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    assert call("GET", "/myself").status_code == 401
    assert call.make().status_code == 401


def test_a_slow_answer_comes(twin, call):
    twin.fault("slow", seconds=0.2)
    start = time.monotonic()

    assert call.make().status_code == 201
    assert time.monotonic() - start >= 0.2


def test_a_replayed_request_is_done_twice(twin, call):
    twin.fault("replayed-post", route="POST /issue")

    answer = call.make()

    first, second = twin.issues()
    assert answer.json()["id"] == second.id
    assert first.labels == second.labels
    assert len(twin.requests) == 1


def test_a_fault_strikes_from_the_nth_call_as_often_as_said(twin, call):
    handle = twin.fault("unavailable", route="POST /issue", nth=2, times=2)

    codes = [call.make().status_code for _ in range(5)]

    assert codes == [201, 503, 503, 201, 201]
    assert handle.hits == 2


def test_chance_is_seeded():
    def codes():
        with Twin("cloud", seed=5, fake_clock=True) as twin:
            call = Caller(twin)
            twin.fault("unavailable", probability=0.5, times=None)
            found = [call("GET", "/myself").status_code for _ in range(20)]
            call.session.close()
            return found

    first = codes()
    assert first == codes()
    assert set(first) == {200, 503}


def test_strange_faults_and_routes_are_refused_with_those_there_are(twin):
    with pytest.raises(ValueError, match="no fault is called 'nonsense'; there are: archived"):
        twin.fault("nonsense")
    with pytest.raises(ValueError, match=r"no route is called 'POST /nowhere'.*POST /issue"):
        twin.fault("slow", route="POST /nowhere")
