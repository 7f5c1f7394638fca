"""An encoder for sentences such as "cloud 3 lean 1 number 17": points in clouds, some of which touch."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from clouds import BLOCKS, DIMENSION

from topics.working import Floats

_SAID = re.compile(r"cloud (\d+) lean (\d+) number (\d+)")


class Clouded:
    """One cloud a number; those of one cloud that lean differently touch each other."""

    model_id = "clouded"
    revision = "1"
    languages: frozenset[str] | None = None
    dimension = DIMENSION
    blocks = BLOCKS

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the place of each sentence; anything else lies alone."""
        return np.array([self._place(text) for text in texts], np.float32).reshape(len(texts), DIMENSION)

    def _place(self, text: str) -> Floats:
        found = _SAID.search(text)
        cloud, lean, number = (
            (int(part) for part in found.groups()) if found else (DIMENSION - 1, 0, len(text))
        )
        place = np.random.default_rng([cloud, lean, number]).normal(0, 0.13, DIMENSION)
        place[cloud] += 1
        place[10 + lean] += 0.35
        unit: Floats = (place / np.linalg.norm(place)).astype(np.float32)
        return unit
