"""Sending a digest once by each way: what goes where is noted before it goes, and how it went after.

Whoever sends holds the store. A digest that is noted as being sent, and whose sender is gone, may be there or
not: it is not sent again, because a missing digest is better than two. One that was plainly refused is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlmodel import Session

from bridge.digest import schedule
from bridge.digest.contents import gather
from bridge.digest.records import Digest, Window
from bridge.digest.render import letter
from bridge.digest.standing import window_of
from bridge.digest.ways import Parcel, WayOut
from bridge.errors import InDoubt, InputError, SendError
from bridge.models import DigestSent
from bridge.store import digests as store
from bridge.store.audit import record
from bridge.store.database import Database
from bridge.store.views import Shelf
from bridge.times import stamp

if TYPE_CHECKING:
    from bridge.config.model import Settings

ACTOR = "bridge"


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went: ways by what became of them, and what went wrong with each."""

    counts: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends digests of a store. `now` is the bridge's clock."""

    database: Database
    settings: Settings
    now: datetime

    def due(self, ways: Sequence[WayOut]) -> Sent:
        """Send the digest that is due by each way that it has not gone by yet."""
        due = schedule.latest(self.settings.digest, self.now)
        self._give_up_lost(ways)
        sent = Sent()
        for way in ways:
            row = self._by(way, due)
            if row is None:
                continue
            sent.counts[row.state] = sent.counts.get(row.state, 0) + 1
            if row.state == "refused":
                sent.refused.append(f"{way.name}: {row.outcome}")
            if row.state == "in doubt":
                sent.doubts.append(f"{way.name}: {row.outcome}")
        return sent

    def by_hand(self, way: WayOut, who: str, since: datetime | None) -> DigestSent:
        """Send a digest now by one way, as somebody asks; the schedule goes on as if it had not been.

        Raises `InputError` if one of this very time has gone by this way.
        """
        self._give_up_lost([way])
        with self.database.reading() as session:
            seen = None if since is None else Window(since)
            digest = self._gather(session, seen or window_of(session, self.settings, self.now, way.name))
        row = self._row(way, self.now, digest)
        row.by = who
        if not self._send(way, row, digest):
            raise InputError(
                f"the digest of {stamp(self.now)} has gone by {way.name}; nothing was sent: "
                "leave --as-of out, or name another time"
            )
        return row

    def _give_up_lost(self, ways: Sequence[WayOut]) -> None:
        with self.database.writing() as session:
            store.give_up_lost(session, [way.name for way in ways if way.repeatable])

    def _by(self, way: WayOut, due: datetime) -> DigestSent | None:
        """Send what was due by one way; return None if it has gone, or gone astray, before."""
        with self.database.reading() as session:
            before = store.noted(session, way.name, due)
            if not _may_go(before, way):
                return None
            digest = self._gather(session, window_of(session, self.settings, self.now, way.name))
        row = self._row(way, due, digest)
        row.tries = before.tries if before is not None else 0
        return row if self._send(way, row, digest) else None

    def _gather(self, session: Session, window: Window) -> Digest:
        return gather(session, Shelf(session, self.now), self.settings, window, self.now)

    def _row(self, way: WayOut, due: datetime, digest: Digest) -> DigestSent:
        return DigestSent(
            way=way.name,
            due_at=due,
            since_at=digest.since,
            until_at=digest.until,
            state="quiet" if digest.is_quiet else "sending",
            recipients=list(way.recipients),
            told=digest.memory.as_json(),
            outcome="there was nothing to tell" if digest.is_quiet else "",
        )

    def _send(self, way: WayOut, row: DigestSent, digest: Digest) -> bool:
        """Note that it goes, let it go, and note how it went; return False if another was quicker."""
        parcel = Parcel(letter(digest, self.settings.digest.zone), row.due_at, self.now)
        row.tries += row.state == "sending"
        with self.database.writing() as session:
            if not _may_go(store.noted(session, row.way, row.due_at), way):
                return False
            session.merge(row)
        if row.state == "quiet":
            return True
        try:
            row.outcome, row.state = way.send(parcel), "sent"
        except SendError as error:
            row.outcome, row.state = str(error), "refused"
        except InDoubt as error:
            row.outcome, row.state = str(error), "in doubt"
        with self.database.writing() as session:
            session.merge(row)
            if row.state != "refused":
                what = f"digest {row.state}"
                record(session, self.now, row.by or ACTOR, what, row.way, {"tries": row.tries})
        return True


def _may_go(before: DigestSent | None, way: WayOut) -> bool:
    """Say whether a digest may go out, from what was noted of it before."""
    if before is None or before.state == "refused":
        return True
    return before.state == "sending" and way.repeatable
