"""A hundred corrections by a person, then twenty more batches and a full recluster: do they hold and help?

    python tests/proof/hundred_corrections.py FILE.csv [--text text] [--label label] [--vectors FILE.npy]
                                      [--rows 2000] [--corrections 100] [--batches 20] [--seed 7]

Half of the rows arrive at once. Then corrections are drawn from the labels: topics with the same majority are
merged, items of another label than their topic's are moved or removed, mixed topics are split by five ticked
items, topics are renamed and ignored. The rest arrives in batches, and a recluster is applied. The same
without corrections stands beside it. Counts which corrections were violated after each batch and at the end,
and B-cubed F1 of all items that no correction named. Exits with 1 if one was violated.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from corrections import Corrector, b_cubed

from bridge import replay
from bridge.app import App, build_source
from bridge.pipeline.run import run
from bridge.recluster import apply, compare


def main() -> int:
    """Play both, and print a row for each batch and the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--vectors", type=Path)
    for name, value in (("rows", 2000), ("corrections", 100), ("batches", 20), ("seed", 7)):
        parser.add_argument(f"--{name}", type=int, default=value)
    wanted = parser.parse_args()
    with wanted.file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = random.Random(wanted.seed).sample(range(len(rows)), min(wanted.rows, len(rows)))
    truth = {str(n): rows[row][wanted.label] for n, row in enumerate(chosen)}
    found = {}
    for count in (0, wanted.corrections):
        with tempfile.TemporaryDirectory() as folder:
            texts = [rows[row][wanted.text] for row in chosen]
            context = _store(Path(folder), texts, wanted.vectors, chosen)
            found[count] = _play(context, truth, count, wanted.batches, wanted.seed)
            context.database.close()
    plain, corrected = found[0], found[wanted.corrections]
    named = corrected[0].named
    for what, (_, before, after, violated) in (("without", plain), ("with", corrected)):
        scores = [b_cubed({n: t for n, t in p.items() if n not in named}, truth) for p in (before, after)]
        print(f"{what:>8}: B3 of the {len(truth) - len(named)} items not named: {scores[0]:.4f} before, "
              f"{scores[1]:.4f} after a full recluster; violated {dict(violated)}")  # fmt: skip
    return 1 if corrected[3] else 0


def _store(folder: Path, texts: list[str], vectors: Path | None, chosen: list[int]) -> Any:
    """Return the context of a new store that holds all items back."""
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("id", "text"), *((n, text) for n, text in enumerate(texts))])
    given = None
    if vectors:
        np.save(folder / "rows.npy", np.load(vectors, mmap_mode="r")[chosen])
        given = replay.Given(folder / "rows.npy")
    flags = {"database.url": f"sqlite:///{folder / 'bridge.db'}", "paths.data": str(folder)}
    app = App(flags=flags)
    if given:
        app.__dict__["encoder"] = given
    context = app.context(all_kinds=True, whole=True, given=given, backlog=True)
    source = build_source("files", {"path": str(path), "columns": {"id": "id", "text": "text"}}, context.now)
    replay.take_in(context, source, replay.Wanted(id=True, at=False, author=False))
    return context


def _play(
    context: Any, truth: dict[str, str], count: int, batches: int, seed: int
) -> tuple[Corrector, dict[str, int], dict[str, int], Counter[str]]:
    """Return who corrected, the places before and after the recluster, and all violations seen."""
    person = Corrector(context, truth, replay.SOURCE, seed)
    sizes = replay.shares(len(truth), batches + 1, 0.5)
    violated: Counter[str] = Counter()
    for number, size in enumerate(sizes):
        replay._release(context, size)
        run(context, list, first="normalise", until="discover")
        if number == 0:
            person.correct(count)
            print("corrections:", dict(person.made), flush=True)
        violated += person.violations()
    before = person.places()
    done = apply(context, compare(context))
    run(context, list, first="normalise", until="track")
    violated += person.violations()
    print("recluster:", done, "violated:", dict(violated), flush=True)
    return person, before, person.places(), violated


if __name__ == "__main__":
    sys.exit(main())
