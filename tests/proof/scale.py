"""Many synthetic items through `run`: does memory or time grow with the total?

    python tests/proof/scale.py [ITEMS] [PER_RUN]

Imports and runs ITEMS (default 200,000) in parts of PER_RUN (default 10,000) with the static test encoder, in
one process, and prints a row a part: items/s and peak memory. Nothing is timed in a test; read the table.
"""

from __future__ import annotations

import csv
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.app import App, build_source
from bridge.pipeline.pulling import pull_source
from bridge.pipeline.run import run

THEMES = 400
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()
START = datetime(2026, 1, 1, tzinfo=UTC)


def word(draw: random.Random) -> str:
    """Invent a word."""
    return "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(2, 4)))


def themes(draw: random.Random) -> list[list[str]]:
    """Invent the words of each theme."""
    return [[word(draw) for _ in range(12)] for _ in range(THEMES)]


def write_part(path: Path, words: list[list[str]], first: int, count: int, draw: random.Random) -> None:
    """Write one file of synthetic complaints; themes are Zipf-like, people say several things."""
    weights = [1 / (rank + 5) for rank in range(THEMES)]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "at", "author", "text"])
        for number in range(first, first + count):
            own = draw.choices(words, weights)[0]
            text = f"The {' '.join(draw.sample(own, 7))} is broken since {word(draw)} and I can't use it"
            at = START + timedelta(seconds=40 * number)
            rows.writerow([f"s{number}", at.isoformat(), f"p{draw.randrange(10**6)}", text])


def main(total: int = 200_000, part: int = 10_000) -> None:
    """Run all parts and print a row for each."""
    draw = random.Random(7)
    words = themes(draw)
    print("part  items   import items/s  run items/s  peak MB  topics")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        flags = {"database.url": f"sqlite:///{here / 'scale.db'}", "topics.encoder": "hash"}
        app = App(flags={**flags, "paths.data": str(here), "paths.cache": str(here)})
        for number, first in enumerate(range(0, total, part), 1):
            size = min(part, total - first)
            path = here / "part.csv"
            write_part(path, words, first, size, draw)
            context = app.context(as_of=START + timedelta(seconds=40 * (first + size)))
            started = time.perf_counter()
            source = build_source("files", {"path": str(path)}, context.now)
            pull_source(context, "scale", "files", source, once=True)
            imported = time.perf_counter()
            result = run(context, list)
            ended = time.perf_counter()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            topics = result.steps["track"]["topics"]
            print(
                f"{number:4}  {first + size:6}  {size / (imported - started):14.0f}"
                f"  {size / (ended - imported):11.0f}  {peak:7.0f}  {topics:6}",
                flush=True,
            )
            slow = sorted(result.steps.items(), key=lambda step: -step[1]["seconds"])[:5]
            print("      " + ", ".join(f"{name} {step['seconds']:.1f}" for name, step in slow), flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
