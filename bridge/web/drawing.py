"""The drawing of the map, as SVG that needs no script and no style attribute.

A mark's area tells how many people speak of its topic; its form and its colour tell the kind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bridge.web.words import counted, legible

WIDTH, HEIGHT, EDGE = 1000, 720, 60
LETTERS: Final = 30
"""Letters of a title on the map."""

_AVOIDED = 150  # marks that titles keep clear of
_LARGEST, _SMALLEST = 30.0, 4.0  # radius
_LINE, _LETTER = 15.0, 7.0  # height of a line and width of a letter
_SIDES: Final = {"problem": 0, "request": 4, "question": 4, "praise": 3, "other": 6}
"""Corners of each kind's form; 0 is a circle. A question stands on its corner."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """A topic to draw; `x` and `y` in any unit."""

    x: float
    y: float
    people: int
    kind: str
    href: str
    id: str
    title: str


def drawn(marks: Sequence[Mark], named: int) -> Markup:
    """Draw topics, those of the most people first; the first `named` with their titles, each a link."""
    spots = _fitted(marks)
    most = max((mark.people for mark in marks), default=1)
    sizes = [max(_SMALLEST, _LARGEST * math.sqrt(mark.people / most)) for mark in marks]
    behind = Markup("").join(
        Markup('<a href="{}" tabindex="-1" aria-hidden="true">{}</a>').format(
            mark.href, _form(mark, spot, size)
        )
        for mark, spot, size in zip(marks, spots, sizes, strict=True)
    )
    taken: list[Box] = [
        (x - size, y - size, x + size, y + size)
        for (x, y), size in zip(spots[:_AVOIDED], sizes, strict=False)
    ]
    names = Markup("").join(
        _name(mark, spot, size, taken) for mark, spot, size in zip(marks[:named], spots, sizes, strict=False)
    )
    label = f"Map of {counted(len(marks), 'topic')}; the list beside it says the same"
    return Markup('<svg class="map" role="group" aria-label="{}" viewBox="0 0 {} {}">{}{}</svg>').format(
        label, WIDTH, HEIGHT, behind, names
    )


def form(kind: str) -> Markup:
    """Draw the form of a kind by itself, for a legend."""
    mark = Mark(0, 0, 1, kind, "", "", "")
    return Markup('<svg class="map form" aria-hidden="true" viewBox="-10 -10 20 20">{}</svg>').format(
        _form(mark, (0, 0), 7)
    )


def _fitted(marks: Sequence[Mark]) -> list[tuple[float, float]]:
    """Return places within the picture; the longer way goes across."""
    xs, ys = [mark.x for mark in marks], [mark.y for mark in marks]
    return list(zip(_stretched(xs, WIDTH), _stretched(ys, HEIGHT), strict=True))


def _stretched(values: Sequence[float], length: int) -> list[float]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    span = (high - low) or 1.0
    middle = 0.5 if high == low else 0.0
    return [EDGE + (length - 2 * EDGE) * ((value - low) / span + middle) for value in values]


def _form(mark: Mark, spot: tuple[float, float], size: float) -> Markup:
    sides = _SIDES.get(mark.kind, _SIDES["other"])
    name = mark.kind if mark.kind in _SIDES else "other"
    if sides == 0:
        return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>').format(name, *spot, size)
    turn = {"request": math.pi / 4, "praise": -math.pi / 2}.get(name, 0.0)
    radius = size * math.sqrt(2 * math.pi / (sides * math.sin(2 * math.pi / sides)))  # the circle's area
    corners = [
        (spot[0] + radius * math.cos(turn + n * 2 * math.pi / sides),
         spot[1] + radius * math.sin(turn + n * 2 * math.pi / sides))
        for n in range(sides)
    ]  # fmt: skip
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return Markup('<polygon class="{}" points="{}"/>').format(name, points)


def _name(mark: Mark, spot: tuple[float, float], size: float, taken: list[Box]) -> Markup:
    """Write a title where it covers the least, and remember its place."""
    title = " ".join(legible(mark.title).split())
    words = title if len(title) <= LETTERS else f"{title[: LETTERS - 1].rstrip()}…"
    width, spots = _LETTER * len(words), _beside(spot, size)
    boxes = [
        (left, y - _LINE * 0.8, left + width, y + _LINE * 0.2)
        for x, y, anchor in spots
        for left in [{"start": x, "middle": x - width / 2, "end": x - width}[anchor]]
    ]
    outside = [100 * _outside(box) + place for place, box in enumerate(boxes)]
    best = int(np.argmin(_covered(boxes, taken) + outside))
    x, y, anchor = spots[best]
    taken.append(boxes[best])
    label = f"{mark.id} {title}, {mark.kind}, {counted(mark.people, 'person', 'people')}"
    return Markup(
        '<a href="{}" aria-label="{}"><text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text></a>'
    ).format(mark.href, label, x, y, anchor, words)


def _beside(spot: tuple[float, float], size: float) -> list[tuple[float, float, str]]:
    x, y = spot
    near = [(x + size + 4, y + 4, "start"), (x - size - 4, y + 4, "end")]
    for away in range(4):
        near += [
            (x, y - size - 4 - away * _LINE, "middle"),
            (x, y + size + _LINE + away * _LINE, "middle"),
            (x + size, y - size / 2 - away * _LINE, "start"),
            (x + size, y + size / 2 + _LINE + away * _LINE, "start"),
        ]
    return near


def _covered(boxes: Sequence[Box], taken: Sequence[Box]) -> NDArray[np.float64]:
    """Return of each box how much of it is taken by others."""
    one, other = np.array(boxes)[:, None, :], np.array(taken)[None]
    shared = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    covered: NDArray[np.float64] = np.maximum(shared, 0.0).prod(axis=2).sum(axis=1)
    return covered


def _outside(box: Box) -> float:
    return max(-box[0], 0.0) + max(-box[1], 0.0) + max(box[2] - WIDTH, 0.0) + max(box[3] - HEIGHT, 0.0)
