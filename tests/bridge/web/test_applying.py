from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from threading import Timer
from typing import Any

import pytest
from clicks import send
from fastapi.testclient import TestClient
from sqlmodel import select

from bridge.app import App
from bridge.models import Audit, BacklogIssue, Ticket
from bridge.web import applying
from bridge.web.applying import MOST
from bridge.web.site import make_site

PICK = re.compile(r'name="change" value="([^"]+)"')


@pytest.fixture
def planned(full: Any) -> Any:
    """A company with two tickets to create and one to update."""
    for number in (4, 5):
        full.topic(number, f"Seat map freezes {number}")
        full.said("The seat map freezes", topic=number, speaker=f"p{number}")
        full.ticket(number, "approved", marker=f"m{number}", title="Seat map")
    return full


@pytest.fixture
def browser(planned: Any, now: datetime) -> TestClient:
    """A browser before a site that reaches the tracker."""
    flags = {"database.url": planned.database.url, "paths.data": str(planned.path), "tracker": "local"}
    app = App(flags=flags)
    site = make_site(planned.database, planned.settings(), lambda: now, work=lambda: app.context(as_of=now))
    return TestClient(site, base_url="http://127.0.0.1:8765", follow_redirects=False)


def apply(browser: TestClient, *names: str) -> Any:
    return send(browser, "/changes/apply", change=list(names))


def picks(browser: TestClient, start: str) -> list[str]:
    return [name for name in PICK.findall(browser.get("/changes").text) if name.startswith(start)]


def issues(company: Any) -> dict[int, str | None]:
    with company.database.reading() as session:
        return {t.topic: t.key for t in session.exec(select(Ticket)) if t.topic in (4, 5)}


def test_only_what_was_ticked_is_sent_and_the_page_says_so(planned: Any, browser: TestClient):
    (one,) = picks(browser, "create-4-")

    answer = apply(browser, one)

    page = browser.get(answer.headers["location"]).text
    assert answer.status_code == 303
    assert "1 change applied." in page
    assert issues(planned)[4] is not None
    assert issues(planned)[5] is None
    assert picks(browser, "create-") == picks(browser, "create-5-") != []
    with planned.database.reading() as session:
        told = session.exec(select(Audit).where(Audit.verb == "apply")).one()
    assert told.details == {"changes": 1}


def test_what_was_sent_is_not_sent_again_by_a_page_that_was_left_open(planned: Any, browser: TestClient):
    names = picks(browser, "create-")
    apply(browser, *names)

    apply(browser, *names)

    with planned.database.reading() as session:
        assert len(session.exec(select(BacklogIssue)).all()) == 3
    assert "Not sent: 2 of 2 ticked" in browser.get("/changes").text


def test_a_change_that_is_another_by_now_is_not_sent(planned: Any, browser: TestClient):
    names = picks(browser, "create-4-")
    send(browser, "/topics/T-4/rename", title="Another title")

    apply(browser, *names)

    assert issues(planned)[4] is None
    assert "Not sent: 1 of 1 ticked" in browser.get("/changes").text


def test_as_many_as_the_page_can_show_can_be_ticked_at_once(planned: Any, browser: TestClient):
    (one,) = picks(browser, "create-4-")

    answer = apply(browser, one, *(f"update-{number}-0" for number in range(1, MOST)))

    assert answer.status_code == 303
    assert "1 change applied. Not sent: 1999 of 2000 ticked" in browser.get("/changes").text
    assert issues(planned)[4] is not None


@pytest.mark.parametrize("names", [(), ("x" * 61,), tuple(f"update-{n}-0" for n in range(MOST + 1))])
def test_nothing_ticked_and_what_is_no_change_are_refused_in_words(
    planned: Any, browser: TestClient, names: tuple[str, ...]
):
    answer = apply(browser, *names)

    assert answer.status_code == 409
    assert "tick" in answer.text
    assert issues(planned) == {4: None, 5: None}


def test_while_a_command_is_at_work_nothing_is_sent(
    planned: Any, browser: TestClient, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(applying, "PATIENCE_S", 0.0)
    names = picks(browser, "create-")

    with planned.database.only_one(now):
        apply(browser, *names)

    assert "Nothing was sent" in browser.get("/changes").text
    assert issues(planned) == {4: None, 5: None}


def test_a_command_that_ends_soon_is_waited_for(planned: Any, browser: TestClient, now: datetime):
    names = picks(browser, "create-")
    held = ExitStack()
    held.enter_context(planned.database.only_one(now))
    Timer(0.5, held.close).start()

    apply(browser, *names)

    assert "2 changes applied." in browser.get("/changes").text


def test_a_page_that_reaches_no_tracker_offers_nothing_to_tick(planned: Any):
    page = planned.browser().get("/changes").text

    assert "To create" in page
    assert PICK.findall(page) == []
    assert apply(planned.browser(), "create-4-0").status_code == 409


def test_what_was_said_of_the_last_time_goes_after_an_hour(
    planned: Any, now: datetime, strictly: Callable[[str], Any]
):
    at = [now]
    app = App(flags={"database.url": planned.database.url, "paths.data": str(planned.path)})
    site = make_site(
        planned.database, planned.settings(), lambda: at[0], work=lambda: app.context(as_of=at[0])
    )
    browser = TestClient(site, base_url="http://127.0.0.1:8765", follow_redirects=False)
    strictly(browser.get("/changes").text)
    apply(browser, *picks(browser, "create-"))
    assert "2 changes applied." in browser.get("/changes").text

    at[0] = now + timedelta(hours=2)

    assert "applied." not in browser.get("/changes").text


def test_what_was_done_in_the_tracker_is_taken_back_after_a_question(
    planned: Any, browser: TestClient, strictly: Callable[[str], Any]
):
    apply(browser, *picks(browser, "create-4-"))
    key = issues(planned)[4]
    topic = browser.get("/topics/T-4").text
    assert f"/changes/undo?key={key}" in topic

    question = browser.get(f"/changes/undo?key={key}").text
    intent = re.search('name="intent" value="([0-9]+)"', question)
    assert intent
    send(browser, "/changes/undo", key=key, intent="0")
    refused = browser.get("/changes").text
    send(browser, "/changes/undo", key=key, intent=intent[1])

    strictly(question)
    assert f"close {key} as created by mistake" in question
    assert "Nothing was taken back: by now the latest is to close" in refused
    assert f"done: close {key} as created by mistake" in browser.get("/changes").text
    with planned.database.reading() as session:
        assert session.exec(select(BacklogIssue.state).where(BacklogIssue.key == key)).one() == "done"


@pytest.mark.parametrize("key", ["", "FB-99", "<b>"])
def test_what_is_no_issue_of_ours_can_not_be_taken_back(planned: Any, browser: TestClient, key: str):
    assert browser.get("/changes/undo", params={"key": key}).status_code == 409

    send(browser, "/changes/undo", key=key, intent="1")

    assert "is no issue of ours" in browser.get("/changes").text
