"""The page of what fitted no topic well enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlmodel import Session

from bridge.store import pages as reads
from bridge.web.paging import SIZE, Paging, paging
from bridge.web.topic import Quoted, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassigned:
    """Statements with the status unsure, the latest first."""

    template: ClassVar[str] = "unassigned.html"
    title: str = "Unassigned"
    quotes: list[Quoted]
    paging: Paging


def unassigned(session: Session, now: datetime, page: int) -> Unassigned:
    """Build a page of what fitted nowhere; raises NotFound beyond its end."""
    place = paging("/unassigned", page, reads.unsure_count(session, now))
    said = reads.unsure(session, now, skip=place.skipped, limit=SIZE)
    return Unassigned(quotes=[quoted(one, now) for one in said], paging=place)
