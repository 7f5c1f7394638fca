from __future__ import annotations

import pytest

from topics.composing import composed, made_up
from topics.general import is_general
from topics.keywords import Keyword
from topics.records import Kind
from topics.support import Heard, cased, fit, heard, is_shared, may_show

BAGS = [
    "my bags are lost",
    "lost bags again",
    "where are the bags, lost in Rome?",
    "bags come late, says Jacquie Plitt",
    "no bags",
]


def topic(kind: Kind = Kind.PROBLEM, banned: frozenset[str] = frozenset()) -> Heard:
    return heard(BAGS, [Keyword("lost bags", 1.0)], [], kind=kind, banned=banned)


def test_a_state_that_members_name_stands_before_the_thing():
    assert "lost bags" in composed(["bags", "bags", "Rome"], topic())


def test_a_state_far_from_the_thing_does_not_stand_before_it():
    texts = [
        "my charger was lost on Monday and the nice people here then found all the bags",
        "lost a glove, though nobody at the very long desk asked about bags",
        "bags",
    ]

    assert "lost bags" not in composed(["bags", "bags"], heard(texts, [], [], kind=Kind.PROBLEM))


def test_what_is_said_everywhere_names_no_topic_while_something_else_does():
    texts = ["change fees for a flight", "flight change fees", "the flight has change fees"]
    said = heard(texts, [], [], kind=Kind.PROBLEM)
    phrases = ["flight", "flight", "change fees", "change fees"]

    assert "problems with flight" in composed(phrases, said)
    assert "problems with flight" not in composed(phrases, said, {"flight": 0.6})
    assert "problems with change fees" in composed(phrases, said, {"flight": 0.6})


def test_half_of_a_word_shows_as_the_whole_one():
    texts = ["the carry-on rule", "carry on rules", "may I carry on a bag", "is it a carry-on"]

    lines = composed(["carry", "carry"], heard(texts, [], [], kind=Kind.QUESTION))

    assert "questions about carry-on" in lines


@pytest.mark.slow
def test_members_without_a_theme_get_general_complaints_and_the_next_topic_other_words():
    texts = [f"{word} was not nice" for word in ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op")]
    said = heard(texts, [], [], kind=Kind.PROBLEM)

    assert made_up([Keyword("honeymoon", 1.0)], said, lambda _: True) == "General complaints"
    assert made_up([], said, lambda line: not line.startswith("General")) == "Mixed complaints"


@pytest.mark.slow
def test_each_further_topic_without_a_theme_is_general_too_and_no_title_comes_twice():
    texts = [f"{word} was not nice" for word in ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op")]
    said = heard(texts, [], [], kind=Kind.PROBLEM)
    used: list[str] = []

    for _ in range(8):
        used.append(made_up([Keyword("honeymoon", 1.0)], said, lambda line: line not in used))

    assert len(set(used)) == 8
    assert all(map(is_general, used))


@pytest.mark.slow
def test_a_theme_whose_plain_line_is_taken_is_still_no_general_complaint():
    said = heard([f"the koffer {word}" for word in "abcdefgh"], [], [], kind=Kind.PROBLEM)
    used: list[str] = []

    for _ in range(4):
        used.append(made_up([Keyword("koffer", 1.0)], said, lambda line: line not in used))

    assert len(set(used)) == 4
    assert all("koffer" in line for line in used)


@pytest.mark.parametrize("texts", [["荷物が届きません", "荷物はどこですか"], ["行李箱丢了", "行李箱没到"]])
def test_members_in_a_script_without_spaces_are_not_said_to_share_nothing(texts: list[str]):
    line = made_up([], heard(texts, [], [], kind=Kind.PROBLEM), lambda _: True)

    assert line == "Complaints in another script"
    assert not is_general(line)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Kind.PROBLEM, "problems with bags"),
        (Kind.REQUEST, "requests about bags"),
        (Kind.QUESTION, "questions about bags"),
        (Kind.PRAISE, "praise for bags"),
        (Kind.OTHER, "mentions of bags"),
    ],
)
def test_the_plainest_line_says_the_kind(kind: Kind, line: str):
    assert line in composed(["bags", "bags"], topic(kind))


def test_what_one_member_says_is_in_no_line():
    assert not any("Rome" in line for line in composed(["bags", "bags", "Rome", "Rome"], topic()))


def test_no_noun_phrase_gives_no_line():
    assert composed([], topic()) == {}


def test_a_detail_costs_what_a_common_word_brings():
    assert fit("bags lost", topic()) > fit("bags", topic()) > fit("bags late in Rome", topic())
    assert is_shared("bags", topic())
    assert not is_shared("Rome", topic())


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("bags lost", True),
        ("bags lost by Jacquie", False),
        ("bags lost in Rome", False),
        ("damn bags lost", False),
        ("bags lost by Bluejet", False),
        ("bags lost by Blue Jet", False),
        ("bags lost by bluejetair", False),
    ],
)
def test_names_swear_words_and_brands_in_any_spelling_may_not_show(line: str, shown: bool):
    assert may_show(line, topic(banned=frozenset({"bluejet"}))) is shown


def test_words_are_written_as_most_write_them():
    said = ["the PDF in Safari", "a pdf in Safari", "open my PDF at last", "PLEASE FIX SAFARI NOW"]

    assert cased("pdf in SAFARI", heard(said, [], [], kind=Kind.PROBLEM)) == "PDF in Safari"
