"""A row to a message, or to the reason why it can't be one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors import Author, Message, Rejected, Upsert
from connectors.errors import BadSettings
from connectors.names import LABEL, STAFF_ROLES
from connectors.nearest import did_you_mean
from connectors.rows import Row
from connectors.times import Reading, offset_of

KEYS = (
    "text", "id", "at", "author", "display", "url", "lang", "account", "rating", "role", "parent", "edited",
    "thread", "offset",
)  # fmt: skip
"""What a row can hold; the keys of the setting `columns` and of `--map`."""

_LANG = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)
_LANG_NAMES: Mapping[str, str] = {
    "arabic": "ar", "chinese": "zh", "czech": "cs", "dutch": "nl", "english": "en", "finnish": "fi",
    "french": "fr", "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu",
    "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko", "norwegian": "no", "polish": "pl",
    "portuguese": "pt", "romanian": "ro", "russian": "ru", "spanish": "es", "swedish": "sv", "thai": "th",
    "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip
_MAIL = re.compile(r"(?:\"?([^<>\"]*)\"? ?<)?([^\s@<>\"]{1,64}@[^\s@<>\"]{1,253}\.[^\s@<>\".]{1,63})>?")
_SCALES = (1.0, 5.0, 10.0, 100.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Everything that turns the rows of one file into messages."""

    columns: Mapping[str, str]
    reading: Reading
    now: datetime | None  # when no column says it
    rating_max: float | None
    staff: frozenset[str]
    is_call: bool = False  # speakers may have labels instead of names

    def event(self, row: Row, where: str) -> Upsert | Rejected:
        """Return the row's message, or why it is none."""
        try:
            return Upsert(self._message(row))
        except ValueError as error:
            return Rejected(where, str(error), row.raw())

    def _message(self, row: Row) -> Message:
        cell = self._cells(row)
        if not cell["text"].strip():
            raise ValueError(f"text: {self.columns['text']!r} is empty")
        if "id" in self.columns and not cell["id"]:
            raise ValueError(f"id: {self.columns['id']!r} is empty")
        said_at = self._said_at(cell)
        author = self._author(cell)
        message = Message(
            external_id=cell["id"] or self._made_id(cell),
            text=cell["text"],
            said_at=said_at,
            revision="",
            author=author,
            url=cell["url"] or None,
            lang=language(cell["lang"]),
            edited_at=self._time("edited", cell["edited"]) if cell["edited"] else None,
            thread=cell["thread"] or None,
            parent=cell["parent"] or None,
            rating=rating(cell["rating"], self.rating_max),
        )
        return _revised(message, _handle(cell, author), is_dated="at" in self.columns)

    def _cells(self, row: Row) -> dict[str, str]:
        cells = dict.fromkeys(("text", "id", "url", "lang", "edited", "thread", "parent", "rating"), "")
        cells |= dict.fromkeys(("at", "offset", "author", "display", "account", "role"), "")
        for key, column in self.columns.items():
            value = row.cells.get(column, "")
            cells[key] = value if key == "text" else " ".join(value.split())
        return cells

    def _said_at(self, cell: Mapping[str, str]) -> datetime:
        if "at" in self.columns:
            start = self._time("at", cell["at"])
        elif self.now is not None:
            start = self.now
        else:  # pragma: no cover - Files refuses to begin without either
            raise ValueError("at: no column says when, and no time was given")
        try:
            return start + offset_of(cell["offset"]) if cell["offset"] else start
        except (ValueError, OverflowError) as error:
            raise ValueError(f"offset: {error}") from error

    def _time(self, key: str, text: str) -> datetime:
        try:
            return self.reading.utc(text)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from error

    def _author(self, cell: Mapping[str, str]) -> Author | None:
        handle = cell["author"].lstrip("@").strip()
        is_staff = self._is_staff(handle, cell["role"])
        if self.is_call and LABEL.fullmatch(handle):
            within = cell["thread"]
            return Author(id=f"{within}/{handle}" if within else None, display=handle, is_staff=is_staff)
        page = handle if "://" in handle else ""
        handle = page.rstrip("/").rpartition("/")[2] if page else handle
        display = cell["display"] or (handle if " " in handle else "")
        if not (handle or display or cell["account"] or is_staff):
            return None
        called, contact = _parted(display)
        by, mail = _parted(cell["author"])
        author = Author(
            id=page or None,
            handle=handle or None,
            display=called,
            contact=contact,
            account=cell["account"] or None,
            is_staff=is_staff,
        )
        # an address is no handle; as an id it names the same person as ever
        if mail:
            return replace(author, id=handle.casefold(), handle=None, display=called or by, contact=mail)
        return replace(author, id=display.casefold()) if contact and not handle else author

    def _is_staff(self, handle: str, role: str) -> bool:
        if {handle.casefold(), role.casefold()} & self.staff:
            return True
        return bool(set(re.findall(r"[^\W\d_]+", role.casefold())) & STAFF_ROLES)

    def _made_id(self, cell: Mapping[str, str]) -> str:
        """Made from text, author and time as written, so that the order of rows and the zone don't matter."""
        return _digest([cell["text"], cell["author"], cell["at"], cell["thread"], cell["offset"]])


