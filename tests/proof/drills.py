"""Proof: what goes wrong is noticed, and mends itself; prints a table and writes it into docs/operations.md.

    python tests/proof/drills.py [--only NAME] [--write]

Each drill is a real daemon on a store of its own, whose source grows by two rows a second. Whoever starts it
again when it ends is here, at once (systemd waits `RestartSec`). Lost are the rows of the source that are not
in the store at the end, and those that are there twice. Needs to be root for the full disk, and the packages
`faketime` and `postgresql` of Debian for the clock and the server.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/operations.md"
BEGIN, END = "<!-- drills -->\n", "<!-- end of drills -->\n"
sys.path.insert(0, str(HERE.parent / "support"))

SETTINGS = """
topics.encoder = "hash"
database.url = "{address}"
paths.data = "data"
{top}
[serve]
tick_s = 1
run_every = "5s"
read_every = "5s"
sync_every = "5s"
hung_after = "60s"
{more}
[[source]]
name = "reviews"
connector = "files"
path = "reviews.csv"
every = "5s"
"""
PATIENCE_S = 300.0
MINUTE_S = 60.0
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


@dataclass(frozen=True)
class Found:
    """What a drill found: seconds, and what was lost."""

    name: str
    noticed_s: float | None
    mended_s: float | None
    lost: str
    how: str

    def row(self) -> str:
        """Return the row of the table."""
        noticed, mended = ("–" if s is None else f"{s:.1f}" for s in (self.noticed_s, self.mended_s))
        return f"| {self.name} | {noticed} | {mended} | {self.lost} | {self.how} |"


class Place:
    """A daemon on a folder, whoever starts it again, and a source that grows."""

    def __init__(self, folder: Path, address: str = "sqlite:///bridge.db", **more: Any) -> None:
        self.folder, self._part = folder, str(more.pop("part", ""))
        self._env = {**os.environ, "OMP_NUM_THREADS": "1", **more.pop("env", {})}
        self._env.pop("NOTIFY_SOCKET", None)
        text = SETTINGS.format(address=address, top=more.get("top", ""), more=more.get("more", ""))
        (folder / "bridge.toml").write_text(text, encoding="utf-8")
        self.rows = 0
        self._over, self._grown = threading.Event(), threading.Event()
        self.exits: list[tuple[float, int]] = []
        (folder / "reviews.csv").write_text("id,text,author\n", encoding="utf-8")
        self._start()
        threading.Thread(target=self._grow, daemon=True).start()
        threading.Thread(target=self._keep, daemon=True).start()

    def _start(self) -> None:
        words = [str(HERE / "broken.py"), self._part] if self._part else ["-m", "bridge"]
        with (self.folder / "log").open("ab") as log:
            self.daemon = subprocess.Popen(
                [sys.executable, *words, "serve", "--port", "0"], cwd=self.folder, stderr=log, env=self._env
            )

    def _grow(self) -> None:
        while not self._grown.wait(0.5):
            self.rows += 1
            with suppress(OSError), (self.folder / "reviews.csv").open("a", encoding="utf-8") as file:
                file.write(f"{self.rows},thank you for the great service at desk {self.rows},p{self.rows}\n")

    def _keep(self) -> None:
        while not self._over.is_set():
            code = self.daemon.wait()
            if self._over.is_set():
                return
            self.exits.append((time.time(), code))
            (self.folder / "break").unlink(missing_ok=True)
            self._start()

    def lines(self) -> list[dict[str, Any]]:
        """Return the log."""
        found = []
        for line in (self.folder / "log").read_text("utf-8", errors="replace").splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return [line for line in found if isinstance(line, dict)]

    def until(self, seen: Callable[[], bool], what: str = "") -> float:
        """Wait until something is seen; return when."""
        end = time.monotonic() + PATIENCE_S
        while not seen():
            if time.monotonic() > end:
                tail = "\n".join(map(str, self.lines()[-12:]))
                raise TimeoutError(f"never seen: {what}\n{tail}")
            time.sleep(0.1)
        return time.time()

    def well(self, count: int = 1, job: str = "") -> float:
        """Wait until so many more jobs went well; return when."""
        before = self._ok(job)
        return self.until(lambda: self._ok(job) >= before + count, f"{count} {job} well")

    def _ok(self, job: str) -> int:
        return sum(line.get("outcome") == "ok" and job in line["job"] for line in self.lines())

    def told(self, words: str) -> Callable[[], bool]:
        """Return the question whether the log says this anew."""
        before = len(self.lines())
        return lambda: any(words in json.dumps(line, ensure_ascii=False) for line in self.lines()[before:])

    def lost(self, count: Callable[[], tuple[int, int]] | None = None) -> str:
        """Let it come to rest, end it, and return what is missing or double."""
        self._grown.set()
        time.sleep(0.6)
        count = count or self._count
        self.until(lambda: count()[0] >= self.rows, f"{self.rows} rows")
        self._over.set()
        self.daemon.send_signal(signal.SIGTERM)
        code = self.daemon.wait(60)
        rows, distinct = count()
        faults = [f"{self.rows - distinct} of {self.rows} rows"] if distinct != self.rows else []
        faults += [f"{rows - distinct} rows twice"] if rows != distinct else []
        if code:
            said = (self.folder / "log").read_text("utf-8", errors="replace").splitlines()[-2:]
            faults.append(f"ended with {code}: {said}")
        return "; ".join(faults) or f"0 of {self.rows} rows"

    def _count(self) -> tuple[int, int]:
        with suppress(sqlite3.Error):
            store = sqlite3.connect(f"file:{self.folder / 'bridge.db'}?mode=ro", uri=True)
            with suppress(sqlite3.Error):
                found = store.execute("SELECT count(*), count(DISTINCT external_id) FROM item").fetchone()
                store.close()
                return int(found[0]), int(found[1])
        return 0, 0

    def kill(self) -> None:
        """End whatever still runs."""
        self._over.set()
        self._grown.set()
        if self.daemon.poll() is None:
            self.daemon.kill()
        self.daemon.wait()


@contextmanager
def place(**more: Any) -> Iterator[Place]:
    """Give a daemon that has done each of its jobs once."""
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        here = Place(Path(folder), **more)
        try:
            here.well(2, "sync")
            yield here
        finally:
            here.kill()


def _breaks(part: str, name: str, how: str) -> Found:
    """Let a part break, and the process be started again when it ends."""
    with place(part=part) as here:
        (here.folder / "break").touch()
        began = time.time()
        here.until(lambda: bool(here.exits), "an exit")
        ended, code = here.exits[0]
        gave_up = [line["message"] for line in here.lines() if line.get("event") == "gave up"]
        mended = here.well(3)
        said = f"exit code {code}" + (f", “{gave_up[-1].partition(';')[0]}”" if gave_up else "")
        return Found(name, ended - began, mended - ended, here.lost(), f"{how}{said}")


def scheduler_killed() -> Found:
    """The scheduler's thread dies."""
    return _breaks("scheduler", "the scheduler's thread dies", "")


