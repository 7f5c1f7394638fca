"""Items and assignments in the shapes that scripts read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Item, Person, SourceState, Statement, Topic
from bridge.times import stamp

if TYPE_CHECKING:
    from bridge.config.model import Settings

_WAITING = "not placed yet: run feedback-bridge run"


def _rows(session: Session, conditions: Sequence[Any]) -> Any:
    second = Topic.__table__.alias("second")  # type: ignore[attr-defined]
    return session.execute(
        sa_select(
            col(Item.external_id),
            col(Item.source),
            Statement,
            col(Person.role),
            Assignment,
            col(Topic.root),
            second.c.root,
        )
        .join(Item, col(Item.id) == col(Statement.item_id))
        .outerjoin(Assignment, col(Assignment.statement_id) == col(Statement.id))
        .outerjoin(
            Person, (col(Person.key) == col(Item.person_key)) & (col(Person.workspace_id) == WORKSPACE)
        )
        .outerjoin(
            Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE)
        )
        .outerjoin(second, second.c.number == col(Assignment.runner_up))
        .where(col(Statement.workspace_id) == WORKSPACE, *conditions)
        .order_by(col(Statement.sort_key))
        .execution_options(yield_per=2000)
    )


def assignment_rows(session: Session) -> Iterator[dict[str, Any]]:
    """Yield a row for every statement, in the one order of all items."""
    for external_id, source, statement, role, assignment, root, second in _rows(session, ()):
        yield {
            "item": external_id,
            "source": source,
            "statement": statement.ordinal,
            "text": statement.text,
            "kind": statement.kind,
            "kind_score": statement.kind_score,
            "role": role or "customer",
            "topic": _name(root),
            "score": assignment.score if assignment else None,
            "runner_up": _name(second) if second != root else None,
            "reason": assignment.reason if assignment else _WAITING,
        }


def _name(number: int | None) -> str | None:
    return f"T-{number}" if number else None


def items_with(session: Session, words: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest items whose text holds all these words."""
    conditions = [col(Item.text).icontains(word, autoescape=True) for word in words.split()]
    rows = session.exec(
        select(Item, Person)
        .outerjoin(
            Person, (col(Person.key) == col(Item.person_key)) & (col(Person.workspace_id) == WORKSPACE)
        )
        .where(Item.workspace_id == WORKSPACE, col(Item.removed_at).is_(None), *conditions)
        .order_by(col(Item.sort_key).desc())
        .limit(limit)
    )
    return [_item(item, person) for item, person in rows]


def _item(item: Item, person: Person | None) -> dict[str, Any]:
    return {
        "item": item.external_id,
        "source": item.source,
        "at": stamp(item.said_at),
        "author": (person.display or person.handle) if person else None,
        "role": person.role if person else "customer",
        "lang": item.lang,
        "url": item.url,
        "text": item.text,
    }


def item_detail(session: Session, external_id: str, source: str | None) -> list[dict[str, Any]]:
    """Return the items with an id, with their statements and what became of each."""
    query = select(Item, Person).outerjoin(
        Person, (col(Person.key) == col(Item.person_key)) & (col(Person.workspace_id) == WORKSPACE)
    )
    query = query.where(Item.workspace_id == WORKSPACE, Item.external_id == external_id)
    if source is not None:
        query = query.where(Item.source == source)
    return [
        {**_item(item, person), "statements": _parts(session, item)} for item, person in session.exec(query)
    ]


def _parts(session: Session, item: Item) -> list[dict[str, Any]]:
    rows = _rows(session, [col(Statement.item_id) == item.id])
    return [
        {
            "statement": statement.ordinal,
            "text": statement.text,
            "kind": statement.kind,
            "kind_scores": statement.kind_scores,
            "topic": _name(root),
            "score": assignment.score if assignment else None,
            "runner_up": _name(second) if second != root else None,
            "reason": assignment.reason if assignment else _WAITING,
        }
        for _, _, statement, _, assignment, root, second in rows
    ]


def source_rows(session: Session, settings: Settings) -> list[dict[str, Any]]:
    """Return the sources of the settings and those that were only imported, with their health."""
    states = {
        s.name: s for s in session.exec(select(SourceState).where(SourceState.workspace_id == WORKSPACE))
    }
    counts = dict(
        session.exec(
            select(Item.source, func.count())
            .where(Item.workspace_id == WORKSPACE, col(Item.removed_at).is_(None))
            .group_by(Item.source)
        ).all()
    )
    paused = {s.name for s in settings.sources if s.paused}
    connectors = {s.name: s.connector for s in settings.sources} | {
        name: state.connector for name, state in states.items()
    }
    return [
        {
            "source": name,
            "connector": connectors[name],
            "state": "paused" if name in paused else states[name].state if name in states else "new",
            "items": counts.get(name, 0),
            "last_ok": stamp(at) if (at := getattr(states.get(name), "last_ok_at", None)) else None,
            "error": getattr(states.get(name), "last_error", None),
        }
        for name in sorted(connectors)
    ]
