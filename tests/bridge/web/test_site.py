from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from bridge.report import topic_detail, topic_reports
from bridge.store.database import Database
from bridge.web.guard import HEADERS

PAGES = (
    "/",
    "/topics",
    "/topics?sort=growth&q=bag&kind=problem&state=new&source=reviews",
    "/topics/T-1",
    "/topics/T-2",
    "/topics/T-1/evidence",
    "/review",
    "/review?topic=T-1",
    "/backlog",
    "/backlog/FB-1",
    "/sources",
    "/unassigned",
    "/items",
    "/items?q=bag",
    "/items?like=reviews:x1",
    "/map",
    "/review?view=growing",
    "/review?view=done",
    "/review?view=duplicates",
    "/topics/T-1/ticket",
    "/topics/T-1/split",
    "/help/keys",
    "/changes",
    "/changes/log",
    "/rules",
    "/trends",
    "/quality",
    "/digest",
    "/runs",
    "/settings",
)
EMPTY_PAGES = (
    "/",
    "/topics",
    "/review",
    "/backlog",
    "/sources",
    "/unassigned",
    "/items",
    "/changes",
    "/runs",
)
HOSTILE = (
    "<script>alert(1)</script>",
    "</pre></blockquote><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)> ' onmouseover='x",
    "{{ 7 * 7 }} {% raw %} ${7*7} &lt;b&gt; &amp;",
    "]]><!-- --><iframe srcdoc='<script>'></iframe>",
    "javascript:alert(1)",
)
STRANGE = (
    *HOSTILE,
    "שלום עולם, התיק איחר \u202eevil\u202c",
    "الحقيبة متأخرة جدا",
    "🧳✈️👩‍👩‍👧‍👦 späte Tasche",
    "nul\x00 bell\x07 escape\x1b[31m",
    "word" * 5000,
    "line\nline\n\n\nline",
    " ",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_well_formed_and_safe(full: Any, strictly: Callable[[str], Any], path: str):
    answer = full.browser().get(path)

    assert answer.status_code == 200
    strictly(answer.text)


@pytest.mark.parametrize("path", EMPTY_PAGES)
def test_an_empty_store_shows_what_to_do_next(empty: Any, strictly: Callable[[str], Any], path: str):
    answer = empty.browser().get(path)

    assert answer.status_code == 200
    strictly(answer.text)
    if path in ("/", "/topics", "/sources"):
        assert "feedback-bridge import FILE.csv --source NAME" in answer.text


def test_a_ticket_that_is_in_the_tracker_is_told_and_linked_instead_of_edited(full: Any):
    answer = full.browser().get("/topics/T-2/ticket")

    assert answer.status_code == 200
    assert 'This ticket is in the backlog already, and open: <a href="/backlog/FB-1">FB-1</a>.' in answer.text
    assert 'action="/topics/T-2/edit"' not in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_the_store_at_most_twelve_times(full: Any, path: str):
    browser = full.browser()
    browser.get("/review")  # what all pages stand on is read once, until something is committed
    browser.get(path)

    with full.counting_queries() as found:
        browser.get(path)

    assert len(found) <= 12


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_whatever_people_write_stays_text(empty: Any, strictly: Callable[[str], Any], text: str):
    empty.person("k1", display=text, account=text)
    empty.topic(1, text[:255], keywords=[[text[:100], 1.0]])
    said = empty.said(text, topic=1, speaker="k1", url=text, source="reviews", reason=text)
    empty.quote(1, said)
    empty.said(text, speaker="k1", url=text)
    empty.ticket(1, reason=text, title=text)
    empty.issue("FB-1", title=text, body=text, comment=text)
    empty.source(error=text, state="failing")
    empty.run(errors=[text])
    browser = empty.browser()

    answers = {path: browser.get(path) for path in PAGES if path not in (PAGES[2], "/topics/T-2")}

    for path, answer in answers.items():
        assert answer.status_code == 200, path
        page = strictly(answer.text)
        assert not any("javascript:" in href for href, _ in page.links)
        assert "\x00" not in answer.text
    words = "".join(strictly(answers["/backlog/FB-1"].text).text)
    if "\x00" not in text:
        assert text.strip() in words


def test_a_quote_links_only_to_http(empty: Any, strictly: Callable[[str], Any]):
    empty.topic(1)
    good = ["https://example.org/a?b=1&c=2", "http://example.org/"]
    bad = [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "ftp://e.example",
        "https://",
        "HTTPS:x",
    ]
    for url in good + bad:
        empty.said(f"see {url}", topic=1, url=url)

    page = strictly(empty.browser().get("/topics/T-1/evidence").text)

    foreign = {href: values for href, values in page.links if "://" in href}
    assert sorted(foreign) == sorted(good)
    assert all("noreferrer" in values["rel"] for values in foreign.values())


def test_first_page_shows_four_numbers_as_links(full: Any, strictly: Callable[[str], Any]):
    page = strictly(full.browser().get("/").text)

    words = " ".join("".join(page.text).split())
    assert "1 waiting for review" in words
    assert "0 failing" in words
    assert {"/review", "/review?view=growing", "/review?view=back", "/sources"} <= {
        href for href, _ in page.links
    }
    assert "read 12" in words
    assert "5 hours ago" in words


def test_first_page_shows_what_came_back(empty: Any):
    empty.topic(1, "Seat belts squeak")
    empty.topic(2, "Coffee is cold")
    empty.topic(3, "Queue is long")
    for days in (160, 155, 3, 2):
        empty.said(topic=1, days=days)
    for days in (160, 100, 60, 50):
        empty.said(topic=2, days=days)
    for days in (160, 100, *range(95, 0, -5)):  # came back long ago, and stayed
        empty.said(topic=3, days=days)

    text = empty.browser().get("/").text

    assert "Came back" in text
    returned = text.split("<h2>Came back</h2>")[1].split("</section>")[0]
    assert "Seat belts squeak" in returned
    assert "Coffee is cold" not in returned
    assert "Queue is long" not in returned


def test_first_page_names_the_fault_of_a_source(full: Any):
    full.source("tickets", state="failing", error="the key was refused; make a new one")

    text = full.browser().get("/").text

    assert "✕ failing" in text
    assert "the key was refused; make a new one" in text


def test_the_list_as_json_is_that_of_the_command_line(full: Any, now: datetime):
    with full.database.reading() as session:
        expected = [report.as_json() for report in topic_reports(session, now)]

    answer = full.browser().get("/topics.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == expected
    assert [row["id"] for row in answer.json()] == ["T-1", "T-2", "T-3"]


def test_a_topic_as_json_is_that_of_the_command_line(full: Any, now: datetime):
    with full.database.reading() as session:
        expected = topic_detail(session, now, 1)

    answer = full.browser().get("/topics/T-1.json")

    assert answer.json() == json.loads(json.dumps(expected))
    assert answer.json()["evidence"]


@pytest.mark.parametrize("tail", ["", ".json", "/evidence"])
def test_a_merged_topic_leads_to_what_it_is_part_of(full: Any, tail: str):
    full.topic(9, "Luggage late", root=1, merged_into=1)

    answer = full.browser().get(f"/topics/T-9{tail}")

    assert answer.status_code == 307
    assert answer.headers["location"] == f"/topics/T-1{tail}"


def test_a_topic_is_found_by_its_small_name(full: Any):
    answer = full.browser().get("/topics/t-1")

    assert answer.headers["location"] == "/topics/T-1"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/topics/T-77", 404, "there is no topic T-77"),
        ("/topics/T-77/evidence", 404, "there is no topic T-77"),
        ("/topics/T-99999999999999999999", 404, "is no topic"),
        ("/topics/T-٣", 404, "is no topic"),
        ("/topics/%3Cscript%3E", 404, "is no topic"),
        ("/topics/T-4", 404, "nobody has spoken of T-4"),
        ("/backlog/FB-9", 404, "no issue"),
        ("/review?view=old", 400, "new, growing, back, duplicates, low, done"),
        ("/nowhere", 404, "no such page"),
        ("/topics?sort=size", 400, "people, mentions, growth"),
        ("/topics?state=open", 400, "new, in review, tracked, done, released, recurred, dormant, snoozed"),
        ("/topics?kind=%3Cb%3E", 400, "problem, request, question, praise, other"),
        ("/topics?source=nope", 400, "reviews, tweets"),
        ("/topics?trend=up", 400, "growing, returned"),
        ("/topics?q=" + "a" * 300, 400, "up to 200 characters"),
        ("/unassigned?page=0", 400, "whole number from 1"),
        ("/unassigned?page=two", 400, "whole number from 1"),
        ("/unassigned?page=2", 404, "the last one is 1"),
        ("/topics/T-1/evidence?page=99999999999", 400, "whole number from 1"),
    ],
)
def test_what_cannot_be_answered_is_said_in_words(
    full: Any, strictly: Callable[[str], Any], path: str, status: int, words: str
):
    full.topic(4, "Silent")

    answer = full.browser().get(path)

    assert answer.status_code == status
    assert words in "".join(strictly(answer.text).text)


