"""A payload to messages: where the items are in its JSON, and what of each is what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError

from connectors import Event, Rejected
from connectors.errors import BadSettings
from connectors.items import Maker
from connectors.rows import RAW_CHARS, Row

WHOLE = "^"
"""How a path begins that is of the whole payload, not of one item."""

_LANGUAGE = JSONPathEnvironment(strict=True)  # RFC 9535, without what this package adds to it


@lru_cache(maxsize=512)
def path(text: str) -> JSONPath:
    """Return a JSONPath (RFC 9535); "a.b" is read as "$.a.b". Raises `BadSettings`."""
    full = text if text.startswith("$") else f"$.{text}"
    try:
        found = _LANGUAGE.compile(full)
    except JSONPathError as error:
        why = str(error).partition("\n")[0]
        raise BadSettings(
            f"{text!r} is no JSONPath ({why}); write one like 'comment.body' or '$.answers[0].text'"
        ) from error
    if not isinstance(found, JSONPath):  # pragma: no cover - only with what the package adds
        raise BadSettings(f"{text!r} is no single JSONPath")
    return found


@dataclass(frozen=True, slots=True)
class Mapped:
    """How a source's payloads are read."""

    items: str
    maker: Maker

    def events(self, body: bytes, name: str) -> Iterator[Event]:
        """Yield a message for each item of a payload, or why it is none; `name` tells the delivery."""
        try:
            payload = json.loads(body, parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            raw = body[: 4 * RAW_CHARS].decode("utf-8", "replace")[:RAW_CHARS]
            yield Rejected(f"delivery {name}", f"not JSON: {_why(error)}", raw)
            return
        try:
            found = self._items(payload)
        except (JSONPathError, RecursionError) as error:
            yield Rejected(f"delivery {name}", f"items: {_why(error)}", _raw(payload))
            return
        for number, item in enumerate(found, start=1):
            yield self._event(payload, item, f"delivery {name} item {number}")

    def _items(self, payload: Any) -> list[Any]:
        if not isinstance(payload, dict | list):
            return [payload]  # the package would read a text as JSON once more
        found = path(self.items).findall(payload)
        return found[0] if len(found) == 1 and isinstance(found[0], list) else found

    def _event(self, payload: Any, item: Any, where: str) -> Event:
        if not isinstance(item, dict):
            return Rejected(where, f"not a JSON object but {type(item).__name__}", _raw(item))
        try:
            columns = {*self.maker.columns.values()}
            row = Row(0, {column: self._cell(payload, item, column) for column in columns})
        except (ValueError, JSONPathError, RecursionError) as error:
            return Rejected(where, _why(error), _raw(item))
        event = self.maker.event(row, where)
        return replace(event, raw=_raw(item)) if isinstance(event, Rejected) else event

    def _cell(self, payload: Any, item: dict[str, Any], column: str) -> str:
        """Return what a path finds, as text: of a text all that it finds, of anything else the first."""
        of, name = (payload, column[1:].lstrip(".")) if column.startswith(WHOLE) else (item, column)
        values = [_text(column, value) for value in path(name).findall(of)]
        if self.maker.columns.get("text") == column:
            return "\n".join(value for value in values if value.strip())
        return values[0] if values else ""


def check_paths(items: str, columns: Mapping[str, str]) -> None:
    """Raise `BadSettings` unless each is a path, and the text has one."""
    path(items)
    for column in columns.values():
        path(column[1:].lstrip(".") if column.startswith(WHOLE) else column)
    if "text" not in columns:
        raise BadSettings('columns must say where the text is: write columns = { text = "comment.body" }')


def _text(column: str, value: Any) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case dict():
            raise ValueError(f"{column!r} is an object; name what is in it, such as {column}.name")
        case list():
            raise ValueError(f"{column!r} is a list; name what is in it, such as {column}[0]")
        case _:
            return json.dumps(value)


def _raw(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)[:RAW_CHARS]
    except RecursionError:
        return ""


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error).partition("\n")[0]
