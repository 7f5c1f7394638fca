from __future__ import annotations

import subprocess
import sys

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