@pytest.mark.parametrize(("path", "status"), [("/topics/T-77.json", 404), ("/topics.json?kind=x", 400)])
def test_a_twin_answers_faults_as_json(full: Any, path: str, status: int):
    answer = full.browser().get(path)

    assert answer.status_code == status
    assert answer.json()["error"]["status"] == status
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(full: Any, strictly: Callable[[str], Any], method: str):
    answer = full.browser().request(method, "/topics/T-1")

    assert answer.status_code == 405
    assert sorted(answer.headers["allow"].split(", ")) == ["GET", "HEAD"]
    strictly(answer.text)


@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        "/topics.json",
        "/topics.csv",
        "/healthz",
        "/readyz",
        "/icon.svg",
        "/static/style.css",
        "/nowhere",
        "/topics?sort=size",
        "/topics/T-77.json",
        "/topics/t-1",
    ],
)
def test_every_answer_has_the_headers(full: Any, path: str):
    answer = full.browser().get(path)

    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"]


def test_customers_words_are_not_kept_on_the_way(full: Any):
    assert full.browser().get("/topics/T-1").headers["cache-control"] == "no-store"


def test_a_fault_of_ours_is_said_in_words_with_the_headers(full: Any, strictly: Callable[[str], Any]):
    def broken():
        raise RuntimeError("secret detail")

    answer = full.browser(clock=broken, raise_server_exceptions=False).get("/")

    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "secret detail" not in answer.text
    strictly(answer.text)


