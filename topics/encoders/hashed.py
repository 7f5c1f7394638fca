"""An encoder without a model, for tests and demonstrations: texts that share words are near.

Each word and each of its character trigrams is a random direction, drawn from a hash of itself (a random
projection in the sense of Achlioptas 2003). A word is the sum of its directions, a text the sum of its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import readable, single_block, unit_rows

DIMENSION: Final = 256
_WORD: Final = re.compile(r"\w+|[^\w\s]")
_SHORT: Final = 3  # letters; such words are mostly grammar
_SHORT_WEIGHT: Final = 0.25


class Hashed:
    """A deterministic encoder for tests: no model, no meaning beyond spelling, any language."""

    model_id = "hash-ngrams"
    revision = "1"
    languages: frozenset[str] | None = None
    dimension = DIMENSION
    blocks = single_block("hash", DIMENSION)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row of 256 numbers per text, the same on every machine."""
        found = [_WORD.findall(readable(text).casefold()) for text in texts]
        table, words = _counts(found)
        grams, features = _counts([_features(word) for word in words])
        directions = unit_rows(grams @ _signs(features))
        weights = [_SHORT_WEIGHT if len(word) <= _SHORT else 1.0 for word in words]
        return unit_rows(table @ (directions * np.array(weights, dtype=np.float32)[:, None]))


def _features(word: str) -> list[str]:
    marked = f"<{word}>"
    return [f"={word}", *(marked[start : start + 3] for start in range(len(marked) - 2))]


def _counts(rows: Iterable[Sequence[str]]) -> tuple[Any, list[str]]:
    """Return a sparse (rows, names) table of ones in each row's own order, and the distinct names."""
    from scipy.sparse import csr_array

    places: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for row in rows:
        columns.extend([places.setdefault(name, len(places)) for name in row])
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    return csr_array((ones, columns, ends), shape=(len(ends) - 1, len(places))), list(places)


def _signs(features: Sequence[str]) -> NDArray[np.float32]:
    """Draw a direction of +1 and -1 for each feature from its 256-bit hash."""
    hashes = b"".join(blake2b(name.encode(), digest_size=DIMENSION // 8).digest() for name in features)
    bits = np.unpackbits(np.frombuffer(hashes, dtype=np.uint8)).reshape(len(features), DIMENSION)
    return bits.astype(np.float32) * 2 - 1
