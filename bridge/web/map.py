"""The map of topics: what is alike lies near, drawn as our own SVG with a list of the same beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from markupsafe import Markup

from bridge.store import mapped
from bridge.store.views import Shelved
from bridge.web.access import needs
from bridge.web.desk import Desk, Look
from bridge.web.drawing import Mark, drawn
from bridge.web.twins import csv_answer, csv_text, json_answer
from topics.layout import next_to

MOST: Final = 500
"""Topics that the page draws and lists; the twins give all."""

NAMED: Final = 40
"""Topics whose titles stand on the map."""

NEAR: Final = 3
COLUMNS = ("topic", "title", "kind", "people", "x", "y", "near")


@dataclass(frozen=True, slots=True)
class Spot:
    """A topic on the map; `near` are the topics next to it."""

    id: str
    title: str
    kind: str
    people: int
    x: float
    y: float
    near: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the row of `/map.json`."""
        told = {name: getattr(self, name) for name in COLUMNS[1:-1]}
        return {"topic": self.id, **told, "near": list(self.near)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPage:
    """The map and its list."""

    template: ClassVar[str] = "map.html"
    title: str = "Map"
    chart: Markup
    spots: list[Spot]
    named: int
    kinds: list[str]
    total: int  # topics that have a place
    waiting: int  # topics that have none yet


def add_map(app: FastAPI, desk: Desk) -> None:
    """Add the page and its twins."""
    pages = _Maps(desk)
    for path, show in (("/map", pages.page), ("/map.json", pages.json), ("/map.csv", pages.csv)):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Maps:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show the map."""
        return self._desk.page(request, _page, "/map")

    @needs("read")
    def json(self) -> Response:
        """Give every topic with its place, that of the most people first."""
        return json_answer([spot.as_json() for spot in self._spots()])

    @needs("read")
    def csv(self) -> Response:
        """Give the places as a file."""
        rows = [{**spot.as_json(), "near": " ".join(spot.near)} for spot in self._spots()]
        return csv_answer(csv_text(COLUMNS, rows), "map")

    def _spots(self) -> list[Spot]:
        with self._desk.database.reading() as session:
            look = self._desk.look(session)
            return _spots(*_placed(look))


def _page(look: Look) -> MapPage:
    """Return the page; drawn once for a state of the store."""
    kept = look.shelf.kept.get("map page")
    if not isinstance(kept, MapPage):
        kept = look.shelf.kept["map page"] = _made(look)
    return kept


def _made(look: Look) -> MapPage:
    topics, places = _placed(look)
    spots = _spots(topics[:MOST], places)
    marks = [
        Mark(spot.x, spot.y, spot.people, spot.kind, f"/topics/{spot.id}", spot.id, spot.title)
        for spot in spots
    ]
    return MapPage(
        chart=drawn(marks, NAMED),
        spots=spots,
        named=min(NAMED, len(spots)),
        kinds=sorted({spot.kind for spot in spots}),
        total=len(topics),
        waiting=len(look.shelf.topics) - len(topics),
    )


def _placed(look: Look) -> tuple[list[Shelved], Mapping[int, tuple[float, float]]]:
    """Return the topics that have a place, those of the most people first, and the places."""
    places = {number: place.at for number, place in mapped.places(look.session).items()}
    return [topic for topic in look.shelf.topics if topic.number in places], places


def _spots(topics: Sequence[Shelved], places: Mapping[int, tuple[float, float]]) -> list[Spot]:
    near = next_to([places[topic.number] for topic in topics], NEAR)
    return [
        Spot(
            f"T-{topic.number}",
            topic.title or "(no title yet)",
            topic.kind,
            topic.figures.reach,
            *places[topic.number],
            tuple(f"T-{topics[row].number}" for row in rows),
        )
        for topic, rows in zip(topics, near, strict=True)
    ]
