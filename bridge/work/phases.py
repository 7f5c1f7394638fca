"""What is done in each phase of a wave: the steps of the pipeline, as a run does them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from bridge.pipeline import meaning, reading, saying, speakers, themes
from bridge.pipeline.context import Context

Counts = dict[str, int]


def do(context: Context, phase: str, part: Any) -> dict[str, dict[str, Any]]:
    """Do the steps of a phase for one part; return the counts and seconds of each step.

    `context` has the keys of the part. Doing a part again does what is left of it.
    """
    told = {}
    for name, step in _steps(phase, part).items():
        started = time.perf_counter()
        counts = step(context)
        told[name] = {
            **(counts if phase not in ("read", "understand") else {}),
            "seconds": round(time.perf_counter() - started, 3),
        }
    return told


def _steps(phase: str, part: Any) -> Mapping[str, Callable[[Context], Counts]]:
    match phase:
        case "read":
            return {"normalise": reading.normalise, "statements": reading.statements}
        case "people":
            return {"roles": speakers.roles, "dedupe": speakers.dedupe}
        case "understand":
            return {"classify": meaning.classify, "embed": meaning.embed}
        case "gather":
            return {"assign": _gather, "label": saying.label}
        case "show":
            return {"evidence": lambda context: saying.show(context, [part])}
        case _:
            return {"track": saying.track}


def _gather(context: Context) -> Counts:
    return themes.assign_and_discover(context, discovering=True)
