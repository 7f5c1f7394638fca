from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.near import Post, exact, fingerprints, is_repost, similarity

LONG = "my suitcase has been missing for three days now and nobody at the desk can tell me where it is"
WORDS = st.lists(st.sampled_from(["my", "bag", "is", "lost", "again", "today"]), max_size=20).map(" ".join)


def test_case_and_punctuation_do_not_change_the_exact_fingerprint():
    assert fingerprints("Where is my bag?!").exact == fingerprints("where is MY bag").exact
    assert fingerprints("where is my bag").exact != fingerprints("where is my seat").exact
    assert fingerprints("!!").exact != fingerprints("??").exact


@given(WORDS)
def test_the_exact_fingerprint_alone_is_the_one_of_all(text: str):
    assert exact(text) == fingerprints(text).exact


def test_only_texts_of_eight_words_have_bands():
    assert fingerprints("one two three four five six seven").bands == ()
    assert len(fingerprints("one two three four five six seven eight").bands) == 6


def test_one_word_more_leaves_a_band_in_common_and_another_topic_none():
    bands = set(fingerprints(LONG).bands)

    assert bands & set(fingerprints(LONG + " really").bands)
    assert not bands & set(
        fingerprints("please add a dark mode to the app because the white hurts at night").bands
    )


def test_fingerprints_fit_a_signed_column_and_are_the_same_in_every_run():
    code = f"from topics.near import fingerprints; print(fingerprints({LONG!r}))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    found = fingerprints(LONG)

    assert runs == {repr(found)}
    assert found.exact == 4829987238366981462
    assert all(0 <= number < 2**63 for number in (found.exact, *found.bands))


@given(WORDS, WORDS)
def test_similarity_is_symmetric_and_one_for_equal_words(a: str, b: str):
    assert similarity(a, b) == similarity(b, a)
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, a.upper() + "!") == (1 if a else 0)


def test_the_bands_depend_on_the_word_pairs_and_not_on_where_they_stand():
    words = [f"w{n}" for n in range(6000)]

    here, turned = " ".join([*words, words[0]]), " ".join([*words[1:], *words[:2]])

    assert fingerprints(here).bands == fingerprints(turned).bands


def test_two_people_who_write_the_same_short_thing_are_two():
    assert (
        is_repost(Post(plain="where is my bag", author="bob"), Post(plain="where is my bag", author="ann"))
        is None
    )
    assert is_repost(Post(plain="where is my bag"), Post(plain="where is my bag")) is None


def test_the_same_author_again_joins_whatever_the_case_of_the_name():
    reason = is_repost(
        Post(plain="where is my bag?!", author="@Ann"), Post(plain="where is my bag", author="ann")
    )

    assert reason == "the same author again, similarity 1.00"
    assert (
        is_repost(Post(plain="the app crashes", author="ann"), Post(plain="where is my bag", author="ann"))
        is None
    )


def test_a_long_text_copied_by_others_joins_in_either_direction():
    a, b = Post(plain=LONG, author="ann"), Post(plain=LONG + "!", author="bob")

    assert is_repost(b, a) == "a copied text of 20 words, similarity 1.00"
    assert is_repost(a, b) == is_repost(b, a)
    assert (
        is_repost(Post(plain=LONG.replace("suitcase", "pram").replace("desk", "gate"), author="bob"), a)
        is None
    )


@pytest.mark.parametrize("quote", ["my bag is lost again", "my bag is lost"])
def test_a_repost_that_names_the_author_joins_also_when_cut_off(quote: str):
    original = Post(plain="my bag is lost again", author="Ann")

    assert "names the author" in (is_repost(Post(plain=quote, author="bob", repost_of="ann"), original) or "")


def test_a_repost_of_another_post_of_the_same_author_does_not_join():
    original = Post(plain="the seat was broken on the way home", author="ann")

    assert is_repost(Post(plain="my bag is lost again", author="bob", repost_of="ann"), original) is None


def test_a_repost_of_somebody_else_joins_when_it_quotes_nearly_all():
    original = Post(plain="my bag is lost again today", author="ann")

    assert "quotes 100%" in (
        is_repost(Post(plain="look: my bag is lost again today", repost_of="carl"), original) or ""
    )
    assert is_repost(Post(plain="my bag is fine today", repost_of="carl"), original) is None


def test_a_repost_with_an_opinion_of_its_own_stands_for_itself():
    own = "same here, I waited four hours in Rome and nobody came. my bag is lost again"

    assert (
        is_repost(Post(plain=own, repost_of="ann"), Post(plain="my bag is lost again", author="ann")) is None
    )
