from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from topics.embed import make_encoder
from topics.encoders.base import ENGLISH, Encoder, single_block
from topics.encoders.by_language import ByLanguage
from topics.encoders.hashed import Hashed

MIXED = [
    "Where is my suitcase? Nobody at the airport could tell me.",
    "Wo ist mein Koffer? Niemand am Flughafen konnte es mir sagen.",
    "ok",
    "WARUM IST DIE APP SCHON WIEDER ABGESTÜRZT UND KEINER ANTWORTET",
]


class OnlyEnglish:
    """Counts what it was given to read."""

    model_id = "only-english"
    revision = "1"
    dimension = 3
    blocks = single_block("english", 3)
    languages: frozenset[str] | None = ENGLISH

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the same direction for each text."""
        self.read += texts
        return np.tile(np.array([[1, 0, 0]], np.float32), (len(texts), 1))


def both(english: Encoder) -> ByLanguage:
    return ByLanguage((english, 1.0), (Hashed(), 0.85))


def test_the_english_model_reads_only_english_and_what_is_too_short_to_tell():
    english = OnlyEnglish()

    vectors = both(english).encode(MIXED)

    assert english.read == [MIXED[0], MIXED[2]]
    assert np.linalg.norm(vectors[:, :3], axis=1).tolist() == [1, 0, 1, 0]
    assert np.linalg.norm(vectors[:, 3:], axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_nothing_in_english_asks_nothing_of_the_english_model():
    english = OnlyEnglish()

    vectors = both(english).encode([MIXED[1]])

    assert english.read == []
    assert vectors.shape == (1, 259)
    assert both(english).encode([]).shape == (0, 259)


def test_a_text_alone_and_in_a_batch_has_the_same_vector():
    encoder = both(OnlyEnglish())

    together = encoder.encode(MIXED)

    for row, text in enumerate(MIXED):
        assert encoder.encode([text])[0] == pytest.approx(together[row], abs=1e-6)


def test_it_says_what_it_is_made_of_and_apart_from_both_side_by_side():
    encoder = both(OnlyEnglish())

    assert encoder.model_id == f"only-english+{Hashed().model_id}@by-language"
    assert [(b.start, b.stop, b.weight) for b in encoder.blocks] == [(0, 3, 1.0), (3, 259, 0.85)]
    assert encoder.languages is None
    assert isinstance(encoder, Encoder)


@pytest.mark.slow
def test_a_german_complaint_is_nearer_to_its_english_twin_than_to_another_german_one(tmp_path):
    english, every = make_encoder("minilm", cache=tmp_path), make_encoder("use", cache=tmp_path)
    encoder = ByLanguage((english, 1.0), (every, 0.85))
    texts = [
        "My boarding pass has disappeared from the app.",
        "Meine Bordkarte ist aus der App verschwunden.",
        "Seit drei Monaten warte ich auf die Erstattung.",
    ]

    vectors = encoder.encode(texts)
    here, german, other = vectors[:, 384:]

    assert german @ here > german @ other + 0.3
    assert not vectors[1:, :384].any()
    assert encoder.languages is not None
    assert {"en", "de", "fr", "es", "pt"} <= encoder.languages
