"""The sets that the benchmark reads. They are not part of this repository."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.labelled import Labelled


def labelled(data: Path, name: str, drop_column: str | None = None, rows: int | None = None) -> Labelled:
    """Return a set's items with their labels, or so many of them drawn at random."""
    from bridge.labelled import Columns, read_labelled

    columns = Columns(text="text", label="label", id="id", drop_column=drop_column)
    found = read_labelled(data / name, columns)
    if rows is None or rows >= len(found.messages):
        return found
    kept = sorted(random.Random(0).sample(range(len(found.messages)), rows))  # noqa: S311 - a draw that repeats
    messages = tuple(found.messages[row] for row in kept)
    names = {message.external_id for message in messages}
    labels = {item: label for item, label in found.labels.items() if item in names}
    return replace(found, messages=messages, labels=labels, places=tuple(found.places[row] for row in kept))


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
