"""A row of a file as text, whatever the format: what all readers yield and all later steps take."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

RAW_CHARS = 2000
"""Rejected input is kept as text cut to this length."""

MIN_KNOWN = 2
"""So many known column names make a row a header."""

RECORD_CHARS = 8_000_000
"""A longer record is no message: a quotation mark was never closed, or the file is something else."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its number as a spreadsheet shows it (the header counts), and its cells by column."""

    number: int
    cells: Mapping[str, str]
    last: int = 0  # the last record it was joined from; 0: only itself

    @property
    def end(self) -> int:
        """The number of the last record this row stands for."""
        return self.last or self.number

    def raw(self) -> str:
        """Return the row as JSON text, cut to `RAW_CHARS`."""
        return json.dumps(dict(self.cells), ensure_ascii=False)[:RAW_CHARS]


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that could not be read at all, with the reason."""

    number: int
    reason: str
    raw: str

    @property
    def end(self) -> int:
        """The number of the record."""
        return self.number


@dataclass(frozen=True, slots=True)
class Cut:
    """The file was still being written here: this record isn't whole, nothing comes after it."""

    number: int


class Table(Protocol):
    """A readable file: its columns, and its rows as often as asked."""

    @property
    def kind(self) -> str:
        """What was recognised, for people: "CSV, comma, utf-8"."""
        ...

    @property
    def place(self) -> str:
        """The words before "row 17": "" or "sheet Reviews "."""
        ...

    @property
    def header(self) -> tuple[str, ...]:
        """The column names, each only once, none blank."""
        ...

    def rows(self) -> Iterator[Row | Broken | Cut]:
        """Yield every row after the header, in order; a new pass each time."""
        ...


def unique_header(cells: Sequence[str]) -> tuple[str, ...]:
    """Name every column once: a blank one "column 3", a repeated one "Body (2)"."""
    names: dict[str, None] = {}
    for position, cell in enumerate(cells, start=1):
        stem = name = " ".join(cell.replace("\x00", "").split()) or f"column {position}"
        repeat = 1
        while name in names:
            repeat += 1
            name = f"{stem} ({repeat})"
        names[name] = None
    return tuple(names)


def header_index(rows: Sequence[Sequence[str]], known: frozenset[str]) -> int:
    """Return which of the first rows is the header: exports often begin with a few lines about themselves.

    With known column names (case-folded) the row that has most of them, at least two; else the first row
    with at least half as many filled cells as rows usually have. 0 if none is better.
    """
    hits = [sum(cell.strip().casefold() in known for cell in row) for row in rows]
    if known and hits and max(hits) >= MIN_KNOWN:
        return hits.index(max(hits))
    widths = [sum(bool(cell.strip()) for cell in row) for row in rows]
    if rows and rows[0] and rows[0][0].casefold().startswith("sep="):
        widths[0] = 0  # the line by which Excel is told the delimiter
    usual = max(Counter(width for width in widths if width).items(), key=lambda it: it[::-1], default=(1, 0))[
        0
    ]
    return next((index for index, width in enumerate(widths) if width and width * 2 >= usual), 0)
