from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from topics.embed import Encoder, describe, encode_distinct, make_encoder
from topics.encoders.base import readable, unit_rows
from topics.encoders.hashed import Hashed
from topics.encoders.joined import Joined
from topics.encoders.minilm import batches
from topics.errors import ModelError, UnknownEncoder

NOWHERE = Path("never-written")


class Counting(Hashed):
    """Keeps the texts it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return super().encode(texts)


def hashed() -> Encoder:
    return make_encoder("hash", cache=NOWHERE)


def test_an_unknown_name_is_refused_with_all_names_and_the_nearest():
    with pytest.raises(UnknownEncoder, match=r"'minlm'.*minilm\+use.*openai:BASE_URL#MODEL.*mean 'minilm'"):
        make_encoder("minlm", cache=NOWHERE)


@pytest.mark.parametrize("name", ["", "MiniLM ", "hash:", "model2vec", "openai", "weird:thing", "é"])
def test_a_name_that_is_nearly_right_is_never_guessed(name: str):
    with pytest.raises(UnknownEncoder, match="no encoder is called"):
        make_encoder(name, cache=NOWHERE)


def test_the_hint_shows_how_to_write_a_name_with_a_part_to_fill_in():
    assert describe("sentence-transformer").endswith("mean 'sentence-transformers:NAME_OR_FOLDER'?")
    assert "Did you mean" not in describe("zzzzzz")


def test_an_endpoint_without_a_client_or_a_full_address_is_refused():
    with pytest.raises(ModelError, match=r"pass http=httpx\.Client"):
        make_encoder("openai:https://model.example/v1#small", cache=NOWHERE)
    with pytest.raises(ModelError, match="openai:BASE_URL#MODEL"):
        make_encoder("openai:model.example", cache=NOWHERE)


def test_each_distinct_text_is_encoded_once_and_rows_keep_their_order():
    encoder = Counting()
    texts = ["lost bag", "late flight", "lost bag", "lost bag"]

    vectors = encode_distinct(encoder, texts)

    assert encoder.asked == ["lost bag", "late flight"]
    assert np.array_equal(vectors, Hashed().encode(texts))


def test_nothing_to_encode_gives_no_rows_but_the_right_width():
    assert encode_distinct(hashed(), []).shape == (0, 256)


@given(st.lists(st.text(max_size=60), max_size=12), st.randoms(use_true_random=False))
def test_a_text_has_one_vector_in_every_company(texts: list[str], random: Random):
    alone = np.concatenate([np.empty((0, 256), np.float32), *(Hashed().encode([text]) for text in texts)])
    order = list(range(len(texts)))
    random.shuffle(order)

    together = Hashed().encode([texts[place] for place in order])

    assert np.abs(together - alone[order]).max(initial=0) < 1e-6


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_string_has_a_finite_vector_of_length_one(text: str):
    (vector,) = Hashed().encode([text])

    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_hashed_texts_that_share_words_are_nearer_than_those_that_do_not():
    bag, bags, wifi = Hashed().encode(
        ["My suitcase never arrived in Rome", "the suitcases arrived late, Rome", "wifi password is refused"]
    )

    assert bag @ bags > 0.3
    assert abs(bag @ wifi) < 0.2


def test_hashed_vectors_are_the_same_on_every_machine():
    (vector,) = Hashed().encode(["seat map freezes"])

    assert np.flatnonzero(vector > 0.1).tolist() == [
        4,
        22,
        42,
        51,
        59,
        78,
        80,
        98,
        104,
        110,
        153,
        209,
        211,
        231,
        244,
    ]


def test_joined_encoders_keep_a_block_each_and_only_the_languages_they_share():
    english = Hashed()
    english.languages = frozenset({"en", "de"})
    joined = Joined([(english, 1.0), (Hashed(), 0.85)])

    vectors = joined.encode(["lost bag", ""])

    assert joined.dimension == 512
    assert [(block.start, block.stop, block.weight) for block in joined.blocks] == [
        (0, 256, 1.0),
        (256, 512, 0.85),
    ]
    assert joined.languages == {"en", "de"}
    assert np.allclose(np.linalg.norm(vectors[:, 256:], axis=1), 1)


def test_a_row_of_zeros_becomes_the_first_axis_and_the_others_keep_their_direction():
    assert unit_rows(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [
        [1, 0],
        [pytest.approx(0.6), pytest.approx(0.8)],
    ]


@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_what_an_encoder_reads_is_always_valid_text_of_bounded_length(text: str):
    read = readable(text * 100)

    assert read.encode("utf-8").decode("utf-8") == read
    assert "\0" not in read
    assert len(read) <= 4_000


@given(st.lists(st.integers(2, 256), max_size=300))
def test_batches_take_every_text_once_and_waste_little_on_padding(lengths: list[int]):
    groups = list(batches(lengths))

    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    for group in groups:
        sizes = [lengths[place] for place in group]
        assert max(sizes) * len(sizes) <= 512
        assert max(sizes) <= min(sizes) * 1.125 + 1
