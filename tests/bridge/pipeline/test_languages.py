from __future__ import annotations

from dataclasses import dataclass

import pytest
from builders import Bench, item, theme

from topics.encoders.hashed import Hashed
from topics.language import Detector

GERMAN = "Mein Koffer ist seit drei Tagen verschwunden und niemand ruft zurück"
FRENCH = "Ma valise a disparu depuis trois jours et personne ne me rappelle"
SET_TO = '[topics]\nlanguages = ["en", "de"]\n'


@dataclass
class Reads:
    """A double of an encoder that says which languages it reads."""

    languages: frozenset[str] | None

    def __post_init__(self) -> None:
        self._own = Hashed()
        self.model_id, self.revision = self._own.model_id, self._own.revision
        self.dimension, self.blocks, self.encode = self._own.dimension, self._own.blocks, self._own.encode


@pytest.fixture
def hearing(bench: Bench) -> Bench:
    """A workbench that tells languages apart for real."""
    bench.detector = Detector()
    return bench


def fate(bench: Bench, name: str) -> tuple[str | None, str]:
    row = next(row for row in bench.rows() if row["item"] == name)
    return row["topic"], row["reason"]


def test_without_the_setting_another_language_is_in_no_topic_and_says_so(hearing: Bench):
    hearing.take([*theme("bag", 12), item(GERMAN, "de", by="a"), item(FRENCH, "fr", by="b")])

    hearing.run("assign")

    assert fate(hearing, "de") == (None, "language:de")
    assert fate(hearing, "fr") == (None, "language:fr")
    assert not fate(hearing, "bag-003")[1].startswith("language")


def test_with_the_setting_only_the_languages_named_form_topics(hearing: Bench):
    hearing.set(SET_TO)
    hearing.take([item(GERMAN, "de", by="a"), item(FRENCH, "fr", by="b")])

    hearing.run("assign")

    assert not fate(hearing, "de")[1].startswith("language")
    assert fate(hearing, "fr") == (None, "language:fr")


def test_what_was_set_aside_is_looked_at_again_once_its_language_is_named(hearing: Bench):
    hearing.take([item(GERMAN, "de", by="a"), item(FRENCH, "fr", by="b")])
    hearing.run("assign")

    hearing.set(SET_TO)
    hearing.run("assign")

    assert not fate(hearing, "de")[1].startswith("language")
    assert fate(hearing, "fr") == (None, "language:fr")


def test_the_setting_does_not_make_an_english_encoder_read_german(hearing: Bench):
    hearing.set(SET_TO)
    hearing.encoder = Reads(frozenset({"en"}))
    hearing.take([item(GERMAN, "de", by="a")])

    hearing.run("assign")

    assert fate(hearing, "de") == (None, "language:de")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Wo ist mein Koffer? Ich warte seit drei Tagen auf ihn, and nobody helps", "language:de"),
        ("My suitcase has been missing for three days now and nobody helps. Danke", ""),
        ("Warum??", ""),
        ("bag lost", ""),
    ],
    ids=["mostly German", "mostly English", "too short to tell", "short"],
)
def test_mixed_items_go_by_the_longer_part_and_short_ones_count_as_english(
    hearing: Bench, text: str, reason: str
):
    hearing.take([item(text, "one", by="a")])

    hearing.run("assign")

    found = fate(hearing, "one")[1]
    assert found == reason or (not reason and not found.startswith("language"))
