"""Proof: two daemons on one store do every due job once, and one takes over at once when the other is killed.

    python tests/proof/two_daemons.py --minutes 10 --kill-every 60
    python tests/proof/two_daemons.py --minutes 10 --kill-every 60 --postgresql

Each daemon writes a line for each job with the time it was due. A time that stands in both logs as done was
done twice. With `--kill-every`, the daemon that worked last is killed with -9 and started again; the time to
take over is that from the kill to the next job that was done. Exit code 1 when a job was done twice.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

SQLITE = "sqlite:///bridge.db"
SETTINGS = """
topics.encoder = "hash"
database.url = "ADDRESS"
paths.data = "data"
[serve]
tick_s = 1
run_every = "3s"
read_every = "3s"
sync_every = "2s"
[[source]]
name = "reviews"
connector = "files"
path = "reviews.csv"
every = "1s"
"""


@dataclass
class Report:
    """What the logs of the daemons say."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    jobs: Counter[str] = field(default_factory=Counter)
    by: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    takeovers: list[float] = field(default_factory=list)
    kills: int = 0
    longest_gap: float = 0.0

    @property
    def twice(self) -> list[tuple[str, str]]:
        """Jobs that were done twice for one due time."""
        return [key for key, count in self.done.items() if count > 1]


STARTING_S = 120.0
"""How long the first job may take to be done; the time of the proof counts from there."""


class Pair:
    """Two daemons on one store."""

    def __init__(self, root: Path, address: str = SQLITE) -> None:
        self.root = root
        (root / "bridge.toml").write_text(SETTINGS.replace("ADDRESS", address), encoding="utf-8")
        (root / "reviews.csv").write_text("id,text,author\n1,the app crashed again,ann\n", encoding="utf-8")
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start a daemon; its log goes on where the one before ended."""
        with (self.root / f"{name}.log").open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                [sys.executable, "-m", "bridge", "serve", "--port", "0"], cwd=self.root, stderr=log
            )

    def kill(self, name: str) -> float:
        """Kill a daemon with -9; return when."""
        self.daemons[name].kill()
        at = time.time()
        self.daemons[name].wait()
        return at

    def restart_the_dead(self) -> list[str]:
        """Start again who ended by itself; return what each said last."""
        found = []
        for name, daemon in [*self.daemons.items()]:
            if (code := daemon.poll()) is not None:
                said = (self.root / f"{name}.log").read_text("utf-8", errors="replace").splitlines()[-1:]
                found.append(f"{name} ended with {code}: {said}")
                self.start(name)
        return found

    def stop(self) -> list[int]:
        """End both gently; return their exit codes."""
        for daemon in self.daemons.values():
            daemon.send_signal(signal.SIGTERM)
        return [daemon.wait(60) for daemon in self.daemons.values()]

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the lines of a daemon's log; one that a kill cut off is left out."""
        for line in (self.root / f"{name}.log").read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def jobs(self) -> list[tuple[float, str, dict[str, Any]]]:
        """Return what was done, in order: when, by whom, and the line."""
        found = [
            (datetime.fromisoformat(line["at"]).timestamp(), name, line)
            for name in self.daemons
            for line in self.lines(name)
            if "job" in line
        ]
        return sorted(found, key=lambda one: one[0])


def prove(root: Path, seconds: float, kill_every: float = 0.0, address: str = SQLITE) -> Report:
    """Let two daemons work for some time, with kills if wanted, and read their logs."""
    pair, report, kills = Pair(root, address), Report(), []
    for name in ("one", "two"):
        pair.start(name)
    ready = time.monotonic() + STARTING_S
    while not pair.jobs() and time.monotonic() < ready:
        time.sleep(0.2)
    until = time.monotonic() + seconds
    next_kill = time.monotonic() + kill_every if kill_every else float("inf")
    while time.monotonic() < until:
        time.sleep(0.2)
        report.faults += pair.restart_the_dead()
        early = time.monotonic() < until - min(20.0, kill_every)  # who starts must come to hear the end
        if early and time.monotonic() >= next_kill and (jobs := pair.jobs()):
            holder = jobs[-1][1]
            kills.append(pair.kill(holder))
            pair.start(holder)
            next_kill = time.monotonic() + kill_every
    codes = pair.stop()
    _read(pair, report, kills)
    report.faults += [f"exit code {code}" for code in codes if code]
    return report


def _read(pair: Pair, report: Report, kills: list[float]) -> None:
    jobs = pair.jobs()
    for at, name, line in jobs:
        if line["outcome"] == "ok":
            report.done[line["job"], line["due"]] += 1
            report.jobs[line["job"]] += 1
            report.by[name] += 1
        elif line["outcome"] not in ("handed back", "gave way"):
            report.faults.append(f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} {name}: {line}")
    times = [at for at, _, _ in jobs]
    report.longest_gap = max((b - a for a, b in pairwise(times)), default=0.0)
    report.kills = len(kills)
    for kill in kills:
        after = [at for at in times if at > kill]
        if after:
            report.takeovers.append(min(after) - kill)


@contextmanager
def _address(postgresql: bool) -> Iterator[str]:
    """Give the address of a store; a server for it ends with the proof."""
    if not postgresql:
        yield SQLITE
        return
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
    from postgres import Server

    server = Server(fsync="on")
    try:
        yield server.url(server.create())
    finally:
        server.remove()


def main() -> int:
    """Run the proof and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kill-every", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--postgresql", action="store_true", help="on a server of this proof's own")
    given = parser.parse_args()
    os.environ.pop("NOTIFY_SOCKET", None)
    with tempfile.TemporaryDirectory(prefix="two-daemons-") as folder, _address(given.postgresql) as address:
        report = prove(Path(folder), given.minutes * 60, given.kill_every, address)
    print(f"jobs done: {dict(sorted(report.jobs.items()))}; by daemon: {dict(sorted(report.by.items()))}")
    print(f"store: {'PostgreSQL' if given.postgresql else 'SQLite'}; {given.minutes:g} minutes")
    print(f"due times: {len(report.done)}; done twice: {len(report.twice)}; faults: {len(report.faults)}")
    for fault in [*map(str, report.twice), *report.faults][:20]:
        print(f"  {fault}")
    if report.takeovers:
        ordered = sorted(report.takeovers)
        middle = ordered[len(ordered) // 2]
        print(f"kills: {report.kills}; taken over after {middle:.2f} s (median), {ordered[-1]:.2f} s at most")
    print(f"longest time without a job: {report.longest_gap:.2f} s")
    return int(bool(report.twice or report.faults))


if __name__ == "__main__":
    sys.exit(main())
