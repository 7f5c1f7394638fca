"""The machine graded by what people decided: proposals taken, drafts edited, statements put elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal

from sqlalchemy import func
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Decision, Item, Statement
from bridge.store import counts as counting

ENOUGH: Final = 20
"""Decisions or statements from which a share is told as a rate."""

_VERDICTS = ("approve", "reject", "ignore")
_EDITS = ("edit", "rename")
_CORRECTIONS = ("remove", "move")
_AT_ONCE = 5000  # statements that one query names

Measure = Literal["accepted", "edited", "wrong"]
Place = tuple[str, str]  # source and language


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """One share: `part` of `of`, all over or in one source or language."""

    measure: Measure
    by: Literal["all", "source", "language"]
    group: str = ""
    part: int
    of: int

    @property
    def rate(self) -> float | None:
        """The share, None as long as too little is known; that nothing was corrected tells nothing."""
        is_told = self.of >= ENOUGH and (self.part > 0 or self.measure != "wrong")
        return self.part / self.of if is_told else None

    def as_json(self) -> dict[str, Any]:
        """Return the shape that programs get."""
        rate = None if self.rate is None else round(self.rate, 4)
        row = {"measure": self.measure, "by": self.by, "group": self.group}
        return {**row, "part": self.part, "of": self.of, "rate": rate}


def grades(session: Session, now: datetime) -> list[Grade]:
    """Return all grades, up to a time. What was undone doesn't count, nor what a recluster did.

    accepted: topics approved, of those approved, rejected or ignored; the latest word on each counts.
    edited: topics whose title or text a person changed, of those approved.
    wrong: statements that a person took out of their topic, of all that the machine put into one. People look
    at few of them, so this is the least that is wrong.
    """
    decided = session.exec(
        select(Decision.verb, Decision.topic, Decision.before)
        .where(
            Decision.workspace_id == WORKSPACE,
            col(Decision.verb).in_((*_VERDICTS, *_EDITS, *_CORRECTIONS)),
            col(Decision.undone_at).is_(None),
            col(Decision.together).is_(None),
            col(Decision.at) <= now,
        )
        .order_by(col(Decision.id))
    ).all()
    verdicts = {topic: verb for verb, topic, _ in decided if verb in _VERDICTS}
    edited = {topic for verb, topic, _ in decided if verb in _EDITS}
    taken_out = {
        int(key)
        for verb, _, before in decided
        if verb in _CORRECTIONS
        for key, was in before.get("assignment", {}).items()
        if was.get("status") == "published" and not was.get("pinned")
    }
    return [*_of_topics(session, now, verdicts, edited), *_of_statements(session, now, taken_out)]


def _of_topics(
    session: Session, now: datetime, verdicts: Mapping[int, str], edited: set[int]
) -> Iterator[Grade]:
    accepted = {topic for topic, verb in verdicts.items() if verb == "approve"}
    yield Grade(measure="accepted", by="all", part=len(accepted), of=len(verdicts))
    yield Grade(measure="edited", by="all", part=len(accepted & edited), of=len(accepted))
    if not verdicts:
        return
    sources = counting.topic_sources(session, now, [*verdicts])
    languages = counting.topic_languages(session, now, [*verdicts])
    for by, heard in (("source", sources), ("language", languages)):
        whole = Counter(group for topic in verdicts for group in heard.get(topic, {}))
        part = Counter(group for topic in accepted for group in heard.get(topic, {}))
        yield from _grouped("accepted", by, part, whole)


def _of_statements(session: Session, now: datetime, taken_out: set[int]) -> Iterator[Grade]:
    wrong = _places_of(session, taken_out)
    placed = _placed(session, now) + _places_of(session, taken_out, elsewhere=True)
    yield Grade(measure="wrong", by="all", part=wrong.total(), of=placed.total())
    for place, by in enumerate(("source", "language")):
        part, whole = _along(wrong, place), _along(placed, place)
        yield from _grouped("wrong", by, part, whole)


def _grouped(measure: Measure, by: Any, part: Mapping[str, int], whole: Mapping[str, int]) -> Iterator[Grade]:
    for group in sorted(whole, key=lambda group: (-whole[group], group)):
        yield Grade(measure=measure, by=by, group=group, part=part.get(group, 0), of=whole[group])


def _along(found: Mapping[Place, int], place: int) -> Counter[str]:
    summed: Counter[str] = Counter()
    for group, number in found.items():
        summed[group[place]] += number
    return summed


def _placed(session: Session, now: datetime) -> Counter[Place]:
    """Count the statements that stand where the machine put them, by source and language."""
    return _counted(
        session,
        [
            Assignment.status == "published",
            col(Assignment.pinned).is_(False),
            col(Assignment.said_at) <= now,
        ],
    )


def _places_of(session: Session, statements: Iterable[int], *, elsewhere: bool = False) -> Counter[Place]:
    """Count statements; with `elsewhere` those alone that the machine has not put into a topic again."""
    rest, found = iter(sorted(statements)), Counter[Place]()
    not_again = (col(Assignment.status) != "published") | col(Assignment.pinned).is_(True)
    while some := list(islice(rest, _AT_ONCE)):
        named = col(Assignment.statement_id).in_(some)
        found += _counted(session, [named, not_again] if elsewhere else [named])
    return found


def _counted(session: Session, conditions: Sequence[Any]) -> Counter[Place]:
    rows = session.exec(
        select(Assignment.source, Item.lang, func.count())
        .where(
            Assignment.workspace_id == WORKSPACE,
            Statement.id == Assignment.statement_id,
            Item.id == Statement.item_id,
            *conditions,
        )
        .group_by(col(Assignment.source), col(Item.lang))
    )
    found: Counter[Place] = Counter()
    for source, language, number in rows:
        found[source, language or "unknown"] += number
    return found