@pytest.mark.parametrize("path", ["/", "/topics", "/topics.json", "/topics/T-1", "/healthz", "/nowhere"])
def test_a_head_is_answered_like_a_get_without_the_body(full: Any, path: str):
    browser = full.browser()

    got, head = browser.get(path), browser.head(path)

    assert head.status_code == got.status_code
    per_browser = "set-cookie"  # each first visit gets its own
    assert {k: v for k, v in head.headers.items() if k != per_browser} == {
        k: v for k, v in got.headers.items() if k != per_browser
    }
    assert head.content == b""


def test_a_store_that_cannot_be_read_is_said_in_words(empty: Any, strictly: Callable[[str], Any]):
    empty.database.close()
    (empty.path / "bridge.db").write_bytes(b"no database at all, but long enough to look at it" * 9)
    for name in ("bridge.db-wal", "bridge.db-shm"):
        (empty.path / name).unlink(missing_ok=True)
    browser = empty.browser()

    page, ready, healthy = (browser.get(path) for path in ("/", "/readyz", "/healthz"))

    assert page.status_code == 503
    assert page.headers["retry-after"]
    assert "no SQLite database" in page.text
    assert {name: page.headers.get(name) for name in HEADERS} == HEADERS
    strictly(page.text)
    assert ready.status_code == 503
    assert "no SQLite database" in ready.json()["failing"]["database"]
    assert healthy.json() == {"status": "ok"}


def test_a_store_without_tables_is_not_ready(empty: Any):
    empty.database.close()
    empty.database = Database(f"sqlite:///{empty.path / 'other.db'}")

    answer = empty.browser().get("/readyz")

    assert answer.status_code == 503
    assert "database" in answer.json()["failing"]


def test_a_store_that_can_be_read_is_ready(empty: Any):
    assert empty.browser().get("/readyz").json() == {"status": "ready"}


