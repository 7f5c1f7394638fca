"""Which statements a person means, and what they may not be put into."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, select

from bridge.errors import InputError
from bridge.models import WORKSPACE, Assignment, Barred, Item, Statement, Topic
from bridge.store import counts as counting
from bridge.store import decided

_HERE = ("published", "repost")
_DIGITS = 9  # of a statement's number in its item


def of_item(session: Session, source: str, external_id: str) -> list[Assignment]:
    """Return the places of all statements of an item, in their order."""
    return _places(session, external_id, Item.source == source)


def named(
    session: Session, number: int, names: Sequence[str], *, suggested: bool = False
) -> list[Assignment]:
    """Return the places of the statements that are named and are in a topic; raises `InputError`.

    A name is `SOURCE:ID`, or `ID` where one source alone knows it, with `#n` for the n-th statement alone.
    `suggested` takes unsure statements in too that have the topic as their nearest.
    """
    roots = decided.roots(session)
    found: dict[int, Assignment] = {}
    for name in names:
        rows = [row for row in meant(session, name) if _is_in(row, number, roots, suggested=suggested)]
        if not rows:
            raise InputError(f"{name!r} has no statement in T-{number}; see: feedback-bridge items show ID")
        found |= {row.statement_id: row for row in rows}
    if not found:
        raise InputError(f"name the items of T-{number} that you mean, such as reviews:r-17")
    return list(found.values())


def _is_in(row: Assignment, number: int, roots: dict[int, int], *, suggested: bool) -> bool:
    if row.status in _HERE:
        return roots.get(row.topic or 0) == number
    return suggested and row.status == "unsure" and roots.get(row.runner_up or 0) == number


def meant(session: Session, name: str) -> list[Assignment]:
    """Return the places of the statements of a name, which may hold a colon or a number sign in its id.

    None where there are none; raises `InputError` where several sources know it.
    """
    item, sign, ordinal = name.strip().rpartition("#")
    rows = _item(session, name.strip())
    if not rows and sign and ordinal.isdecimal() and len(ordinal) <= _DIGITS:
        return _item(session, item, int(ordinal))
    return rows


def _item(session: Session, name: str, ordinal: int | None = None) -> list[Assignment]:
    source, colon, rest = name.partition(":")
    nth = [col(Statement.ordinal) == ordinal] if ordinal is not None else []
    if colon and (rows := _places(session, rest, Item.source == source, *nth)):
        return rows
    known = select(Item.source).where(_is_item(session, name))
    sources = sorted(set(session.exec(known)))
    if len(sources) > 1:
        raise InputError(f"{name!r} is in several sources; write {sources[0]}:{name} or {sources[1]}:{name}")
    return _places(session, name, *nth)


def _places(session: Session, external_id: str, *where: ColumnElement[bool] | bool) -> list[Assignment]:
    return list(
        session.exec(
            select(Assignment)
            .join(Statement, col(Statement.id) == col(Assignment.statement_id))
            .join(Item, col(Item.id) == col(Statement.item_id))
            .where(_is_item(session, external_id), *where)
            .order_by(col(Statement.ordinal))
        )
    )


def _is_item(session: Session, external_id: str) -> ColumnElement[bool]:
    """Return that an item bears an id; all sources are named, for the index has them before the id."""
    return and_(
        col(Item.workspace_id) == WORKSPACE,
        col(Item.source).in_(counting.sources_of(session, Item)),
        col(Item.external_id) == external_id,
    )


def members(session: Session, number: int) -> list[Assignment]:
    """Return the places of a topic's published statements."""
    family = select(Topic.number).where(Topic.workspace_id == WORKSPACE, Topic.root == number)
    return list(
        session.exec(
            select(Assignment)
            .where(
                Assignment.workspace_id == WORKSPACE,
                Assignment.status == "published",
                col(Assignment.topic).in_(family),
            )
            .order_by(col(Assignment.statement_id))
        )
    )


def strangers(session: Session, number: int, into: int) -> list[Assignment]:
    """Return the places of statements that a merge would put where a person said they are not of.

    What a person put where it is stays.
    """
    barred = decided.barred(session)
    both = [*members(session, number), *members(session, into)] if barred else []
    return [
        row for row in both if not row.pinned and {(row.statement_id, n) for n in (number, into)} & barred
    ]


def bars_of(session: Session, rows: Sequence[Assignment], number: int | None) -> list[tuple[int, int]]:
    """Return the stored bars that keep these statements out of a topic."""
    family = select(Topic.number).where(Topic.workspace_id == WORKSPACE, Topic.root == (number or 0))
    found = session.exec(
        select(Barred.statement_id, Barred.topic).where(
            Barred.workspace_id == WORKSPACE,
            col(Barred.statement_id).in_([row.statement_id for row in rows]),
            col(Barred.topic).in_(family),
        )
    )
    return sorted((key, topic) for key, topic in found)


def inherited_bars(session: Session, number: int, made: int) -> list[tuple[int, int]]:
    """Return the bars of a topic as those of one that is split from it."""
    return sorted((key, made) for key, topic in decided.barred(session) if topic == number)
