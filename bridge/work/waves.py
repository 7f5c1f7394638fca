"""Waves: what is worked on together, how far it is, and which parts of its phase are still to be done.

The record is one row of the store and changes in writing transactions only, so all workers see the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Attempt, Item, Remembered, Run, Statement
from bridge.pipeline.context import SLICE, KeyRange
from bridge.store import growing, slices
from bridge.store.remembered import remember, remembered

PHASES = ("read", "people", "understand", "gather", "show", "finish")
"""The phases in their order."""
SLICED: Mapping[str, tuple[Literal["item", "statement"], tuple[int, int], tuple[str, str]]] = {
    "read": ("item", (slices.PULLED, slices.NORMALISED), ("normalise", "statements")),
    "understand": ("statement", (slices.NEW, slices.CLASSIFIED), ("classify", "embed")),
}
"""Phases whose parts are slices by key: of what, the stages that wait, and the steps."""
TOPICS = "show"
"""The phase whose parts are topics."""
WAVE = 10_000
"""Items that are worked on together at most, as in the daemon's own runs."""
REMEMBERED = 1000
"""Waves whose borders are kept."""
_NAME = "wave"


@dataclass(slots=True, kw_only=True)
class Wave:
    """One wave. `left` are the places in `parts` that are still to be done in the present phase.

    A part is a slice (its first key, excluded, and its last), a topic's number, or the whole wave (None).
    """

    number: int
    run: int
    at: str  # the bridge's clock for the whole wave, ISO
    after: str
    until: str
    newest: int  # the highest id of an item when it was opened
    phase: str = ""  # empty: it is over
    parts: list[Any] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    fault: str | None = None  # what went wrong last, none since something went well

    @property
    def keys(self) -> KeyRange:
        """The keys of the whole wave."""
        return KeyRange(self.after, self.until)

    @property
    def now(self) -> datetime:
        """The bridge's clock."""
        return datetime.fromisoformat(self.at)

    def part_keys(self, place: int) -> KeyRange:
        """Return the keys of a part; those of the wave unless it is a slice."""
        return KeyRange(*self.parts[place]) if self.phase in SLICED else self.keys

    def add(self, steps: Mapping[str, Mapping[str, Any]]) -> None:
        """Add counts and seconds to those of the steps."""
        for step, counts in steps.items():
            there = self.steps.setdefault(step, {})
            for name, value in counts.items():
                there[name] = round(there.get(name, 0) + value, 3)


def last(session: Session) -> Wave | None:
    """Return the newest wave, None if there was never one."""
    found = remembered(session, _NAME)
    return Wave(**json.loads(found)) if found else None


def is_open(wave: Wave | None, number: int, phase: str, place: int) -> bool:
    """Say whether a part is still to be done."""
    return wave is not None and (wave.number, wave.phase) == (number, phase) and place in wave.left


def begin(session: Session, now: datetime, most: int = WAVE) -> Wave | None:
    """Open a wave for the newest of what waits, and return it; None when one is open already."""
    before = last(session)
    if before is not None and before.phase:
        return None
    run = Run(started_at=now, as_of=now)
    session.add(run)
    session.flush()
    wave = Wave(
        number=before.number + 1 if before else 1,
        run=run.id or 0,
        at=now.isoformat(),
        after=slices.before_newest(session, most),
        until=_highest(session),
        newest=session.exec(select(func.max(Item.id))).one() or 0,
    )
    _enter(session, wave, 0)
    return wave


def cross_off(session: Session, number: int, phase: str, place: int, steps: Mapping[str, Any]) -> Wave | None:
    """Note that a part is done, and enter the next phase after the last part; None if it was done already."""
    wave = last(session)
    if wave is None or not is_open(wave, number, phase, place):
        return None
    wave.left.remove(place)
    wave.fault = None
    wave.add(steps)
    if wave.left:
        _keep(session, wave)
    else:
        _enter(session, wave, PHASES.index(phase) + 1)
    return wave


def note_looked_at(session: Session, number: int, looked_at: Mapping[int, int]) -> None:
    """Keep how often each topic had been touched when the wave first looked at them."""
    wave = last(session)
    if wave is not None and wave.number == number:
        wave.looked_at = {str(topic): touches for topic, touches in looked_at.items()}
        _keep(session, wave)


def note_fault(session: Session, number: int, fault: str) -> None:
    """Keep what went wrong with a part of a wave."""
    wave = last(session)
    if wave is not None and wave.number == number:
        wave.fault = fault
        _keep(session, wave)


def lane(number: int, phase: str, place: int) -> str:
    """Return the name that the tries of a part are kept under."""
    return f"{_lanes(number)}{phase} {place}"


def _lanes(number: int) -> str:
    return f"wave {number} "


def _enter(session: Session, wave: Wave, phase: int) -> None:
    """Enter the first phase from this one on that has parts; after the last the wave is over."""
    for name in PHASES[phase:]:
        wave.phase, wave.parts = name, _parts(session, wave, name)
        if wave.parts:
            wave.left = list(range(len(wave.parts)))
            _keep(session, wave)
            return
    _close(session, wave)


def _parts(session: Session, wave: Wave, phase: str) -> list[Any]:
    if phase == TOPICS:
        return [topic.number for topic in growing.due(session, wave.now)]
    if phase not in SLICED:
        return [None]
    of, stages, steps = SLICED[phase]
    keys = [slices.waiting_keys(session, of, stages[place:], wave.after, wave.until) for place in (0, 1)]
    first = len(keys[0]) - len(keys[1])
    wave.add({steps[0]: {f"{of}s": first}, steps[1]: {f"{of}s": len(keys[0])}})
    return cut(keys[0], wave.keys, SLICE)


def cut(keys: Sequence[str], within: KeyRange, size: int) -> list[tuple[str, str]]:
    """Return ranges, first key excluded, that hold `size` of these ascending keys each, the last fewer."""
    ends = [*keys[size - 1 : -1 : size], within.until] if keys else []
    return list(zip([within.after, *ends], ends, strict=False))


def _highest(session: Session) -> str:
    """Return a key that no item that waits, nor any of its statements, is beyond."""
    item = session.exec(
        select(func.max(Item.sort_key)).where(
            Item.workspace_id == WORKSPACE, col(Item.stage).in_(slices.ITEMS_WAIT)
        )
    ).one()
    said = session.exec(
        select(func.max(Statement.sort_key)).where(
            Statement.workspace_id == WORKSPACE, col(Statement.stage).in_(slices.STATEMENTS_WAIT)
        )
    ).one()
    return max(said or "", f"{item}|\U0010ffff" if item else "")


def _close(session: Session, wave: Wave) -> None:
    wave.phase, wave.parts, wave.left = "", [], []
    run = session.get(Run, wave.run)
    if run is not None:
        run.state, run.steps, run.ended_at = "ok", wave.steps, wave.now
    session.execute(
        delete(Attempt).where(
            col(Attempt.workspace_id) == WORKSPACE, col(Attempt.lane).startswith(_lanes(wave.number))
        )
    )
    _keep(session, wave)
    borders = {name: getattr(wave, name) for name in ("after", "until", "newest", "at")}
    remember(session, _border(wave.number), json.dumps(borders))
    old = session.get(Remembered, (WORKSPACE, _border(wave.number - REMEMBERED)))
    if old is not None:
        session.delete(old)


def _border(number: int) -> str:
    return f"wave {number}"


def _keep(session: Session, wave: Wave) -> None:
    remember(session, _NAME, json.dumps(asdict(wave)))
