"""The trade-off: duplicates, mixed topics and labels found, over how fine the topics are cut.

Each point is a stream, half at once and then four batches, with the resolution that the engine picks times a
factor.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sets import labelled

SETS = {"banking": ("banking77_train.csv", None), "clinc": ("clinc150_imbalanced.csv", "is_oos")}
ROWS = 10_003  # as many of either set, for time
FACTORS = (0.5, 0.71, 1.0, 1.41, 2.0)


def figures(data: Path, method: str, rows: int | None) -> dict[str, Any]:
    """Return a point for each factor."""
    from bridge.app import App
    from bridge.cli.output import Terminal
    from bridge.evaluate import OURS, Bench
    from topics import resolution

    name, drop_column = SETS[method]
    points = []
    own = resolution.FACTOR
    with tempfile.TemporaryDirectory() as folder:
        app = App(flags={"paths.data": folder})
        file = labelled(data, name, drop_column, rows or ROWS)
        bench = Bench(app, file, shape="bulk", batches=5, progress=Terminal())
        for factor in FACTORS:
            resolution.FACTOR = own * factor  # type: ignore[misc]
            found = bench.play(OURS, 0).measures
            points.append(
                {"factor": factor}
                | {key: getattr(found, key) for key in ("duplicates", "mixed", "found", "ari", "tickets")}
            )
    resolution.FACTOR = own  # type: ignore[misc]
    return {"points": points}
