"""What the benchmark is made of: its parts, each of one or more jobs; a job is a process of its own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEEDS = 3
OURS, CENTROID, MERGE, REFIT = "feedback-bridge", "nearest-centroid", "bertopic-merge", "bertopic-refit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One process. `seeds` orders of arrival; `is_long`: only run when it is named, as it takes too long."""

    part: str
    method: str = ""
    seeds: int = 1
    is_long: bool = False

    @property
    def name(self) -> str:
        """The job's name, and that of its result."""
        return f"{self.part}.{self.method}" if self.method else self.part


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A labelled set and the shape in which it arrives, in twenty batches."""

    file: str
    shape: str
    says: str
    drop_column: str | None = None


STREAMS = {
    "banking-bulk": Stream(
        file="banking77_train.csv", shape="bulk", says="10,003 bank queries with 77 intents"
    ),
    "banking-cold": Stream(file="banking77_train.csv", shape="cold", says="The same queries from nothing"),
    "banking-staged": Stream(
        file="banking77_train.csv",
        shape="staged",
        says="The same queries; some intents come late, some fall silent and return",
    ),
    "clinc-bulk": Stream(
        file="clinc150_imbalanced.csv",
        shape="bulk",
        says="18,025 requests to an assistant, 150 intents, and 1,200 out of scope, not scored",
        drop_column="is_oos",
    ),
    "hint3-bulk": Stream(file="hint3_train.csv", shape="bulk", says="1,398 queries to three support bots"),
}

_LONG = frozenset(
    [
        f"banking-staged.{CENTROID}",
        f"banking-staged.{MERGE}",
        f"banking-staged.{REFIT}",
        f"banking-cold.{MERGE}",
        f"clinc-bulk.{REFIT}",
        "multilingual",
        "scale.1m",
    ]
)
"""Jobs that only run when they are named: without them all is done in three quarters of an hour."""


def _job(part: str, method: str = "", seeds: int = 1) -> Job:
    is_long = (f"{part}.{method}" if method else part) in _LONG
    return Job(part=part, method=method, seeds=seeds, is_long=is_long)


JOBS = [
    *(_job(part, OURS, SEEDS) for part in STREAMS),
    *(_job(part, CENTROID, SEEDS) for part in STREAMS),
    *(_job(part, method) for method in (MERGE, REFIT) for part in STREAMS),
    *(_job(part) for part in ("nearest", "recluster", "kinds", "encoder", "multilingual")),
    *(_job("scale", size) for size in ("10k", "100k", "1m")),
    *(_job("curve", name) for name in ("banking", "clinc")),
]


def chosen(only: str) -> list[Job]:
    """Return the jobs whose part or name is one of `only`, by comma; all that aren't long if it is empty."""
    names = {name.strip() for name in only.split(",") if name.strip()}
    unknown = sorted(names - {job.part for job in JOBS} - {job.name for job in JOBS})
    if unknown:
        parts = ", ".join(dict.fromkeys(job.part for job in JOBS))
        raise SystemExit(f"ONLY={unknown[0]}: no part is called so; parts: {parts}")
    if not names:
        return [job for job in JOBS if not job.is_long]
    return [job for job in JOBS if job.name in names or (job.part in names and not job.is_long)]


def machine() -> dict[str, Any]:
    """Say what this runs on."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        "unknown",
    )
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    version = ".".join(map(str, sys.version_info[:3]))
    cores = len(os.sched_getaffinity(0))
    return {"cpu": cpu, "cores": cores, "gib": round(int(memory) / 1024**2), "python": version}


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
