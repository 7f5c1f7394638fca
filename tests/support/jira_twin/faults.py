"""Faults, scripted by name, route, nth call, times and probability.

Before anything happens (nothing is committed unless `committed=True` is said where it can be):
    throttle            429; reason="jira-burst-based", retry_after=seconds | None, as_date=True for a date
                        (retry_after="http-date" is a date five seconds on)
    unavailable         503; retry_after=seconds | None, committed=False
    reset-before        the connection is reset, nothing was done
    proxy-html          502 (status=…) with a proxy's page; committed=False
    login-page          200 with a login page; committed=False
    unauthorised        401; body="json" | "plain" | "html"
    expired-anonymous   the caller is nobody: 200 with nothing where strangers may look, and the header
                        X-Seraph-LoginReason: AUTHENTICATED_FAILED
    limit-413           413
    conflict            409
    page-token          mode="expired" (400) or "repeating" (the same token and page for ever)
After the commit:
    reset-after         the connection is reset
    commit-then-silence nothing is answered for `seconds` (60), or until the caller goes away
    commit-then-stall   headers, then silence
    truncated           half of the body
    slow                `seconds` (1) of real waiting, then the usual
    replayed-post       a proxy sends the request twice; answer="second" | "first"
Changes of the site, made right before the matching request is handled (when="after": right after):
    deleted, archived, moved (to="OTHER"), permission-lost (permissions=[…]),
    required-field (field, title, type), field-off-screen (field),
    transition-gone (mode="removed" | "renamed" | "resolution" | "conflict"),
    project-gone (key="NEW" renames instead), person-edits (fields={…}, comment="…", close=True, add_label,
    remove_label), second-bridge, stale-index (seconds=60), clock-skew (seconds=3600),
    webhook (mode, see `webhook.MODES`)
The issue is that of the request, or the one said with issue=…; the project likewise, project="KEY".
"""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jira_twin.exchange import Call

EARLY = {
    "throttle", "unavailable", "reset-before", "proxy-html", "login-page", "unauthorised", "limit-413",
    "conflict",
}  # fmt: skip
LATE = {"reset-after", "commit-then-silence", "commit-then-stall", "truncated"}
ALONG = {"slow", "replayed-post", "expired-anonymous", "page-token"}
CHANGES = {
    "deleted", "archived", "moved", "permission-lost", "required-field", "field-off-screen",
    "transition-gone", "project-gone", "person-edits", "second-bridge", "stale-index", "clock-skew",
    "webhook",
}  # fmt: skip
ALL = EARLY | LATE | ALONG | CHANGES


@dataclass(slots=True, kw_only=True)
class Fault:
    """A scripted fault; `hits` counts how often it struck."""

    name: str
    route: str | None = None
    nth: int | None = None
    times: int | None = 1
    probability: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    hits: int = 0
    seen: int = 0
    over: bool = False

    def remove(self) -> None:
        """Strike no more."""
        self.over = True

    def strikes(self, call: Call, rng: random.Random) -> bool:
        """Whether this request is hit; counts."""
        if self.over or (self.times is not None and self.hits >= self.times):
            return False
        if self.route is not None and not fnmatch.fnmatchcase(call.route, self.route):
            return False
        self.seen += 1
        if self.nth is not None and self.seen < self.nth:
            return False
        if self.probability is not None and rng.random() >= self.probability:
            return False
        self.hits += 1
        return True


@dataclass(slots=True, kw_only=True)
class Hook:
    """A callable run around matching requests; `hits` counts."""

    route: str
    run: Callable[..., Any]
    times: int | None = None
    hits: int = 0

    def matches(self, call: Call) -> bool:
        """Whether this request is meant; counts."""
        if self.times is not None and self.hits >= self.times:
            return False
        if not fnmatch.fnmatchcase(call.route, self.route):
            return False
        self.hits += 1
        return True

    def remove(self) -> None:
        """Run no more."""
        self.times = 0


class Script:
    """All scripted faults, drawn in the order they were written."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed + 2)  # noqa: S311 - seeded, no secret
        self.faults: list[Fault] = []

    def add(self, fault: Fault, routes: list[str]) -> Fault:
        """Add a fault; a name or a route that there isn't is refused."""
        if fault.name not in ALL:
            raise ValueError(f"no fault is called {fault.name!r}; there are: {', '.join(sorted(ALL))}")
        check_route(fault.route, routes)
        self.faults.append(fault)
        return fault

    def draw(self, call: Call) -> list[Fault]:
        """Return the faults that hit a request: all changes, and one other."""
        struck: list[Fault] = []
        for fault in self.faults:
            taken = any(one.name not in CHANGES for one in struck)
            if (fault.name in CHANGES or not taken) and fault.strikes(call, self._rng):
                struck.append(fault)
        return struck


def check_route(route: str | None, routes: list[str]) -> None:
    """Refuse a route that matches nothing."""
    if route is not None and not fnmatch.filter(routes, route):
        raise ValueError(f"no route is called {route!r}; there are: {', '.join(routes)}")
