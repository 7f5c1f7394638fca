"""How fast an encoder is on all cores, and what it gives up for it.

    python tests/benchmark/encoder.py FILE.csv COLUMN [--encoder NAME] [--texts 3000] [--cache FOLDER]

Prints texts per second by the clock and per second of processor time, the greatest difference of any number
between a text alone, in the whole file and in a shuffled one, and the cosine to the same model in 32-bit
floats.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from topics.embed import Encoder, make_encoder
from topics.encoders.base import threads
from topics.encoders.minilm import float_minilm
from topics.encoders.use import float_use

_FLOATS: Final[dict[str, Callable[[], Encoder]]] = {"minilm": float_minilm, "use": float_use}
_ROUNDS: Final = 3
_ALONE: Final = 500


@dataclass(slots=True)
class Spent:
    """Seconds by the clock and of processor time."""

    clock: float = 0.0
    processor: float = 0.0


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def measured() -> Iterator[Spent]:
    """Measure what happens inside."""
    spent = Spent()
    clock, processor = time.perf_counter(), time.process_time()
    yield spent
    spent.clock, spent.processor = time.perf_counter() - clock, time.process_time() - processor


def read(path: Path, column: str, count: int) -> list[str]:
    """Return `count` texts of a column, evenly from the whole file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        texts = [row[column] for row in csv.DictReader(file) if row[column].strip()]
    return texts[:: max(1, len(texts) // count)][:count]


def speed(encoder: Encoder, texts: Sequence[str]) -> None:
    """Print the best of some rounds."""
    encoder.encode(texts[:50])
    rounds = []
    for _ in range(_ROUNDS):
        with measured() as spent:
            encoder.encode(texts)
        rounds.append(spent)
    clock, processor = min(one.clock for one in rounds), min(one.processor for one in rounds)
    say(f"texts per second, {threads()} cores, by the clock   {len(texts) / clock:8.0f}")
    say(f"texts per second of processor time         {len(texts) / processor:8.0f}")


def batch_difference(encoder: Encoder, texts: Sequence[str]) -> None:
    """Print how far a text's vector depends on its company."""
    whole = encoder.encode(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = encoder.encode([texts[place] for place in order])
    some = order[:_ALONE]
    alone = np.concatenate([encoder.encode([texts[place]]) for place in some])
    say(f"difference to another order, at most       {np.abs(shuffled - whole[order]).max():8.1e}")
    say(f"difference to a text alone ({len(some)}), at most   {np.abs(alone - whole[some]).max():8.1e}")


def likeness(encoder: Encoder, texts: Sequence[str]) -> None:
    """Print, block by block, the cosine to the same model in 32-bit floats."""
    whole = encoder.encode(texts)
    for block in encoder.blocks:
        if block.name in _FLOATS:
            cosines = cosine(whole[:, block.start : block.stop], _FLOATS[block.name]().encode(texts))
            say(f"cosine to 32-bit {block.name:<10} mean {cosines.mean():.4f}  least {cosines.min():.4f}")


def cosine(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine of each pair of rows; all rows have length 1."""
    return np.asarray(np.einsum("ij,ij->i", left, right), dtype=np.float32)


def main() -> None:
    """Measure one encoder over one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("column")
    parser.add_argument("--encoder", default="minilm+use")
    parser.add_argument("--texts", type=int, default=3_000)
    parser.add_argument("--cache", type=Path, default=None)
    given = parser.parse_args()
    texts = read(given.file, given.column, given.texts)
    with tempfile.TemporaryDirectory() as folder:
        cache = given.cache or Path(folder)
        with measured() as first:
            encoder = make_encoder(given.encoder, cache=cache)
        with measured() as second:
            encoder = make_encoder(given.encoder, cache=cache)
    say(f"{encoder.model_id} {encoder.revision}, {len(texts)} texts, load average {os.getloadavg()[0]:.1f}")
    say(f"seconds of processor time to load: {first.processor:.1f} at first, {second.processor:.1f} later")
    speed(encoder, texts)
    batch_difference(encoder, texts)
    likeness(encoder, texts)


if __name__ == "__main__":
    main()