def test_the_style_sheet_is_small_and_may_be_kept(full: Any, strictly: Callable[[str], Any]):
    browser = full.browser()
    page = strictly(browser.get("/").text)
    href = next(href for href, _ in page.links if href.startswith("/static/"))

    answer = browser.get(href)
    again = browser.get(href, headers={"If-None-Match": answer.headers["etag"]})

    assert answer.headers["content-type"].startswith("text/css")
    assert "max-age=31536000" in answer.headers["cache-control"]
    assert len(answer.content) <= 15_000
    assert b"//" not in answer.content  # no other host
    assert again.status_code == 304
    assert not again.content


def test_evidence_comes_in_pages_best_fit_first(empty: Any, strictly: Callable[[str], Any]):
    empty.topic(1)
    for place in range(120):
        empty.said(f"statement {place:03}", topic=1, score=place / 120, days=1)
    empty.said("a repost", topic=1, status="repost", score=None)
    browser = empty.browser()

    first, last = (browser.get(f"/topics/T-1/evidence?page={page}").text for page in (1, 3))

    assert "1–50 of 121" in first
    assert first.count("<blockquote") == 50
    assert first.index("statement 119") < first.index("statement 118")
    assert "/topics/T-1/evidence?page=2" in first
    assert last.count("<blockquote") == 21
    assert 'start="101"' in last
    assert last.index("statement 001") < last.index("a repost")
    strictly(last)


def test_nothing_said_after_the_clock_is_shown(empty: Any):
    empty.topic(1)
    empty.said("said before", topic=1, days=1)
    empty.quote(1, empty.said("said tomorrow", topic=1, days=-1))
    empty.said("unsure tomorrow", days=-1)
    browser = empty.browser()

    shown = "".join(browser.get(path).text for path in ("/topics/T-1", "/topics/T-1/evidence", "/unassigned"))

    assert "said before" in shown
    assert "tomorrow" not in shown


def test_an_unnamed_person_is_shown_by_the_start_of_the_pseudonym(empty: Any):
    empty.topic(1)
    empty.person("0123456789abcdef")
    empty.said(topic=1, speaker="0123456789abcdef")

    text = empty.browser().get("/topics/T-1/evidence").text

    assert "person 01234567" in text
    assert "0123456789" not in text


def test_review_shows_the_verbs_and_the_draft_as_text(full: Any):
    text = full.browser().get("/review").text

    assert 'action="/topics/T-1/approve"' in text
    assert 'action="/topics/T-1/reject"' in text
    assert "9 people in 28 days" in text
    assert "**6 people** said this 6 times" in text
    assert "&gt; My bag came two days late." in text
    assert "T-2" not in text.split('class="inbox"')[1].split("</ol>")[0]


def test_review_shows_the_draft_that_is_asked_for(full: Any):
    full.ticket(3, "proposed")

    text = full.browser().get("/review?topic=T-3").text

    assert 'id="draft" class="draft" aria-label="T-3"' in text
    assert 'action="/topics/T-3/approve"' in text
    assert "It logs me out" not in text  # no quote was chosen for it
    assert "**1 person** said this" in text


def test_what_fitted_nowhere_says_why(full: Any):
    text = full.browser().get("/unassigned").text

    assert "Hm, odd." in text
    assert "below the threshold" in text
    assert "next best: T-1 0.41" in text
    assert "We are the brand" not in text


def test_the_backlog_leads_to_the_topic(full: Any):
    text = full.browser().get("/backlog").text

    assert '<a href="/topics/T-2">T-2</a>' in text
    assert "**3 people** said this" in full.browser().get("/backlog/FB-1").text


def test_the_topic_leads_to_its_ticket(full: Any):
    text = full.browser().get("/topics/T-2").text

    assert '<a href="/backlog/FB-1"' in text
    assert "approve" in text.split("<h2>History</h2>")[1]


def test_an_ignored_topic_is_in_no_list_but_has_its_page(full: Any):
    full.topic(8, "Noise about nothing", state="ignored")
    full.said(topic=8)
    browser = full.browser()

    assert "Noise about nothing" not in browser.get("/topics").text
    assert "Noise about nothing" in browser.get("/topics/T-8").text
