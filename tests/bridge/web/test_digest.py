"""The page of the digest: what would go out, when, and what became of the last ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bridge.models import DigestSent
from bridge.web.site import make_site

DIGEST = {"to": ["ana@acme.example"], "smtp": {"host": "mail.acme.example"}, "folder": "/srv/digests"}


@pytest.fixture
def browser(full: Any, now: datetime) -> TestClient:
    site = make_site(full.database, full.settings(digest=DIGEST), lambda: now)
    return TestClient(site, base_url="http://127.0.0.1:8765")


def noted(now: datetime, state: str, **more: Any) -> DigestSent:
    row = {"way": "email", "due_at": now - timedelta(hours=5), "since_at": now - timedelta(days=1)}
    told = {"until_at": now - timedelta(hours=5), "recipients": ["ana@acme.example"]}
    return DigestSent(state=state, **{**row, **told, **more})


def test_it_says_what_would_go_out_and_where_nothing_is_set_what_to_set(full: Any):
    page = full.browser().get("/digest").text

    assert "Bags arrive late" in page
    assert "1 to approve or reject" in page
    assert "no way out is set" in page
    assert "password_file" in page


def test_it_says_when_the_next_one_is_due_and_to_whom_the_last_one_went(
    full: Any, browser: TestClient, now: datetime
):
    full.add(noted(now, "sent"))

    page = browser.get("/digest").text

    assert "every day at 07:00 (UTC) by email, folder" in page
    assert "in 19 hours" in page
    assert "ana@acme.example" in page


def test_one_in_doubt_is_told_with_what_to_do(full: Any, browser: TestClient, now: datetime):
    full.add(noted(now, "in doubt", outcome="mail.acme.example gave no <b>answer</b>"))

    page = browser.get("/digest").text

    assert "✕ in doubt" in page
    assert "no &lt;b&gt;answer&lt;/b&gt;" in page
    assert "feedback-bridge digest --to email --since" in page


def test_looking_sends_and_changes_nothing(full: Any, browser: TestClient):
    for path in ("/digest", "/digest.json"):
        assert browser.get(path).status_code == 200

    assert browser.get("/digest.json").json()["sent"] == []
    assert browser.post("/digest").status_code == 405


def test_the_numbers_are_those_of_the_topic_and_of_the_inbox(full: Any, browser: TestClient):
    found = browser.get("/digest.json").json()
    topics = {topic["id"]: topic for topic in browser.get("/topics.json").json()}

    told = [entry for part in ("new", "growing", "back") for entry in found[part]["topics"]]
    assert told
    for entry in told:
        topic = topics[entry["topic"]]
        assert (entry["people"], entry["mentions"]) == (topic["reach"], topic["mentions"])
    page = browser.get("/review").text
    assert f'New <span class="count">{found["waiting"]["new"]}</span>' in page
    assert found["schedule"]["ways"] == ["email", "folder"]


def test_what_people_wrote_stays_text(full: Any, strictly: Callable[[str], Any], now: datetime):
    full.topic(9, "<script>alert(1)</script>", born_at=now)
    said = full.said("<img src=x onerror=alert(1)> {{ 7 * 7 }}", topic=9, days=0.1, source="<b>desk</b>")
    full.quote(9, said)
    full.source("<i>tweets</i>", "failing", "<u>401</u>")

    page = full.browser().get("/digest").text

    strictly(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7 * 7 }}" in page
