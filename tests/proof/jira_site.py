"""What does a site of 2,000 tracked topics cost, and is a Jira that asks us to wait obeyed?

    python tests/proof/jira_site.py [--trials 2000] [--changed 200] [--seed 1] [--only cloud]

Topics are written straight into the store, each with a few items; a first sync opens their issues. Then a
sync with nothing new is counted: at most one call for a hundred topics. Then some topics change on a server
that limits its callers and answers 429 besides: the sync must finish, nothing that was asked to wait may be
sent earlier, and memory must not grow with the work. Exits with 1 on any violation.
"""

from __future__ import annotations

import argparse
import logging
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import pytest
from builders import Bench
from jira_faults import World, first_half, world_of
from quick import hurry

ITEMS = 3
MORE_MB = 60.0
"""Growth of this process, the server's journal included, that still counts as flat."""

WORDS = ("stairs", "window", "ticket", "coffee", "light", "noise", "queue", "carpet", "screen", "towel")


class Rows:
    """Copies of one topic's rows, under new numbers."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.row_factory = sqlite3.Row
        self._models = {
            table: dict(self._one(f"SELECT * FROM {table} LIMIT 1")) for table in ("topic", "item")
        }
        statement = (
            "SELECT s.* FROM statement s JOIN assignment a ON a.statement_id = s.id AND a.topic = 1 LIMIT 1"
        )
        self._models["statement"] = dict(self._one(statement))
        number = self._models["statement"]["id"]
        self._models["assignment"] = dict(
            self._one(f"SELECT * FROM assignment WHERE statement_id = {number}")
        )
        self._people = [row[0] for row in self._connection.execute("SELECT key FROM person ORDER BY key")]
        self._last = 1_000_000

    def _one(self, sql: str) -> Any:
        return self._connection.execute(sql).fetchone()

    def _add(self, table: str, **changes: Any) -> None:
        row = {**self._models.get(table, {}), **changes}
        names, places = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        self._connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(row.values()))

    def topic(self, number: int) -> None:
        """Add a topic with its first items."""
        title = f"{WORDS[number % 10].title()} {WORDS[number // 10 % 10]} {number}"
        self._add("topic", id=number, number=number, root=number, title=title, title_by="person", touched=0)
        for n in range(ITEMS):
            self.said(number, n)

    def said(self, number: int, n: int) -> None:
        """Let one more person say it."""
        self._last += 1
        key = self._last
        name = f"copy-{number}-{n}"
        person = self._people[(number + n) % len(self._people)]
        text = f"the {WORDS[number % 10]} of number {number} is broken, said for the {n}. time"
        common = {"sort_key": f"{self._models['item']['said_at']}|reviews|{name}", "text": text}
        url = f"https://reviews.example/{name}" if n == 0 else None
        self._add("item", id=key, external_id=name, revision=name, person_key=person, url=url, **common)
        self._add("statement", id=key, item_id=key, plain=text, text_hash=f"{key:032x}", **common)
        self._add("assignment", statement_id=key, topic=number, speaker=person)
        self._add("evidence", workspace_id=1, topic=number, statement_id=key, rank=n + 1, score=1.0 - n / 100)

    def close(self) -> None:
        """Commit."""
        self._connection.commit()
        self._connection.close()


def fill(bench: Bench, work: Callable[[Rows], None]) -> None:
    """Write straight into the store."""
    rows = Rows(bench.path)
    work(rows)
    rows.close()


class Ear:
    """Hears every request with its time, and whether one came that was asked to wait."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls = 0
        self.throttled = 0
        self.ignored: list[str] = []
        self._times: list[float] = []
        self._until: dict[str, float] = {}
        world.twin.before("*", lambda: self._times.append(world.twin.site.clock.seconds()))

    def listen(self) -> None:
        """Stand before the tracker's door."""
        client = self.world.tracker._client
        send = client._send

        def heard(method: str, route: str, parts: Any, *rest: Any) -> Any:
            answer = send(method, route, parts, *rest)
            self._hear(f"{method} {route}", " ".join(parts[:1]), answer, self._times[-1])
            return answer

        client._send = heard  # type: ignore[method-assign]

    def _hear(self, name: str, issue: str, answer: Any, at: float) -> None:
        self.calls += 1
        for held in ("", name, f"issue {issue}"):
            if at < self._until.get(held, 0.0) - 1e-6:
                self.ignored.append(f"{name} {issue} came {self._until[held] - at:.1f} s too early")
        if answer.status == 429:
            self.throttled += 1
            reason = answer.headers.get("ratelimit-reason", "")
            held = {"jira-burst-based": name, "jira-per-issue-on-write": f"issue {issue}"}.get(reason, "")
            self._until[held] = at + float(answer.headers.get("retry-after", 0))