def _parted(text: str) -> tuple[str | None, str | None]:
    """Return the name and the mail address in "Ana <ana@a.example>"; what holds no address is a name."""
    found = _MAIL.fullmatch(text)
    name = (found[1] or "").strip() if found else text
    return name or None, found[2] if found else None


def _handle(cell: Mapping[str, str], author: Author | None) -> str | None:
    """Return the author as the revision knows them: as written, where that is a mail address."""
    if author and _MAIL.fullmatch(cell["author"]):
        return cell["author"]
    return author.handle if author else None


def _revised(message: Message, handle: str | None, *, is_dated: bool) -> Message:
    """Give the message its revision; the time of import is no content."""
    when = message.said_at.isoformat() if is_dated else None
    content = [message.text, when, handle, message.url, message.lang, message.rating]
    return replace(message, revision=_digest(content))


def _digest(values: Sequence[str | float | None]) -> str:
    written = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:24]


def language(text: str) -> str | None:
    """Return the ISO 639-1 code a cell means ("en-GB", "English"), or None."""
    if found := _LANG.fullmatch(text):
        return found[1].lower()
    return _LANG_NAMES.get(text.casefold())


def rating(text: str, highest: float | None) -> float | None:
    """Return a rating as 0-1 of the highest; "4/5" and "80%" bring their own. None if it can't be read."""
    found = re.fullmatch(r"(\d{1,4}(?:[.,]\d{1,6})?)\s*(?:(%)|(?:/|of|out of)\s*(\d{1,4}))?", text.strip())
    if not found:
        return None
    top = 100.0 if found[2] else float(found[3]) if found[3] else highest
    value = float(found[1].replace(",", "."))
    return value / top if top and value <= top else None


def rating_scale(values: list[str]) -> float | None:
    """Return the highest rating of the scale that the values seem to be on: 1, 5, 10 or 100."""
    found = [float(value) for value in values if re.fullmatch(r"\d{1,3}(?:\.\d+)?", value.strip())]
    return next((scale for scale in _SCALES if found and max(found) <= scale), None)


def check_columns(columns: object) -> None:
    """Raise `BadSettings` unless the setting `columns` is a table of our keys."""
    if not isinstance(columns, Mapping):
        raise BadSettings(f'columns = {columns!r} is not a table; write columns = {{ text = "Body" }}')
    for key, column in columns.items():
        if key not in KEYS:
            near = did_you_mean(str(key), KEYS)
            raise BadSettings(f"columns has no {key!r}.{near} It can have {', '.join(KEYS)}")
        if not isinstance(column, str):
            raise BadSettings(f"columns.{key} = {column!r} is not the name of a column")


def check_staff(staff: object) -> None:
    """Raise `BadSettings` unless the setting `staff` is a list of names."""
    if not isinstance(staff, list | tuple) or not all(isinstance(name, str) for name in staff):
        raise BadSettings(f'staff = {staff!r} is not a list of names; write staff = ["Marta", "Support"]')


def check_rating_max(top: object) -> None:
    """Raise `BadSettings` unless the setting `rating_max` is left out or a number above 0."""
    if top is not None and (isinstance(top, bool) or not isinstance(top, int | float) or top <= 0):
        raise BadSettings(f"rating_max = {top!r} is not a number above 0, such as 5 or 10")
