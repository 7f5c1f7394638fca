"""CSV and its relatives, read a record at a time; one bad record never takes the next with it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from connectors.files.dialect import Dialect
from connectors.files.lines import TooLong, is_whole, lines_of
from connectors.files.snapshot import Snapshot
from connectors.rows import RAW_CHARS, RECORD_CHARS, Broken, Cut, Row


class _RunawayError(Exception):
    """A record has no end: its quotation mark is never closed, or a line is far too long."""


class _Feed:
    """Lines for the csv module; those of a record that never ends can be given back."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._again: deque[str] = deque()
        self._chars = 0
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._chars > RECORD_CHARS:
            raise _RunawayError
        line = self._again.popleft() if self._again else next(self._source, "")
        if not line:
            if self.record:
                raise _RunawayError
            raise StopIteration
        self.record.append(line)
        self._chars += len(line)
        if isinstance(line, TooLong):
            raise _RunawayError
        return line

    def close(self) -> None:
        """Forget the lines of the record that just ended."""
        self.record.clear()
        self._chars = 0

    def give_up(self) -> str:
        """Return the first line of the record that has no end; the others are read anew."""
        first, *rest = self.record
        self._again.extendleft(reversed(rest))
        self.close()
        return first


def records(
    source: Iterator[str], dialect: Dialect, grew: Callable[[], bool] = bool
) -> Iterator[list[str] | Broken | Cut]:
    """Yield the cells of every record, or why it can't be read.

    A record that the end of the file cuts is `Cut` if the file grew since, for then more of it is coming.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2 * RECORD_CHARS))
    feed = _Feed(source)
    reader = csv.reader(feed, **dialect.options())
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_RunawayError, csv.Error) as error:
            long = bool(feed.record) and isinstance(feed.record[-1], TooLong)
            if not long and grew():
                yield Cut(number)
                return
            yield Broken(number, _reason(error, long=long), feed.give_up()[:RAW_CHARS])
            reader = csv.reader(feed, **dialect.options())
            continue
        whole = is_whole(feed.record[-1])
        feed.close()
        if not whole and grew():
            yield Cut(number)
            return
        yield cells


def _reason(error: Exception, *, long: bool) -> str:
    if long:
        return f"the line is longer than {RECORD_CHARS:,} characters"
    if isinstance(error, csv.Error):
        return f"not readable as a row: {error}"
    return "a quotation mark is opened here and never closed; double it or close it"


@dataclass(frozen=True, slots=True)
class Delimited:
    """A delimited text file as a table."""

    snapshot: Snapshot
    encoding: str
    dialect: Dialect
    header: tuple[str, ...]
    header_number: int

    @property
    def kind(self) -> str:
        """What was recognised, for people."""
        return f"{self.dialect.title}, {self.encoding}"

    @property
    def place(self) -> str:
        """Rows need no more words."""
        return ""

    def rows(self) -> Iterator[Row | Broken | Cut]:
        """Yield every row after the header; blank ones are left out, but counted in the numbers."""
        source = lines_of(self.snapshot, self.encoding)
        for number, cells in enumerate(records(source, self.dialect, self.snapshot.grew), start=1):
            if number <= self.header_number:
                continue
            if not isinstance(cells, list):
                yield cells
            elif any(cell.strip() for cell in cells):
                yield self._row(number, cells)

    def _row(self, number: int, cells: list[str]) -> Row | Broken:
        width = len(self.header)
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            return Broken(
                number,
                f"{len(cells)} cells where the header has {width}: is a {self.dialect.name} or a quotation"
                " mark in the text not quoted?",
                self.dialect.delimiter.join(cells)[:RAW_CHARS],
            )
        return Row(number, dict(zip(self.header, cells, strict=False)))
