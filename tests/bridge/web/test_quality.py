"""The machine graded by what people decided."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bridge.models import Decision
from bridge.placing import Placing
from bridge.undo import undo


def shares(company: Any, by: str = "all") -> dict[Any, tuple[int, int]]:
    rows = company.browser().get("/quality.json").json()
    return {
        row["measure"] if by == "all" else (row["measure"], row["group"]): (row["part"], row["of"])
        for row in rows
        if row["by"] == by
    }


def remove(company: Any, now: datetime, topic: int, item: str):
    with company.database.writing() as session:
        Placing(session, "ana", now).remove(topic, [item])


def test_the_latest_word_on_each_topic_counts(full: Any):
    full.decided(1, "reject")
    full.decided(3, "approve")
    full.decided(3, "ignore")
    full.decided(1, "approve")

    assert shares(full)["accepted"] == (2, 3)


def test_an_approved_topic_that_a_person_changed_counts_as_edited(full: Any):
    full.decided(2, "edit")
    full.decided(1, "rename")

    assert shares(full)["edited"] == (1, 1)


def test_a_statement_taken_out_is_wrong_in_its_source(full: Any, now: datetime):
    before = shares(full)["wrong"]

    remove(full, now, 3, "tweets:x9")

    assert shares(full)["wrong"] == (1, before[1])
    assert shares(full, "source")[("wrong", "tweets")] == (1, 1)
    assert shares(full, "source")[("wrong", "reviews")] == (0, before[1] - 1)
    assert shares(full, "language")[("wrong", "unknown")] == (1, before[1])


def test_what_was_undone_does_not_count(full: Any, now: datetime):
    remove(full, now, 3, "tweets:x9")

    with full.database.writing() as session:
        undo(session, 3, "ana", now)

    assert shares(full)["wrong"][0] == 0


def test_what_a_recluster_did_is_no_correction(full: Any, now: datetime):
    was = {"assignment": {"9": {"status": "published", "pinned": False, "topic": 3}}}

    full.add(Decision(at=now, who="ana", verb="move", topic=3, before=was, together=1))

    assert shares(full)["wrong"][0] == 0


def test_too_little_is_told_as_numbers_without_a_rate(full: Any, strictly: Callable[[str], Any]):
    page = full.browser().get("/quality").text

    strictly(page)
    assert '1 of 1 · <span class="quiet">not enough yet to tell a rate</span>' in page
    assert {row["rate"] for row in full.browser().get("/quality.json").json()} == {None}


def test_enough_is_told_as_a_rate(empty: Any):
    for number in range(1, 21):
        empty.topic(number, f"Topic {number}")
        empty.said(topic=number)
        empty.decided(number, "approve" if number <= 15 else "reject")

    assert "<strong>75.0%</strong> · 15 of 20" in empty.browser().get("/quality").text


def test_a_store_without_decisions_says_that_it_is_not_enough(empty: Any, strictly: Callable[[str], Any]):
    page = empty.browser().get("/quality").text

    strictly(page)
    assert page.count("0 of 0") == 3


def test_the_file_has_the_rows_of_the_twin(full: Any):
    rows = list(csv.DictReader(io.StringIO(full.browser().get("/quality.csv").text)))

    assert len(rows) == len(full.browser().get("/quality.json").json())
    assert rows[0]["measure"] == "accepted"
