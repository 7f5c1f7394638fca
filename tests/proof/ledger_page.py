"""What the proof of the ledger found, as a table and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = Path(__file__).with_suffix(".md")


@dataclass(frozen=True, slots=True)
class Row:
    """One part of the proof. `is_ours`: it must be without a violation."""

    name: str
    trials: int
    duplicates: int
    lost: int
    double_comments: int
    failing: tuple[int, ...]
    seconds: float
    is_ours: bool
    note: str = ""

    @property
    def violations(self) -> int:
        """How often a promise wasn't kept."""
        return self.duplicates + self.lost + self.double_comments

    @property
    def bound(self) -> str:
        """The 95 % upper bound of the share of violations; three over n where none was seen."""
        if self.violations or not self.trials:
            return ""
        return f"{min(300 / self.trials, 100):.3g} %"


HEAD = (
    "what was played",
    "trials",
    "duplicate issues",
    "lost topics",
    "double comments",
    "95 % bound",
    "failing seeds",
)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table of Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "| --- |" + " ---: |" * (len(HEAD) - 1)]
    for row in rows:
        seeds = " ".join(map(str, row.failing[:5])) if row.is_ours else ""
        counts = (_count(row, row.duplicates), _count(row, row.lost), _count(row, row.double_comments))
        lines.append("| " + " | ".join((row.name, f"{row.trials:,}", *counts, row.bound, seeds)) + " |")
    return "\n".join(lines)


def _count(row: Row, count: int) -> str:
    return "0" if not count else f"{count:,} ({100 * count / row.trials:.2f} %)"


def write(path: Path, rows: Sequence[Row], *, seed: int) -> None:
    """Write the page."""
    notes = [f"* {row.name}: {row.note}." for row in rows if row.note]
    took = sum(row.seconds for row in rows) / 60
    path.write_text(
        TEMPLATE.read_text(encoding="utf-8").format(
            table=table(rows), notes="\n".join(notes), seed=seed, minutes=f"{took:.0f}"
        ),
        encoding="utf-8",
    )
