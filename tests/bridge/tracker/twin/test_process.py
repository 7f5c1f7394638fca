"""Many callers, others' clients, the published description, and the twin as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from jira import JIRA
from jira_twin import Caller, Twin, adf

SUPPORT = Path(__file__).parents[3] / "support"
CONTRACTS = "JIRA_CONTRACTS" in os.environ


def kinds(twin):
    return [effect.kind for effect in twin.journal]


def test_writes_to_one_issue_are_limited_on_the_twins_clock():
    with Twin("cloud", fake_clock=True, rate_limits=True) as twin:
        call = Caller(twin)
        issue = call.make().json()["id"]

        def write():
            return call("PUT", f"/issue/{issue}/properties/p", 1)

        codes = [write().status_code for _ in range(20)]
        refused = write()
        twin.advance(int(refused.headers["Retry-After"]))

        assert set(codes) == {200, 201}
        assert (refused.status_code, refused.headers["RateLimit-Reason"]) == (429, "jira-per-issue-on-write")
        assert write().status_code == 200
        call.session.close()


def test_many_threads_leave_a_consistent_site(twin):
    def work():
        call = Caller(twin)
        for number in range(5):
            issue = call.make(f"Issue {number}").json()["id"]
            call("PUT", f"/issue/{issue}", {"update": {"labels": [{"add": "x"}]}})
        call.session.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    issues = twin.issues()
    assert len({one.id for one in issues}) == len({one.key for one in issues}) == 30
    assert [effect.number for effect in twin.journal] == list(range(1, 61))
    assert len(twin.requests) == 60


def test_the_twin_stops_at_once_whatever_hangs_and_goes_on_with_its_state(served):
    twin = served("cloud").start()
    call = Caller(twin)
    made = call.make().json()
    twin.fault("commit-then-silence", route="GET /myself")

    def hang():
        with pytest.raises(requests.RequestException):
            call("GET", "/myself")

    hanging = threading.Thread(target=hang)
    hanging.start()
    while twin.requests[-1].route != "GET /myself":
        time.sleep(0.01)
    start = time.monotonic()

    twin.stop()
    hanging.join()

    assert time.monotonic() - start < 5
    with twin:
        again = Caller(twin)
        assert again("GET", f"/issue/{made['id']}").json()["key"] == made["key"]
        again.session.close()
    call.session.close()


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_the_jira_package_creates_reads_and_searches(flavour, served):
    with served(flavour) as twin:
        options = {"rest_api_version": "3" if flavour == "cloud" else "2"}
        auth = {"basic_auth": (twin.user, twin.token)} if flavour == "cloud" else {"token_auth": twin.token}
        client = JIRA(twin.url, options=options, max_retries=0, timeout=5, **auth)
        text = adf.from_text("It fails.") if flavour == "cloud" else "It fails."
        fields = {
            "project": {"key": "WEB"},
            "issuetype": {"name": "Bug"},
            "summary": "Export",
            "description": text,
        }
        issue = client.create_issue(fields | {"labels": ["fbb-1"]}, prefetch=False)

        client.add_comment(issue.key, text)
        client.transition_issue(issue.key, "31")
        client.add_issue_property(issue.key, "p", {"a": 1})
        read = client.issue(issue.key)
        if flavour == "cloud":
            found = client.enhanced_search_issues("labels = fbb-1", fields="summary,status")
        else:
            found = client.search_issues("labels = fbb-1")
        other = client.create_issue(fields, prefetch=False)
        client.create_issue_link("Duplicate", other.key, issue.key)
        client.close()

        assert client._is_cloud is (flavour == "cloud")
        assert read.fields.status.statusCategory.key == "done"
        assert [one.fields.summary for one in found] == ["Export"]
        assert kinds(twin) == ["create", "comment", "transition", "property", "create", "link"]
    assert twin.violations == []


def test_the_jira_package_works_through_the_gateway(cloud):
    options = {"rest_api_version": "3"}
    client = JIRA(cloud.gateway_url, options=options, max_retries=0, timeout=5, token_auth=cloud.token)

    fields = {"project": {"key": "WEB"}, "issuetype": {"name": "Bug"}, "summary": "Export"}
    made = client.create_issue(fields, prefetch=False)
    found = client.enhanced_search_issues("project = WEB", fields="summary")
    client.close()

    assert [one.key for one in found] == [made.key]


@pytest.mark.skipif(
    not CONTRACTS, reason="JIRA_CONTRACTS isn't set: no published description to check against"
)
def test_what_breaks_the_published_description_is_noted(served):
    with served("cloud") as twin:
        call = Caller(twin)
        issue = call.make().json()["id"]
        assert twin.violations == []

        call("POST", f"/issue/{issue}/remotelink", {"globalId": "x"})
        call("POST", "/search/jql", {"jql": "project = WEB", "nonsense": 1})
        call("GET", "/search/jql", jql="project = WEB", maxResults="many")
        bad = {
            "type": "doc",
            "version": 1,
            "content": [{"type": "panel", "attrs": {"panelType": "odd"}, "content": []}],
        }
        call("POST", f"/issue/{issue}/comment", {"body": bad})
        call.session.close()

    assert len(twin.violations) == 4
    for words, violation in zip(("object", "nonsense", "maxResults", "ADF"), twin.violations, strict=True):
        assert words in violation


@pytest.mark.slow
def test_the_process_serves_takes_orders_and_goes_on_from_its_state(tmp_path):
    command = [sys.executable, "-m", "jira_twin", "--flavour", "dc", "--state", str(tmp_path / "state.json")]
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT)}

    def ask(told, path, said=None):
        return requests.request("POST" if said else "GET", told["admin"] + path, json=said, timeout=5).json()

    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as first:
        told = json.loads(first.stdout.readline())
        ask(told, "/fault", {"name": "unavailable", "route": "POST /issue"})
        fields = {"project": {"key": "WEB"}, "issuetype": {"name": "Bug"}, "summary": "Kept"}
        auth = (told["user"], told["token"])
        codes = [
            requests.post(
                f"{told['url']}/rest/api/2/issue", json={"fields": fields}, auth=auth, timeout=5
            ).status_code
            for _ in range(2)
        ]
        (issue,) = ask(told, "/issues")
        ask(told, "/person", {"name": "ann", "do": "close", "issue": issue["key"]})
        ask(told, "/advance", {"seconds": 60})
        effects = [one["kind"] for one in ask(told, "/journal")]
        requests_seen = [one["status"] for one in ask(told, "/requests")]
        strange = ask(told, "/fault", {"name": "nonsense"})
        first.send_signal(signal.SIGTERM)
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as second:
        again = json.loads(second.stdout.readline())
        (kept,) = ask(again, "/issues")
        second.send_signal(signal.SIGTERM)

    assert codes == requests_seen == [503, 201]
    assert effects == ["create", "transition"]
    assert "no fault is called" in strange["error"]
    assert (kept["key"], kept["category"]) == (issue["key"], "done")
