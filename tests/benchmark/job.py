"""One job of the benchmark in this process: ``python tests/benchmark/job.py NAME --data DIR --out FILE``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parts import JOBS, STREAMS, Job, machine

MODULES = {
    "nearest": "nearest",
    "recluster": "fresh",
    "kinds": "told",
    "encoder": "pace",
    "multilingual": "multilingual",
    "scale": "many",
    "curve": "curve",
}


def main() -> int:
    """Run it and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, help="only so many rows of each set, to try the benchmark itself")
    wanted = parser.parse_args()
    job = next(job for job in JOBS if job.name == wanted.name)
    started = time.perf_counter()
    figures = run(job, wanted.data, wanted.rows)
    found = {
        "part": job.part,
        "method": job.method,
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "minutes": round((time.perf_counter() - started) / 60, 2),
        "rows": wanted.rows,
        "machine": machine(),
        "figures": figures,
    }
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    wanted.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def run(job: Job, data: Path, rows: int | None) -> dict[str, Any]:
    """Return the figures of a job."""
    if job.part in STREAMS:
        return stream(job, data, rows)
    module = importlib.import_module(MODULES[job.part])
    figures: dict[str, Any] = module.figures(data, job.method, rows)
    return figures


def stream(job: Job, data: Path, rows: int | None) -> dict[str, Any]:
    """Play a labelled set, once for each seed."""
    from sets import labelled

    from bridge.app import App
    from bridge.cli.output import Terminal
    from bridge.evaluate import Bench, means, spreads

    wanted = STREAMS[job.part]
    with tempfile.TemporaryDirectory() as folder:
        file = labelled(data, wanted.file, wanted.drop_column, rows)
        app = App(flags={"paths.data": folder})
        bench = Bench(app, file, shape=wanted.shape, batches=20, progress=Terminal())
        seeds = [bench.play(job.method, seed).as_json() for seed in range(job.seeds)]
    return {"mean": means(seeds), "deviation": spreads(seeds), "seeds": seeds}


if __name__ == "__main__":
    sys.exit(main())
