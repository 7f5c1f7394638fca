"""A batch of 500 after many: does its time or memory grow with all that was said before?

Synthetic items with their vectors go through ``feedback-bridge replay --vectors``: so many at first, then
three batches of 500.
"""

from __future__ import annotations

import csv
import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
BATCH, TIMES = 500, 3
DIMENSION, THEMES, SPREAD = 384, 400, 0.9
SLOTS = (
    "old|new|small|blue|cheap|front|second|broken|other|main|spare|heavy",
    "seat|bag|door|screen|menu|ticket|card|phone|lamp|table|window|wheel|form|page|cable|box|key|chair",
    "fails|stops|leaks|freezes|disappears|jams|bends|slips|breaks|crashes",
    "in the hall|on the bus|at the gate|near the desk|in my room|at the office|on the stairs|in town",
    "every morning|since Monday|after lunch|all the time|when it rains|since the update|at night",
    "and nobody helps|and I can't use it|so we had to leave|which costs us money|again and again",
    "for my sister|for our team|for the children|for two of us|for every guest|for my father",
)
"""What the sentences are put together from: 3.6 million different ones."""


def figures(_data: Path, method: str, rows: int | None) -> dict[str, Any]:
    """Return the seconds of a batch after so many items, those of the first one, and the peak memory."""
    before = min(SIZES[method], rows or SIZES[method])
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        total = before + TIMES * BATCH
        write(here / "items.csv", here / "vectors.npy", total)
        words = ["--text", "text", "--vectors", str(here / "vectors.npy"), "--out", str(here / "out.jsonl")]
        shape = ["--batches", str(TIMES + 1), "--first", repr(before / total), "--all-kinds"]
        program = [sys.executable, "-m", "bridge", "replay", str(here / "items.csv")]
        subprocess.run([*program, *words, *shape], check=True, stdout=subprocess.DEVNULL)
        report = json.loads((here / "out.timings.json").read_text(encoding="utf-8"))
    later = report["batches"][1:]
    steps = {name: statistics.median(b["steps"][name] for b in later) for name in later[0]["steps"]}
    return {
        "before": before,
        "first_seconds": report["batches"][0]["seconds"],
        "seconds": statistics.median(batch["seconds"] for batch in later),
        "steps": steps,
        "peak_mb": report["peak_mb"],
    }


def write(items: Path, vectors: Path, count: int) -> None:
    """Write the items, no two alike, and their vectors: themes of very different sizes on a sphere."""
    import numpy as np

    draw = random.Random(7)  # noqa: S311 - the same items each time
    slots = [slot.split("|") for slot in SLOTS]
    with items.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text"])
        for number in draw.sample(range(math.prod(map(len, slots))), count):
            rows.writerow([_sentence(slots, number)])
    numbers = np.random.default_rng(7)
    centres = numbers.normal(size=(THEMES, DIMENSION)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    weights = 1 / (np.arange(THEMES) + 5)
    out = np.lib.format.open_memmap(vectors, mode="w+", dtype=np.float32, shape=(count, DIMENSION))
    for start in range(0, count, 10_000):
        size = min(10_000, count - start)
        theme = numbers.choice(THEMES, size, p=weights / weights.sum())
        noise = numbers.normal(size=(size, DIMENSION)).astype(np.float32) * (SPREAD / DIMENSION**0.5)
        rows = centres[theme] + noise
        out[start : start + size] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    out.flush()


def _sentence(slots: list[list[str]], number: int) -> str:
    """Return the sentence of a number: one word of each slot."""
    chosen = []
    for slot in slots:
        number, place = divmod(number, len(slot))
        chosen.append(slot[place])
    return f"The {' '.join(chosen)}."
