"""Limits on how often: guesses at a password are answered ever later, and requests have a steady rate.

Kept in memory: they hold as long as the process. Times are seconds of one clock.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from bridge.errors import BridgeError

KEYS: Final = 10_000
"""How many addresses, accounts or tokens are told apart; the one not seen for longest goes first."""

Row = TypeVar("Row")


class TooMany(BridgeError):  # noqa: N818 - the name of its status
    """Too many requests; `after` is how many seconds to wait."""

    def __init__(self, message: str, after: float) -> None:
        super().__init__(message)
        self.after = after


class _Rows(Generic[Row]):
    """The last `KEYS` rows that were used."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, Row] = OrderedDict()

    def get(self, key: str, fresh: Row) -> Row:
        row = self._rows.setdefault(key, fresh)
        self._rows.move_to_end(key)
        if len(self._rows) > KEYS:
            self._rows.popitem(last=False)
        return row

    def drop(self, key: str) -> None:
        self._rows.pop(key, None)

    def __len__(self) -> int:
        return len(self._rows)


@dataclass(slots=True)
class _Tries:
    count: int
    until: float
    last: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of an attempt: how long to wait if it was refused, and how many there were in a row."""

    wait_s: float
    count: int


class Backoff:
    """Lets `free` failures pass, then makes each next one wait twice as long, up to `longest_s`.

    Every attempt counts as a failure until it is forgiven: of many at the same time none is for free. What
    was quiet for `forget_s` starts anew.
    """

    def __init__(self, *, free: int, longest_s: float, forget_s: float = 900.0) -> None:
        self._free = free
        self._longest_s = longest_s
        self._forget_s = forget_s
        self._rows: _Rows[_Tries] = _Rows()
        self._lock = threading.Lock()

    def attempt(self, key: str, now: float) -> Attempt:
        """Count an attempt, or refuse it while the wait after the last one lasts."""
        with self._lock:
            row = self._rows.get(key, _Tries(0, 0.0, now))
            if now - row.last > self._forget_s:
                row.count, row.until = 0, 0.0
            if now < row.until:
                return Attempt(row.until - now, row.count)
            row.count += 1
            row.last = now
            beyond = row.count - self._free
            if beyond >= 0:
                row.until = now + min(2.0 ** min(beyond, 32), self._longest_s)
            return Attempt(0.0, row.count)

    def forgive(self, key: str) -> None:
        """Take one attempt back: it was none of the bad ones."""
        with self._lock:
            row = self._rows.get(key, _Tries(1, 0.0, 0.0))
            row.count, row.until = max(row.count - 1, 0), 0.0

    def clear(self, key: str) -> None:
        """Forget all attempts."""
        with self._lock:
            self._rows.drop(key)

    def __len__(self) -> int:
        return len(self._rows)


@dataclass(slots=True)
class _Level:
    left: float
    at: float


class Bucket:
    """Lets `burst` requests pass at once, and `per_s` a second in the long run."""

    def __init__(self, *, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._rows: _Rows[_Level] = _Rows()
        self._lock = threading.Lock()

    def take(self, key: str, now: float) -> float:
        """Let a request pass and return 0, or return how many seconds it should wait."""
        with self._lock:
            row = self._rows.get(key, _Level(self._burst, now))
            row.left = min(self._burst, row.left + max(now - row.at, 0.0) * self._per_s)
            row.at = now
            if row.left < 1:
                return (1 - row.left) / self._per_s
            row.left -= 1
            return 0.0

    def __len__(self) -> int:
        return len(self._rows)
