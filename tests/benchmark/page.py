"""docs/quality.md, written from the figures in docs/quality/*.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from goals import GOALS, LESS, NAMES, Goal, at
from parts import CENTROID, MERGE, OURS, REFIT, STREAMS

METHODS = (OURS, REFIT, MERGE, CENTROID)
JUDGED = (
    "ari",
    "f1",
    "duplicates",
    "mixed",
    "found",
    "survival",
    "churn_mean",
    "orphans",
    "strays",
    "unassigned",
)
_CLEAR = 0.01  # a baseline that is ahead by less is not said to win

HEAD = """\
# How good the topics are

This page is written by `tests/benchmark/quality.py` from the figures in `docs/quality`.
`make benchmark DATA=folder` takes them again, with `ONLY=banking-bulk` one part of them.
The data sets are not part of the repository.
Everything runs with the settings of a fresh installation; nothing is set for one set.
"""

HOW = """\
## How it is measured

* **Streams.** Twenty batches.
  *Bulk*: half of the rows at once, then nineteen equal batches.
  *Cold*: twenty equal batches from nothing.
  *Staged*: half of the labels are first heard from batch 11 on; ten others are silent in batches 7 to 14.
  Seeds 0, 1 and 2 draw the order; the figures are their mean (± standard deviation).
  BERTopic ran with seed 0 only, because of its time.
* **Ours** is the whole pipeline on a scratch database: every kind forms topics, an item is one statement.
  `feedback-bridge eval FILE --text COL --label COL --baselines all` does the same with a file of yours.
* **Baselines** get the vectors that ours are made of.
  *BERTopic refit*: its defaults, fitted anew on everything after each batch.
  Its ids are carried over by the rows in common (Hungarian method).
  *BERTopic merge*: a model a batch, joined by `BERTopic.merge_models` at its default similarity.
  *Nearest centroid*: a row joins at a cosine of .6, or begins a topic.
* **Ticket**: a topic with at least five scored rows.
  **Duplicates**: tickets whose commonest label a larger ticket has already.
  **Mixed**: tickets whose commonest label is below 70 %.
  **Labels found**: labels that are the commonest of some ticket.
  The adjusted Rand index and B-cubed take every row without a topic as a topic of its own.
* **Churn**: of the rows that ever had a topic, those that have just lost it, or have another than their last
  one now, also after a gap.
  **Orphaned**: was a ticket, and is none at the end.
  **Survival**: of the tickets of every earlier batch, those that at the end are tickets of the same id with
  the same commonest label.
* **Seconds for topics** leave out reading, kinds and vectors.
  **Peak MB** is of a process that does nothing else; BERTopic's has its libraries in it.
