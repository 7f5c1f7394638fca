from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.clauses import clauses, impersonal
from topics.records import Kind


@pytest.mark.parametrize(
    ("said", "neutral"),
    [
        ("I can't check in", "can't check in"),
        ("please add dark mode", "add dark mode"),
        ("It would be nice to have a dark mode", "dark mode"),
        ("Hi team, could you please add Apple Pay", "add Apple Pay"),
        ("and so my app crashes", "app crashes"),
        ("I have been charged twice for my ticket", "charged twice for ticket"),
        ("We are still waiting for our bag", "still waiting for bag"),
        ("How do I change my PIN", "how to change PIN"),
        ("There is no way to cancel", "no way to cancel"),
        ("You should have a family plan", "family plan"),
        ("I didnt get my refund", "didn't get refund"),
        ("No refund yet", "No refund yet"),
        ("Bitte, meine Karte wird nicht angenommen", "Karte wird nicht angenommen"),
        ("Bonjour, mon colis n'est pas encore là", "colis n'est pas encore là"),
        ("Hola, mi tarjeta no funciona para pagar", "tarjeta no funciona para pagar"),
        ("Olá, minha conta não abre com a senha", "conta não abre com a senha"),
    ],
)
def test_the_first_person_and_fillers_go(said: str, neutral: str):
    assert impersonal(said) == neutral


def test_a_question_keeps_its_word_and_its_owner():
    assert impersonal("Where is my bag", Kind.QUESTION) == "Where is my bag"
    assert impersonal("Can I pay by cheque", Kind.QUESTION) == "Can I pay by cheque"


def test_a_statement_is_split_at_sentences_and_at_but():
    found = clauses("The app is fine, but the seat map freezes! Fix it 😡 now", kind=Kind.PROBLEM)

    assert "seat map freezes" in found
    assert "Fix it" in found


@pytest.mark.parametrize(
    "private",
    [
        "@acme",
        "me@mail.example",
        "https://t.co/xyz",
        "#fail",
        "+44 20 7946 0958",
        "X7K2P9",
        "0123456789",
        "😡",
    ],
)
def test_what_has_no_place_in_a_title_is_gone_at_the_end_and_breaks_a_clause_in_its_middle(private: str):
    at_end = clauses(f"Seat map freezes {private}", kind=Kind.PROBLEM)
    inside = " ".join(clauses(f"Seat map freezes {private} Again every day", kind=Kind.PROBLEM))

    assert at_end == ["Seat map freezes"]
    assert private not in inside


def test_names_after_i_am_and_brands_are_gone():
    assert clauses("I'm Zebedee Miller.", kind=Kind.PROBLEM) == []
    assert clauses("Acme's app crashes with Acme", kind=Kind.PROBLEM, banned=frozenset({"acme"})) == [
        "app crashes"
    ]


def test_a_flight_number_leaves_the_flight():
    assert clauses("Flight UA 236 was late", kind=Kind.PROBLEM) == ["Flight was late"]


@given(st.text(max_size=80), st.sampled_from(Kind))
def test_any_text_gives_clean_clauses(text: str, kind: Kind):
    for clause in clauses(text, kind=kind):
        assert clause.strip() == clause != ""
        assert "\x00" not in clause
