from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topics.statements import split, split_many

REVIEW = (
    "Hello team,\n\nThe app crashes every time I open a long video on my tablet. It has done so since the "
    "update. Please fix this soon! My brother cannot log in with his old account any more, and the password "
    "mail never arrives. The new colours are hard to read at night, a dark theme is missing.\n\n"
    "Thanks a lot!\nKind regards, Anna"
)


def texts_of(text: str, lang: str | None = "en") -> list[str]:
    return [span.text for span in split(text, lang=lang)]


def assert_sound(text: str, lang: str | None) -> None:
    spans = split(text, lang=lang)
    ends = 0
    for number, span in enumerate(spans, 1):
        assert span.text == text[span.start : span.end] == span.text.strip() != ""
        assert span.start >= ends
        assert len(span.text) <= 400 or number == 40
        ends = span.end
    assert len(spans) <= 40
    assert bool(spans) == bool(text.strip())


@pytest.mark.parametrize(
    "text",
    [
        "@airblue My bag is lost. Nobody answers the phone. I am so angry!",
        "Please add a dark mode. It would be nice to have it.",
        "The app crashes at the start. Please fix it.",
        "Thank you! Please add a dark mode to the app.",
        "Thanks!",
    ],
)
def test_a_short_post_stays_whole(text: str):
    assert texts_of(text) == [text]


def test_a_grievance_and_a_proposal_in_a_short_post_are_two_points():
    text = "The search never finds my old orders. Please add a filter by year, like the old app had."

    assert texts_of(text) == [
        "The search never finds my old orders.",
        "Please add a filter by year, like the old app had.",
    ]


@pytest.mark.slow
def test_a_review_is_cut_into_its_points_without_its_courtesies():
    crash = (
        "The app crashes every time I open a long video on my tablet. It has done so since the update. "
        "Please fix this soon!"
    )

    assert texts_of(REVIEW) == [
        crash,
        "My brother cannot log in with his old account any more, and the password mail never arrives.",
        "The new colours are hard to read at night, a dark theme is missing.",
    ]


def test_other_languages_are_cut_by_their_full_stops():
    german = (
        "Die App stürzt bei jedem langen Video auf meinem Tablet ab. Das nervt sehr. Mein Bruder kann sich "
        "mit seinem alten Konto nicht mehr anmelden, die Mail fehlt. Die neuen Farben sind nachts"
        " kaum zu lesen, und das ist sehr schade."
    )

    assert [text[:11] for text in texts_of(german, "de")] == ["Die App stü", "Mein Bruder", "Die neuen F"]


def test_chinese_and_japanese_are_cut_without_spaces():
    sentence = (
        "这个应用程序每次打开长视频时都会崩溃而且非常令人沮丧因为我每天都需要使用它来工作和学习没有其他选择。"
    )

    assert texts_of(sentence * 5, "zh") == [sentence] * 5


def test_each_item_of_a_list_is_a_statement():
    items = [f"- the seat in row {n} was broken and nobody came to mend it" for n in range(1, 6)]

    assert texts_of("\n".join(items), None) == items


def test_a_text_of_nothing_but_thanks_is_kept():
    text = "Thank you so much! " * 15

    assert "".join(texts_of(text)).startswith("Thank you so much!")


def test_a_sentence_that_is_too_long_is_cut_at_a_clause_and_nothing_is_lost():
    text = "the seat was broken, the food was cold and the crew was tired, " * 20

    pieces = texts_of(text, "de")

    assert " ".join(pieces) == text.strip()
    assert all(piece.endswith(",") for piece in pieces)
    assert len(pieces) > 3


def test_the_fortieth_statement_holds_all_that_is_left():
    text = " ".join(f"Number {n} of the many things that went wrong was the seat." for n in range(100))

    pieces = texts_of(text, "fr")

    assert len(pieces) == 40
    assert " ".join(pieces) == text


def test_what_lies_beyond_the_part_that_is_read_is_kept_too():
    text = "A word without an end " * 3000 + "the last word"

    spans = split(text, lang=None)

    assert spans[-1].text.endswith("the last word")
    assert sum(len(span.text) for span in spans) > len(text) - 45


@pytest.mark.parametrize("lang", ["de", "ja", "th", "qq", None])
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "a" * 30_000,
        "。" * 5000,
        "!" * 5000,
        "Hi.\n" * 3000,
        "- x\n" * 3000,
        "thanks " * 40 + "q",
        "(" * 3000,
    ],
)
def test_odd_texts_keep_the_promises(text: str, lang: str | None):
    assert_sound(text, lang)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"ab.!?,\n -", "It ", "Thanks! ", "Please add it. ", "My bag is lost. ", "x" * 90]),
        max_size=80,
    )
)
def test_any_text_keeps_the_promises(parts: list[str]):
    assert_sound("".join(parts), "es")


@pytest.mark.slow
def test_a_text_alone_and_in_a_batch_gives_the_same():
    texts = [
        REVIEW,
        "My bag is lost.",
        "",
        REVIEW.replace("app", "site") * 2,
        REVIEW.upper(),
        "Wo ist mein Koffer? " * 20,
    ]
    langs = ["en", "en", None, "en", "en", "de"]

    assert split_many(texts, langs) == [
        split(text, lang=lang) for text, lang in zip(texts, langs, strict=True)
    ]
