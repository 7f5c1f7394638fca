"""Small numbers and plain words for the fast tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bridge.pipeline import meaning, reading, saying, themes
from topics import resolution
from topics.keywords import Keyword


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few dozen items be work for several slices, and name topics by their commonest words."""
    monkeypatch.setattr(resolution, "SMALL", 1)
    for module in (reading, meaning):
        monkeypatch.setattr(module, "SLICE", 25)
    monkeypatch.setattr(themes, "CHUNK", 30)
    monkeypatch.setattr(saying, "keywords", _keywords)
    monkeypatch.setattr(saying, "titles", _titles)


def _keywords(texts: Mapping[int, Sequence[str]], **_: Any) -> dict[int, list[Keyword]]:
    return {
        number: [Keyword(word, 1.0) for word in _common(" ".join(said))] for number, said in texts.items()
    }


def _titles(themes: Mapping[int, Any], **_: Any) -> dict[int, str]:
    return {
        number: " ".join(_common(" ".join(member.text for member in theme.members))).capitalize()
        for number, theme in themes.items()
    }


def _common(text: str) -> list[str]:
    counts = Counter(word for word in text.split() if len(word) > 3)
    return [word for word, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:4]]
