from __future__ import annotations

from typing import Any

import pytest
from builders import Bench

from bridge.decide import (
    Create,
    Keep,
    Nothing,
    Propose,
    TopicView,
    Watch,
    WouldCreate,
    decide,
    rule_for,
    windows,
    within_cap,
)

RULES = """
[[rule]]
name = "payments"
when = { words = ["checkout", "Invoice"] }
project = "PAY"
mode = "automatic"
create_when = { people = 3, within_days = 7 }

[[rule]]
name = "german requests"
when = { kinds = ["request"], languages = ["de"] }
type = "Idea"
mode = "shadow"

[[rule]]
name = "reviews only"
when = { sources = ["reviews"] }
project = "REV"
"""


def view(**changes: Any) -> TopicView:
    parts: dict[str, Any] = {
        "number": 4,
        "title": "Checkout crashes",
        "kind": "problem",
        "state": "new",
        "confidence": 0.6,
        "reach": 9,
        "people_within": {7: 2, 28: 5},
        "sources": frozenset({"tweets"}),
        "languages": frozenset({"en"}),
        "words": frozenset({"bag"}),
        "ticket_state": None,
    }
    return TopicView(**{**parts, **changes})


@pytest.fixture
def settings(bench: Bench):
    bench.set(RULES)
    return bench.settings


@pytest.mark.parametrize(
    ("changes", "expected", "why"),
    [
        ({}, Propose, "5 people in 28 days, confidence 0.60"),
        ({"people_within": {7: 2, 28: 4}}, Nothing, "4 people in 28 days, 5 needed"),
        ({"kind": "praise"}, Nothing, "kind praise makes no tickets (policy.kinds)"),
        ({"kind": "question"}, Nothing, "kind question makes no tickets (policy.kinds)"),
        ({"kind": "request"}, Propose, "5 people in 28 days, confidence 0.60"),
        ({"state": "ignored"}, Nothing, "ignored by a person"),
        ({"state": "merged into T-2"}, Nothing, "merged into another topic"),
        ({"state": "snoozed", "snoozed": True}, Nothing, "snoozed by a person"),
        ({"state": "snoozed", "snoozed": False}, Propose, "5 people in 28 days, confidence 0.60"),
        (
            {"born_cold": True, "confidence": 0.59},
            Nothing,
            "born in a cold start and not proved yet: confidence 0.59, 0.60 needed",
        ),
        ({"born_cold": True, "confidence": 0.6}, Propose, "5 people in 28 days, confidence 0.60"),
        ({"born_cold": True, "confidence": 0.1, "ticket_state": "approved"}, Create, "approved by a person"),
        ({"ticket_state": "proposed"}, Nothing, "waits for a person's review"),
        ({"ticket_state": "rejected"}, Nothing, "a person rejected its ticket"),
        ({"ticket_state": "done"}, Watch, "its ticket is done"),
        ({"ticket_state": "open"}, Keep, "has an open ticket"),
        ({"ticket_state": "open", "state": "ignored"}, Nothing, "ignored by a person"),
        ({"ticket_state": "approved", "people_within": {7: 0, 28: 0}}, Create, "approved by a person"),
        ({"ticket_state": "approved", "snoozed": True}, Nothing, "snoozed by a person"),
        ({"words": frozenset({"checkout"})}, Nothing, "2 people in 7 days, 3 needed"),
        (
            {"words": frozenset({"invoice"}), "people_within": {7: 3, 28: 3}},
            Create,
            "3 people in 7 days, confidence 0.60",
        ),
        (
            {"kind": "request", "languages": frozenset({"de", "en"})},
            WouldCreate,
            "5 people in 28 days, confidence 0.60",
        ),
        (
            {"has_subject": False},
            Nothing,
            "its members share no subject; give it a name (topics rename), or take apart what is in it",
        ),
        ({"has_subject": False, "ticket_state": "approved"}, Create, "approved by a person"),
        ({"confidence": 0.0}, Propose, "5 people in 28 days, confidence 0.00"),
    ],
)
def test_a_topic_is_decided_by_people_then_by_the_first_rule_that_fits(
    settings, changes: dict[str, Any], expected: type, why: str
):
    decision = decide(view(**changes), settings)

    assert type(decision) is expected
    assert decision.reason == why


def test_confidence_holds_back_only_below_what_is_asked(bench: Bench):
    bench.set("[policy.create_when]\nconfidence = 0.7")

    short, enough = (decide(view(confidence=c), bench.settings) for c in (0.69, 0.7))

    assert isinstance(short, Nothing)
    assert short.reason == "confidence 0.69, 0.70 needed"
    assert isinstance(enough, Propose)


@pytest.mark.parametrize(
    ("mode", "expected"), [("review", Propose), ("shadow", WouldCreate), ("automatic", Create)]
)
def test_the_mode_of_the_policy_says_who_creates(bench: Bench, mode: str, expected: type):
    bench.set(f'policy.mode = "{mode}"')

    assert type(decide(view(), bench.settings)) is expected


@pytest.mark.parametrize(
    ("changes", "name", "project", "mode", "people", "days"),
    [
        (
            {"words": frozenset({"checkout"}), "sources": frozenset({"reviews"})},
            "payments",
            "PAY",
            "automatic",
            3,
            7,
        ),
        ({"sources": frozenset({"reviews", "tweets"})}, "reviews only", "REV", "review", 5, 28),
        (
            {"kind": "request", "languages": frozenset({"de"}), "sources": frozenset({"reviews"})},
            "german requests",
            "",
            "shadow",
            5,
            28,
        ),
        ({"kind": "problem", "languages": frozenset({"de"})}, "policy", "", "review", 5, 28),
    ],
)
def test_the_first_rule_that_fits_speaks_and_the_policy_fills_what_it_leaves_out(
    settings, changes, name, project, mode, people, days
):
    rule = rule_for(view(**changes), settings)

    assert (rule.name, rule.project, rule.mode, rule.people, rule.within_days) == (
        name,
        project,
        mode,
        people,
        days,
    )


def test_every_window_that_a_rule_counts_in_is_known(settings):
    assert windows(settings) == (7, 28)


@pytest.mark.parametrize(
    ("cap", "created_today", "kept"),
    [(0, 99, [1, 3, 5]), (2, 0, [1, 3]), (2, 1, [1]), (2, 2, []), (2, 5, [])],
)
def test_the_cap_holds_back_the_creates_beyond_it_and_nothing_else(
    bench: Bench, cap: int, created_today: int, kept: list[int]
):
    bench.set('policy.mode = "automatic"')
    decisions = [
        decide(view(number=n, kind="problem" if n % 2 else "praise"), bench.settings) for n in range(1, 7)
    ]

    found = within_cap(decisions, created_today=created_today, cap=cap)

    assert [d.topic for d in found] == [1, 2, 3, 4, 5, 6]
    assert [d.topic for d in found if isinstance(d, Create)] == kept
    held = [d.reason for d in found if d.topic in {1, 3, 5} - set(kept)]
    assert held == [f"held back: policy.max_creates_per_day = {cap} is used up"] * (3 - len(kept))
