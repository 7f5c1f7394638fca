"""Saved views: kept, renamed, shared, deleted and taken back, by whom they belong to."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from visitors import Browser, House, hash_quickly

from bridge.access import accounts
from bridge.models import SavedView
from bridge.saving import KEPT, MOST
from bridge.store import trail

QUERY = "/topics?state=new&kind=problem"


def send(browser: Any, path: str, **fields: str) -> Any:
    found = re.search('name="csrf" content="([^"]+)"', browser.get("/help/keys").text)
    assert found
    return browser.post(path, data={"csrf": found[1], **fields})


def names(browser: Any) -> list[str]:
    return [row["name"] for row in browser.get("/views.json").json()]


def undo(browser: Any, done: Any) -> Any:
    """Send the undo that the page shows after something was done."""
    page = browser.get(done.headers["location"]).text
    found = re.search(r'action="(/views/\d+/undo)".*?name="decision" value="(\d+)"', page, re.DOTALL)
    assert found, page
    return send(browser, found[1], decision=found[2])


@pytest.fixture
def house(full: Any, monkeypatch: pytest.MonkeyPatch, now: datetime) -> House:
    hash_quickly(monkeypatch)
    made = House(full.database, full.path, now, login=("accounts",))
    for role in ("viewer", "triager", "admin"):
        made.account(role, role)
    return made


def test_a_view_stands_on_its_page_and_in_the_list(full: Any, strictly: Callable[[str], Any]):
    browser = full.browser()

    done = send(browser, "/views", name="  New   problems ", url=f"{QUERY}&page=2&q=", next=QUERY)

    assert done.headers["location"] == f"{QUERY}&done=v1"
    page = browser.get(done.headers["location"]).text
    strictly(page)
    assert "The view New problems is saved" in page
    assert f'<li><a href="{QUERY.replace("&", "&amp;")}" aria-current="page"><bdi>New problems</bdi>' in page
    assert "New problems" not in browser.get("/review").text
    row = browser.get("/views.json").json()[0]
    assert {"name": "New problems", "url": QUERY, "shared": False, "mine": True}.items() <= row.items()
    listed = browser.get("/views").text
    strictly(listed)
    assert "state new · kind problem" in listed
    assert next(csv.DictReader(io.StringIO(browser.get("/views.csv").text)))["url"] == QUERY


@pytest.mark.parametrize("place", ["/topics", "/review?view=low", "/items?q=bag", "/trends"])
def test_each_list_can_be_saved_and_opened_again(full: Any, strictly: Callable[[str], Any], place: str):
    browser = full.browser()

    send(browser, "/views", name="Mine", url=place)

    assert browser.get("/views.json").json()[0]["url"] == place
    answer = browser.get(place)
    strictly(answer.text)
    assert "<bdi>Mine</bdi>" in answer.text


@pytest.mark.parametrize(
    "url", ["https://evil.example/topics", "//evil.example", "/settings", "javascript:alert(1)"]
)
def test_no_view_leads_away(full: Any, url: str):
    browser = full.browser()

    answer = send(browser, "/views", name="Away", url=url)

    assert answer.status_code == 409
    assert names(browser) == []


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example/views", "/\\evil.example"])
def test_what_is_done_to_a_view_leads_nowhere_else(full: Any, to: str):
    done = send(full.browser(), "/views", name="Mine", url="/topics", next=to)

    assert done.headers["location"] == "/?done=v1"


def test_each_change_and_its_undo_lead_back(full: Any):
    browser = full.browser()

    saved = send(browser, "/views", name="One", url="/topics")
    renamed = send(browser, "/views/1/rename", name="Two", shared="yes")
    assert names(browser) == ["Two"]
    undo(browser, renamed)
    assert names(browser) == ["One"]
    assert browser.get("/views.json").json()[0]["shared"] is False
    deleted = send(browser, "/views/1/delete")
    assert names(browser) == []
    undo(browser, deleted)
    assert names(browser) == ["One"]

    again = send(browser, "/views", name="Three", url="/topics")
    undo(browser, again)

    assert names(browser) == ["One"]
    assert saved.status_code == 303


def test_an_undo_is_of_the_change_it_was_shown_for(full: Any):
    browser = full.browser()
    send(browser, "/views", name="One", url="/topics")
    send(browser, "/views/1/rename", name="Two")

    answer = send(browser, "/views/1/undo", decision="1")

    assert answer.status_code == 409
    assert "changed again since" in answer.text
    assert names(browser) == ["Two"]


def test_one_name_is_one_view_also_after_an_undo(full: Any):
    browser = full.browser()
    send(browser, "/views", name="One", url="/topics")
    deleted = send(browser, "/views/1/delete")
    send(browser, "/views", name="ONE", url="/review")

    assert send(browser, "/views", name="one", url="/items").status_code == 409
    assert undo(browser, deleted).status_code == 409
    assert names(browser) == ["ONE"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\u202eb", "a\x00b"])
def test_a_name_that_nobody_can_read_is_refused(full: Any, name: str):
    assert send(full.browser(), "/views", name=name, url="/topics").status_code == 409


def test_a_name_of_markup_is_shown_as_it_is(full: Any, strictly: Callable[[str], Any]):
    browser = full.browser()
    send(browser, "/views", name="<script>alert(1)</script>", url="/topics")

    for path in ("/views", "/topics"):
        strictly(browser.get(path).text)


def test_ones_own_views_are_seen_by_oneself_alone_and_shared_ones_by_all(
    let_in: Callable[[str], Browser], strictly: Callable[[str], Any]
):
    viewer, triager = let_in("viewer"), let_in("triager")
    send(viewer, "/views", name="Mine", url="/topics")
    send(triager, "/views", name="Theirs", url="/topics")
    send(triager, "/views", name="Ours", url="/topics", shared="yes")

    assert names(viewer) == ["Mine", "Ours"]
    assert names(triager) == ["Ours", "Theirs"]
    for path in ("/views", "/topics"):
        page = viewer.get(path).text
        strictly(page)
        assert "Theirs" not in page
        assert "for everybody" not in page
    assert "is saved" not in viewer.get("/topics?done=v2").text


def test_who_only_looks_keeps_views_and_shares_none(let_in: Callable[[str], Browser]):
    viewer, triager = let_in("viewer"), let_in("triager")
    send(triager, "/views", name="Ours", url="/topics", shared="yes")

    assert send(viewer, "/views", name="All", url="/topics", shared="yes").status_code == 403
    assert send(viewer, "/views", name="Mine", url="/topics").status_code == 303
    assert send(viewer, "/views/2/rename", name="Mine", shared="yes").status_code == 403
    for verb in ("rename", "delete", "undo"):
        assert send(viewer, f"/views/1/{verb}", name="Gone").status_code == 409
    assert names(viewer) == ["Mine", "Ours"]


def test_what_others_see_is_in_the_log_and_an_admin_may_mend_it(
    house: House, let_in: Callable[[str], Browser]
):
    triager, admin = let_in("triager"), let_in("admin")
    send(triager, "/views", name="Secret", url="/topics")
    send(triager, "/views", name="Ours", url="/topics", shared="yes")

    assert send(admin, "/views/1/delete").status_code == 409
    assert send(admin, "/views/2/rename", name="All of ours", shared="yes").status_code == 303

    with house.database.reading() as session:
        told = [(row.actor, row.verb, row.subject) for row in trail.entries(session, trail.Narrow(), limit=2)]
    assert told == [("admin", "rename view", "view 2"), ("triager", "save view", "view 2")]
    assert names(triager) == ["All of ours", "Secret"]


def test_shared_views_outlive_the_account_and_its_own_go_with_it(
    house: House, let_in: Callable[[str], Browser]
):
    triager = let_in("triager")
    send(triager, "/views", name="Mine", url="/topics")
    send(triager, "/views", name="Ours", url="/topics", shared="yes")

    with house.database.writing() as session:
        accounts.remove(session, accounts.named(session, "triager"), house.clock(), "test")

    admin = let_in("admin")
    assert names(admin) == ["Ours"]
    assert send(admin, "/views/2/delete").status_code == 303


def test_deleted_views_are_forgotten_after_a_while(full: Any, now: datetime):
    browser = full.browser()
    send(browser, "/views", name="Old", url="/topics")
    send(browser, "/views", name="Mine", url="/topics")
    send(browser, "/views/1/delete")

    later = full.browser(clock=lambda: now + KEPT + timedelta(days=1))
    send(later, "/views", name="New", url="/topics")

    assert send(later, "/views/1/undo").status_code == 409
    assert names(later) == ["Mine", "New"]


def test_there_is_an_end_of_views(full: Any, now: datetime):
    full.add(*(SavedView(who="local", name=f"V{n}", url="/topics", at=now) for n in range(MOST)))

    assert "delete one" in send(full.browser(), "/views", name="More", url="/topics").text


@pytest.mark.parametrize("path", ["/topics", "/review", "/items", "/trends", "/views"])
def test_views_cost_a_page_one_question(full: Any, path: str):
    browser = full.browser()
    send(browser, "/views", name="Mine", url="/topics")
    browser.get(path)

    with full.counting_queries() as asked:
        browser.get(path)

    assert len(asked) <= 12
    assert sum("saved_view" in one for one in asked) <= 1
