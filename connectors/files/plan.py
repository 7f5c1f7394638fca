"""How one file is going to be read, decided from its beginning and, if need be, a whole column."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from connectors.errors import BadSettings
from connectors.files.columns import Columns, choose_columns
from connectors.files.presets import Preset
from connectors.files.spoken import turns
from connectors.items import Maker, rating_scale
from connectors.rows import Broken, Cut, Row, Table
from connectors.times import Reading, Told, order_told, zone_named

SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user said about reading, the same for every file of a source."""

    columns: Mapping[str, str]
    preset: Preset | None
    timezone: str
    now: datetime | None
    rating_max: float | None
    staff: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A table, what its columns hold, and how its rows become messages."""

    table: Table
    columns: Columns
    maker: Maker
    has_turns: bool

    def rows(self, after: int) -> Iterator[Row | Broken | Cut]:
        """Yield the rows that come after this record number, joined to turns where the preset asks for it."""
        rows = (row for row in self.table.rows() if row.number > after)
        return turns(rows, self.columns.of) if self.has_turns else rows

    def describe(self) -> list[str]:
        """Return lines for people: what was recognised, what each column holds and why."""
        return [self.table.kind, *self.columns.describe()]

    def how(self) -> str:
        """Return a digest of all decisions: if it changes, the file must be read anew."""
        maker = self.maker
        decided = [
            dict(self.columns.of), str(maker.reading.zone), maker.reading.order, maker.rating_max,
            sorted(maker.staff), self.has_turns, self.table.place,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:16]


def make_plan(table: Table, wishes: Wishes) -> Plan:
    """Decide how to read a table; raises `BadSettings` when the text or the time can't be told."""
    rows = [row for row in islice(table.rows(), SAMPLE_ROWS) if isinstance(row, Row)]
    sample = [row.cells for row in rows]
    columns = choose_columns(table.header, sample, wishes.columns, wishes.preset)
    at = columns.of.get("at")
    if at is None and wishes.now is None:
        raise BadSettings(
            f"no column tells when something was said; the columns are {', '.join(map(repr, table.header))}."
            " Say which: --map at=COLUMN, or give one time for all rows"
        )
    told = _order(table, sample, at)
    ratings = [cells.get(columns.of.get("rating", ""), "") for cells in sample]
    has_turns = bool(wishes.preset and wishes.preset.has_turns)
    maker = Maker(
        columns=columns.of,
        reading=Reading(zone_named(wishes.timezone), told.order),
        now=wishes.now,
        rating_max=wishes.rating_max or rating_scale(ratings),
        staff=wishes.staff,
        is_call=has_turns,
    )
    notes = [
        *_notes(at, told, wishes),
        *_repeated([cells.get(columns.of.get("id", ""), "") for cells in sample]),
    ]
    described = Columns(columns.of, columns.ways, notes)
    return Plan(table, described, maker, has_turns)


def _order(table: Table, sample: Sequence[Mapping[str, str]], at: str | None) -> Told:
    """Tell the day and month order from the sample, and if that proves nothing, from the whole column."""
    if at is None:
        return Told("day first", is_proven=False, is_asked=False)
    told = order_told(cells.get(at, "") for cells in sample)
    if told.is_proven or not told.is_asked:
        return told
    return order_told(row.cells.get(at, "") for row in table.rows() if isinstance(row, Row))


def _repeated(ids: Sequence[str]) -> list[str]:
    filled = [one for one in ids if one]
    repeats = len(filled) - len(set(filled))
    return [
        f"{repeats} of the first {len(ids)} rows repeat an id: each counts once, by its latest text"
    ] * bool(repeats)


def _notes(at: str | None, told: Told, wishes: Wishes) -> list[str]:
    if at is None:
        return [f"no column tells when: every item is dated {wishes.now:%Y-%m-%d %H:%M} UTC"]
    notes = [f"times without a zone are taken as {wishes.timezone}"]
    if told.is_proven:
        notes.append(f"dates are {told.order}: {at!r} proves it")
    elif told.is_asked:
        notes.append(
            f"dates in {at!r} could be day first or month first, no row proves either: taken day first;"
            " write them like 2026-04-03 to be sure"
        )
    return notes