def job_hung() -> Found:
    """A pull waits for ever."""
    return _breaks("hang", "a job hangs (`hung_after` a minute)", "")


def job_hung_in_foreign_code() -> Found:
    """A pull waits for ever, and no other thread runs."""
    return _breaks(
        "hold", "a job hangs and holds the interpreter (`hung_after` a minute)", "the last resort, 30 s on: "
    )


def locked() -> Found:
    """Another program holds the store's write lock for a minute."""
    with place() as here:
        store = sqlite3.connect(here.folder / "bridge.db", isolation_level=None, timeout=30)
        told = here.told("is locked")
        store.execute("BEGIN IMMEDIATE")
        began = time.time()
        noticed = here.until(told, "locked")
        time.sleep(max(MINUTE_S - (time.time() - began), 0))
        store.execute("ROLLBACK")
        store.close()
        freed = time.time()
        mended = here.well()
        ends = _ends(here)
        return Found(
            "the database is locked for a minute", noticed - began, mended - freed, here.lost(), ends
        )


def disk_full() -> Found:
    """The disk is full for a minute."""
    with tempfile.TemporaryDirectory(prefix="drill-disk-") as disk:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", disk], check=True)
        try:
            with place(address=f"sqlite:///{disk}/bridge.db", more="backups = 0") as here:
                told = here.told("the disk can't take more")
                began = time.time()
                _fill(Path(disk) / "filler")
                noticed = here.until(told, "disk full")
                time.sleep(max(MINUTE_S - (time.time() - began), 0))
                (Path(disk) / "filler").unlink()
                freed = time.time()
                mended = here.well()
                count = _counter(Path(disk) / "bridge.db")
                return Found(
                    "the disk is full for a minute",
                    noticed - began,
                    mended - freed,
                    here.lost(count),
                    _ends(here),
                )
        finally:
            subprocess.run(["umount", "-l", disk], check=False)


def _fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass


def _counter(path: Path) -> Callable[[], tuple[int, int]]:
    def count() -> tuple[int, int]:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            found = store.execute("SELECT count(*), count(DISTINCT external_id) FROM item").fetchone()
        store.close()
        return int(found[0]), int(found[1])

    return count


def _clock(hours: int) -> Found:
    with tempfile.TemporaryDirectory(prefix="drill-clock-") as folder:
        hand = Path(folder) / "hand"
        hand.write_text("+0", encoding="ascii")
        env = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(hand),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        with place(env=env) as here:
            told, again = here.told("the wall clock jumped by"), here.told("due times brought nearer")
            hand.write_text(f"{3600 * hours:+d}", encoding="ascii")
            began = time.time()
            noticed = here.until(told, "the jump")
            here.until(again, "rescheduled")
            mended = here.well(3)
            name = f"the wall clock is set {'forward' if hours > 0 else 'back'} by an hour"
            return Found(name, noticed - began, mended - noticed, here.lost(), _ends(here))


def stopped() -> Found:
    """The process stands still for a minute."""
    with place() as here:
        told = here.told("stood still")
        here.daemon.send_signal(signal.SIGSTOP)
        time.sleep(MINUTE_S)
        here.daemon.send_signal(signal.SIGCONT)
        began = time.time()
        noticed = here.until(told, "stood still")
        mended = here.well()
        return Found(
            "SIGSTOP for a minute", noticed - began, max(mended - began, 0), here.lost(), _ends(here)
        )


