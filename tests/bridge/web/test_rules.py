"""Rules in sentences, and their simulator, are those of the command line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bridge.simulate import simulate
from bridge.web.desk import Desk
from bridge.web.render import Renderer
from bridge.web.site import make_site

POLICY = {"create_when": {"people": 3, "within_days": 28, "confidence": 0.0}, "max_creates_per_day": 5}
RULES = [{"name": "<b>tweets</b>", "when": {"sources": ["tweets"]}, "mode": "shadow"}]


@pytest.fixture
def ruled(full: Any, now: datetime) -> TestClient:
    settings = full.settings(policy=POLICY, rules=RULES)
    site = make_site(full.database, settings, lambda: now)
    return TestClient(site, base_url="http://127.0.0.1:8765")


def test_the_rules_are_said_in_sentences_in_their_order(ruled: TestClient, strictly: Callable[[str], Any]):
    page = ruled.get("/rules").text

    strictly(page)
    assert page.index("&lt;b&gt;tweets&lt;/b&gt;") < page.index("For all other topics")
    assert "when 3 people said it in 28 days" in page
    assert page.count("What it would have created in 30 days") == 1
    assert "At most 5 tickets a day." in page
    assert [row["mode"] for row in ruled.get("/rules.json").json()] == ["shadow", "review"]


def test_the_rules_are_not_played_before_somebody_asks(full: Any, ruled: TestClient):
    with full.counting_queries() as queries:
        page = ruled.get("/rules").text

    assert "First day" not in page
    assert len(queries) <= 2


def test_the_simulator_says_what_the_command_says(full: Any, ruled: TestClient, now: datetime):
    desk = Desk(full.database, full.settings(policy=POLICY, rules=RULES), lambda: now, Renderer())

    found = ruled.get("/rules/simulate.json?days=30").json()

    assert found == simulate(desk.context(), 30)
    assert [row["topic"] for row in found] == ["T-1"]


def test_the_page_shows_the_first_day_of_each_topic(ruled: TestClient, strictly: Callable[[str], Any]):
    page = ruled.get("/rules/simulate?days=30").text

    strictly(page)
    assert "1 ticket in 30 days." in page
    assert "Would have proposed 1 ticket in 30 days." in page
    assert "Would have created 0 tickets in 30 days." in page
    assert '<tr data-topic="T-1">' in page


def test_a_simulation_is_kept_while_nothing_changes(full: Any, ruled: TestClient):
    ruled.get("/rules/simulate")
    with full.counting_queries() as queries:
        ruled.get("/rules/simulate")

    assert len(queries) <= 12


def test_the_file_has_the_columns_of_the_command(ruled: TestClient):
    rows = list(csv.DictReader(io.StringIO(ruled.get("/rules/simulate.csv?days=30").text)))

    assert [(row["topic"], row["rule"]) for row in rows] == [("T-1", "policy")]


def test_rules_that_nothing_meets_say_what_to_do(empty: Any):
    assert "no topic met a rule" in empty.browser().get("/rules/simulate?days=7").text


@pytest.mark.parametrize("days", ["0", "-1", "367", "x", "1e9", "٣"])
def test_days_that_make_no_sense_are_refused_in_words(ruled: TestClient, days: str):
    answer = ruled.get("/rules/simulate.json", params={"days": days})

    assert answer.status_code == 400
    assert "1 to 366" in answer.json()["error"]["message"]
