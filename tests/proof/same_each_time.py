"""The same file in every way it can come in: the same items, statements, kinds, people and topics each time.

    python tests/proof/same_each_time.py FILE.csv [--kills 10] [--as-of DATE] [--encoder NAME]

Imports a CSV file once; twice; in two halves; shuffled; and once with `run` killed by SIGKILL at random
moments, each into a database of its own, and compares what is in them after `run`. Exits with 1 on a
difference.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Row = dict[str, str]


def main() -> int:
    """Play every way and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--as-of", default="2015-02-20")
    parser.add_argument("--encoder", default="minilm+use")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--ways", default="", help="only the ways whose names hold one of these, by comma")
    wanted = parser.parse_args()
    draw = random.Random(wanted.seed)
    with wanted.file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shuffled = draw.sample(rows, len(rows))
    ways: dict[str, Callable[[Place], None]] = {
        "once": lambda place: place.take(rows),
        "twice": lambda place: place.take(rows, rows),
        "two halves": lambda place: place.take(rows[: len(rows) // 2], rows[len(rows) // 2 :]),
        "shuffled": lambda place: place.take(shuffled),
        f"{wanted.kills} kills": lambda place: place.take(rows, kills=wanted.kills, draw=draw),
    }
    prints = {}
    chosen = [name for name in ways if any(part in name for part in wanted.ways.split(","))]
    for name, take in ((name, ways[name]) for name in chosen):
        with tempfile.TemporaryDirectory() as folder:
            place = Place(Path(folder), wanted.as_of, wanted.encoder)
            started = time.perf_counter()
            take(place)
            place.call("run", "--as-of", wanted.as_of)
            prints[name] = place.print_of()
            print(f"{name:<12} {time.perf_counter() - started:7.1f} s  {prints[name]}", flush=True)
    same = len({json.dumps(found) for found in prints.values()}) == 1
    print("the same each time" if same else "NOT the same")
    return 0 if same else 1


class Place:
    """A database of its own."""

    def __init__(self, folder: Path, as_of: str, encoder: str) -> None:
        self._folder = folder
        self._as_of = as_of
        self._environment = {
            **os.environ,
            "FEEDBACK_BRIDGE_DATABASE__URL": f"sqlite:///{folder / 'bridge.db'}",
            "FEEDBACK_BRIDGE_PATHS__DATA": str(folder),
            "FEEDBACK_BRIDGE_TOPICS__ENCODER": encoder,
        }

    def take(self, *parts: Sequence[Row], kills: int = 0, draw: random.Random | None = None) -> None:
        """Import each part as a file; then start `run` and kill it at a random moment, so many times."""
        for rows in parts:
            path = self._folder / "part.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            self.call("import", str(path), "--source", "proof")
        for _ in range(kills):
            self._kill((draw or random).uniform(1, 20))

    def _kill(self, after_s: float) -> None:
        with subprocess.Popen(
            self._command("run", "--as-of", self._as_of),
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                process.wait(timeout=after_s)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)

    def call(self, *words: str) -> str:
        """Run a command to its end."""
        done = subprocess.run(
            self._command(*words), env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stderr}")
        return done.stdout

    def print_of(self) -> dict[str, object]:
        """Return what must be the same: counts, and hashes of all assignments and topics."""
        lines = [json.loads(line) for line in self.call("export", "assignments").splitlines()]
        topics = json.loads(self.call("topics", "list", "--json", "--as-of", self._as_of))
        return {
            "items": len({row["item"] for row in lines}),
            "statements": len(lines),
            "problems": sum(row["kind"] == "problem" for row in lines),
            "topics": len(topics),
            "mentions": sum(topic["mentions"] for topic in topics),
            "reach": sum(topic["reach"] for topic in topics),
            "assignments": _digest(lines),
            "list": _digest(topics),
        }

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "bridge", "-q", *words]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main())