def memory() -> float:
    """Return what this process holds, in MB."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 1e6


def measured(world: World) -> tuple[float, int, Any]:
    """Sync; return the CPU seconds, the calls and the result."""
    before, started = len(world.twin.requests), time.process_time()
    result = world.sync()
    return time.process_time() - started, len(world.twin.requests) - before, result


def play(base: Bench, flavour: str, topics: int, changed: int, seed: int) -> list[str]:
    """Measure one flavour; return what was not kept."""
    with world_of(base, flavour, seed, settle_s=0.0) as world:
        world.twin.index_lag = 0.0
        world.policy = "max_creates_per_day = 100000"
        have = len(world.bench.query("SELECT 1 FROM topic WHERE root = number"))
        fill(world.bench, lambda rows: [rows.topic(1000 + n) for n in range(topics - have)] and None)
        first, _, opened = measured(world)
        made = opened.steps["sync"]["created"] if opened else 0
        world.sync()
        quiet, calls, result = measured(world)
        found = list(world.broken)
        row = [
            f"{flavour}: {made} opened in {first:.1f} s",
            f"quiet: {calls} calls, {quiet:.1f} s CPU, {memory():.0f} MB",
        ]
        if (
            made < topics
            or calls > -(-topics // 100)
            or result is None
            or result.left is None
            or result.left.actions
        ):
            left = [] if result is None or result.left is None else list(result.left.actions)[:3]
            found.append(
                f"{flavour}: a quiet sync made {calls} calls for {made} topics; left {left};"
                f" {opened and opened.refused[:2]}"
            )
        found += _throttled(world, changed, row, random.Random(seed))
        print(" · ".join(row), flush=True)
        return [*found, *world.twin.errors, *world.twin.violations]


def _throttled(world: World, changed: int, row: list[str], rng: random.Random) -> list[str]:
    fill(world.bench, lambda rows: _more(rows, changed))
    world.twin.limits.on = True
    reasons: Sequence[str] = ("jira-burst-based", "jira-per-issue-on-write", "jira-quota-tenant-based")
    for route in ("PUT /issue/{id}", "GET /issue/{id}", "POST /issue/{id}/comment"):
        detail = {"reason": rng.choice(reasons), "retry_after": rng.choice((2, 7, 30))}
        world.twin.fault("throttle", route=route, times=None, probability=0.05, **detail)
    ear = Ear(world)
    restart, before = world.restart, memory()

    def listening() -> None:
        restart()
        ear.listen()

    world.restart = listening  # type: ignore[method-assign]
    took, _, result = measured(world)
    updated = result.steps["sync"]["updated"] if result else 0
    grown = memory() - before
    row.append(
        f"{updated} of {changed} updated in one sync, {ear.calls} calls, {ear.throttled} times asked to wait,"
        f" {len(ear.ignored)} ignored, {took:.1f} s CPU, {grown:+.0f} MB"
    )
    found = list(ear.ignored[:3])
    if updated < changed:
        found.append(f"{updated} of {changed} updated: {result.refused[:3] if result else world.broken}")
    if grown > MORE_MB:
        found.append(f"memory grew by {grown:.0f} MB")
    return found


def _more(rows: Rows, changed: int) -> None:
    rows._last = 9_000_000
    for n in range(changed):
        rows.said(1000 + n, ITEMS + 1)


def main() -> int:
    """Read the options and measure."""
    told = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    told.add_argument("--trials", type=int, default=2000, help="topics")
    told.add_argument("--changed", type=int, default=200)
    told.add_argument("--seed", type=int, default=1)
    told.add_argument("--only", choices=("cloud", "dc"))
    asked = told.parse_args()
    logging.disable(logging.WARNING)
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        hurry(patch)
        base = first_half(Path(folder))
        for flavour in [asked.only] if asked.only else ["cloud", "dc"]:
            found += play(base, flavour, asked.trials, asked.changed, asked.seed)
    for said in found:
        print(said)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
