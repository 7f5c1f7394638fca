"""Decoded lines of a snapshot, none longer than a record may be."""

from __future__ import annotations

import io
from collections.abc import Iterator

from connectors.files.encoding import storable
from connectors.files.snapshot import Snapshot
from connectors.rows import RAW_CHARS, RECORD_CHARS


class TooLong(str):
    """The beginning of a line that is longer than a record may be; the rest of it is dropped."""

    __slots__ = ()


def lines_of(snapshot: Snapshot, encoding: str) -> Iterator[str]:
    r"""Yield the lines with their ends (\n, \r or \r\n), safe to store; broken bytes become U+FFFD."""
    with io.TextIOWrapper(snapshot.stream(), encoding=encoding, errors="replace", newline="") as text:
        while line := text.readline(RECORD_CHARS):
            if len(line) == RECORD_CHARS and not line.endswith(("\n", "\r")):
                _skip_line(text)
                yield TooLong(storable(line[:RAW_CHARS]))
            else:
                yield storable(line)


def is_whole(line: str) -> bool:
    """Say whether the line has its end."""
    return line.endswith(("\n", "\r"))


def _skip_line(text: io.TextIOWrapper) -> None:
    while (piece := text.readline(RECORD_CHARS)) and not is_whole(piece):
        pass
