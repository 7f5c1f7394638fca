from __future__ import annotations

import pytest

from topics.keywords import keywords
from topics.terms import stop_words

pytestmark = pytest.mark.slow  # BERTopic takes seconds to import

BAGS = [
    "You lost my bag at the airport",
    "My bags are lost again",
    "Where is my lost bag?",
    "Still no bag after two days",
    "My bag is at the wrong airport",
]
REFUNDS = [
    "I want my refund now",
    "The refund has not arrived",
    "Refunds take too long",
    "Waiting for a refund since May",
]


def terms(found: list) -> list[str]:
    return [keyword.term for keyword in found]


def test_each_topic_gets_what_sets_it_apart():
    found = keywords({1: BAGS, 2: REFUNDS})

    assert "bag" in terms(found[1])[0]
    assert terms(found[2])[0] == "refund"
    assert found[1][0].weight == 1.0
    assert [k.weight for k in found[1]] == sorted((k.weight for k in found[1]), reverse=True)


def test_no_term_repeats_another_and_none_is_a_stop_word():
    found = terms(keywords({1: BAGS, 2: REFUNDS})[1])

    assert sum("bag" in term for term in found) == 1
    assert not {word for term in found for word in term.split()} & stop_words("en")


def test_words_that_belong_together_stay_together():
    cards = ["Apple Pay does not work", "add apple pay", "No Apple Pay in my country", "apple pay please"]

    assert terms(keywords({1: cards, 2: REFUNDS})[1])[0] == "apple pay"


def test_one_person_alone_puts_no_word_among_the_keywords():
    found = keywords({1: [*BAGS, "I am Zebedee and my bag is lost"], 2: REFUNDS})

    assert "zebedee" not in " ".join(terms(found[1]))


def test_one_who_says_a_word_often_counts_once():
    shouted = [*REFUNDS, "voucher voucher voucher voucher", "any voucher"]

    assert terms(keywords({1: shouted, 2: BAGS})[1])[0] == "refund"


def test_order_of_statements_and_topics_changes_nothing():
    assert keywords({2: REFUNDS, 1: sorted(BAGS)}) == keywords({1: BAGS, 2: REFUNDS})


@pytest.mark.parametrize(
    ("statements", "expected"),
    [(["Seat map freezes"], True), (["12345 678"], False), ([], False), (["😡😡"], False),
     (["the and of"], False),
     (["Meine Karte funktioniert nicht"], True), (["الحقيبة ضاعت"], True), (["座位图卡住"], True)],
)  # fmt: skip
def test_one_topic_of_any_kind_of_text_has_keywords_if_it_has_words(statements: list[str], expected: bool):
    assert bool(keywords({5: statements})[5]) is expected


def test_banned_words_and_the_number_asked_for_hold():
    found = keywords({1: ["Acme app crashes daily", "acme app crashes"]}, top=1, banned=frozenset({"acme"}))

    assert terms(found[1]) == ["app crashes"]


def test_other_languages_lose_their_stop_words():
    german = [
        "Die Karte wurde nicht akzeptiert",
        "Meine Karte wurde abgelehnt",
        "Die Karte ist gesperrt",
        "die Karte",
    ]

    assert terms(keywords({1: german, 2: REFUNDS})[1]) == ["karte"]
