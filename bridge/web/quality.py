"""How good the machine's work is, by what people decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.grades import ENOUGH, Grade, Measure, grades
from bridge.web.access import needs
from bridge.web.desk import Desk
from bridge.web.kept import Kept
from bridge.web.twins import csv_answer, csv_text, json_answer

COLUMNS = ("measure", "by", "group", "part", "of", "rate")
_HEADINGS: tuple[tuple[Measure, str, str], ...] = (
    ("accepted", "Proposals accepted", "topics approved, of those approved, rejected or ignored"),
    ("edited", "Drafts edited", "approved topics whose title or text a person changed"),
    ("wrong", "Wrong assignments", "statements taken out of their topic, of all that were put into one"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """A share as a page shows it."""

    group: str
    by: str
    told: str
    rate: str


@dataclass(frozen=True, slots=True)
class Part:
    """One measure: all over, and by source and language."""

    heading: str
    means: str
    whole: Share
    groups: list[Share]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """All measures."""

    template: ClassVar[str] = "quality.html"
    title: str = "Quality"
    parts: list[Part]
    enough: int = ENOUGH


def add_quality(app: FastAPI, desk: Desk) -> None:
    """Add the page and its twins."""
    quality = _Quality(desk)
    for path, show in (
        ("/quality", quality.page),
        ("/quality.json", quality.json),
        ("/quality.csv", quality.csv),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Quality:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: Kept[list[Grade]] = Kept(desk.database)

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show the measures."""
        found = self._grades()
        return self._desk.page(request, lambda _: Quality(parts=_parts(found)), "/quality")

    @needs("read")
    def json(self) -> Response:
        """Give the measures."""
        return json_answer(self._rows())

    @needs("read")
    def csv(self) -> Response:
        """Give the measures as a file."""
        return csv_answer(csv_text(COLUMNS, self._rows()), "quality")

    def _rows(self) -> list[dict[str, Any]]:
        return [grade.as_json() for grade in self._grades()]

    def _grades(self) -> list[Grade]:
        now = self._desk.clock()

        def make() -> list[Grade]:
            with self._desk.database.reading() as session:
                return grades(session, now)

        return self._kept.get("grades", now, make)


def _parts(found: Sequence[Grade]) -> list[Part]:
    parts = []
    for measure, heading, means in _HEADINGS:
        mine = [grade for grade in found if grade.measure == measure]
        whole = next(grade for grade in mine if grade.by == "all")
        groups = [_share(grade) for grade in mine if grade.by != "all" and whole.part]
        parts.append(Part(heading, means, _share(whole), groups))
    return parts


def _share(grade: Grade) -> Share:
    rate = "" if grade.rate is None else f"{grade.rate:.1%}"
    return Share(grade.group, grade.by, f"{grade.part:,} of {grade.of:,}", rate)
