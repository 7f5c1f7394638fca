from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from topics.grammar import declared, form
from topics.keywords import Keyword
from topics.records import Kind
from topics.titles import Member, Theme, title, titles

FREEZES = [
    "Hi @acme, the seat map freezes on the last booking step!!! 😡 #fail",
    "seat map freezes when I book",
    "Why does the seat map keep freezing?",
    "THE SEAT MAP FREEZES EVERY TIME",
    "I'm Zebedee and my seat map freezes, mail me@mail.example",
]
KEYS = [Keyword("seat map", 1.0), Keyword("freezes", 0.9), Keyword("booking", 0.4)]


def members(texts: list[str]) -> list[Member]:
    return [Member(text, 1 - i / 100) for i, text in enumerate(texts)]


def named(
    texts: list[str],
    keys: list[Keyword],
    kind: Kind = Kind.PROBLEM,
    others: Sequence[list[Keyword]] = (),
    banned: frozenset[str] = frozenset(),
) -> str:
    return title(members(texts), keys, others, kind=kind, banned=banned)


@pytest.mark.slow
def test_the_title_reads_like_a_ticket():
    assert named(FREEZES, KEYS) in {"Seat map freezes", "Seat map keeps freezing"}


@pytest.mark.slow
def test_a_request_is_named_by_what_it_asks():
    texts = [
        "please add dark mode",
        "Would be nice to have a dark mode",
        "I wish there was a dark mode for night",
    ]

    assert "ark mode" in named(texts, [Keyword("dark mode", 1.0)], Kind.REQUEST)
    assert not named(texts, [Keyword("dark mode", 1.0)], Kind.REQUEST).startswith(("Please", "Would", "I "))


@pytest.mark.slow
def test_the_order_of_members_does_not_matter():
    shuffled = members(FREEZES)
    shuffled.sort(key=lambda member: member.text)

    assert title(shuffled, KEYS, [], kind=Kind.PROBLEM) == named(FREEZES, KEYS)


@pytest.mark.slow
def test_shouting_is_lowered_and_acronyms_are_kept():
    texts = [
        "PDF EXPORT HANGS IN SAFARI",
        "the PDF export hangs",
        "my PDF export is broken in Safari",
        "a PDF in Safari",
    ]

    assert named(texts, [Keyword("pdf export", 1.0), Keyword("safari", 0.5)]) == "PDF export hangs in Safari"


@pytest.mark.slow
def test_names_swear_words_and_brands_do_not_show():
    texts = [
        "Acme fucking lost my bag",
        "agent Zebedee lost my bag",
        "My bag was lost by Acme",
        "bag lost by 0123456789",
    ]

    found = named(texts, [Keyword("lost bag", 1.0)], banned=frozenset({"acme"})).lower()

    assert "bag" in found
    assert not any(word in found for word in ("acme", "fuck", "zebedee", "0123"))


@pytest.mark.slow
def test_what_the_nearest_topics_share_counts_less():
    texts = [
        "The app crashes on the login page",
        "The app crashes on the seat map",
        "app crashes on the seat map",
    ]
    keys = [Keyword("app crashes", 1.0), Keyword("seat map", 0.6), Keyword("login page", 0.6)]

    found = named(texts, keys, others=[[Keyword("login page", 1.0), Keyword("app crashes", 1.0)]])

    assert found == "App crashes on the seat map"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("texts", "keys", "expected"),
    [
        (
            ["Meine Karte wird nicht angenommen", "Karte wird nicht angenommen"],
            [Keyword("karte", 1.0)],
            "Karte wird nicht",
        ),
        (
            ["Hola, mi tarjeta no funciona en la tienda"],
            [Keyword("tarjeta", 1.0)],
            "Tarjeta no funciona en la tienda",
        ),
    ],
)
def test_other_languages_have_titles_too(texts: list[str], keys: list[Keyword], expected: str):
    assert named(texts, keys).startswith(expected)


@pytest.mark.slow
def test_without_a_fit_clause_the_best_keyword_stands():
    assert (
        named(["ugh 😡", "!!!"], [Keyword("refund", 1.0), Keyword("bank account", 0.5)])
        == "Problems with refund"
    )


