"""The settings of the work: done by `serve` itself, or by workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from bridge.config.part import Part
from bridge.config.values import Duration


class Work(Part):
    """Who does the steps from `normalise` to `track`."""

    where: Literal["here", "workers"] = Field(
        default="here",
        description="Who does the steps of the schedule: `serve` itself (`here`), or `feedback-bridge "
        "worker` on as many machines as wanted (`workers`, with PostgreSQL); `serve` then only defers them.",
    )
    stalled_after: Duration = Field(
        default=timedelta(seconds=30),
        description="How long a worker may give no sign of life before others take over what it was at.",
    )
