"""Real processes, a store on disk and a tracker over HTTP: killed, stopped, two at once, on a full disk."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import resource
import shutil
import signal
import socket
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fake_tracker import FakeClock, FakeTracker
from ledger_http import NETWORK_SHARE, HttpTracker, SharedClock, serve
from ledger_page import Row
from ledger_world import Steps, answer_as_a_person, fill, notes_of, round_of
from shared import _share_statements as share_statements
from sqlalchemy import event

from bridge.app import App
from bridge.errors import AlreadyRunning, StoreError
from bridge.tracker import marker

TOPICS = (2, 3)
ROUNDS = 60
EVENTS = {"kill": 300, "pair": 300, "stop": 30, "full": 0}
"""Moments of one round, about: statements before and after, commits, and three for each call."""

KINDS = {"kill": 0.8, "pair": 0.1, "stop": 0.06, "full": 0.04}
NAMES = {
    "kill": "killed at a statement or a call (SIGKILL)",
    "pair": "two processes at once under the file lock",
    "stop": "stopped for 15 minutes (SIGSTOP), others meanwhile",
    "full": "disk full",
}
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a kill leaves files whole
DONE, NOT_DONE, BUSY, FULL = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Round:
    """How one process goes on: the signal it sends itself at the n-th moment, and what stands against it."""

    signal: int = 0
    at: int = 0
    only: tuple[str, ...] = ()
    locked: bool = True
    wall_step: timedelta = timedelta()
    room: int | None = None  # bytes that a file may have


class Place:
    """A folder, a server, and a shared clock, for one trial after the other."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=IN_MEMORY)
        self.ahead: Any = multiprocessing.Value("d", 0.0, lock=False)
        listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        self.server = _fork(partial(serve, listener, self.ahead))
        listener.close()
        self.template = Path(self.folder.name) / "template.db"
        self.path = Path(self.folder.name) / "bridge.db"
        _wait(_fork(partial(_make, self.template)))

    def close(self) -> None:
        """End the server and remove the folder."""
        os.kill(self.server, signal.SIGKILL)
        os.waitpid(self.server, 0)
        self.folder.cleanup()

    def ask(self, verb: str, *arguments: Any) -> Any:
        """Ask the server itself."""
        return HttpTracker(self.port, lambda _: None).call(verb, *arguments)

    def clear(self, seed: int, share: float) -> None:
        """Begin a trial."""
        for path in self.path.parent.glob("bridge.db*"):
            path.unlink()
        shutil.copy(self.template, self.path)
        self.ask("reset", seed, share)

    def start(self, how: Round) -> int:
        """Start a process."""
        return _fork(partial(_work, self, how))


def _make(path: Path) -> None:
    database = Steps(f"sqlite:///{path}")
    fill(database, max(TOPICS))
    database.close()


