"""Several encoders side by side in one vector."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import Block, Encoder


class Joined:
    """The vectors of several one-block encoders, one after the other, each a block with its weight.

    It understands the languages all of them understand.
    """

    def __init__(self, parts: Sequence[tuple[Encoder, float]]) -> None:
        encoders = [encoder for encoder, _ in parts]
        ends = list(accumulate(encoder.dimension for encoder in encoders))
        self._encoders = encoders
        self.model_id = "+".join(encoder.model_id for encoder in encoders)
        self.revision = "+".join(encoder.revision for encoder in encoders)
        self.dimension = ends[-1]
        self.blocks = tuple(
            Block(encoder.blocks[0].name, end - encoder.dimension, end, weight)
            for (encoder, weight), end in zip(parts, ends, strict=True)
        )
        known = [encoder.languages for encoder in encoders if encoder.languages is not None]
        self.languages: frozenset[str] | None = frozenset.intersection(*known) if known else None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text: the blocks of length 1 each, side by side."""
        return np.concatenate([encoder.encode(texts) for encoder in self._encoders], axis=1)
