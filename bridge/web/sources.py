"""The page of sources: how each channel stands, and what to do about one that fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlmodel import Session

from bridge.config.model import Settings
from bridge.store import pages as reads
from bridge.store.export import source_rows
from bridge.web.words import Moment, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A channel in a list."""

    name: str
    connector: str
    state: str
    items: int
    last_ok: Moment | None
    error: str | None
    is_well: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMore:
    """What the page of sources says beyond the row."""

    row: SourceRow
    last_try: Moment | None
    next_due: Moment | None
    failures: int
    rejected: int
    pullable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The page of sources."""

    template: ClassVar[str] = "sources.html"
    title: str = "Sources"
    sources: list[SourceMore]


def sources_page(session: Session, settings: Settings, now: datetime) -> Sources:
    """Build the page of sources."""
    states, rejected = reads.source_states(session), reads.rejected(session)
    configured = {source.name for source in settings.sources}
    found = []
    for row in source_rows(session, settings):
        state = states.get(row["source"])
        found.append(
            SourceMore(
                row=source_row(row, now),
                last_try=_moment(state.last_try_at if state else None, now),
                next_due=_moment(state.next_due_at if state else None, now),
                failures=state.failures if state else 0,
                rejected=rejected.get(row["source"], 0),
                pullable=row["source"] in configured,
            )
        )
    return Sources(sources=found)


def source_row(row: Mapping[str, Any], now: datetime) -> SourceRow:
    """Return a row of `sources list` as a page shows it."""
    last_ok = datetime.fromisoformat(row["last_ok"]) if row["last_ok"] else None
    return SourceRow(
        name=row["source"],
        connector=row["connector"],
        state=row["state"],
        items=row["items"],
        last_ok=_moment(last_ok, now),
        error=row["error"],
        is_well=row["state"] not in ("failing", "gone"),
    )


def _moment(at: datetime | None, now: datetime) -> Moment | None:
    return None if at is None else moment(at, now)
