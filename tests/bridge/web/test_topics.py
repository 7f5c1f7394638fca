from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from bridge.web.query import SORTS


def ids(answer: Any):
    return [row["id"] for row in answer.json()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["T-1", "T-2", "T-3"]),
        ("?state=in+review", ["T-3"]),
        ("?kind=request", ["T-2"]),
        ("?source=tweets", ["T-3"]),
        ("?q=REFUND", ["T-2"]),
        ("?q=bag+late", ["T-1", "T-2", "T-3"]),  # keywords count too
        ("?q=refund+nowhere", []),
        ("?q=t-3", ["T-3"]),
        ("?sort=title", ["T-3", "T-1", "T-2"]),
        ("?sort=latest", ["T-1", "T-3", "T-2"]),
        ("?sort=newest", ["T-3", "T-1", "T-2"]),
        ("?state=&kind=&source=&trend=&q=&sort=", ["T-1", "T-2", "T-3"]),
    ],
)
def test_page_and_twin_show_what_the_query_asks(
    full: Any, strictly: Callable[[str], Any], query: str, expected: list[str]
):
    browser = full.browser()

    assert ids(browser.get(f"/topics.json{query}")) == expected
    page = strictly(browser.get(f"/topics{query}").text)
    shown = [href for href, values in page.links if values.get("class") == "id"]
    assert shown == [f"/topics/{name}" for name in expected]


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_is_answered(full: Any, sort: str):
    assert sorted(ids(full.browser().get(f"/topics.json?sort={sort}"))) == ["T-1", "T-2", "T-3"]


def test_growing_topics_are_those_the_first_page_counts(empty: Any):
    empty.topic(1, "Quiet")
    empty.topic(2, "Rising")
    for week in range(26):
        for _ in range(4):
            empty.said(topic=1, days=week * 7 + 1)
    for _ in range(30):
        empty.said(topic=2, days=2)
    browser = empty.browser()

    assert ids(browser.get("/topics.json?trend=growing")) == ["T-2"]
    first = " ".join(browser.get("/").text.split())
    assert "<strong>1</strong> <span>growing now</span>" in first
    assert "▲▲ bursting" in first


def test_a_filter_keeps_what_was_chosen(full: Any):
    text = full.browser().get("/topics?kind=request&q=a%22b").text

    assert '<option value="request" selected>' in text
    assert 'value="a&#34;b"' in text
    assert "No topic fits" in text
    assert "/topics.csv?kind=request&amp;q=a%22b" in text


def test_each_value_of_a_filter_says_how_many_topics_it_leaves(full: Any):
    text = full.browser().get("/topics?kind=problem").text

    assert '<option value="problem" selected>problem (2)</option>' in text
    assert '<option value="request">request (1)</option>' in text
    assert '<option value="tweets">tweets (1)</option>' in text  # of problems alone
    assert '<option value="reviews">reviews (1)</option>' in text


def test_the_file_has_the_rows_of_the_page(full: Any):
    answer = full.browser().get("/topics.csv?sort=title")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "topics.csv" in answer.headers["content-disposition"]
    assert [row["id"] for row in rows] == ["T-3", "T-1", "T-2"]
    assert rows[1]["reach"] == "6"
    assert rows[2]["ticket"] == "FB-1"
    assert len(rows[0]["per_week"].split()) == 26


def test_a_long_table_comes_in_pages_that_keep_the_query(empty: Any, strictly: Callable[[str], Any]):
    for number in range(1, 62):
        empty.topic(number, f"Topic number {number}")
        empty.said(topic=number, days=number)
    browser = empty.browser()

    first, second = (browser.get(f"/topics?sort=latest&page={page}").text for page in (1, 2))

    assert "/topics?sort=latest&amp;page=2" in first
    assert "1–50 of 61" in first
    assert "61 topics" in second
    assert second.count('class="id"') == 11
    strictly(second)
    assert browser.get("/topics?sort=latest&page=3").status_code == 404
    assert len(browser.get("/topics.json").json()) == 61


def test_an_empty_file_has_its_headings(empty: Any):
    assert empty.browser().get("/topics.csv").text.startswith("id,title,kind,state,reach,mentions,")


@pytest.mark.parametrize(
    "title",
    ["=1+1", "+1", "-1", "@x", "\t=1", " =HYPERLINK(1)", "\r\n=1", "＝1", "-cmd|' /C calc'!A0"],  # noqa: RUF001
)
def test_no_cell_runs_as_a_formula(empty: Any, title: str):
    empty.topic(1, title)
    empty.said(topic=1)

    text = empty.browser().get("/topics.csv").text

    row = next(csv.DictReader(io.StringIO(text, newline="")))
    assert row["title"] == f"'{title}"


def test_plain_titles_are_left_as_they_are(empty: Any):
    empty.topic(1, 'Bags, "late" – again')
    empty.said(topic=1)

    row = next(csv.DictReader(io.StringIO(empty.browser().get("/topics.csv").text)))

    assert row["title"] == 'Bags, "late" – again'


def test_the_inbox_says_why_a_topic_without_a_subject_waits_and_counts_it(empty: Any):
    empty.topic(1, "General complaints", confidence=0.9)
    empty.topic(2, "General complaints", confidence=0.9, title_by="person")
    for number in range(30):
        empty.person(f"p{number}")
        for topic in (1, 2):
            empty.said(days=2, topic=topic, speaker=f"p{number}")
    empty.run()

    page = empty.browser().get("/review?view=low").text

    assert "its members share no subject" in page
    assert "1 of 1" in page
