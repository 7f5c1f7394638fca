from __future__ import annotations

import pytest

from topics.grammar import form
from topics.records import Kind

pytestmark = pytest.mark.slow  # spaCy's model takes a second to load


@pytest.mark.parametrize(
    "clause",
    [
        "able to change booking without any fees",
        "understand weather is an issue",
        "no had to rebook flight",
        "refund rejected because the flight",
        "weather being something new",
        "bags are still",
        "agent did not say",
    ],
)
def test_what_lost_its_start_or_its_end_is_no_title(clause: str):
    assert form(clause, Kind.PROBLEM) < 0


@pytest.mark.parametrize(
    "clause",
    [
        "refund rejected because of the strike",
        "refund rejected because the flight was operated",
        "still have not been reimbursed the baggage fee",
        "bag is being held at customs",
        "no wifi on board",
        "unable to dismiss the banner",
        "impossible to log in to the account",
    ],
)
def test_what_stands_alone_is_one(clause: str):
    assert form(clause, Kind.PROBLEM) > 0


def test_a_tale_and_an_order_to_the_company_read_worse_than_a_state():
    state = form("vegan meal is missing", Kind.PROBLEM)

    assert state > form("ordered the vegan meal", Kind.PROBLEM)
    assert state > form("don't ever call me again", Kind.PROBLEM)


def test_a_wish_without_its_if_reads_worse_than_the_thing_wished_for():
    assert form("dark mode", Kind.REQUEST) > form("app followed the dark setting", Kind.REQUEST)