"""


def write_page(results: Path, page: Path, names: Sequence[str]) -> None:
    """Write the page from the results there are; what is missing is named."""
    found = {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name in names
        if (path := results / f"{name}.json").exists()
    }
    missing = [name for name in names if name not in found]
    parts = [HEAD, *_goals(found), *_losses(found), HOW, *_streams(found), *_others(found)]
    parts += _runs(found, missing)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body]) + "\n"


def _figure(value: float | None, digits: int = 3) -> str:
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if value != int(value) or 0 < abs(value) <= 1 else f"{value:,.0f}"


def _goals(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## Aims\n"
    rows = [["part", "figure", "must", "stretch", "ours", "reached"]]
    for goal in GOALS:
        value = at(found[goal.part]["figures"], goal.path) if goal.part in found else None
        sign = "≤" if goal.less else "≥"
        aims = [f"{sign} {_figure(aim, goal.digits)}" for aim in (goal.must, goal.stretch)]
        reached = goal.met(value) if value is not None else "not run"
        rows.append([_part(goal), goal.says, *aims, _figure(value, goal.digits), reached])
    rows += _scale_goal(found)
    yield _table(rows)


def _part(goal: Goal) -> str:
    return goal.part.partition(".")[0]


def _scale_goal(found: Mapping[str, Any]) -> list[list[str]]:
    few, many = (found.get(f"scale.{size}", {}).get("figures") for size in ("10k", "1m"))
    says = "a batch of 500 after 1,000,000, times that after 10,000"
    if not few or not many:
        return [["scale", says, "≤ 2", "≤ 1.2", "–", "not run"]]
    ratio = many["seconds"] / few["seconds"]
    goal = Goal(part="scale", path="", says=says, must=2, stretch=1.2, less=True, digits=2)
    return [["scale", says, "≤ 2", "≤ 1.2", f"{ratio:.2f}", goal.met(ratio)]]


def _losses(found: Mapping[str, Any]) -> Iterator[str]:
    """Say where an aim is missed, and where a baseline is better."""
    yield "## Where we lose\n"
    lines = []
    for goal in GOALS:
        value = at(found[goal.part]["figures"], goal.path) if goal.part in found else None
        if value is not None and "missed" in goal.met(value):
            aim = f"{'at most' if goal.less else 'at least'} {_figure(goal.must, goal.digits)}"
            lines.append(f"* {_part(goal)}: {goal.says} {_figure(value, goal.digits)}, {aim} was aimed at.")
    for part in STREAMS:
        ours = found.get(f"{part}.{OURS}")
        for other in METHODS[1:] if ours else ():
            better = _better(ours, found.get(f"{part}.{other}"))
            if better:
                lines.append(f"* {part}: {other} is better in {', '.join(better)}.")
    yield "\n".join(lines or ["Nothing that was measured here."]) + "\n"


def _better(ours: Mapping[str, Any], theirs: Mapping[str, Any] | None) -> list[str]:
    if theirs is None:
        return []
    one, other = ours["figures"]["mean"], theirs["figures"]["mean"]
    judged = (
        JUDGED if other.get("tickets", 1) else ("ari", "f1")
    )  # without tickets none is mixed or twice there
    return [
        f"{NAMES[name]} ({_figure(other[name])} against {_figure(one[name])})"
        for name in judged
        if one.get(name) is not None
        and other.get(name) is not None
        and (one[name] - other[name] if name in LESS else other[name] - one[name]) > _CLEAR
    ]


def _streams(found: Mapping[str, Any]) -> Iterator[str]:
    for part, stream in STREAMS.items():
        there = [method for method in METHODS if f"{part}.{method}" in found]
        if not there:
            continue
        yield f"## {part}\n\n{stream.says} (`{stream.file}`, {stream.shape}).\n"
        rows = [["", *there]]
        for name, says in NAMES.items():
            cells = [_mean(found[f"{part}.{method}"]["figures"], name) for method in there]
            if set(cells) != {"–"}:
                rows.append([says, *cells])
        yield _table(rows)


def _mean(figures: Mapping[str, Any], name: str) -> str:
    digits = {"seconds": 1, "whole_seconds": 1, "peak_mb": 0, "tickets": 1, "flips": 1}.get(name, 3)
    digits = 5 if name.startswith("churn") else digits
    value, spread = figures["mean"].get(name), figures["deviation"].get(name)
    return _figure(value, digits) + (f" ± {spread:.{digits}f}" if spread else "")


def _others(found: Mapping[str, Any]) -> Iterator[str]:
    for name, write in (("nearest", _nearest), ("kinds", _kinds), ("recluster", _recluster)):
        if name in found:
            yield write(found[name]["figures"])
    sizes = [found[f"scale.{size}"]["figures"] for size in ("10k", "100k", "1m") if f"scale.{size}" in found]
    if sizes:
        yield _scale(sizes)
    for name in ("encoder", "multilingual"):
        if name in found:
            yield f"## {name.capitalize()}\n\n" + _flat(found[name]["figures"])
    curves = [name for name in ("banking", "clinc") if f"curve.{name}" in found]
    if curves:
        yield f"## Trade-off\n\n{CURVE}\n"
    for name in curves:
        yield _curve(name, found[f"curve.{name}"]["figures"]["points"])


def _nearest(figures: Mapping[str, Any]) -> str:
    ways = [name for name in figures if name not in ("issues", "pairs")]
    rows = [["by", "share of pairs"], *([name, _figure(figures[name])] for name in ways)]
    return (
        "## Real duplicates\n\n"
        f"{figures['pairs']} ordered pairs of reports that people marked as duplicates, among "
        f"{figures['issues']:,} (`seamonkey_issues.csv`).\n"
        "In how many the second is among the five nearest of the first; we take words and vectors.\n\n"
    ) + _table(rows)


def _kinds(figures: Mapping[str, Any]) -> str:
    rows = [["set", "rows", "F1", "macro-F1", "calibration error"]]
    says = {"airline": "tweets to airlines: complaint or not", "forum": "forum sentences: suggestion or not"}
    rows += [
        [says[name], f"{f['rows']:,}", _figure(f["f1"]), _figure(f["macro_f1"]), _figure(f["calibration"])]
        for name, f in figures.items()
    ]
    return (
        "## Kinds on sets that no training saw\n\n"
        + _table(rows)
        + "\nMore in the [model card](models.md).\n"
    )


def _recluster(figures: Mapping[str, Any]) -> str:
    rows = [["", "seconds", "adjusted Rand index", "tickets", "unassigned"]]
    for says, name in (("`recluster --dry-run`", "ours"), ("BERTopic, defaults", "bertopic")):
        f = figures[name]
        rows.append(
            [says, f"{f['seconds']:.1f}", _figure(f["ari"]), str(f["tickets"]), _figure(f["unassigned"])]
        )
    return (
        f"## A full recluster\n\n{figures['rows']:,} texts of two sets, vectors ready for both.\n\n"
        + _table(rows)
    )


def _scale(sizes: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            "items before",
            "seconds of a batch of 500",
            "of that for topics",
            "peak MB",
            "seconds of the first batch",
        ]
    ]
    for f in sizes:
        topics = sum(f["steps"].get(step, 0.0) for step in ("assign", "discover"))
        rows.append(
            [
                f"{f['before']:,}",
                f"{f['seconds']:.2f}",
                f"{topics:.2f}",
                f"{f['peak_mb']:,.0f}",
                f"{f['first_seconds']:,.0f}",
            ]
        )
    words = (
        "Synthetic sentences and vectors through `feedback-bridge replay --vectors`; median of three batches."
    )
    return f"## A batch after many\n\n{words}\n\n" + _table(rows)


def _flat(figures: Mapping[str, Any]) -> str:
    return _table([["figure", "value"], *_leaves(figures, "")])


def _leaves(figures: Mapping[str, Any], before: str) -> Iterator[list[str]]:
    for name, value in figures.items():
        says = f"{before}, {name}" if before else name
        if isinstance(value, Mapping):
            yield from _leaves(value, says)
        else:
            yield [says, _plain(value)]


def _plain(value: object) -> str:
    return _figure(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _curve(name: str, points: Sequence[Mapping[str, Any]]) -> str:
    rows = [["resolution", "tickets", "duplicates", "mixed", "labels found", "adjusted Rand index"]]
    rows += [
        [
            f"× {p['factor']:g}",
            str(p["tickets"]),
            *(_figure(p[key]) for key in ("duplicates", "mixed", "found", "ari")),
        ]
        for p in points
    ]
    words = "at most 10,003 rows, half at once, then four batches, seed 0; × 1 is the default"
    return f"`{SET_FILES[name]}`, {words}.\n\n" + _table(rows)


CURVE = "![Duplicates, mixed topics and labels found, over the resolution](pictures/quality-curve.svg)"
SET_FILES = {"banking": "banking77_train.csv", "clinc": "clinc150_imbalanced.csv"}


def _runs(found: Mapping[str, Any], missing: Sequence[str]) -> Iterator[str]:
    yield "## Runs\n"
    rows = [["job", "day", "minutes", "rows", "machine"]]
    for name, one in found.items():
        m = one["machine"]
        where = f"{m['cores']} cores ({m['cpu']}), {m['gib']} GiB, Python {m['python']}"
        rows.append([name, one["day"], f"{one['minutes']:.1f}", f"{one['rows'] or 'all'}", where])
    total = sum(one["minutes"] for one in found.values())
    yield _table(rows)
    yield f"Together {total:.0f} minutes."
    if missing:
        yield f"\nNot run: {', '.join(missing)}."
