"""Where topics lie on the map, by number; whoever asks leaves out those that are no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, MapPlace
from bridge.store import slices


@dataclass(frozen=True, slots=True)
class Placed:
    """A topic's place, and whether it was laid out together with most others."""

    at: tuple[float, float]
    together: bool


def places(session: Session) -> dict[int, Placed]:
    """Return the places of all topics that ever got one."""
    rows = session.exec(
        select(MapPlace.topic, MapPlace.x, MapPlace.y, MapPlace.together).where(
            MapPlace.workspace_id == WORKSPACE
        )
    )
    return {topic: Placed((x, y), together) for topic, x, y, together in rows}


def keep(session: Session, found: Mapping[int, tuple[float, float]], *, together: bool) -> None:
    """Store places, instead of those that these topics had."""
    session.execute(
        delete(MapPlace).where(col(MapPlace.workspace_id) == WORKSPACE, col(MapPlace.topic).in_(list(found)))
    )
    rows = [
        {"workspace_id": WORKSPACE, "topic": topic, "x": x, "y": y, "together": together}
        for topic, (x, y) in sorted(found.items())
    ]
    slices.add(session, MapPlace, rows)
