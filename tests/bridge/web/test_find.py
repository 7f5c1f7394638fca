"""Finding a page, a view or a topic by its words."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from visitors import House, hash_quickly

from bridge.models import SavedView


def found(browser: Any, q: str) -> list[tuple[str, str]]:
    return [(row["what"], row["href"]) for row in browser.get("/find.json", params={"q": q}).json()]


@pytest.mark.parametrize("q", ["T-2", "t-2", "2", "T2"])
def test_a_topic_is_found_by_its_number(full: Any, q: str):
    assert found(full.browser(), q)[0] == ("topic", "/topics/T-2")


def test_a_topic_is_found_by_its_words_and_keywords(full: Any):
    assert ("topic", "/topics/T-2") in found(full.browser(), "MONTHS refund")
    assert ("topic", "/topics/T-1") in found(full.browser(), "late")
    assert found(full.browser(), "nothing at all") == []


def test_without_words_it_names_the_pages_and_views_and_no_topic(full: Any, now: datetime):
    full.add(SavedView(who="local", name="My bugs", url="/topics?kind=problem", at=now))

    rows = found(full.browser(), "")

    assert rows[0] == ("page", "/")
    assert rows[-1] == ("view", "/topics?kind=problem")
    assert ("page", "/settings") in rows
    assert found(full.browser(), "bugs my") == [("view", "/topics?kind=problem")]


def test_nobody_is_led_to_a_page_that_is_not_for_them(
    full: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    hash_quickly(monkeypatch)
    house = House(full.database, full.path, now, login=("accounts",))
    house.account("vera", "viewer")
    full.add(SavedView(who="local", name="Of somebody else", url="/topics", at=now))
    browser = house.browser()
    browser.log_in("vera")

    rows = found(browser, "")

    assert {"/settings", "/runs", "/changes/log"} & {href for _, href in rows} == set()
    assert [what for what, _ in rows if what == "view"] == []


def test_the_page_and_the_file_tell_the_same(full: Any, strictly: Callable[[str], Any]):
    browser = full.browser()

    page = browser.get("/find?q=refund").text
    rows = list(csv.DictReader(io.StringIO(browser.get("/find.csv?q=refund").text)))

    strictly(page)
    assert re.findall('<li><span class="sign">topic</span> <a href="([^"]+)"', page) == ["/topics/T-2"]
    assert [row["href"] for row in rows] == ["/topics/T-2"]
    strictly(browser.get("/find?q=%3Cscript%3E").text)
    assert browser.get("/find", params={"q": "x" * 300}).status_code == 400


def test_finding_asks_the_store_few_questions(full: Any):
    browser = full.browser()
    browser.get("/find.json?q=bag")

    with full.counting_queries() as asked:
        browser.get("/find.json?q=bag")

    assert len(asked) <= 4
