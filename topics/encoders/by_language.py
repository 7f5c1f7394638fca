"""English in its own model and in one of many languages side by side; other languages in the latter only.

The model of many languages tells close English topics apart less well than an English one does, so English
keeps both. What the English model can't read stays zero there: a place in its space would be that of a
language, not of a meaning. Two statements are then compared in the spaces that both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import ENGLISH, Encoder
from topics.encoders.joined import Joined
from topics.language import Detector

_NAME: Final = "by-language"


class ByLanguage:
    """The two blocks of `Joined`, the first one all zeros where the text is in another language than English.

    A text whose language can't be told counts as English. The language is read off the text itself, so a
    text has the same vector alone and in any batch.
    """

    def __init__(self, english: tuple[Encoder, float], every: tuple[Encoder, float]) -> None:
        joined = Joined([english, every])
        self._english, self._every = english[0], every[0]
        self._detector = Detector()
        self.model_id = f"{joined.model_id}@{_NAME}"
        self.revision = joined.revision
        self.dimension = joined.dimension
        self.blocks = joined.blocks
        known = self._every.languages
        self.languages: frozenset[str] | None = known if known is None else known | ENGLISH

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text; each block has length 1, or is zeros where its model can't read it."""
        out = np.zeros((len(texts), self.dimension), np.float32)
        out[:, self._english.dimension :] = self._every.encode(texts)
        read = [row for row, text in enumerate(texts) if self._detector.detect(text)[0] in (None, "en")]
        if read:
            out[read, : self._english.dimension] = self._english.encode([texts[row] for row in read])
        return out
