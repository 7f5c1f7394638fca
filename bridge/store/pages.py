"""What pages ask of the store beside reports; each function is one query. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, null
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import (
    WORKSPACE,
    Assignment,
    BacklogIssue,
    Intent,
    Item,
    Person,
    RejectedInput,
    Run,
    SourceGap,
    SourceState,
    Statement,
    Ticket,
    Topic,
)
from bridge.store import key_quotes, slices
from bridge.store.counts import counted_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A statement with who said it, where, and why it stands where it does."""

    text: str
    item: str
    ordinal: int
    source: str
    url: str | None
    said_at: datetime
    display: str | None
    handle: str | None
    person_key: str | None
    account: str | None
    kind: str
    status: str
    score: float | None
    reason: str
    topic: int | None
    runner_up: int | None
    runner_up_score: float | None
    statement_id: int = 0
    item_id: int = 0
    text_hash: str = ""
    pinned: bool = False  # a person made it a key quote of its topic


_NONE, _LAST = null(), 2**31 - 1
RECENT = 2_000
"""Statements among which words are looked for first, the latest."""


def unsure_count(session: Session, as_of: datetime) -> int:
    """Return how many statements fitted no topic well enough up to a time."""
    return session.exec(
        select(func.count()).where(
            Assignment.workspace_id == WORKSPACE,
            Assignment.status == "unsure",
            col(Assignment.said_at) <= as_of,
        )
    ).one()


def stuck(session: Session) -> int:
    """Return how many effects in the tracker only a person can end."""
    return session.exec(
        select(func.count()).where(
            Intent.workspace_id == WORKSPACE, col(Intent.state).in_(("refused", "needs a person"))
        )
    ).one()


def latest_run(session: Session) -> Run | None:
    """Return the latest run."""
    return session.exec(
        select(Run).where(Run.workspace_id == WORKSPACE).order_by(col(Run.id).desc()).limit(1)
    ).first()


def source_states(session: Session) -> dict[str, SourceState]:
    """Return how each source stands, by its name."""
    found = session.exec(select(SourceState).where(SourceState.workspace_id == WORKSPACE))
    return {state.name: state for state in found}


def gaps(session: Session, since: datetime) -> list[SourceGap]:
    """Return the times for which a source could not give what was said, those that ended after a time."""
    ended = func.coalesce(SourceGap.until, SourceGap.seen_at)
    return list(
        session.exec(
            select(SourceGap)
            .where(SourceGap.workspace_id == WORKSPACE, ended >= since)
            .order_by(col(SourceGap.id))
        )
    )


def rejected(session: Session) -> dict[str, int]:
    """Return how much input of each source couldn't be taken."""
    return dict(
        session.exec(
            select(RejectedInput.source, func.count())
            .where(RejectedInput.workspace_id == WORKSPACE)
            .group_by(RejectedInput.source)
        ).all()
    )


def said_of(session: Session, number: int, as_of: datetime, *, skip: int, limit: int) -> list[Said]:
    """Return the statements that a topic's counts count: key quotes first, then those that fit best."""
    turn = key_quotes.turn_in(number)
    order = (
        func.coalesce(turn, _LAST),
        func.coalesce(Assignment.score, 0.0).desc(),
        col(Assignment.said_at).desc(),
    )
    chosen = (  # of thousands that are put in order only the few on the page are read whole
        sa_select(col(Assignment.statement_id))
        .join(Statement, col(Statement.id) == col(Assignment.statement_id))
        .where(
            col(Assignment.workspace_id) == WORKSPACE,
            *counted_of([number]),
            col(Assignment.said_at) <= as_of,
        )
        .order_by(*order, col(Statement.sort_key))
        .offset(skip)
        .limit(limit)
        .subquery()
    )
    conditions = _with_keys(sa_select(chosen.c.statement_id))
    return _said(session, conditions, order, 0, limit, turn)


def unsure(session: Session, as_of: datetime, *, skip: int, limit: int) -> list[Said]:
    """Return the statements that fitted no topic well enough, the latest first."""
    conditions = [
        col(Assignment.workspace_id) == WORKSPACE,
        col(Assignment.status) == "unsure",
        col(Assignment.said_at) <= as_of,
    ]
    return _said(session, conditions, (col(Assignment.said_at).desc(),), skip, limit)


def holding(session: Session, words: str, as_of: datetime, *, limit: int) -> list[Said]:
    """Return the latest statements whose text holds all these words; without words simply the latest.

    What many say is found among the latest by the index. What few say, or nobody, would be looked for all
    along it, row by row in its order; then it is faster to read the table as it lies.
    """
    matching = [_holds(session, word) for word in words.split()]
    found = session.exec(_latest(matching, limit, among=RECENT if matching else None)).all()
    if matching and len(found) < limit:
        found = session.exec(_anywhere(matching, limit)).all()
    if not found:
        return []
    chosen = [*_with_keys(found), col(Assignment.said_at) <= as_of]
    return _said(session, chosen, (col(Assignment.said_at).desc(),), 0, limit)


def _holds(session: Session, word: str) -> Any:
    """Return that a text holds a word, in capitals or not; SQLite's LIKE minds no case as it is."""
    text = col(Statement.text)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return text.contains(word, autoescape=True) if is_sqlite else text.icontains(word, autoescape=True)


