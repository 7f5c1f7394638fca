"""The settings of the daemon: which jobs it does, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from bridge.config.part import Part, meta
from bridge.config.values import Duration, PublicUrl

Recluster = Literal["off", "compare", "apply"]
Apply = Literal["scheduled", "ticked"]


class Serve(Part):
    """What the daemon does beside the page, and how often."""

    jobs: bool = Field(
        default=True, description="Do the jobs on their schedule; without them the page alone is served."
    )
    tick_s: int = Field(
        default=5,
        ge=1,
        le=3600,
        description="Time between two looks at what is due.",
        json_schema_extra=meta(unit="seconds"),
    )
    run_every: Duration = Field(
        default=timedelta(minutes=5),
        description="Time between two looks for items that wait to be worked on; news are worked on at once.",
    )
    sync_every: Duration = Field(
        default=timedelta(minutes=10),
        description="Time between two times that decisions are taken and the tracker is brought up to date.",
    )
    apply: Apply = Field(
        default="scheduled",
        description="What the daemon changes in the tracker: all that is due (`scheduled`, each `sync_every`)"
        " or only what somebody ticks on the page Changes (`ticked`; what its author deleted goes all "
        "the same, and the command `sync` does everything).",
    )
    read_every: Duration = Field(
        default=timedelta(minutes=5),
        description="Time between two looks at what became of our issues in the tracker; news of them are "
        "acted on at once.",
    )
    recluster: Recluster = Field(
        default="compare",
        description="What is done each night about a fresh look at all topics: `off`, `compare` (count what "
        "it would change, change nothing) or `apply` (change it; `topics undo --recluster` takes it back).",
    )
    night_hour: int = Field(
        default=2,
        ge=0,
        le=23,
        description="When the audit, the backup and the other nightly jobs are done each day, in UTC.",
        json_schema_extra=meta(unit="hour of the day"),
    )
    backups: int = Field(
        default=7,
        ge=0,
        le=1000,
        description="How many nightly backups are kept in `backups` in `paths.data`; 0 makes none.",
        json_schema_extra=meta(unit="files"),
    )
    keep_runs: Duration = Field(
        default=timedelta(days=90),
        description="How long the table of runs keeps a run, with its counts and errors.",
    )
    hung_after: Duration = Field(
        default=timedelta(hours=1),
        description="How long a job may go without a sign of life before the process ends itself.",
    )
    ping_url: PublicUrl = Field(
        default="",
        description="Address that is asked for once a minute while all is well, so that a watcher elsewhere "
        "notices when it stops; empty: none.",
        json_schema_extra=meta(example='""'),
    )
