"""One sheet of an XLSX workbook, read row by row; hostile workbooks are refused before they are unpacked."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import IO, Any

from connectors.errors import BadSettings, ConnectorError
from connectors.files.encoding import storable
from connectors.files.snapshot import Snapshot
from connectors.nearest import did_you_mean
from connectors.rows import RAW_CHARS, Broken, Cut, Row, header_index, unique_header

UNPACKED_BYTES = 1 << 30
"""A workbook that unpacks to more is refused."""

RATIO = 150
"""A large workbook that shrank more than this is refused: real text packs about tenfold."""

_LARGE = 64 << 20
_BATCH = 500
_SAMPLE = 60
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Workbook:
    """A sheet as a table."""

    snapshot: Snapshot
    sheet: str
    header: tuple[str, ...]
    header_number: int

    @property
    def kind(self) -> str:
        """What was recognised, for people."""
        return f"XLSX, sheet {self.sheet}"

    @property
    def place(self) -> str:
        """The sheet is part of where a row is."""
        return f"sheet {self.sheet} "

    def rows(self) -> Iterator[Row | Broken | Cut]:
        """Yield every filled row after the header."""
        width = len(self.header)
        for number, cells in enumerate(_records(self.snapshot, self.sheet), start=1):
            if number <= self.header_number or not any(cell.strip() for cell in cells):
                continue
            if any(cell.strip() for cell in cells[width:]):
                reason = f"{len(cells)} cells where the header has {width}: name every column"
                yield Broken(number, reason, " | ".join(cells)[:RAW_CHARS])
            else:
                yield Row(number, dict(zip(self.header, cells, strict=False)))


def open_workbook(snapshot: Snapshot, sheet: str | None, known: frozenset[str]) -> Workbook:
    """Return the named sheet, else the first that is shown and has rows; raises `BadSettings`."""
    _refuse_bombs(snapshot)
    with closing(_load(snapshot)) as book:
        names: list[str] = [page.title for page in book.worksheets]
        shown = [page.title for page in book.worksheets if page.sheet_state == "visible"]
    if sheet is not None and sheet not in names:
        raise BadSettings(
            f"{snapshot.path} has no sheet {sheet!r}.{did_you_mean(sheet, names)}"
            f" Its sheets: {', '.join(names)}"
        )
    for name in [sheet] if sheet is not None else shown:
        first = list(islice(_records(snapshot, name), _SAMPLE))
        if any(cell.strip() for cells in first for cell in cells):
            at = header_index(first, known)
            filled = max(i for i, cell in enumerate(first[at], start=1) if cell.strip())
            return Workbook(snapshot, name, unique_header(first[at][:filled]), at + 1)
    raise BadSettings(f"{snapshot.path} has no rows; its sheets: {', '.join(names)}")


def _refuse_bombs(snapshot: Snapshot) -> None:
    stream: IO[bytes] = snapshot.stream()
    if stream.read(4) == _OLE:
        raise BadSettings(
            f"{snapshot.path} is an old .xls workbook or has a password;"
            " save it as .xlsx without one, or as CSV"
        )
    try:
        with zipfile.ZipFile(snapshot.stream()) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except Exception as error:
        raise _unreadable(snapshot, error) from error
    if unpacked > UNPACKED_BYTES or (unpacked > _LARGE and unpacked > RATIO * snapshot.size):
        raise BadSettings(
            f"{snapshot.path} unpacks from {snapshot.size:,} to {unpacked:,} bytes, more than is safe;"
            " save the sheet as CSV"
        )


def _load(snapshot: Snapshot) -> Any:
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise BadSettings(
            f'{snapshot.path} is a workbook; to read it: pip install "feedback-bridge[xlsx]",'
            " or save the sheet as CSV"
        ) from error
    try:
        with _quiet():
            return openpyxl.load_workbook(snapshot.stream(), read_only=True, data_only=True)
    except Exception as error:
        raise _unreadable(snapshot, error) from error


def _records(snapshot: Snapshot, sheet: str) -> Iterator[list[str]]:
    """Yield every row's cells as text; whatever a damaged workbook does, we say it is damaged."""
    with closing(_load(snapshot)) as book:
        try:
            page = book[sheet]
            page.reset_dimensions()
            values = page.iter_rows(values_only=True)
            while batch := _batch(values):
                for row in batch:
                    yield [_text(value) for value in row]
        except ConnectorError:
            raise
        except Exception as error:
            raise _unreadable(snapshot, error) from error


def _batch(values: Iterator[Sequence[object]]) -> list[Sequence[object]]:
    with _quiet():
        return list(islice(values, _BATCH))


def _quiet() -> warnings.catch_warnings[None]:
    """Hush openpyxl's remarks on styles it does not keep: they mean nothing for the text."""
    return warnings.catch_warnings(action="ignore")


def _text(value: object) -> str:
    """Return a cell as text: dates in ISO 8601 without zone, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return storable(str(value))


def _unreadable(snapshot: Snapshot, error: Exception) -> BadSettings:
    why = str(error).strip() or type(error).__name__
    return BadSettings(
        f"{snapshot.path} can't be read as a workbook ({why[:200]}): it is cut short or damaged;"
        " export it again, or save it as CSV"
    )