@pytest.mark.slow
@pytest.mark.parametrize("texts", [[], ["😡"], ["1234567"], ["fuck"]])
def test_a_title_is_never_empty(texts: list[str]):
    assert named(texts, []) == "General complaints"


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=120), max_size=6), st.sampled_from(Kind), st.randoms())
def test_any_members_give_one_clean_line(texts: list[str], kind: Kind, random: Random):
    some = [*texts, "the seat map freezes"]
    shuffled = members(some)
    found = title(shuffled, KEYS, [], kind=kind)
    random.shuffle(shuffled)

    assert 0 < len(found) <= 70
    assert "\n" not in found
    assert found[-1] not in ".,;:!?"
    assert title(shuffled, KEYS, [], kind=kind) == found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "stated"),
    [
        ("why does my app keep crashing", "app keeps crashing"),
        ("why is my flight delayed", "flight delayed"),
        ("why hasn't my refund appeared", "refund hasn't appeared"),
        ("is my flight delayed", "is my flight delayed"),
        ("card stuck", "card stuck"),
    ],
)
def test_a_why_becomes_what_is_the_matter(asked: str, stated: str):
    assert declared(asked) == stated


@pytest.mark.slow
def test_a_clause_that_breaks_off_or_names_a_person_is_unfit():
    assert form("seat map freezes on the", Kind.PROBLEM) < -1
    assert form("freezes", Kind.PROBLEM) < -1
    assert form("seat map freezes on the last step", Kind.PROBLEM) > 0.2


REFUNDS = [
    "won't refund tickets due to a bad exchange rate",
    "they won't refund my ticket",
    "you won't refund our tickets",
    "no refund for the tickets yet",
    "the refund of my ticket is late",
]
REFUND_KEYS = [Keyword("refund", 1.0), Keyword("tickets", 0.8)]


def refunds(**more: object) -> Theme:
    return Theme(members=members(REFUNDS), keywords=REFUND_KEYS, **more)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_detail_of_one_person_is_trimmed():
    assert titles({1: refunds()})[1] == "Won't refund tickets"


@pytest.mark.slow
def test_two_topics_never_have_the_same_title_nor_one_that_is_taken():
    found = titles({1: refunds(), 2: refunds()})
    other = titles({1: refunds()}, taken=["Won't refund ticket"])

    assert found[1] != found[2]
    assert other[1] != "Won't refund tickets"


@pytest.mark.slow
def test_a_title_stays_until_another_is_clearly_better():
    assert titles({1: refunds(title="No refund for tickets")})[1] == "No refund for tickets"
    assert titles({1: refunds(title="The weather in Rome")})[1] == "Won't refund tickets"


@pytest.mark.slow
def test_with_an_encoder_the_line_nearest_to_the_centre_wins():
    towards = {"no refund": (1.0, 0.0), "won't refund": (0.0, 1.0)}

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [next((v for k, v in towards.items() if text.startswith(k)), (0.0, -1.0)) for text in texts]
        return np.array(rows, np.float32)

    one = titles({1: refunds(centre=np.array([1.0, 0.0], np.float32))}, encode=encode)[1]
    other = titles({1: refunds(centre=np.array([0.0, 1.0], np.float32))}, encode=encode)[1]

    assert one.startswith("No refund")
    assert other.startswith("Won't refund")


@pytest.mark.slow
def test_a_persons_name_does_not_show_even_if_several_say_it():
    texts = [
        "The agent Jacquie Plitt was rude to me",
        "Jacquie Plitt, your agent, was very rude",
        "Agent Jacquie Plitt is rude to customers",
        "A rude agent named Jacquie Plitt",
    ]

    found = named(texts, [Keyword("jacquie plitt", 1.0), Keyword("rude agent", 0.9)])

    assert "agent" in found.lower()
    assert not any(name in found.lower() for name in ("jacquie", "plitt"))


@pytest.mark.slow
@pytest.mark.parametrize("clause", ["can follows my twitter", "bag did not", "how to my points"])
def test_a_clause_that_lost_its_subject_or_its_verb_is_unfit(clause: str):
    assert form(clause, Kind.PROBLEM) < -1
