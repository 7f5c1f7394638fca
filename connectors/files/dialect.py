"""Which delimiter and quoting a text table uses, voted by how even its rows come out."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.rows import RECORD_CHARS, header_index

_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ONE_COLUMN = "\x1f"
"""Stands for no delimiter at all: every line is one cell."""

_EVEN = 0.5
SAMPLE_RECORDS = 60


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are told apart."""

    delimiter: str
    is_quoted: bool = True
    has_escapes: bool = False  # \" stands for a quotation mark

    @property
    def name(self) -> str:
        """The delimiter in a word."""
        return _NAMES.get(self.delimiter, repr(self.delimiter))

    @property
    def title(self) -> str:
        """The dialect for people: "CSV, comma"."""
        if self.delimiter == ONE_COLUMN:
            return "text, one column"
        return "TSV" if self.delimiter == "\t" else f"CSV, {self.name}"

    def options(self) -> dict[str, Any]:
        """Return the arguments for `csv.reader`."""
        return {
            "delimiter": self.delimiter,
            "quoting": csv.QUOTE_MINIMAL if self.is_quoted else csv.QUOTE_NONE,
            "escapechar": "\\" if self.has_escapes else None,
        }


def sample_records(lines: Sequence[str], dialect: Dialect) -> list[list[str]]:
    """Return the first records of a sample; what csv can't read ends it."""
    csv.field_size_limit(max(csv.field_size_limit(), 2 * RECORD_CHARS))
    found: list[list[str]] = []
    try:
        for cells in csv.reader(lines, **dialect.options()):
            found.append(cells)
            if len(found) == SAMPLE_RECORDS:
                break
    except csv.Error:
        pass
    return found


def voted(lines: Sequence[str], delimiter: str | None, known: frozenset[str]) -> Dialect:
    """Return the dialect under which the rows from the header on have most evenly the same width.

    `delimiter` fixes that part. Preferred in a tie: more columns, then plain quoting.
    """
    if delimiter is None and lines and lines[0][:4].casefold() == "sep=" and lines[0][4:5] in _NAMES:
        delimiter = lines[0][4]
    choices = [Dialect(mark) for mark in ([delimiter] if delimiter else _NAMES)]
    if any('\\"' in line for line in lines):
        choices += [Dialect(choice.delimiter, has_escapes=True) for choice in choices]
    scores = {choice: _evenness(lines, choice, known) for choice in choices}
    best = max(choices, key=lambda choice: scores[choice][:2])
    if delimiter is None and scores[best][0] < _EVEN:
        return Dialect(ONE_COLUMN)
    return _unquoted_if_better(lines, best, scores[best], known)


def _unquoted_if_better(
    lines: Sequence[str], best: Dialect, score: tuple[float, int, int], known: frozenset[str]
) -> Dialect:
    """Tab-separated files often quote nothing, so that a lone quotation mark would swallow rows."""
    plain = Dialect(best.delimiter, is_quoted=False)
    share, width, rows = _evenness(lines, plain, known)
    is_better = best.delimiter == "\t" and share == 1.0 and width == score[1] and rows > score[2]
    return plain if is_better else best


def _evenness(lines: Sequence[str], dialect: Dialect, known: frozenset[str]) -> tuple[float, int, int]:
    """Return the share of rows with the commonest width, that width, and the number of rows."""
    found = [cells for cells in sample_records(lines, dialect) if any(cell.strip() for cell in cells)]
    rows = found[header_index(found, known) :]
    width, count = max(Counter(map(len, rows)).items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    if width < 2:  # noqa: PLR2004 - one column is no evidence for a delimiter
        return 0.0, width, len(rows)
    return round(count / len(rows), 2), width, len(rows)
