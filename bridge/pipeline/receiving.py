"""What a channel sent us by itself, into the store: the very same intake as a pull's, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bridge.pipeline.pulling import keep_rejected, pull_id
from bridge.store import deliveries, intake
from bridge.store.database import Database, workspace_secret
from connectors import Event, Rejected


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where the deliveries of one source go."""

    database: Database
    data: Path  # the folder for rejected input
    source: str
    connector: str

    def take(self, events: Sequence[Event], names: Collection[str], now: datetime) -> intake.Counts | None:
        """Store a delivery's events and its names together; None if it was taken before.

        When this returns, all is committed; rejected input is in its file before.
        """
        rejected = [event for event in events if isinstance(event, Rejected)]
        with self.database.writing() as session:
            if not deliveries.take(session, names, now):
                return None
            pull = intake.Pull(id=pull_id(now), source=self.source, now=now, secret=workspace_secret(session))
            keep_rejected(self.data, pull, rejected)
            counts = intake.store_events(session, pull, events)
            state = intake.source_state(session, self.source, self.connector)
            state.state, state.last_error, state.failures = "ok", None, 0
            state.last_ok_at = state.last_try_at = now
        return counts
