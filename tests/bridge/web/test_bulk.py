from __future__ import annotations

import re
from typing import Any

import pytest
from clicks import picture, send, token
from sqlmodel import select

from bridge.models import Decision
from bridge.store.decided import MACHINE

HOW = {
    "approve": {},
    "reject": {"reason": "noise"},
    "snooze": {"until": "month", "reason": "known"},
    "ignore": {"reason": "known"},
    "merge": {"into": "T-3"},
}


def tick(browser: Any, verb: str, *topics: str, **fields: str) -> Any:
    return send(browser, f"/bulk/{verb}", topics=list(topics), next="/review", **fields)


@pytest.fixture
def queue(full: Any) -> Any:
    """A company with three topics that can be decided about."""
    full.topic(4, "Seat map freezes")
    full.said("The seat map freezes", topic=4, speaker="p1")
    return full


@pytest.mark.parametrize("verb", HOW)
def test_several_are_decided_about_at_once_and_one_undo_takes_all_back(queue: Any, now: Any, verb: str):
    browser, before = queue.browser(), picture(queue, now)

    done = tick(browser, verb, "T-1", "T-4", "T-1", **HOW[verb])
    said = browser.get(done.headers["location"]).text
    between = picture(queue, now)
    numbers = re.search('name="decision" value="([0-9,]+)"', said)
    assert numbers
    back = send(browser, "/bulk/undo", decision=numbers[1], next="/review")

    assert done.status_code == back.status_code == 303
    assert "2 topics " in said
    assert len(numbers[1].split(",")) == 2
    assert between != before or verb == "reject"  # which shows in the queue alone
    assert "Taken back: 2 topics" in browser.get(back.headers["location"]).text
    assert picture(queue, now) == before


def test_what_is_said_of_many_decisions_takes_as_many_queries_as_of_two(queue: Any):
    browser = queue.browser()
    done = tick(browser, "snooze", "T-1", "T-3", "T-4", **HOW["snooze"]).headers["location"]
    browser.get(done)

    with queue.counting_queries() as of_three:
        said = browser.get(done).text
    with queue.counting_queries() as of_two:
        browser.get(done.rpartition(",")[0])

    assert "3 topics snoozed" in said
    assert len(of_three) == len(of_two)


def test_where_tickets_belong_is_asked_once_for_all_that_are_approved(queue: Any):
    browser = queue.browser()
    asked: list[int] = []

    for ticked in (["T-1"], ["T-3", "T-4"]):
        with queue.counting_queries() as queries:
            done = tick(browser, "reject", *ticked, reason="noise")
        assert done.status_code == 303
        asked.append(len([query for query in queries if "assignment.source, count(" in query]))

    assert asked[0] == asked[1] > 0


def test_the_reason_goes_with_what_has_one_alone(queue: Any):
    tick(queue.browser(), "snooze", "T-1", **HOW["snooze"])

    with queue.database.reading() as session:
        assert "reason" not in session.get_one(Decision, 2).after


def test_when_one_can_not_be_decided_about_none_is(queue: Any, now: Any):
    before = picture(queue, now)

    answer = tick(queue.browser(), "approve", "T-4", "T-2")

    assert answer.status_code == 409
    assert "nothing was done, because of T-2" in answer.text
    assert picture(queue, now) == before


def test_an_undo_of_several_is_refused_as_a_whole_when_one_was_decided_about_since(queue: Any, now: Any):
    browser = queue.browser()
    done = tick(browser, "snooze", "T-1", "T-4", until="week")
    send(browser, "/topics/T-4/rename", title="Another")
    between = picture(queue, now)

    numbers = done.headers["location"].partition("done=")[2]
    answer = send(browser, "/bulk/undo", decision=numbers)

    assert answer.status_code == 409
    assert "the latest decision about T-4 is another by now" in answer.text
    assert picture(queue, now) == between


@pytest.mark.parametrize(
    ("verb", "fields", "words"),
    [
        ("ignore", {}, "no topic was ticked"),
        ("ignore", {"topics": "T-1 bags"}, "bags"),
        ("ignore", {"topics": " ".join(f"T-{n}" for n in range(1, 202))}, "200 at most"),
        ("merge", {"topics": "T-1", "into": "T-1"}, "no topic was ticked but T-1 itself"),
        ("undo", {"decision": "1,x"}, "numbers of decisions"),
        ("undo", {"decision": "99"}, "there is no decision 99"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(queue: Any, verb: str, fields: dict[str, str], words: str):
    answer = send(queue.browser(), f"/bulk/{verb}", **fields)

    assert answer.status_code in (400, 404, 409)
    assert words in answer.text


def test_what_a_recluster_did_is_not_taken_back_in_parts(queue: Any, now: Any):
    queue.add(Decision(at=now, who=MACHINE, verb=MACHINE, topic=0, before={"topic": {}, "ticket": {}}))
    with queue.database.reading() as session:
        number = max(session.exec(select(Decision.id)))

    answer = send(queue.browser(), "/bulk/undo", decision=str(number))

    assert answer.status_code == 409
    assert "feedback-bridge topics undo --recluster" in answer.text
    with queue.database.reading() as session:
        assert session.get_one(Decision, number).undone_at is None


def test_a_program_does_the_same_in_json(queue: Any):
    browser = queue.browser()
    head = {"X-CSRF-Token": token(browser)}

    answer = browser.post("/api/bulk/ignore", json={"topics": "T-1, T-4", "reason": "noise"}, headers=head)

    assert [(row["topic"], row["verb"]) for row in answer.json()] == [("T-1", "ignore"), ("T-4", "ignore")]


def test_what_enter_presses_without_a_script_decides_nothing(queue: Any, now: Any):
    browser, before = queue.browser(), picture(queue, now)
    form = browser.get("/review").text.partition('<form id="bulk"')[2]

    first = re.search("<button[^>]*>", form)
    answer = tick(browser, "snooze", "T-1", "T-4")

    assert first
    assert first[0] == "<button hidden>"
    assert 'action="/bulk/snooze"' in form.partition(">")[0]
    assert answer.status_code == 409
    assert "is no date" in answer.text
    assert picture(queue, now) == before


@pytest.mark.parametrize("page", ["/review", "/topics"])
def test_each_row_can_be_ticked_and_the_page_is_well_formed(queue: Any, strictly: Any, page: str):
    text = queue.browser().get(page).text

    strictly(text)
    assert re.findall('data-pick[^>]*aria-label="Tick (T-[0-9]+)"', text)
    assert 'formaction="/bulk/approve"' in text
