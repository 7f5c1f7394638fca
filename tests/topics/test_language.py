from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from topics.language import Detector

DETECTOR = Detector()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@united where is my bag?! #lost", "en"),
        ("Wo ist mein Koffer? Ich warte seit drei Tagen", "de"),
        ("Toujours pas de nouvelles de ma valise", "fr"),
        ("¿Dónde está mi maleta? Nadie contesta", "es"),
        ("Cadê minha mala? Ninguém responde", "pt"),
        ("Il volo è in ritardo di tre ore", "it"),
        ("أين حقيبتي؟ لا أحد يرد", "ar"),
        ("我的行李在哪里", "zh"),
        ("手荷物はどこですか", "ja"),
    ],
)
def test_short_posts_are_told_apart(text: str, code: str):
    found, confidence = DETECTOR.detect(text)

    assert found == code
    assert 0.2 <= confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "😡😡",
        "OK",
        "@united ABC123",
        "https://example.org/wo/ist/mein/koffer",
        "x" * 5000,
        "1-800",
        "why?",
        "über",
    ],
)
def test_too_little_to_tell_by_is_none(text: str):
    assert DETECTOR.detect(text)[0] is None


def test_handles_links_and_hashtags_do_not_decide():
    assert (
        DETECTOR.detect(
            "@ichbinderkoffer @undduauch where is my bag #koffer https://beispiel.example/wo-ist"
        )[0]
        == "en"
    )


def test_a_text_alone_and_in_a_batch_gives_the_same():
    texts = ["Where is my bag?", "", "Wo ist mein Koffer?", "ok"]

    assert DETECTOR.detect_many(texts) == [DETECTOR.detect(text) for text in texts]


def test_the_model_is_loaded_only_when_asked():
    code = "import sys, topics.language as l; l.Detector(); sys.exit('py3langid' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DER KOFFER IST SEIT DREI TAGEN WEG UND NIEMAND RUFT ZURÜCK 😡", "de"),
        ("J'ATTENDS MON REMBOURSEMENT DEPUIS TROIS MOIS", "fr"),
        ("LLEVO TRES HORAS ESPERANDO EN EL AEROPUERTO", "es"),
        ("ESTOU HÁ TRÊS HORAS À ESPERA NO AEROPORTO", "pt"),
        ("WHERE IS MY BAG, NOBODY ANSWERS THE PHONE", "en"),
    ],
)
def test_capitals_do_not_hide_the_language(text: str, code: str):
    assert DETECTOR.detect(text)[0] == code


@pytest.mark.parametrize("code", ["de", "fr", "es", "pt"])
def test_what_customers_write_is_told_apart_in_four_languages(code: str):
    path = Path(__file__).with_name("translations.json")
    texts = [row[code] for row in json.loads(path.read_text(encoding="utf-8"))]

    found = [language for language, _ in DETECTOR.detect_many(texts)]

    assert found.count(code) >= 0.98 * len(texts)
    assert found.count("en") <= 0.005 * len(texts)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Wo ist mein Koffer? Ich warte seit drei Tagen, and nobody helps.", {"de"}),
        ("My suitcase has been missing for three days and nobody helps. Danke für nichts.", {"en"}),
        ("merci for nothing", {"en", "fr", None}),
    ],
)
def test_of_two_languages_in_one_text_the_longer_part_decides(text: str, codes: set[str | None]):
    assert DETECTOR.detect(text)[0] in codes