def _latest(matching: list[Any], limit: int, *, among: int | None) -> Any:
    """Return the query for the latest that match, of the `among` latest of all."""
    own = (Statement.workspace_id == WORKSPACE, Statement.stage == slices.ASSIGNED)
    order = col(Statement.sort_key).desc()
    asked = select(Statement.id).where(*own, *matching).order_by(order).limit(limit)
    if among is None:
        return asked
    oldest = select(Statement.sort_key).where(*own).order_by(order).offset(among).limit(1).scalar_subquery()
    return asked.where(col(Statement.sort_key) > func.coalesce(oldest, ""))


def _anywhere(matching: list[Any], limit: int) -> Any:
    """Return the query for the latest that match, by reading the whole table: sums keep the index out."""
    own = (col(Statement.workspace_id) + 0 == WORKSPACE, col(Statement.stage) + 0 == slices.ASSIGNED)
    return select(Statement.id).where(*own, *matching).order_by(col(Statement.sort_key).desc()).limit(limit)


def these(session: Session, keys: list[int], as_of: datetime) -> list[Said]:
    """Return these statements, as far as they were said up to a time, in no order."""
    chosen = [*_with_keys(keys), col(Assignment.said_at) <= as_of]
    return _said(session, chosen, (), 0, len(keys))


def _with_keys(keys: Any) -> list[Any]:
    """Return what chooses statements by their keys; a sum keeps out the index of all of a workspace."""
    return [col(Assignment.workspace_id) + 0 == WORKSPACE, col(Statement.id).in_(keys)]


def _said(
    session: Session,
    conditions: list[Any],
    order: tuple[Any, ...],
    skip: int,
    limit: int,
    turn: Any = _NONE,
) -> list[Said]:
    rows = session.connection().execute(
        sa_select(*_SAID, turn)
        .select_from(Statement)
        .join(Assignment, col(Assignment.statement_id) == col(Statement.id))
        .join(Item, col(Item.id) == col(Statement.item_id))
        .outerjoin(
            Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE)
        )
        .outerjoin(
            _SECOND,
            (_SECOND.c.number == col(Assignment.runner_up)) & (_SECOND.c.workspace_id == WORKSPACE),
        )
        .outerjoin(
            Person, (col(Person.key) == col(Item.person_key)) & (col(Person.workspace_id) == WORKSPACE)
        )
        .where(*conditions)
        .order_by(*order, col(Statement.sort_key))
        .offset(skip)
        .limit(limit)
    )
    return [Said(**dict(zip(_FIELDS, row, strict=False)), pinned=row[-1] is not None) for row in rows]


_SECOND = Topic.__table__.alias("second")  # type: ignore[attr-defined]
_SAID: Final[tuple[Any, ...]] = (
    *(Statement.text, Item.external_id, Statement.ordinal, Item.source, Item.url, Item.said_at),
    *(Person.display, Person.handle, Item.person_key, Person.account),
    *(Assignment.kind, Assignment.status, Assignment.score, Assignment.reason),
    *(Topic.root, _SECOND.c.root, Assignment.runner_up_score),
    *(Statement.id, Statement.item_id, Statement.text_hash),
)
"""What is read of a statement, in the order of the fields of `Said`; plain columns, for there are many."""

_FIELDS: Final = tuple(field.name for field in fields(Said))[: len(_SAID)]


def issues(session: Session, *, skip: int, limit: int) -> list[BacklogIssue]:
    """Return the issues of the embedded backlog, open ones first, then the latest."""
    return list(
        session.exec(
            select(BacklogIssue)
            .where(BacklogIssue.workspace_id == WORKSPACE)
            .order_by(col(BacklogIssue.state).desc(), col(BacklogIssue.id).desc())
            .offset(skip)
            .limit(limit)
        )
    )


def issue_count(session: Session) -> int:
    """Return how many issues the embedded backlog has."""
    return session.exec(
        select(func.count()).select_from(BacklogIssue).where(BacklogIssue.workspace_id == WORKSPACE)
    ).one()


def issue(session: Session, key: str) -> BacklogIssue | None:
    """Return an issue of the embedded backlog by its key."""
    return session.exec(
        select(BacklogIssue).where(BacklogIssue.workspace_id == WORKSPACE, BacklogIssue.key == key)
    ).first()


def topics_of_keys(session: Session) -> dict[str, int]:
    """Return the topic (by root) of each ticket that is in a tracker, by the ticket's key."""
    rows = session.exec(
        select(Ticket.key, Topic.root).where(
            Ticket.workspace_id == WORKSPACE,
            Topic.workspace_id == WORKSPACE,
            Topic.number == Ticket.topic,
            col(Ticket.key).is_not(None),
        )
    )
    return {key: root for key, root in rows if key is not None}


def titles(session: Session, numbers: list[int]) -> dict[int, str]:
    """Return the titles of topics by their numbers."""
    return dict(
        session.exec(
            select(Topic.number, Topic.title).where(
                Topic.workspace_id == WORKSPACE, col(Topic.number).in_(numbers)
            )
        ).all()
    )
