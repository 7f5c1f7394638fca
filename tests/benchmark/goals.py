"""The figures that were aimed at: what must be, and what would be better still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One figure of one part. `path` leads to it in the part's result; `less`: less is better."""

    part: str
    path: str
    says: str
    must: float
    stretch: float
    less: bool = False
    digits: int = 3

    def met(self, value: float) -> str:
        """Say which of the two a value reaches."""
        if self._reaches(value, self.stretch):
            return "stretch"
        return "must" if self._reaches(value, self.must) else "**missed**"

    def _reaches(self, value: float, aim: float) -> bool:
        return value <= aim + 1e-9 if self.less else value >= aim - 1e-9


def _stream(part: str, *rows: tuple[str, float, float]) -> list[Goal]:
    return [
        Goal(
            part=part,
            path=f"mean.{name}",
            says=NAMES[name],
            must=must,
            stretch=stretch,
            less=name in LESS,
            digits=5 if name.startswith("churn") else 3,
        )
        for name, must, stretch in rows
    ]


NAMES = {
    "ari": "adjusted Rand index",
    "f1": "B-cubed F1",
    "tickets": "tickets",
    "duplicates": "duplicates",
    "mixed": "mixed",
    "found": "labels found",
    "unassigned": "left unassigned",
    "strays": "out-of-scope rows inside tickets",
    "churn_mean": "churn a batch, mean",
    "churn_max": "churn a batch, most",
    "orphans": "orphaned tickets",
    "survival": "survival",
    "survival_worst": "survival, worst batch",
    "flips": "tickets whose label changed",
    "returned": "returned labels with their old id",
    "seconds": "seconds for topics",
    "whole_seconds": "seconds, all steps",
    "peak_mb": "peak MB",
}
LESS = frozenset(
    ["duplicates", "mixed", "unassigned", "strays", "churn_mean", "churn_max", "orphans", "flips"]
)

GOALS = [
    *_stream(
        "banking-bulk.feedback-bridge",
        ("duplicates", 0.18, 0.08),
        ("mixed", 0.38, 0.25),
        ("found", 0.90, 0.92),
        ("ari", 0.57, 0.64),
        ("churn_mean", 0.001, 0.0002),
        ("churn_max", 0.005, 0.0002),
        ("orphans", 0, 0),
    ),
    *_stream(
        "banking-cold.feedback-bridge",
        ("ari", 0.56, 0.60),
        ("duplicates", 0.18, 0.08),
        ("mixed", 0.38, 0.25),
        ("found", 0.90, 0.95),
        ("churn_mean", 0.003, 0.0005),
        ("survival", 0.95, 0.99),
    ),
    *_stream("banking-staged.feedback-bridge", ("survival", 0.95, 0.99), ("returned", 0.95, 1.0)),
    *_stream(
        "clinc-bulk.feedback-bridge",
        ("ari", 0.66, 0.75),
        ("duplicates", 0.15, 0.08),
        ("mixed", 0.25, 0.18),
        ("found", 0.86, 0.92),
        ("strays", 0.50, 0.25),
        ("unassigned", 0.10, 0.06),
    ),
    Goal(part="encoder", path="texts a second", says="tweets a second, encoder", must=500, stretch=1000),
    Goal(part="encoder", path="pipeline over encoder", says="pipeline over encoder", must=0.45, stretch=0.70),
    Goal(
        part="multilingual",
        path="together landed",
        says="de, fr, es, pt in the English topic",
        must=0.70,
        stretch=0.85,
    ),
    Goal(
        part="nearest",
        path="words and vectors",
        says="duplicate among the 5 nearest",
        must=0.70,
        stretch=0.85,
    ),
    Goal(
        part="kinds", path="airline.macro_f1", says="complaints in tweets, macro-F1", must=0.72, stretch=0.80
    ),
    Goal(part="kinds", path="forum.f1", says="suggestions in forum sentences, F1", must=0.55, stretch=0.70),
    *(
        Goal(
            part="kinds",
            path=f"{name}.calibration",
            says=f"calibration error, {says}",
            must=0.05,
            stretch=0.05,
            less=True,
        )
        for name, says in (("airline", "tweets"), ("forum", "forum sentences"))
    ),
    Goal(
        part="recluster",
        path="times",
        says="recluster of 20,000: times as fast",
        must=10,
        stretch=50,
        digits=1,
    ),
]


def at(found: dict[str, Any], path: str) -> float | None:
    """Return the figure at a path such as "mean.ari", None if it isn't there."""
    value: Any = found
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
