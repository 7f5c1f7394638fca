"""What the inbox asks of the store: questions of the last run that are still open, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, delete
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from bridge.models import WORKSPACE, Decision, Question, Topic
from bridge.store import decided, slices
from bridge.store.decided import MACHINE


def keep_questions(session: Session, found: Sequence[Mapping[str, Any]]) -> int:
    """Keep the merges that `topics proposals --json` asks about, in the place of those before; count them."""
    session.execute(delete(Question).where(col(Question.workspace_id) == WORKSPACE))
    rows = [
        {
            "workspace_id": WORKSPACE,
            "about": "merge",
            "topic": number(shape["topics"][0]),
            "other": number(shape["topics"][1]),
            "score": shape["score"],
            "shape": shape,
        }
        for shape in found
    ]
    slices.add(session, Question, rows)
    return len(rows)


def number(name: str) -> int:
    """Return a topic's number by its name."""
    return int(name.removeprefix("T-"))


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether two topics are one."""

    topic: int
    other: int
    score: float
    why: str
    quotes: list[str]


def questions(session: Session, now: datetime) -> list[Asked]:  # noqa: ARG001 - questions are of the last run
    """Return the questions of the last run that are still open, the likeliest first."""
    rows = session.execute(_open()).all()
    if not rows:
        return []
    apart = decided.apart(session)
    return [
        Asked(topic, second, score, shape["why"], list(shape["quotes"]))
        for topic, second, score, shape in rows
        if (min(topic, second), max(topic, second)) not in apart
    ]


@cache  # to put it together takes longer than to ask it
def _open() -> Select[Any]:
    one, other = aliased(Topic), aliased(Topic)
    return (
        sa_select(col(Question.topic), col(Question.other), col(Question.score), col(Question.shape))
        .join(one, (col(one.number) == col(Question.topic)) & (col(one.workspace_id) == WORKSPACE))
        .join(other, (col(other.number) == col(Question.other)) & (col(other.workspace_id) == WORKSPACE))
        .where(
            col(Question.workspace_id) == WORKSPACE,
            col(one.root) == col(one.number),
            col(other.root) == col(other.number),
            col(one.state) != "ignored",
            col(other.state) != "ignored",
        )
        .order_by(col(Question.score).desc(), col(Question.id))
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided."""

    at: datetime
    who: str
    verb: str
    topic: int
    other: int | None
    title: str
    reason: str
    undone: bool
    decision: int
    before: Mapping[str, Any]


def decided_since(session: Session, since: datetime) -> list[Decided]:
    """Return what people decided after a time, the latest first; taken back or not."""
    rows = session.execute(
        sa_select(Decision, col(Topic.title))
        .outerjoin(Topic, (col(Topic.number) == col(Decision.topic)) & (col(Topic.workspace_id) == WORKSPACE))
        .where(
            col(Decision.workspace_id) == WORKSPACE,
            col(Decision.at) > since,
            col(Decision.who) != MACHINE,
            col(Decision.topic) > 0,
        )
        .order_by(col(Decision.id).desc())
    )
    return [
        Decided(
            made.at,
            made.who,
            made.verb,
            made.topic,
            made.other,
            title or "",
            str((made.after or {}).get("reason", "")),
            made.undone_at is not None,
            made.id or 0,
            made.before or {},
        )
        for made, title in rows
    ]