def postgresql_restarted() -> Found:
    """The server of the database is gone for a while."""
    from postgres import Server

    server = Server(fsync="on")
    name = server.create()

    def count() -> tuple[int, int]:
        with server.connect(name) as connection:
            found = connection.execute("SELECT count(*), count(DISTINCT external_id) FROM item").fetchone()
        return (int(found[0]), int(found[1])) if found else (0, 0)

    try:
        with place(address=server.url(name)) as here:
            before = sum(line.get("level") == "error" for line in here.lines())
            began = time.time()
            server.stop()
            noticed = here.until(
                lambda: sum(line.get("level") == "error" for line in here.lines()) > before, "an error"
            )
            time.sleep(max(20 - (time.time() - began), 0))
            server.start()
            back = time.time()
            mended = here.well()
            return Found(
                "PostgreSQL is stopped for 20 s",
                noticed - began,
                mended - back,
                here.lost(count),
                _ends(here),
            )
    finally:
        server.remove()


def network_gone_for_an_hour() -> Found:
    """An hour without the tracker, by a clock that is set: the scheduler's own code, in one thread."""
    from bridge.jobs.jobs import Job, Outcome

    minute, tries, at = timedelta(minutes=1), [], datetime(2026, 3, 1, tzinfo=UTC)
    job = Job(name="sync", every=10 * minute, do=Outcome)
    gone, failures, due = at + 60 * minute, 0, at
    while due < gone:
        tries.append(due)
        failures += 1
        due += job.wait(failures)
    how = (
        f"simulated: {len(tries)} tries in the hour, the last wait {job.wait(failures) / minute:.0f} minutes"
    )
    name = "the network to Jira is gone for an hour (`sync_every` 10 minutes)"
    return Found(name, None, (due - gone).total_seconds(), "nothing", how)


ZONES = (
    "Europe/Berlin", "Europe/London", "Atlantic/Azores", "America/New_York", "America/Los_Angeles",
    "America/St_Johns", "America/Santiago", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
)  # fmt: skip


def summer_time() -> Found:
    """A year of nights in ten zones, by a clock that is set, each local wall clock told to the scheduler."""
    from bridge.jobs.jobs import Job, Outcome

    nightly = Job(name="backup", every=timedelta(days=1), do=Outcome, hour=2)
    wrong = nights = changes = 0
    for zone in map(ZoneInfo, ZONES):
        now = datetime(2026, 1, 1, tzinfo=UTC)
        due, done = nightly.first_due(now.astimezone(zone)), []
        offset = now.astimezone(zone).utcoffset()
        for _ in range(365 * 24 * 4):
            now += timedelta(minutes=15)
            there = now.astimezone(zone)
            changes += there.utcoffset() != offset
            offset = there.utcoffset()
            if there >= due:
                done.append(now)
                due = nightly.next_due(there)
        nights += len(done)
        wrong += sum(b - a != timedelta(days=1) for a, b in pairwise(done))
    how = f"simulated: {nights} nights, {changes} changes of the clock"
    return Found("both changes of summer time in ten zones", None, None, f"{wrong} wrong nights", how)


def _ends(here: Place) -> str:
    codes = [code for _, code in here.exits]
    return f"the process ended with {codes}" if codes else "the process went on"


DRILLS: dict[str, Callable[[], Found]] = {
    "scheduler": scheduler_killed,
    "hang": job_hung,
    "hold": job_hung_in_foreign_code,
    "locked": locked,
    "disk": disk_full,
    "forward": lambda: _clock(1),
    "back": lambda: _clock(-1),
    "summer": summer_time,
    "postgresql": postgresql_restarted,
    "stop": stopped,
    "hour": network_gone_for_an_hour,
}


def table(found: list[Found]) -> str:
    """Return the table."""
    head = "| drill | seconds to notice | seconds to recover | lost | how |\n| --- | --- | --- | --- | --- |"
    return "\n".join([head, *(one.row() for one in found)]) + "\n"


def _told(name: str) -> Found:
    """Do a drill, and tell of it as soon as it is done."""
    found = DRILLS[name]()
    print(found.row(), file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Do the drills, two at a time; print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=DRILLS, action="append")
    parser.add_argument("--write", action="store_true", help="into docs/operations.md")
    given = parser.parse_args()
    names = given.only or [*DRILLS]
    with ThreadPoolExecutor(2) as pool:
        waiting = {name: pool.submit(_told, name) for name in names}
    found, failed = [], 0
    for name, future in waiting.items():
        if (fault := future.exception()) is not None:
            failed += 1
            print(f"{name}: {type(fault).__name__}: {fault}", file=sys.stderr)
            continue
        found.append(future.result())
    print(table(found), end="")
    if given.write and not failed:
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}{table(found)}{END}{rest.split(END)[1]}", encoding="utf-8")
    return int(bool(failed) or any("wrong" in f.lost and not f.lost.startswith("0") for f in found))


if __name__ == "__main__":
    sys.exit(main())
