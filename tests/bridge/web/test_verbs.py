from __future__ import annotations

import re
from typing import Any

import pytest
from clicks import picture, send, token

from bridge.models import Workspace

EACH = {
    "approve": {},
    "reject": {"reason": "noise"},
    "snooze": {"until": "week"},
    "ignore": {"reason": "known"},
    "rename": {"title": "Suitcases are late"},
    "merge": {"into": "T-2"},
    "apart": {"other": "T-2"},
    "split": {"items": "reviews:x1\nreviews:x2"},
    "remove": {"item": "reviews:x1"},
    "move": {"item": "reviews:x1#1", "to": "T-2"},
    "not-feedback": {"item": "reviews:x1"},
    "pin": {"item": "reviews:x5"},
    "edit": {"title": "Ours", "description": "**Ours**", "type": "Task"},
}


@pytest.fixture(autouse=True)
def _numbers_are_taken(full: Any):
    with full.database.writing() as session:
        session.get_one(Workspace, 1).last_topic = 20


@pytest.mark.parametrize("verb", EACH)
def test_each_verb_and_its_undo_lead_back_to_the_very_same(full: Any, now: Any, verb: str):
    browser, before = full.browser(), picture(full, now)

    done = send(browser, f"/topics/T-1/{verb}", **EACH[verb], next="/review")
    said = browser.get(done.headers["location"]).text
    between = picture(full, now)
    undo = re.search('action="/topics/(T-[0-9]+)/undo"', said)
    assert undo
    back = send(browser, f"/topics/{undo[1]}/undo", next="/review")

    assert done.status_code == back.status_code == 303
    assert done.headers["location"].startswith("/review?done=")
    assert 'class="toast"' in said
    assert "Taken back" in browser.get(back.headers["location"]).text
    assert picture(full, now) == before
    assert between != before or verb in ("apart", "approve", "reject", "pin")


def test_a_program_does_the_same_in_json(full: Any):
    browser = full.browser()
    head = {"X-CSRF-Token": token(browser)}

    done = browser.post("/api/topics/T-1/snooze", json={"until": "grows"}, headers=head)
    undone = browser.post("/api/topics/T-1/undo", json={}, headers=head)

    assert done.json()["verb"] == "snooze"
    assert done.json()["topic"] == undone.json()["topic"] == "T-1"
    assert done.json()["decision"] == undone.json()["decision"]


@pytest.mark.parametrize(
    ("path", "fields", "status", "words"),
    [
        ("/topics/T-77/ignore", {}, 409, "there is no topic T-77"),
        ("/topics/T-1/merge", {"into": "T-1"}, 409, "into itself"),
        ("/topics/T-1/merge", {"into": "everything"}, 409, "is no topic"),
        ("/topics/T-1/snooze", {"until": "2001-01-01"}, 409, "is not to come"),
        ("/topics/T-1/rename", {"title": " "}, 409, "title is empty"),
        ("/topics/T-1/undo", {}, 409, "nobody has decided"),
        ("/topics/T-2/edit", {"title": "x"}, 409, "edit it there"),
        ("/topics/T-1/edit", {}, 409, "nothing was changed"),
        ("/topics/T-1/split", {"group": "two"}, 409, "is no group"),
        ("/topics/nothing/ignore", {}, 404, "is no topic"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    full: Any, path: str, fields: dict[str, str], status: int, words: str
):
    answer = send(full.browser(), path, **fields)

    assert answer.status_code == status
    assert words in answer.text.replace("&#39;", "'")


def test_without_the_token_of_our_own_page_nothing_is_done(full: Any, now: Any):
    before = picture(full, now)

    answer = full.browser().post("/topics/T-1/ignore", data={"next": "/review"})

    assert answer.status_code == 403
    assert picture(full, now) == before


def test_a_verb_leads_nowhere_but_home(full: Any):
    answer = send(full.browser(), "/topics/T-1/snooze", until="week", next="https://evil.example/")

    assert answer.headers["location"].startswith("/")
    assert "evil" not in answer.headers["location"]


def test_what_was_said_shows_at_once_with_its_reason_under_done(full: Any):
    browser = full.browser()
    send(browser, "/topics/T-1/ignore", reason="noise")

    text = browser.get("/review?view=done").text

    assert "ignore (noise)" in text
    assert 'action="/topics/T-1/undo"' in text
    assert "Nothing waits for review" in browser.get("/review").text


def test_a_key_quote_stands_first_on_every_page_and_is_marked_with_its_key(full: Any, strictly: Any):
    browser = full.browser()
    before = browser.get("/topics/T-1/evidence").text

    send(browser, "/topics/T-1/pin", item="reviews:x6#1")
    pages = {
        path: browser.get(path).text for path in ("/topics/T-1", "/topics/T-1/evidence", "/review?topic=T-1")
    }
    said = browser.get("/topics/T-1.json").json()
    send(browser, "/topics/T-1/unpin", item="reviews:x6#1")
    after = browser.get("/topics/T-1/evidence").text

    assert said["evidence"][0]["item"] == "x6"
    assert said["key_quotes"] == ["x6"]
    for path, text in pages.items():
        strictly(text)
        assert text.count("★ key quote") == 1, path
        assert text.index("★ key quote") < text.index("Person 6") < text.index("Person 1"), path
    assert (
        'data-verb="unpin" name="item" value="reviews:x6#1" data-key="p 1"' in pages["/topics/T-1/evidence"]
    )
    assert (before.count("★"), after.count("★")) == (0, 0)


def test_a_key_quote_too_many_is_answered_in_words(full: Any):
    browser = full.browser()
    for _ in range(2):
        full.said(topic=1)
    for name in ("x1", "x2", "x3", "x4", "x5", "x6", "x101"):
        assert send(browser, "/topics/T-1/pin", item=f"reviews:{name}").status_code == 303

    answer = send(browser, "/topics/T-1/pin", item="reviews:x102")

    assert answer.status_code == 409
    assert "T-1 has 7 key quotes, and 7 is the most; unpin one first" in answer.text
