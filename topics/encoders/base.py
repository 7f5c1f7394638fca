"""What every encoder promises, and the few steps all of them share."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

MAX_CHARACTERS: Final = 4_000  # a text is read up to here; one point rarely needs more
ENGLISH: Final = frozenset({"en"})

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a vector, `vector[start:stop]`, to be centred and normalised on its own.

    `weight` is what the clusterer multiplies the normalised part by; the encoder does not apply it.
    """

    name: str
    start: int
    stop: int
    weight: float


@runtime_checkable
class Encoder(Protocol):
    """Texts in, vectors out; a text has the same vector alone and in any batch (to 1e-4)."""

    model_id: str
    """Which model it is, e.g. "minilm-l6@onnx-fp32"."""
    revision: str
    """Which weights, e.g. the first 12 hex digits of their sha256; vectors of two revisions don't mix."""
    dimension: int
    """Length of a vector."""
    blocks: tuple[Block, ...]
    """The parts of a vector, in order, without gaps."""
    languages: frozenset[str] | None
    """ISO 639-1 codes of the languages it understands; None if any."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a (len(texts), dimension) array: finite, each block of each row of length 1.

        Or all zeros, where the block's model can't read the text.
        """


def single_block(name: str, dimension: int) -> tuple[Block, ...]:
    """Describe a vector that is one block of weight 1."""
    return (Block(name, 0, dimension, 1.0),)


def readable(text: str) -> str:
    """Return what an encoder reads of a text: its start, NULs as spaces, lone surrogates as "?"."""
    cut = text[:MAX_CHARACTERS].replace("\0", " ")
    return cut.encode("utf-8", errors="replace").decode("utf-8")


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale each row to length 1; a row of zeros (nothing was understood) becomes the first axis.

    So that all such texts are alike and stay comparable.
    """
    out = vectors.astype(np.float32)
    norms = np.linalg.norm(out, axis=1, keepdims=True)
    empty = norms[:, 0] == 0
    out[empty, 0] = 1.0
    norms[empty] = 1.0
    return np.asarray(out / norms, dtype=np.float32)


def threads() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def silent(what: str, done: int, total: int) -> None:
    """Report progress to nobody."""


def digest_of(*paths: Path, recipe: str = "") -> str:
    """Return the first 12 hex digits of the sha256 of a recipe and of files, read in the order given.

    The recipe says what else decides the vectors: how a model is made out of the files.
    """
    total = hashlib.sha256(recipe.encode())
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                total.update(chunk)
    return total.hexdigest()[:12]
