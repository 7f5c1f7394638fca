"""Which column holds what: told by the user, by a preset, or guessed from names and values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Literal

from connectors.errors import BadSettings
from connectors.files.presets import Preset
from connectors.items import KEYS
from connectors.names import GUESSES
from connectors.nearest import did_you_mean
from connectors.times import Reading, offset_of, order_told

Way = Literal["set", "preset", "guessed", "guessed from its content"]

_SHARE = 0.5
_UNIQUE = 0.9
_FEW = 20  # rows too few to be strict about repeated ids
_WORDY = 4.0


def folded(name: str) -> str:
    """Return a column name without case, accents, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[\W_]+", "", "".join(char for char in plain if not unicodedata.combining(char)))


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what, how we know, and what else the user should be told."""

    of: Mapping[str, str]  # our key → the file's column
    ways: Mapping[str, Way]
    notes: Sequence[str] = field(default=())

    def describe(self) -> list[str]:
        """Return lines for people: "text = 'Body' (guessed)"."""
        lines = [f"{key} = {self.of[key]!r} ({self.ways[key]})" for key in KEYS if key in self.of]
        return [*lines, *self.notes]


def guess_columns(header: Sequence[str], sample: Sequence[Mapping[str, str]]) -> Columns:
    """Guess which column holds what from their names, checked against some rows.

    Pure; `of` lacks what can't be told. Names in several languages; a time in UTC is preferred to a local
    one. Without a telling name the text is the one column that is clearly the wordiest.
    """
    names = {key: guesses.split() for key, guesses in GUESSES.items()}
    found = _by_names(header, sample, names)
    ways: dict[str, Way] = dict.fromkeys(found, "guessed")
    if "text" not in found and (wordy := _wordiest(header, sample, taken=found.values())):
        found["text"], ways["text"] = wordy, "guessed from its content"
    return Columns(found, ways)


def choose_columns(
    header: Sequence[str],
    sample: Sequence[Mapping[str, str]],
    asked: Mapping[str, str],
    preset: Preset | None,
) -> Columns:
    """Put together what the user set, what the preset knows, and what can be guessed, in this order.

    With a preset only text and time are guessed, should it miss them. Raises `BadSettings` for unknown keys,
    columns that are not there, and when no text column can be told.
    """
    _check_asked(header, asked)
    if preset:
        known = _by_names(header, sample, preset.names)
        told = _completed(Columns(known, dict.fromkeys(known, "preset")), guess_columns(header, sample))
    else:
        told = guess_columns(header, sample)
    of = {**{key: column for key, column in told.of.items() if column not in asked.values()}, **asked}
    ways: dict[str, Way] = {**told.ways, **dict.fromkeys(asked, "set")}
    if "text" not in of:
        raise BadSettings(
            f"can't tell which column holds the text; the columns are {_listed(header)}."
            f" Say which: --map text={_quoted(header)}"
        )
    return Columns(of, {key: ways[key] for key in of})


def _completed(known: Columns, guess: Columns) -> Columns:
    free = {key: guess.of[key] for key in ("text", "at") if key in guess.of and key not in known.of}
    added = {key: column for key, column in free.items() if column not in known.of.values()}
    return Columns({**known.of, **added}, {**known.ways, **{key: guess.ways[key] for key in added}})


def _listed(header: Sequence[str]) -> str:
    return ", ".join(map(repr, header)) or "none"


def _quoted(header: Sequence[str]) -> str:
    name = max(header, key=len, default="COLUMN")
    return f"'{name}'" if " " in name else name


def _check_asked(header: Sequence[str], asked: Mapping[str, str]) -> None:
    for key, column in asked.items():
        if key not in KEYS:
            raise BadSettings(
                f"nothing is called {key!r}.{did_you_mean(key, KEYS)} You can map {', '.join(KEYS)}"
            )
        if column not in header:
            raise BadSettings(
                f"{key} is mapped to {column!r}, but there is no such column.{did_you_mean(column, header)}"
                f" The columns are {_listed(header)}"
            )


def _by_names(
    header: Sequence[str], sample: Sequence[Mapping[str, str]], names: Mapping[str, Iterable[str]]
) -> dict[str, str]:
    """Take for each key the best named column whose values fit; a column may serve as text only once."""
    by_name: dict[str, str] = {}
    for column in header:
        by_name.setdefault(folded(column), column)
        by_name.setdefault(folded(column.rpartition(".")[2]), column)
    found: dict[str, str] = {}
    for key, candidates in names.items():
        columns = (by_name.get(folded(name)) for name in candidates)
        fitting = (c for c in columns if c and c != found.get("text") and _fits(key, c, sample))
        if best := next(fitting, None):
            found[key] = best
    return found


def _fits(key: str, column: str, sample: Sequence[Mapping[str, str]]) -> bool:
    values = [value for row in sample if (value := row.get(column, "").strip())]
    if key in {"at", "edited"}:
        return not values or _share_read(values) >= _SHARE
    if key == "offset":
        return bool(values) and all(_is_offset(value) for value in values)
    if key == "id":
        least = _SHARE if len(sample) < _FEW else _UNIQUE
        return len(set(values)) >= least * len(sample)
    if key == "text":
        return not values or sum(_is_wordless(value) for value in values) < _SHARE * len(values)
    return bool(values) or not sample


def _share_read(values: Sequence[str]) -> float:
    reading = Reading(UTC, order_told(values).order)
    good = 0
    for value in values:
        try:
            reading.utc(value)
        except ValueError:
            continue
        good += 1
    return good / len(values)


def _is_offset(value: str) -> bool:
    try:
        offset_of(value)
    except ValueError:
        return False
    return True


def _is_wordless(value: str) -> bool:
    return not any(char.isalpha() for char in value)


def _wordiest(
    header: Sequence[str], sample: Sequence[Mapping[str, str]], *, taken: Iterable[str]
) -> str | None:
    """Return the column with at least four words on average and twice as many as any other."""
    means = sorted(
        ((_mean_words(column, sample), column) for column in header if column not in set(taken)), reverse=True
    )
    if not means or means[0][0] < _WORDY:
        return None
    return means[0][1] if len(means) == 1 or means[0][0] >= 2 * means[1][0] else None


def _mean_words(column: str, sample: Sequence[Mapping[str, str]]) -> float:
    return sum(len(row.get(column, "").split()) for row in sample) / max(1, len(sample))
