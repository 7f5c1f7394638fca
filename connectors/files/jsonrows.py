"""JSON Lines and JSON arrays of objects, read an object at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.files.encoding import storable
from connectors.files.lines import TooLong, is_whole, lines_of
from connectors.files.snapshot import Snapshot
from connectors.rows import RAW_CHARS, RECORD_CHARS, Broken, Cut, Row

SAMPLE_OBJECTS = 200
_CHUNK = 1 << 16
_DEPTH = 4


def cells_of(value: dict[str, object]) -> dict[str, str]:
    """Return an object as cells; objects within become "user.name", lists their JSON text, null nothing."""
    cells: dict[str, str] = {}
    _flatten(value, "", cells, _DEPTH)
    return cells


def _flatten(value: dict[str, object], prefix: str, cells: dict[str, str], depth: int) -> None:
    for key, inner in value.items():
        name = storable(prefix + key)
        if isinstance(inner, dict) and inner and depth:
            _flatten(inner, f"{name}.", cells, depth - 1)
        elif isinstance(inner, str):
            cells[name] = storable(inner)
        elif inner is None or isinstance(inner, dict):
            cells[name] = ""
        else:
            cells[name] = storable(json.dumps(inner, ensure_ascii=False))


def _parsed(number: int, text: str) -> Row | Broken:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Broken(number, f"not JSON: {_why(error)}", text[:RAW_CHARS])
    return _row(number, value, text)


def _row(number: int, value: object, text: str) -> Row | Broken:
    if not isinstance(value, dict):
        return Broken(number, f"not a JSON object but {type(value).__name__}", text[:RAW_CHARS])
    try:
        return Row(number, cells_of(value))
    except (ValueError, RecursionError) as error:
        return Broken(number, f"not usable: {_why(error)}", text[:RAW_CHARS])


def _why(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One JSON object a line."""

    snapshot: Snapshot
    encoding: str
    header: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What was recognised, for people."""
        return f"JSON Lines, {self.encoding}"

    @property
    def place(self) -> str:
        """Rows need no more words."""
        return ""

    def rows(self) -> Iterator[Row | Broken | Cut]:
        """Yield one row a line; blank lines are left out, but counted in the numbers."""
        for number, line in enumerate(lines_of(self.snapshot, self.encoding), start=1):
            if not is_whole(line) and not isinstance(line, TooLong) and self.snapshot.grew():
                yield Cut(number)
            elif isinstance(line, TooLong):
                yield Broken(number, f"the line is longer than {RECORD_CHARS:,} characters", line)
            elif line.strip("\ufeff \t\r\n"):
                yield _parsed(number, line.strip("\ufeff \t\r\n"))


@dataclass(frozen=True, slots=True)
class JsonArray:
    """One JSON array of objects; never held in memory whole."""

    snapshot: Snapshot
    encoding: str
    header: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What was recognised, for people."""
        return f"JSON array, {self.encoding}"

    @property
    def place(self) -> str:
        """Rows need no more words."""
        return ""

    def rows(self) -> Iterator[Row | Broken | Cut]:
        """Yield one row an object; after a syntax error nothing more can be read, so it is the last."""
        with io.TextIOWrapper(self.snapshot.stream(), encoding=self.encoding, errors="replace") as text:
            buffer = _Buffer(text)
            buffer.skip("[")
            number = 0
            while buffer.skip(",") not in ("]", ""):
                number += 1
                try:
                    value, source = buffer.value()
                except (ValueError, RecursionError) as error:
                    yield (
                        Cut(number)
                        if self.snapshot.grew()
                        else Broken(
                            number,
                            f"not JSON, so nothing after it can be read: {_why(error)}",
                            storable(buffer.text[:RAW_CHARS]),
                        )
                    )
                    return
                yield _row(number, value, source)


class _Buffer:
    """Text read ahead just far enough for the next value."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._source = text
        self._decoder = json.JSONDecoder()
        self.text = ""

    def skip(self, mark: str) -> str:
        """Drop white space and one such mark; return the next character, "" at the end."""
        for _ in range(2):
            self.text = self.text.lstrip("\ufeff \t\r\n")
            while not self.text and (more := self._source.read(_CHUNK)):
                self.text = more.lstrip("\ufeff \t\r\n")
            if not self.text.startswith(mark):
                break
            self.text = self.text[1:]
            mark = "\x00"
        return self.text[:1]

    def value(self) -> tuple[object, str]:
        """Return the next value and its text; reads twice as much each time it isn't whole yet."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self.text)
            except ValueError:
                more = self._source.read(max(_CHUNK, len(self.text)))
                if not more or len(self.text) > RECORD_CHARS:
                    raise
                self.text += more
                continue
            source, self.text = self.text[:end], self.text[end:]
            return value, source[:RAW_CHARS]


def keys_of(table: JsonLines | JsonArray) -> tuple[str, ...]:
    """Return the cell names of the first objects, in the order they appear."""
    names: dict[str, None] = {}
    for count, row in enumerate(table.rows()):
        if count == SAMPLE_OBJECTS:
            break
        if isinstance(row, Row):
            names.update(dict.fromkeys(row.cells))
    return tuple(names)
