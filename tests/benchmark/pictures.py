"""Draw docs/pictures/quality-*.svg: ``python tests/benchmark/pictures.py [--config .demo/bridge.toml]``.

The map and the life come from the sample company, which must have run (make run SERVE=0); the trade-off from
the figures in docs/quality.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from svg import FAINT, GRID, INK, Drawing

ROOT = Path(__file__).parents[2]
KINDS = {
    "problem": "#c2410c",
    "request": "#1d4ed8",
    "question": "#7c3aed",
    "praise": "#15803d",
    "other": "#64748b",
}
LINES = {"duplicates": "#c2410c", "mixed": "#7c3aed", "found": "#15803d"}
NAMED = 16  # topics of the map with their titles
SETS = {"banking": "bank queries", "clinc": "an assistant's requests"}


def main() -> int:
    """Draw what there are figures for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=ROOT / ".demo" / "bridge.toml")
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "quality")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    wanted = parser.parse_args()
    if wanted.config.exists():
        reports, places = _topics(wanted.config)
        draw_map(reports, places, wanted.out / "quality-map.svg")
        draw_life(_most_alive(reports), wanted.out / "quality-life.svg")
    else:
        sys.stderr.write(f"no map and no life: {wanted.config} isn't there; make run SERVE=0 makes it\n")
    curves = {name: wanted.results / f"curve.{name}.json" for name in SETS}
    points = {
        name: json.loads(path.read_text(encoding="utf-8"))["figures"]["points"]
        for name, path in curves.items()
        if path.exists()
    }
    if points:
        draw_curves(points, wanted.out / "quality-curve.svg")
    else:
        sys.stderr.write("no trade-off: make benchmark ONLY=curve takes its figures\n")
    return 0


def _topics(config: Path) -> tuple[list[Any], dict[int, tuple[float, float]]]:
    """Return the reports of the sample company's topics, and a place in the plane for each with a centre."""
    from bridge.app import App
    from bridge.report import topic_reports

    app = App(config_path=config)
    context = app.context()
    with app.database.reading() as session:
        reports = topic_reports(session, context.now)
        for report in reports:
            session.expunge(report.topic)
    centres = {r.topic.number: r.topic.centroid for r in reports if r.topic.centroid}
    return reports, _plane(centres)


def _plane(centres: dict[int, bytes]) -> dict[int, tuple[float, float]]:
    """Return the two directions in which the centres differ most (principal components), each within 0–1."""
    import numpy as np

    table = np.array([np.frombuffer(data, "<f4") for data in centres.values()], np.float64)
    table -= table.mean(axis=0)
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    table -= table.mean(axis=0)
    _, _, directions = np.linalg.svd(table, full_matrices=False)
    directions = directions[:2]
    directions *= np.sign(directions[np.arange(2), np.abs(directions).argmax(axis=1)])[:, None]
    plane = table @ directions.T
    plane = (plane - plane.min(axis=0)) / np.maximum(np.ptp(plane, axis=0), 1e-9)
    return {number: (float(x), float(y)) for number, (x, y) in zip(centres, plane, strict=True)}


def draw_map(reports: Sequence[Any], places: dict[int, tuple[float, float]], out: Path) -> None:
    """Draw each topic as a disc: its area is its reach, its colour its kind; the widest have their titles."""
    width, height, edge = 960, 620, 60
    drawing = Drawing(width, height, "Map of the sample company's topics")
    drawing.text(24, 32, "Topics of the sample company", size=18)
    drawing.text(24, 52, "near: said alike · area: people · colour: kind", colour=FAINT)
    shown = [report for report in reports if report.topic.number in places]
    most = max((report.counts.reach for report in shown), default=1)
    taken: list[tuple[float, float, float, float]] = []
    titles = []
    for report in shown:
        x, y = places[report.topic.number]
        x, y = edge + x * (width - 2 * edge), 90 + y * (height - 160)
        radius = 4 + 26 * math.sqrt(report.counts.reach / most)
        drawing.circle(x, y, radius, KINDS.get(report.topic.kind, FAINT), opacity=0.55)
        titles.append((x, y, report.topic.title))
    for x, y, title in titles[:NAMED]:
        _write_beside(drawing, x, y, title, taken, width)
    for place, (kind, colour) in enumerate(KINDS.items()):
        drawing.circle(32 + place * 100, height - 20, 6, colour, opacity=0.55)
        drawing.text(44 + place * 100, height - 16, kind)
    drawing.save(out)


def _write_beside(
    drawing: Drawing,
    x: float,
    y: float,
    title: str,
    taken: list[tuple[float, float, float, float]],
    width: int,
) -> None:
    """Write a title at its disc, moved up or down until it covers no other."""
    long = 6.2 * len(title)
    left = min(max(x - long / 2, 8), width - long - 8)
    for step in (0, 1, -1, 2, -2, 3, -3, 4, -4):
        top = y + step * 14
        box = (left, top - 11, left + long, top + 3)
        if all(box[2] < o[0] or box[0] > o[2] or box[3] < o[1] or box[1] > o[3] for o in taken):
            taken.append(box)
            drawing.text(left, top, title, size=12)
            return


