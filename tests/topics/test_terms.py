from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.terms import language_of, phrases, stem, stop_words, word_list, words


def test_words_leave_out_links_handles_and_addresses():
    assert words("@acme see https://x.y/z or mail me@x.org: It\u2019s BROKEN") == [
        "see",
        "or",
        "mail",
        "it",
        "broken",
    ]


def test_words_of_other_scripts_stay_whole():
    assert words("बैग खो गया") == ["बैग", "खो", "गया"]
    assert words("Верните деньги") == ["верните", "деньги"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("bag", "bags"), ("delay", "delayed"), ("charge", "charging"), ("city", "cities"), ("stop", "stopped"),
     ("cancelled", "canceled"), ("wi-fi", "wifi"), ("crash", "crashes")],
)  # fmt: skip
def test_forms_of_one_word_share_a_stem(one: str, other: str):
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("bag", "bug"), ("bus", "bu"), ("pass", "pas"), ("red", "r")])
def test_different_words_keep_different_stems(one: str, other: str):
    assert stem(one) != stem(other)


@given(st.text(max_size=40))
def test_any_text_has_words_and_stems(text: str):
    for word in words(text):
        assert word == word.lower()
        assert stem(word)


@pytest.mark.parametrize(
    ("text", "language"),
    [("the app is slow and it does not work", "en"), ("die App ist nicht mehr zu öffnen", "de"),
     ("je ne peux pas me connecter à mon compte", "fr"), ("no puedo entrar en la cuenta de mi hija", "es"),
     ("não consigo entrar na minha conta", "pt"), ("zzz qqq", "en"), ("", "en")],
)  # fmt: skip
def test_the_language_is_told_by_its_stop_words(text: str, language: str):
    assert language_of(words(text)) == language


def test_words_that_matter_in_feedback_are_no_stop_words():
    assert not stop_words("en") & {"call", "seat", "show", "full", "empty", "back"}
    assert {"the", "please", "thanks", "can"} <= stop_words("en")
    assert stop_words("xx") == frozenset()


def test_phrases_are_words_and_pairs_without_stop_words():
    assert phrases("I lost my bag, and the app crashes") == [
        ("lost",), ("bag",), ("lost", "bag"), ("app",), ("crashes",), ("app", "crashes"),
    ]  # fmt: skip


def test_phrases_hold_no_codes_flights_account_numbers_nor_banned_words():
    found = {
        word
        for phrase in phrases("Acme flight UA236, code X7K2P9, account 12345678", frozenset({"acme"}))
        for word in phrase
    }

    assert found == {"flight", "code", "account"}


def test_our_lists_are_lower_case():
    assert all(
        word == word.lower() for name in ("swear", "chat", "content", "trouble") for word in word_list(name)
    )