def _fork(work: Callable[[], int | None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = NOT_DONE
    try:
        code = work() or 0
    finally:
        os._exit(code)


def _work(place: Place, how: Round) -> int:
    """Do one sync in a process of its own."""
    count = 0

    def moment(name: str) -> None:
        nonlocal count
        if how.only and name not in how.only:
            return
        count += 1
        if count == how.at and how.signal:
            os.kill(os.getpid(), how.signal)

    database = Steps(f"sqlite:///{place.path}")
    database.step = lambda name: moment(name) if name == "after commit" else None
    if how.room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (how.room, how.room))
    event.listen(database.engine, "before_cursor_execute", lambda *_: moment("before sql"))
    event.listen(database.engine, "after_cursor_execute", lambda *_: moment("after sql"))
    clock, tracker = SharedClock(place.ahead, how.wall_step), HttpTracker(place.port, moment)
    app = App()
    app.__dict__["database"] = database
    try:
        with app.only_one() if how.locked else nullcontext():
            done = round_of(database, tracker, clock, list(TOPICS), lambda _: None)
            answer_as_a_person(database, lambda i: _where(place, i), clock.now().wall)
    except AlreadyRunning:
        return BUSY
    except StoreError:
        return FULL
    return DONE if done else NOT_DONE


def _where(place: Place, intent: Any) -> str:
    issue = intent.marker if intent.effect == "create" else ""
    return str(place.ask("where", issue, "" if issue else intent.op))


def _wait(pid: int) -> int | None:
    """Return the exit code of a process, None if a signal ended it."""
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else None


def _trial(place: Place, kind: str, seed: int) -> tuple[int, int, int, bool]:
    """Play one trial; return issues too many, topics lost, comments too many, and if it was disturbed."""
    draw = random.Random(seed)
    place.clear(seed, NETWORK_SHARE if draw.random() < 0.7 else 0.0)
    disturbed = _disturb(place, kind, draw)
    for _ in range(ROUNDS):
        place.ahead.value += draw.choice([60, 215, 430])
        again = draw.random() < 0.15
        how = Round(
            signal=signal.SIGKILL if again else 0,
            at=draw.randint(1, EVENTS["kill"]),
            wall_step=timedelta(hours=draw.choice([-1, 0, 1])),
        )
        if _wait(place.start(how)) == DONE:
            break
    return (*_judge(place), disturbed)


def _disturb(place: Place, kind: str, draw: random.Random) -> bool:
    at = draw.randint(1, max(EVENTS[kind], 1))
    if kind == "full":
        return _wait(place.start(Round(room=draw.randint(33_000, 150_000)))) == FULL
    if kind == "pair":
        one = place.start(Round(signal.SIGKILL, at))
        other = place.start(Round(signal.SIGKILL, draw.randint(1, EVENTS[kind])))
        return BUSY in (_wait(one), _wait(other))
    if kind == "kill":
        return _wait(place.start(Round(signal.SIGKILL, at))) is None
    stopped = place.start(Round(signal.SIGSTOP, at, ("after commit", "sent", "answered")))
    _, status = os.waitpid(stopped, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        return False
    locked = draw.random() < 0.5
    for _ in range(4):
        place.ahead.value += 230
        _wait(place.start(Round(locked=locked)))
    os.kill(stopped, signal.SIGCONT)
    _wait(stopped)
    return True


def _judge(place: Place) -> tuple[int, int, int]:
    markers, ops = (Counter[str](had) for had in place.ask("journal"))
    with sqlite3.connect(place.path) as connection:
        keys = dict(connection.execute("SELECT marker, key FROM ticket WHERE state = 'open'"))
        confirmed = Counter(
            row[0] for row in connection.execute("SELECT op FROM intent WHERE state = 'confirmed'")
        )
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()
    names = [marker("1", "FB", number) for number in TOPICS]
    lost = sum(markers[name] < 1 or not keys.get(name) for name in names) + (not whole)
    comments = sum(len(notes_of(number)) for number in TOPICS)
    told = sum(1 for op in ops if confirmed[op])
    lost += told < comments
    return sum(c > 1 for c in markers.values()), lost, sum(c > 1 for c in ops.values())


def _some(asked: tuple[str, Sequence[int]]) -> tuple[int, int, int, int, list[int]]:
    kind, seeds = asked
    place, sums, disturbed, failing = Place(), [0, 0, 0], 0, []
    try:
        for seed in seeds:
            *bad, was_disturbed = _trial(place, kind, seed)
            sums = [total + count for total, count in zip(sums, bad, strict=True)]
            disturbed += was_disturbed
            if any(bad):
                failing.append(seed)
    finally:
        place.close()
    return sums[0], sums[1], sums[2], disturbed, failing


def play(trials: int, seed: int, jobs: int) -> list[Row]:
    """Play so many trials of all kinds; a row for each kind."""
    _warm()
    rows = []
    for kind, share in KINDS.items():
        count, started = max(int(trials * share), 1), time.perf_counter()
        seeds = range(seed * 1_000_000, seed * 1_000_000 + count)
        parts = [(kind, seeds[start : start + 50]) for start in range(0, count, 50)]
        found = []
        with ProcessPoolExecutor(jobs) as pool:
            for part in pool.map(_some, parts):
                found.append(part)
                if len(found) % 10 == 0:
                    print(f"  {len(found) * 50} of {count} trials: {NAMES[kind]}", flush=True)
        sums = [sum(part[n] for part in found) for n in range(4)]  # type: ignore[misc]
        failing = tuple(one for part in found for one in part[4])
        took = time.perf_counter() - started
        note = f"{sums[3]:,} of {count:,} trials were hit by it, {count / took:.0f} trials/s"
        rows.append(Row(NAMES[kind], count, sums[0], sums[1], sums[2], failing, took, True, note))
        print(f"  {NAMES[kind]}: {note}, {sum(sums[:3])} violations", flush=True)
    return rows


def _warm() -> None:
    """Load and compile once what every child needs: a child that starts warm dies a hundred times faster."""
    share_statements(pytest.MonkeyPatch())
    clock = FakeClock()
    tracker = FakeTracker(clock)
    tracker.fail("create", "lost", "unanswered")
    tracker.fail("comment", "lost", "unanswered")
    database = Steps("sqlite://")
    fill(database, max(TOPICS))
    for _ in range(12):
        round_of(database, tracker, clock, list(TOPICS), clock.sleep)
        answer_as_a_person(database, lambda _: "", clock.wall())
        clock.sleep(430)
    database.close()
    gc.collect()
    gc.freeze()
