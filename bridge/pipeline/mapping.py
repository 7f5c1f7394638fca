"""Where topics lie on the map: new ones are placed beside what they are like, and nothing else moves.

All are laid out afresh only when fewer than half were laid out together before, or when vectors come from
another model; the whole map then lies on the old one as well as it can.
"""

from __future__ import annotations

from bridge.report import Map
from bridge.store import mapped
from bridge.store.database import Database
from topics.layout import afresh, beside


def draw(database: Database) -> dict[str, int]:
    """Give a place to each topic that has a centre and none yet; return how many were placed, and how."""
    with database.reading() as session:
        shown, known = Map.of(session).models, mapped.places(session)
    if not shown:
        return {}
    numbers, centres = max(shown, key=lambda model: len(model[0]))  # of a new model when most are of it
    here = {number: known[number].at for number in numbers if number in known}
    together = sum(known[number].together for number in here)
    if 2 * together < len(numbers):
        found, name = afresh(centres, numbers, here), "mapped_afresh"
    elif len(here) < len(numbers):
        found, name = beside(centres, numbers, here), "mapped"
    else:
        return {}
    with database.writing() as session:
        mapped.keep(session, found, together=name == "mapped_afresh")
    return {name: len(found)}
