"""Proof: workers on one PostgreSQL are killed at random while items come in, and all is as on one worker.

    python tests/proof/workers.py [--items 200000] [--minutes 10] [--workers 4] [--kill-every 15]
        [--speed-items 5000] [--seed 1]

A `serve` pulls files that fill, defers the steps to workers, and creates tickets on the Jira test server.
Workers are killed with -9 at random times for so many minutes, and started again at once. When all is done,
every item must be there once, no ticket twice, and assignments, topics and evidence must have the same hashes
as those of one process that does the same waves, one after the other, without any queue. Then 1, 2 and 4
workers do the same items undisturbed, for items/s. Exit code 1 when anything differs.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
for folder in (HERE.parents[1], HERE.parent / "support", HERE):
    sys.path.insert(0, str(folder))

from jira_twin import Twin  # noqa: E402 - found by the path above
from postgres import Server  # noqa: E402
from scale import themes, word  # noqa: E402

from bridge.app import App  # noqa: E402
from bridge.pipeline.context import KeyRange  # noqa: E402
from bridge.pipeline.run import run  # noqa: E402

SETTINGS = """
tracker = "{tracker}"
topics.encoder = "hash"
database.url = "{address}"
paths.data = "data"
paths.cache = "cache"
[work]
where = "workers"
stalled_after = "15s"
[serve]
tick_s = 1
run_every = "5s"
sync_every = "10s"
read_every = "1d"
recluster = "off"
backups = 0
[jira]
url = "{jira}"
project = "WEB"
token = "{token}"
user = "{user}"
settle_s = 0
[policy]
mode = "automatic"
create_when = {{ people = 5, within_days = 3650 }}
[[source]]
name = "posts"
connector = "files"
path = "in"
every = "2s"
"""
PART = 500
"""Items that come in together, one file."""
PATIENCE_S = 3 * 3600.0
SERIAL = ("roles", "dedupe", "assign", "label", "track")
"""The steps that only one worker does at a time."""

ASSIGNED = (
    "SELECT i.source, i.external_id, s.ordinal, a.topic, a.status, a.reason, round(a.score::numeric, 5)"
    " FROM assignment a JOIN statement s ON s.id = a.statement_id JOIN item i ON i.id = s.item_id"
    " ORDER BY i.source, i.external_id, s.ordinal"
)
TOPICS = "SELECT number, root, kind, keywords, born_at FROM topic ORDER BY number"
EVIDENCE = (
    "SELECT e.topic, e.rank, i.external_id, s.ordinal FROM evidence e JOIN statement s"
    " ON s.id = e.statement_id JOIN item i ON i.id = s.item_id ORDER BY e.topic, e.rank"
)
ITEMS = "SELECT external_id, stage, repost_of IS NULL, text FROM item ORDER BY source, external_id"
HASHED = {"items": ITEMS, "assignments": ASSIGNED, "topics": TOPICS, "evidence": EVIDENCE}


@dataclass
class House:
    """A folder with settings and files, a database, and the processes at work on it."""

    folder: Path
    server: Server
    tracker: str = "local"
    twin: Twin | None = None
    name: str = ""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "in").mkdir(parents=True)
        self.name = self.name or self.server.create(self.server.template)
        twin = self.twin
        text = SETTINGS.format(
            address=self.server.url(self.name),
            tracker=self.tracker,
            jira=twin.url if twin else "http://127.0.0.1:1",
            token=twin.token if twin else "none",
            user=twin.user if twin else "",
        )
        (self.folder / "bridge.toml").write_text(text, encoding="utf-8")
        self.ask = self.server.connect(self.name)

    def start(self, name: str, *words: str) -> None:
        """Start a process; its log goes on where the one before ended."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "bridge", *words], cwd=self.folder, stderr=log, stdout=log
            )

    def wait_until_up(self) -> None:
        """Wait until all processes have said that they are at work."""
        words = ("At work on", "The page is at")
        logs = [self.folder / f"{name}.log" for name in self.processes]
        while not all(any(word in log.read_text("utf-8") for word in words) for log in logs):
            time.sleep(0.1)

    def kill(self, name: str) -> None:
        """Kill a process with -9."""
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self) -> list[int]:
        """End all gently; return their exit codes."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in self.processes.values()]
        self.processes.clear()
        return codes

    def one(self, sql: str) -> Any:
        """Ask for one value."""
        found = self.ask.execute(sql.encode()).fetchone()
        return found[0] if found else None

    def wave(self) -> dict[str, Any]:
        """The newest wave."""
        return dict(json.loads(self.one("SELECT value FROM remembered WHERE name = 'wave'") or "{}"))

    def waiting(self) -> int:
        """How many items and statements are still to be worked on."""
        items = self.one("SELECT count(*) FROM item WHERE stage BETWEEN 0 AND 3")
        return int(items + self.one("SELECT count(*) FROM statement WHERE stage < 3"))

    def is_done(self, items: int) -> bool:
        """Whether so many items are there, and all are worked on."""
        there = self.one("SELECT count(*) FROM item") >= items
        return bool(there and not self.waiting() and not self.wave().get("phase"))

    def hashes(self) -> dict[str, str]:
        """Return a hash of what the steps found, by table."""
        return {
            name: hashlib.sha256(repr(self.ask.execute(sql.encode()).fetchall()).encode()).hexdigest()[:16]
            for name, sql in HASHED.items()
        }


def rows(count: int, seed: int) -> list[list[str]]:
    """Invent complaints, the last one said a minute ago, a second apart."""
    draw = random.Random(seed)
    words = themes(draw)
    weights = [1 / (rank + 5) for rank in range(len(words))]
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=count + 60)
    found = []
    for number in range(count):
        own = draw.choices(words, weights)[0]
        text = f"The {' '.join(draw.sample(own, 7))} is broken since {word(draw)} and I can't use it"
        at = begin + timedelta(seconds=number)
        found.append([f"s{number:07}", at.isoformat(), f"p{draw.randrange(10**6)}", text])
    return found


def write(folder: Path, part: list[list[str]], number: int) -> None:
    """Put a file in, whole at once."""
    aside = folder / f".{number}"
    with aside.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "at", "author", "text"], *part])
    aside.rename(folder / "in" / f"{number:06}.csv")


@dataclass
class Told:
    """What was seen while workers were killed."""

    kills: int = 0
    deaths: list[str] = field(default_factory=list)
    seconds: float = 0.0


def disturb(house: House, said: list[list[str]], asked: argparse.Namespace) -> Told:
    """Let items come in and kill workers; then wait until all is done."""
    draw, told = random.Random(asked.seed), Told()
    names = [f"worker-{n}" for n in range(asked.workers)]
    for name in names:
        house.start(name, "worker")
    house.start("serve", "serve", "--port", "0")
    house.wait_until_up()
    began = time.monotonic()
    over, given, shown = asked.minutes * 60, 0, 0.0
    next_kill = draw.expovariate(1 / asked.kill_every)
    while not (given >= len(said) and house.is_done(len(said))):
        now = time.monotonic() - began
        if now > PATIENCE_S:
            raise TimeoutError(f"not done after {now:.0f} s: {house.wave()}")
        due = min(int(len(said) * now / over) // PART * PART + PART if now < over else len(said), len(said))
        for start in range(given, due, PART):
            write(house.folder, said[start : min(start + PART, due)], start)
        given = max(given, due)
        told.deaths += raise_the_dead(house)
        if next_kill <= now < over:
            name = draw.choice(names)
            house.kill(name)
            house.start(name, "worker")
            told.kills += 1
            next_kill = now + draw.expovariate(1 / asked.kill_every)
        if now - shown >= 10:
            shown = now
            say(house, now, given, told)
        time.sleep(0.2)
    told.seconds = time.monotonic() - began
    return told


def raise_the_dead(house: House) -> list[str]:
    """Start again who ended by itself; return what each said last."""
    found = []
    for name, process in list(house.processes.items()):
        if (code := process.poll()) is not None:
            last = (house.folder / f"{name}.log").read_text("utf-8", errors="replace").splitlines()[-1:]
            found.append(f"{name} ended with {code}: {last}")
            house.start(name, *(("serve", "--port", "0") if name == "serve" else ("worker",)))
    return found


def say(house: House, now: float, given: int, told: Told) -> None:
    """Print how far it is."""
    wave = house.wave()
    there = house.one("SELECT count(*) FROM item")
    where = f"wave {wave['number']} {wave['phase'] or 'over'} {len(wave['left'])} left" if wave else "no wave"
    print(
        f"{now:6.0f} s  given {given:,}  in {there:,}  waiting {house.waiting():,}  {where}"
        f"  tickets {house.one('SELECT count(*) FROM ticket')}  kills {told.kills}",
        flush=True,
    )


def settle(house: House) -> None:
    """Wait until the tracker was brought up to date twice; the first time may have begun before the end."""
    asked = "SELECT last_ok_at FROM job WHERE name = 'sync'"
    until = time.monotonic() + PATIENCE_S / 3
    for _ in range(2):
        before = house.one(asked)
        house.ask.execute("UPDATE job SET next_due_at = now() WHERE name = 'sync'")
        while house.one(asked) == before:
            if time.monotonic() > until:
                raise TimeoutError(house.one("SELECT last_error FROM job WHERE name = 'sync'"))
            time.sleep(0.5)


def again(house: House, other: House, said: list[list[str]]) -> None:
    """Do the same waves in this process: the same items, in the same order, without a queue."""
    os.chdir(other.folder)
    app, given = App(config_path=other.folder / "bridge.toml"), 0
    for number, wave in waves(house):
        count = house.one(f"SELECT count(*) FROM item WHERE id <= {wave['newest']}")
        write(other.folder, said[given:count], number)
        at = datetime.fromisoformat(wave["at"])
        context = app.context(as_of=at, keys=KeyRange(wave["after"], wave["until"]))
        if count > given:
            app.pull(context)()
        given = count
        run(context, list, first="normalise", until="track")
        print(f"one worker: wave {number}, {given:,} items", flush=True)


def waves(house: House) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the borders of each wave, in order."""
    for number in range(1, house.wave()["number"] + 1):
        found = house.one(f"SELECT value FROM remembered WHERE name = 'wave {number}'")
        yield number, json.loads(found)


