"""Proof: a busy week and a flood, at an accelerated clock: does the schedule hold, and in how much memory?

    python tests/proof/load.py flood
    python tests/proof/load.py week [--days 7] [--per-day 100000]

The daemon's own scheduler does its jobs on a clock that skips what would be waited; work takes its time: CPU
seconds of this process, or with --wall the seconds on the wall, for a machine that does nothing else.
`flood`: a day of 200 items an hour, then an hour of 20,000 of which half speak of one new thing, a crisis.
The encoder is `hash` unless --encoder names another. Exit code 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from scale import themes, word
from sqlmodel import col, select

from bridge.app import App
from bridge.jobs.duties import Duties
from bridge.jobs.jobs import Job
from bridge.jobs.log import Log
from bridge.jobs.metronome import Metronome
from bridge.jobs.pulse import Pulse
from bridge.jobs.table import Table
from bridge.models import Assignment, Item, Statement, Ticket
from bridge.pipeline.context import Context
from bridge.pipeline.pulling import Pulled, pull_source
from bridge.tracker.clock import Moment
from connectors import JSON, Author, Checkpoint, Event, Health, Info, Message, Upsert

START = datetime(2026, 3, 1, tzinfo=UTC)
PULL_EVERY = timedelta(minutes=5)
MEMORY_MB = 2048
CRISIS_MINUTES = 10
SETTINGS = """
[serve]
tick_s = 5
[policy]
mode = "review"
[[source]]
name = "load"
connector = "files"
path = "none.csv"
every = "5m"
"""


class Skipping:
    """A clock that goes on with the work, and skips what would be waited."""

    def __init__(self, count: Callable[[], float]) -> None:
        self._count, self._first, self.skipped = count, count(), 0.0

    def now(self) -> Moment:
        """Return the present moment."""
        seconds = self._count() - self._first + self.skipped
        return Moment("load", seconds, START + timedelta(seconds=seconds))


@dataclass
class Feed:
    """A source in memory: what people say at a rate that changes with time."""

    info: ClassVar[Info] = Info(channel="load", title="Load", summary="Makes items up; for a proof.")

    clock: Skipping
    rate: Callable[[datetime], tuple[float, bool]]  # items an hour, and whether the crisis is on
    draw: random.Random = field(default_factory=lambda: random.Random(7))
    said: int = 0
    crisis: int = 0
    first_crisis: datetime | None = None

    def __post_init__(self) -> None:
        self._words = themes(self.draw)
        self._weights = [1 / (rank + 5) for rank in range(len(self._words))]
        self._crisis = [word(self.draw) for _ in range(9)]

    def check(self) -> Health:
        """Say that all is well."""
        return Health(ok=True, message="made up")

    def pull(self, cursor: JSON | None) -> Iterator[Event]:
        """Yield what was said since the last pull."""
        at = datetime.fromisoformat(cursor) if isinstance(cursor, str) else START
        until = self.clock.now().wall
        while at < until:
            rate, crisis = self.rate(at)
            at += timedelta(hours=1 / rate)
            self.said += 1
            yield Upsert(self._message(at, crisis and self.draw.random() < 0.5))
            if self.said % 500 == 0:
                yield Checkpoint(at.isoformat())
        yield Checkpoint(at.isoformat())

    def _message(self, at: datetime, is_crisis: bool) -> Message:
        if is_crisis:
            self.crisis += 1
            self.first_crisis = self.first_crisis or at
        own = self._crisis if is_crisis else self.draw.choices(self._words, self._weights)[0]
        text = (
            f"The {' '.join(self.draw.sample(own, 7))} is broken since {word(self.draw)} and I can't use it"
        )
        name = f"{'crisis' if is_crisis else 'usual'}-{self.said}"
        by = Author(handle=f"p{self.draw.randrange(10**6)}")
        return Message(external_id=name, text=text, said_at=at, revision="1", author=by)


class Load:
    """The scheduler with its jobs, on a feed and a clock that skips."""

    def __init__(self, here: Path, rate: Callable[[datetime], tuple[float, bool]], given: Any) -> None:
        (here / "bridge.toml").write_text(SETTINGS, encoding="utf-8")
        flags = {"database.url": f"sqlite:///{here / 'load.db'}", "topics.encoder": given.encoder}
        flags |= {"paths.data": str(here)} | ({} if given.encoder != "hash" else {"paths.cache": str(here)})
        self.app = App(config_path=here / "bridge.toml", flags=flags)
        self.clock = Skipping(time.monotonic if given.wall else time.process_time)
        self.feed, self.table = Feed(self.clock, rate), Table(self.app.database)
        self.written, self.pulse = io.StringIO(), Pulse(self.clock)
        duties = Duties(self._context, self._pull)
        self.jobs: list[Job] = duties.jobs()
        log = Log(self.written, lambda: self.clock.now().wall, as_json=True)
        self.metronome = Metronome(self.jobs, self.table, self.app.only_one, self.clock, self.pulse, log)

    def _context(self) -> Context:
        return self.app.context(as_of=self.clock.now().wall, progress=self.pulse)

    def _pull(self, context: Context, name: str) -> Sequence[Pulled]:
        return [pull_source(context, name, "canned", self.feed, every=PULL_EVERY)]

    def run(self, length: timedelta, look: Callable[[], bool] = lambda: False) -> None:
        """Let time pass; `look` after each tick says whether enough was seen."""
        until = self.clock.now().wall + length
        began, told = time.monotonic(), time.monotonic()
        while (now := self.clock.now().wall) < until and not look():
            self.metronome.tick()
            times = [at for job in self.jobs if (at := self.table.due_at(job)) is not None]
            wait = (min([*times, until]) - self.clock.now().wall).total_seconds()
            self.clock.skipped += max(wait, 0.0) + 2.5  # a tick comes half its period late on average
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print(
                    f"  {now:%d %H:%M} {self.feed.said} items, {_megabytes():.0f} MB, {told - began:.0f} s, "
                    f"{time.process_time():.0f} CPU s",
                    flush=True,
                )

    def lags(self) -> dict[str, list[float]]:
        """Return by job how many seconds after it was due it began, each time."""
        found: dict[str, list[float]] = defaultdict(list)
        for line in map(json.loads, self.written.getvalue().splitlines()):
            if line.get("outcome") in ("ok", "partly", "failed"):
                at, due = datetime.fromisoformat(line["at"]), datetime.fromisoformat(line["due"])
                found[line["job"]].append(max((at - due).total_seconds() - line["seconds"], 0.0))
        return found

    def faults(self) -> list[str]:
        """Return what the log tells of errors."""
        return [line for line in self.written.getvalue().splitlines() if '"level": "error"' in line]

    def proposed(self) -> datetime | None:
        """Return the simulated time if the topic of the crisis has a proposal by now."""
        with self.app.database.reading() as session:
            topics = session.exec(
                select(Assignment.topic)
                .join(Statement, col(Statement.id) == col(Assignment.statement_id))
                .join(Item, col(Item.id) == col(Statement.item_id))
                .where(col(Item.external_id).startswith("crisis"), col(Assignment.topic).is_not(None))
                .distinct()
            ).all()
            there = session.exec(select(Ticket.id).where(col(Ticket.topic).in_(topics))).first()
        return self.clock.now().wall if there else None

    def report(self) -> int:
        """Print the figures; return how many promises are broken."""
        broken = 0
        print("job           times  lag median  lag 99 %  longest lag (simulated seconds)")
        for job, lags in sorted(self.lags().items()):
            ordered = sorted(lags)
            high = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]
            middle, last = ordered[len(ordered) // 2], ordered[-1]
            print(f"{job:<13} {len(lags):5}  {middle:10.1f}  {high:8.1f}  {last:8.1f}")
            broken += job != "run" and ordered[-1] > 300
        for fault in self.faults()[:5]:
            print(f"  {fault}")
        broken += len(self.faults()) + (_megabytes() > MEMORY_MB)
        cpu = time.process_time()
        figures = f"peak memory {_megabytes():.0f} MB; {cpu:.0f} CPU s ({self.feed.said / cpu:.0f}/s)"
        print(f"{self.feed.said} items; {figures}")
        return broken


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def flood(given: Any, here: Path) -> int:
    """Let a crisis come: a hundred times as many items for an hour."""
    quiet = timedelta(hours=given.quiet)
    begins = START + quiet

    def rate(at: datetime) -> tuple[float, bool]:
        return (20_000.0, True) if begins <= at < begins + timedelta(hours=1) else (200.0, False)

    load = Load(here, rate, given)
    load.run(quiet)
    print(f"before the flood: {load.feed.said} items", flush=True)
    seen: list[datetime] = []

    def look() -> bool:
        if not seen and load.feed.crisis and (at := load.proposed()) is not None:
            seen.append(at)
            print(f"  the crisis is proposed at {at:%H:%M:%S}", flush=True)
        return False

    load.run(timedelta(hours=1, minutes=30), look)
    broken = load.report()
    if not seen or load.feed.first_crisis is None:
        print("the crisis was never proposed")
        return 1
    minutes = (seen[0] - load.feed.first_crisis).total_seconds() / 60
    print(
        f"the crisis ({load.feed.crisis} items) was proposed {minutes:.1f} simulated minutes after its first"
    )
    return int(broken > 0 or minutes > CRISIS_MINUTES)


def week(given: Any, here: Path) -> int:
    """Let so many items come each day."""
    load = Load(here, lambda _: (given.per_day / 24, False), given)
    load.run(timedelta(days=given.days))
    return int(load.report() > 0)


def main() -> int:
    """Do one of the two."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["flood", "week"])
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--per-day", type=int, default=100_000)
    parser.add_argument("--quiet", type=float, default=24, help="hours before the flood")
    parser.add_argument("--encoder", default="hash")
    parser.add_argument("--wall", action="store_true", help="count work in seconds on the wall")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        return {"flood": flood, "week": week}[given.what](given, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
