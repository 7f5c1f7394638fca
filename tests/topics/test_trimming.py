from __future__ import annotations

import pytest

from topics.grammar import noun_phrases, shorter

pytestmark = pytest.mark.slow  # spaCy's model takes a second to load


def shared(*said: str):
    return lambda word: word.lower() in said


def test_a_detail_nobody_else_gives_goes():
    forms = shorter("won't refund tickets due to a bad exchange rate", shared("refund", "tickets"))

    assert "won't refund tickets" in forms


def test_what_all_say_stays_beside_the_detail():
    forms = shorter("bag was lost in Boston by a courier", shared("bag", "lost", "boston"))

    assert "bag was lost in Boston" in forms


def test_an_adjective_is_never_taken_from_its_noun():
    assert all("old" in form for form in shorter("calendar still shows the old time", shared("calendar")))


def test_a_negation_stays():
    assert all(
        "not" in form.split() for form in shorter("app does not open on Mondays", shared("app", "open"))
    )


def test_words_that_only_colour_go():
    assert shorter("flight is indeed delayed", shared("flight", "delayed")) == ["flight is delayed"]


def test_what_is_told_stands_without_who_tells_it():
    assert "weather is an issue" in shorter("understand weather is an issue", shared("weather", "issue"))
    assert "bag is lost" not in shorter("don't know if bag is lost", shared("bag", "lost"))


def test_a_clause_without_free_parts_has_no_shorter_form():
    assert shorter("seat map freezes", shared()) == []


def test_noun_phrases_leave_out_articles_and_owners_and_keep_hyphens():
    found = noun_phrases("my plastic cups broke at the check-in")

    assert {"plastic cups", "cups", "check-in"} <= set(found)
    assert not any(phrase.startswith(("my", "the")) or phrase == "in" for phrase in found)
