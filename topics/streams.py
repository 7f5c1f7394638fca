"""The ways in which labelled items may arrive: which in which batch, for measuring.

`cold`: equal batches in random order, from nothing. `bulk`: half at once, then equal increments. `staged`:
half of the labels are first heard in the second half of the stream, and ten of the others fall silent for
eight of twenty batches (7 to 14) and return. `file`: equal batches in the order given. The seed decides the
order, and in a staged stream which labels are late or silent.

>>> arrival("bulk", ["a"] * 10, batches=3, seed=0).sizes
(5, 2, 3)
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from topics.measures import Silence

SHAPES = ("cold", "bulk", "staged", "file")
SILENT = 10  # labels that fall silent
_OF_TWENTY = (6, 15)  # the batch after which they are silent, and the one they return in


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """`order` holds rows, the first to arrive first; `sizes` how many of them come in each batch."""

    order: tuple[int, ...]
    sizes: tuple[int, ...]
    backlog: bool = False  # the first batch has gathered over a time
    silence: Silence | None = None


def arrival(shape: str, labels: Sequence[str | None], *, batches: int, seed: int) -> Arrival:
    """Let rows with these labels arrive in a shape; None is a row without a label.

    Raises ValueError for an unknown shape or, when staged, fewer than four batches.
    """
    if shape not in SHAPES:
        raise ValueError(f"{shape!r} is no shape of a stream; shapes: {', '.join(SHAPES)}")
    draw = random.Random(seed)  # noqa: S311 - an order, no secret
    rows = list(range(len(labels)))
    if shape != "file":
        draw.shuffle(rows)
    if shape == "staged":
        return _staged(rows, labels, batches, draw)
    half = len(rows) // 2 if shape == "bulk" and batches > 1 else 0
    rest = batches - 1 if half else batches
    equal = _equal(len(rows) - half, rest)
    sizes = (half, *equal) if half else equal
    return Arrival(order=tuple(rows), sizes=sizes, backlog=bool(half) or batches == 1)


def _equal(count: int, batches: int) -> tuple[int, ...]:
    return tuple(count * (n + 1) // batches - count * n // batches for n in range(batches))


def _staged(rows: list[int], labels: Sequence[str | None], batches: int, draw: random.Random) -> Arrival:
    least = 4
    if batches < least:
        raise ValueError(f"a staged stream needs at least {least} batches, not {batches}")
    names = sorted({label for label in labels if label is not None})
    draw.shuffle(names)
    late, early = set(names[: len(names) // 2]), names[len(names) // 2 :]
    last, back = (max(1, round(number * batches / 20)) for number in _OF_TWENTY)
    silent = frozenset(early[:SILENT])
    parts: list[list[int]] = [[] for _ in range(batches)]
    for row in rows:
        label = labels[row]
        heard = range(batches // 2, batches) if label in late else range(batches)
        if label in silent:
            heard = [*range(last), *range(back - 1, batches)]  # type: ignore[assignment]
        parts[draw.choice(heard)].append(row)
    return Arrival(
        order=tuple(row for part in parts for row in part),
        sizes=tuple(map(len, parts)),
        silence=Silence(silent, last, back),
    )