def _most_alive(reports: Sequence[Any]) -> Any:
    """Return the topic that was much spoken of before and after a long silence."""
    return max(reports, key=lambda report: _comeback(report.trend.per_week))


def _comeback(weeks: Sequence[int]) -> int:
    """Return the weeks of the longest silence times the mentions on its poorer side."""
    first, back = _silence(weeks)
    return (back - first - 1) * min(sum(weeks[: first + 1]), sum(weeks[back:]))


def _silence(weeks: Sequence[int]) -> tuple[int, int]:
    """Return the weeks with a mention before and after the longest silence; (0, 1) if there is none."""
    said = [week for week, count in enumerate(weeks) if count]
    return max(pairwise(said), key=lambda pair: pair[1] - pair[0], default=(0, 1))


def draw_life(report: Any, out: Path) -> None:
    """Draw a topic's mentions week by week, and its silence."""
    weeks = list(report.trend.per_week)
    width, height, left, base = 960, 300, 56, 240
    drawing = Drawing(width, height, f"Mentions of {report.id} by week")
    drawing.text(24, 32, f"{report.id} “{report.topic.title}”", size=18)
    words = (
        f"{sum(weeks)} mentions by {report.counts.reach} people in {len(weeks)} weeks; one id all the time"
    )
    drawing.text(24, 52, words, colour=FAINT)
    step, high = (width - left - 24) / len(weeks), max([*weeks, 1])
    for mark in sorted({0, math.ceil(high / 2), high}):
        y = base - mark / high * 150
        drawing.line([(left, y), (width - 24, y)], GRID)
        drawing.text(left - 8, y + 4, str(mark), colour=FAINT, anchor="end")
    for week, count in enumerate(weeks):
        tall = count / high * 150
        drawing.bar(left + week * step + 2, base - tall, step - 4, tall, KINDS.get(report.topic.kind, INK))
        if week % 5 == 0 or week == len(weeks) - 1:
            drawing.text(left + (week + 0.5) * step, base + 18, str(week + 1), colour=FAINT, anchor="middle")
    drawing.text(left, base + 40, "week", colour=FAINT)
    first, back = _silence(weeks)
    if back - first > 1:
        x, end = left + (first + 1) * step, left + back * step
        drawing.line([(x, 84), (end, 84)], FAINT, dash="4 3")
        drawing.text((x + end) / 2, 78, f"{back - first - 1} weeks of silence", colour=FAINT, anchor="middle")
    drawing.save(out)


def draw_curves(points: dict[str, list[dict[str, float]]], out: Path) -> None:
    """Draw duplicates, mixed topics and labels found over the resolution, a panel for each set."""
    width, height, panel = 960, 400, 440
    drawing = Drawing(width, height, "Duplicates, mixed topics and labels found over the resolution")
    drawing.text(24, 32, "Finer or coarser: what is won and what is lost", size=18)
    for number, (name, found) in enumerate(points.items()):
        _panel(drawing, 60 + number * (panel + 30), panel - 60, SETS[name], found)
    for place, (name, colour) in enumerate(LINES.items()):
        drawing.line([(60 + place * 150, height - 18), (84 + place * 150, height - 18)], colour, width=3)
        drawing.text(90 + place * 150, height - 14, {"found": "labels found"}.get(name, name))
    drawing.save(out)


def _panel(drawing: Drawing, left: float, wide: float, title: str, found: list[dict[str, float]]) -> None:
    top, base = 80, 330
    drawing.text(left, 64, title, size=14)
    for tenth in range(0, 11, 2):
        y = base - tenth / 10 * (base - top)
        drawing.line([(left, y), (left + wide, y)], GRID)
        drawing.text(left - 8, y + 4, f"{tenth / 10:.1f}", size=11, colour=FAINT, anchor="end")
    logs = [math.log2(point["factor"]) for point in found]
    spread = (max(logs) - min(logs)) or 1
    across = [left + (value - min(logs)) / spread * wide for value in logs]
    for x, point in zip(across, found, strict=True):
        drawing.text(x, base + 18, f"×{point['factor']:g}", size=11, colour=FAINT, anchor="middle")
        if point["factor"] == 1:
            drawing.line([(x, top), (x, base)], FAINT, dash="3 3")
            drawing.text(x + 4, top + 4, "default", size=11, colour=FAINT)
    for name, colour in LINES.items():
        line = [(x, base - point[name] * (base - top)) for x, point in zip(across, found, strict=True)]
        drawing.line(line, colour, width=2)
        for x, y in line:
            drawing.circle(x, y, 3, colour)


if __name__ == "__main__":
    sys.exit(main())
