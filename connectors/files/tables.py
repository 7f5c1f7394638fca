"""Tell a file's format and open it as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from connectors.errors import BadSettings
from connectors.files.delimited import Delimited
from connectors.files.dialect import sample_records, voted
from connectors.files.encoding import named, sniffed
from connectors.files.jsonrows import JsonArray, JsonLines, keys_of
from connectors.files.lines import TooLong, is_whole, lines_of
from connectors.files.snapshot import Snapshot
from connectors.files.spoken import Spoken
from connectors.files.workbook import open_workbook
from connectors.rows import Table, header_index, unique_header

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm", ".vtt", ".srt")
"""What is read from a folder; a file named by itself may be called anything."""

_SAMPLE_LINES = 400
_SAMPLE_CHARS = 1 << 18


def open_table(
    snapshot: Snapshot,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    known: frozenset[str] = frozenset(),
    is_spoken: bool = False,
) -> Table:
    """Open a file as what it is: by its first bytes, then by its name's ending.

    `known` are column names by which a header is told from the lines before it; `is_spoken` lets a .txt file
    be a transcript. Raises `BadSettings` if it can't be read or has no rows.
    """
    with snapshot.stream() as start:
        head = start.read(8)
    if not head.strip():
        raise BadSettings(f"{snapshot.path} is empty; export it again")
    if head[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0") or _suffix(snapshot.path) in {".xlsx", ".xlsm"}:
        return open_workbook(snapshot, sheet, known)
    encoding = named(encoding) if encoding else sniffed(snapshot.blocks())
    lines = _first_lines(snapshot, encoding)
    first = next((line.lstrip("\ufeff \t\r\n") for line in lines if line.strip("\ufeff \t\r\n")), "")
    suffix = _suffix(snapshot.path)
    if suffix in {".vtt", ".srt"} or first.startswith("WEBVTT") or (is_spoken and suffix == ".txt"):
        return Spoken(snapshot, encoding)
    if first.startswith("[") and suffix not in {".csv", ".tsv", ".tab"}:
        return _with_keys(JsonArray(snapshot, encoding))
    if first.startswith("{") or suffix in {".jsonl", ".ndjson", ".json"}:
        return _with_keys(JsonLines(snapshot, encoding))
    return _delimited(snapshot, encoding, lines, delimiter, known)


def _suffix(path: Path) -> str:
    return path.suffix.casefold()


def _first_lines(snapshot: Snapshot, encoding: str) -> list[str]:
    chars, found = 0, []
    for line in islice(lines_of(snapshot, encoding), _SAMPLE_LINES):
        found.append(line)
        chars += len(line)
        if chars > _SAMPLE_CHARS:
            break
    return found


def _with_keys(table: JsonLines | JsonArray) -> Table:
    header = keys_of(table)
    if not header:
        raise BadSettings(
            f"{table.snapshot.path} looks like JSON, but no object can be read from it;"
            " write one JSON object a line, or an array of objects"
        )
    return replace(table, header=header)


def _delimited(
    snapshot: Snapshot, encoding: str, lines: list[str], delimiter: str | None, known: frozenset[str]
) -> Table:
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise BadSettings(f"delimiter {delimiter!r} is not one character, such as ',' ';' '|' or a tab")
    if delimiter is None and _suffix(snapshot.path) in {".tsv", ".tab"}:
        delimiter = "\t"
    lines = list(_usable(lines))
    if lines:
        lines[0] = lines[0].removeprefix("\ufeff")
    dialect = voted(lines, delimiter, known)
    first = sample_records(lines, dialect)
    if not any(cell.strip() for cells in first for cell in cells):
        raise BadSettings(f"{snapshot.path} has no rows that can be read as {dialect.title}")
    at = header_index(first, known)
    return Delimited(snapshot, encoding, dialect, unique_header(first[at]), at + 1)


def _usable(lines: list[str]) -> Iterator[str]:
    """Leave the last line of the sample away if it may be cut, and what is too long to be a header."""
    for line in lines:
        if not isinstance(line, TooLong) and (is_whole(line) or line is lines[-1]):
            yield line
