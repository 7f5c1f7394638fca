from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

import bridge.web

STYLE = Path(bridge.web.__file__).parent.joinpath("static/style.css").read_text(encoding="utf-8")
TEXT_ON_GROUND = [
    *product(("ink", "quiet", "link", "seen"), ("paper", "raised", "code")),
    *product(("ink", "link", "seen"), ("chosen",)),
    ("up", "up-back"),
    ("back", "back-back"),
    ("bad", "bad-back"),
    ("paper", "accent"),  # the button
]


def themes() -> dict[str, dict[str, str]]:
    parts = STYLE.split("dark) {")[:2]
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", part)) for part in parts)
    return {"light": light, "dark": dark}


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    pairs = [c * 2 for c in digits] if len(digits) == 3 else re.findall("..", digits)
    parts = [int(pair, 16) / 255 for pair in pairs]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_stands_out_from_its_ground(theme: str, text: str, ground: str):
    colours = themes()[theme]

    lighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_both_themes_set_the_same_colours():
    found = themes()

    assert set(found["light"]) == set(found["dark"])
    assert len(found["light"]) > 10


def test_every_colour_that_is_used_is_set():
    assert set(re.findall(r"var\(--([a-z-]+)\)", STYLE)) == set(themes()["light"])


def test_the_style_loads_nothing():
    assert "url(" not in STYLE
    assert "@import" not in STYLE
