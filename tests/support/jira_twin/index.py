"""The search index: it learns of every write, but shows it only later."""

from __future__ import annotations

import random
from collections.abc import Iterable

from jira_twin.clock import Clock
from jira_twin.records import Issue

Lag = float | tuple[float, float]


class Index:
    """Pictures of issues with the second from which each can be seen; None is an issue out of the index."""

    def __init__(self, clock: Clock, lag: Lag, rng: random.Random) -> None:
        self.clock = clock
        self.lag = lag
        self._rng = rng
        self._entries: dict[str, list[tuple[float, float, Issue | None]]] = {}
        self._frozen: tuple[float, float] | None = None

    def write(self, issue: Issue) -> None:
        """Take note of an issue as it is now."""
        written = self.clock.seconds()
        lag = self._rng.uniform(*self.lag) if isinstance(self.lag, tuple) else self.lag
        entries = self._entries.setdefault(issue.id, [])
        seen_from = max(written + lag, entries[-1][0] if entries else 0.0)
        searchable = not (issue.deleted or issue.archived)
        entries.append((seen_from, written, issue.picture() if searchable else None))
        self._forget(entries)

    def show(self, issue: Issue) -> None:
        """Take note of an issue so that it is seen at once."""
        searchable = not (issue.deleted or issue.archived)
        self._entries[issue.id] = [(0.0, 0.0, issue.picture() if searchable else None)]

    def _forget(self, entries: list[tuple[float, float, Issue | None]]) -> None:
        since = min(self.clock.seconds(), self._frozen[0] if self._frozen else float("inf"))
        while len(entries) > 1 and entries[1][0] <= since:
            entries.pop(0)

    def freeze(self, seconds: float) -> None:
        """Show nothing that is written from now on, for so many seconds."""
        now = self.clock.seconds()
        self._frozen = (now, now + seconds)

    def seen(self, fresh: Iterable[Issue] = ()) -> list[Issue]:
        """Return the issues a search can see now; those in `fresh` as they really are."""
        now = self.clock.seconds()
        if self._frozen and now >= self._frozen[1]:
            self._frozen = None
        shown: dict[str, Issue] = {}
        for name, entries in self._entries.items():
            found = next((e for e in reversed(entries) if self._visible(e, now)), None)
            if found and found[2]:
                shown[name] = found[2]
        for issue in fresh:
            shown.pop(issue.id, None)
            if not (issue.deleted or issue.archived):
                shown[issue.id] = issue
        return list(shown.values())

    def _visible(self, entry: tuple[float, float, Issue | None], now: float) -> bool:
        return entry[0] <= now and not (self._frozen and entry[1] >= self._frozen[0])
