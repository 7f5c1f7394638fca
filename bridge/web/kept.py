"""What takes a page long to work out: made once for a state of the store, by one at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

from bridge.store.database import Database
from bridge.store.views import version_of

MOST = 32
"""Values that are kept."""

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Values by what they were asked for; anew when something was committed, or a minute is over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._values: dict[Hashable, tuple[Hashable, Value]] = {}
        self._lock = Lock()

    def get(self, asked: Hashable, now: datetime, make: Callable[[], Value]) -> Value:
        """Return the value for what is asked, made if it is not there or no longer good."""
        with self._lock:
            with self._database.reading() as session:
                where, version = version_of(session)
            state, place = (version, now.replace(second=0, microsecond=0)), (where, asked)
            found = self._values.get(place)
            if found is not None and found[0] == state:
                return found[1]
            value = make()
            if len(self._values) >= MOST:
                self._values.clear()
            self._values[place] = (state, value)
            return value