def speed(make: Callable[[str], House], said: list[list[str]], count: int) -> str:
    """Let so many workers do all the items undisturbed; return a row for the table."""
    house = make(f"speed-{count}")
    for start in range(0, len(said), PART):
        write(house.folder, said[start : start + PART], start)
    app = App(config_path=house.folder / "bridge.toml")
    os.chdir(house.folder)
    app.pull(app.context())()
    for number in range(count):
        house.start(f"worker-{number}", "worker")
    house.wait_until_up()
    used, began = cpu(), time.monotonic()
    app.duties().run_steps()
    while not house.is_done(len(said)):
        time.sleep(0.2)
    took = time.monotonic() - began
    steps = house.one("SELECT steps FROM run ORDER BY id DESC LIMIT 1")
    codes = house.stop()
    serial = sum(steps[name]["seconds"] for name in SERIAL)
    spent = cpu() - used
    print(f"   {count} workers: exit codes {codes}", flush=True)
    return f"{count:7}  {len(said) / took:8.1f}  {took:8.1f}  {spent:8.1f}  {serial:8.1f}"


def cpu() -> float:
    """Return the CPU seconds of all processes that we started and that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check(house: House, other: House, said: list[list[str]], twin: Twin) -> list[str]:
    """Compare the two houses, and the tickets with the journal of the test server."""
    ours, theirs = house.hashes(), other.hashes()
    found = [f"{name}: {ours[name]} is not {theirs[name]}" for name in ours if ours[name] != theirs[name]]
    for name, digest in ours.items():
        print(f"{name}: {digest} (workers)  {theirs[name]} (one worker)")
    if house.one("SELECT count(*) FROM item") != len(said):
        found.append("items are missing, or there twice")
    lone = house.one(
        "SELECT count(*) FROM item i WHERE NOT EXISTS (SELECT FROM statement WHERE item_id = i.id)"
    )
    found += [f"{lone} items have no statement"] if lone else []
    if aside := house.one("SELECT count(*) FROM set_aside"):
        found.append(f"{aside} were set aside")
    made = Counter(effect.issue_id for effect in twin.journal if effect.kind == "create")
    keys = house.one("SELECT count(DISTINCT key) FROM ticket WHERE key IS NOT NULL")
    topics = house.one("SELECT count(DISTINCT topic) FROM ticket WHERE key IS NOT NULL")
    print(f"tickets: {keys} for {topics} topics; issues created: {len(made)}")
    if not keys == topics == len(made) or any(count > 1 for count in made.values()):
        found.append("tickets were created twice, or are unknown to us")
    return found + twin.errors


def main() -> int:
    """Play it, print what was found, and say whether it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kill-every", type=float, default=15, metavar="SECONDS")
    parser.add_argument("--speed-items", type=int, default=5_000, help="0 leaves the speed out")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    os.environ.pop("NOTIFY_SOCKET", None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind
    server = Server(fsync="on", max_connections="120", shared_buffers="256MB", autovacuum="on")
    found: list[str] = []
    try:
        with tempfile.TemporaryDirectory(prefix="workers-") as place, Twin("dc", 1) as twin:
            found = _play(Path(place), server, twin, asked)
    finally:
        server.remove()
    for fault in found:
        print(f"NOT proved: {fault}")
    return int(bool(found))


def _play(place: Path, server: Server, twin: Twin, asked: argparse.Namespace) -> list[str]:
    said = rows(asked.items, asked.seed)
    house = House(place / "many", server, "jira", twin)
    try:
        told = disturb(house, said, asked)
        settle(house)
    finally:
        codes = house.stop()
    print(f"{asked.items:,} items, {asked.workers} workers, {told.kills} kills in {asked.minutes:g} minutes")
    print(f"all done after {told.seconds:.0f} s; {house.wave()['number']} waves; exit codes {codes}")
    other = House(place / "one", server)
    again(house, other, said)
    found = check(house, other, said, twin) + told.deaths
    if asked.speed_items:
        part = rows(asked.speed_items, asked.seed + 1)
        print("workers   items/s   seconds  CPU s    seconds of steps that only one does at a time")
        for count in (1, 2, 4):
            print(speed(lambda name: House(place / name, server), part, count), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
