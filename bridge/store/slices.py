"""Which items and statements a step has still to do, and what it writes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Integer, Table, bindparam, case, exists, func, insert, inspect, update
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bridge.models import (
    WORKSPACE,
    Assignment,
    Item,
    ItemRevision,
    Person,
    SetAside,
    Statement,
    Topic,
    Vector,
)

# stages of an item
HELD, PULLED, NORMALISED, SPLIT, ROLED, DEDUPED = -1, 0, 1, 2, 3, 4
# stages of a statement
NEW, CLASSIFIED, EMBEDDED, ASSIGNED = 0, 1, 2, 3
ITEMS_WAIT, STATEMENTS_WAIT = (PULLED, NORMALISED, SPLIT, ROLED), (NEW, CLASSIFIED, EMBEDDED)


def _is_tried() -> ColumnElement[bool]:
    """Return the condition that an item was not set aside as it is now."""
    return ~exists().where(
        col(SetAside.item_id) == col(Item.id),
        col(SetAside.statement_id).is_(None),
        col(SetAside.revision) == col(Item.revision),
    )


def _is_statement_tried() -> ColumnElement[bool]:
    """Return the condition that a statement was not set aside; one that is said anew is another one."""
    return ~exists().where(col(SetAside.statement_id) == col(Statement.id))


def items_at(session: Session, stage: int, after: str, until: str, limit: int) -> list[int]:
    """Return the first items of a key range that stand at a stage; those set aside don't."""
    found = session.exec(
        select(Item.id)
        .where(
            Item.workspace_id == WORKSPACE,
            Item.stage == stage,
            Item.sort_key > after,
            Item.sort_key <= until,
            col(Item.removed_at).is_(None),
            _is_tried(),
        )
        .order_by(col(Item.sort_key))
        .limit(limit)
    )
    return [item_id for item_id in found if item_id is not None]


def statements_at(session: Session, stage: int, after: str, until: str, limit: int) -> list[int]:
    """Return the first statements of a key range that stand at a stage; those set aside don't."""
    found = session.exec(
        select(Statement.id)
        .where(
            Statement.workspace_id == WORKSPACE,
            Statement.stage == stage,
            Statement.sort_key > after,
            Statement.sort_key <= until,
            _is_statement_tried(),
        )
        .order_by(col(Statement.sort_key))
        .limit(limit)
    )
    return [statement_id for statement_id in found if statement_id is not None]


def count_items_at(session: Session, stage: int) -> int:
    """Return how many items stand at a stage."""
    return session.exec(
        select(func.count())
        .select_from(Item)
        .where(
            Item.workspace_id == WORKSPACE, Item.stage == stage, col(Item.removed_at).is_(None), _is_tried()
        )
    ).one()


def count_statements_at(session: Session, stage: int) -> int:
    """Return how many statements stand at a stage."""
    return session.exec(
        select(func.count())
        .select_from(Statement)
        .where(Statement.workspace_id == WORKSPACE, Statement.stage == stage, _is_statement_tried())
    ).one()


def before_newest(session: Session, limit: int) -> str:
    """Return the sort key after which at most `limit` items wait, and about as many statements at most.

    "" when no more than that wait: then there is nothing to choose from.
    """
    item = session.exec(
        select(Item.sort_key)
        .where(
            Item.workspace_id == WORKSPACE,
            col(Item.stage).in_(ITEMS_WAIT),
            col(Item.removed_at).is_(None),
            _is_tried(),
        )
        .order_by(col(Item.sort_key).desc())
        .offset(limit)
        .limit(1)
    ).first()
    statement = session.exec(
        select(Statement.sort_key)
        .where(
            Statement.workspace_id == WORKSPACE,
            col(Statement.stage).in_(STATEMENTS_WAIT),
            _is_statement_tried(),
        )
        .order_by(col(Statement.sort_key).desc())
        .offset(limit)
        .limit(1)
    ).first()
    return max(item or "", statement or "")


def waiting_keys(
    session: Session, of: Literal["item", "statement"], stages: Sequence[int], after: str, until: str
) -> list[str]:
    """Return the sort keys of a range, ascending, whose items or statements stand at one of these stages."""
    if of == "item":
        asked = select(Item.sort_key).where(
            Item.workspace_id == WORKSPACE, col(Item.stage).in_(stages), col(Item.removed_at).is_(None)
        )
        asked = asked.where(_is_tried(), Item.sort_key > after, Item.sort_key <= until)
        return list(session.exec(asked.order_by(col(Item.sort_key))))
    said = select(Statement.sort_key).where(
        Statement.workspace_id == WORKSPACE, col(Statement.stage).in_(stages), _is_statement_tried()
    )
    said = said.where(Statement.sort_key > after, Statement.sort_key <= until)
    return list(session.exec(said.order_by(col(Statement.sort_key))))


def items(session: Session, ids: Sequence[int]) -> list[Item]:
    """Return these items in the one order."""
    return list(session.exec(select(Item).where(col(Item.id).in_(ids)).order_by(col(Item.sort_key))))


def revisions_at(session: Session, ids: Sequence[int], stage: int) -> dict[int, str]:
    """Return the present revision of those of these items that stand at a stage."""
    found = session.exec(select(Item.id, Item.revision).where(col(Item.id).in_(ids), Item.stage == stage))
    return {key: revision for key, revision in found if key is not None}


def raw_texts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Return what each of these items says at its present revision, as the channel gave it."""
    rows = session.exec(
        select(Item.id, ItemRevision.text).where(
            ItemRevision.item_id == Item.id, ItemRevision.revision == Item.revision, col(Item.id).in_(ids)
        )
    )
    return {item_id: text for item_id, text in rows if item_id is not None}


def statements(session: Session, ids: Sequence[int]) -> list[Statement]:
    """Return these statements in the one order."""
    return list(
        session.exec(select(Statement).where(col(Statement.id).in_(ids)).order_by(col(Statement.sort_key)))
    )


def statements_of(session: Session, item_ids: Sequence[int]) -> dict[int, list[Statement]]:
    """Return the statements of each of these items, by ordinal."""
    found: dict[int, list[Statement]] = {item_id: [] for item_id in item_ids}
    rows = session.exec(
        select(Statement)
        .where(col(Statement.item_id).in_(item_ids))
        .order_by(col(Statement.item_id), col(Statement.ordinal))
    )
    for statement in rows:
        found[statement.item_id].append(statement)
    return found


def speakers(session: Session, item_ids: Sequence[int]) -> dict[int, tuple[Item, Person | None]]:
    """Return each of these items with the person who said it."""
    found = session.exec(select(Item).where(col(Item.id).in_(item_ids))).all()
    people = {
        person.key: person
        for person in session.exec(
            select(Person).where(
                Person.workspace_id == WORKSPACE, col(Person.key).in_({i.person_key for i in found})
            )
        )
    }
    return {item.id or 0: (item, people.get(item.person_key or "")) for item in found}


def known_hashes(session: Session, hashes: Sequence[str], model: str) -> set[str]:
    """Return which of these texts have a vector by this model."""
    found: set[str] = set()
    for start in range(0, len(hashes), 5000):
        found.update(
            session.exec(
                select(Vector.text_hash).where(
                    Vector.workspace_id == WORKSPACE,
                    Vector.model == model,
                    col(Vector.text_hash).in_(hashes[start : start + 5000]),
                )
            )
        )
    return found


def vectors(session: Session, hashes: Sequence[str], model: str) -> dict[str, bytes]:
    """Return the stored vectors of these texts by this model."""
    found: dict[str, bytes] = {}
    distinct = sorted(set(hashes))
    for start in range(0, len(distinct), 5000):
        rows = session.exec(
            select(Vector.text_hash, Vector.data).where(
                Vector.workspace_id == WORKSPACE,
                Vector.model == model,
                col(Vector.text_hash).in_(distinct[start : start + 5000]),
            )
        )
        found.update(dict(rows.all()))
    return found


def write(session: Session, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update rows by primary key."""
    if rows:
        session.execute(update(table), [dict(row) for row in rows])


def advance(session: Session, rows: Sequence[Mapping[str, Any]], of: type[Item | Statement] = Item) -> None:
    """Update items by primary key and move each from the stage before; a `revision` is the one that was read.

    One that changed meanwhile, as a webhook may do amid a run, was sent back to the start and is left there;
    one that another worker has moved on is left where it is.
    """
    if not rows:
        return
    table = cast("Table", inspect(of).local_table)
    given = [{f"its_{name}": value for name, value in row.items()} for row in rows]
    checked = [table.c.id == bindparam("its_id"), table.c.stage == bindparam("its_stage", type_=Integer) - 1]
    if "revision" in rows[0]:
        checked.append(table.c.revision == bindparam("its_revision"))
    new: dict[str, Any] = {
        name: bindparam(f"its_{name}") for name in rows[0] if name not in ("id", "revision")
    }
    session.connection().execute(update(table).where(*checked).values(new), given)


def add(session: Session, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows."""
    if rows:
        session.execute(insert(table), [dict(row) for row in rows])


def touch(session: Session, topics: Sequence[int], *, grown: bool = False) -> None:
    """Mark topics whose members changed, so that label, evidence and track look at them.

    `grown` says that members came and none went: then nothing need be chosen anew until enough have come.
    """
    if topics:
        session.execute(
            update(Topic)
            .where(col(Topic.workspace_id) == WORKSPACE, col(Topic.number).in_(set(topics)))
            .values(touched=col(Topic.touched) + 1, grown=col(Topic.grown) + int(grown))
        )


def assignments(session: Session, statement_ids: Sequence[int]) -> dict[int, Assignment]:
    """Return the assignments of these statements."""
    found = session.exec(select(Assignment).where(col(Assignment.statement_id).in_(statement_ids)))
    return {row.statement_id: row for row in found}


@dataclass(frozen=True, slots=True)
class Resettled:
    """A repost's statement whose topic is no longer its original's: what it is, and what it should be."""

    statement_id: int
    before: int | None
    topic: int | None
    score: float | None

    def holds(self, now: Assignment | None) -> bool:
        """Whether the statement still stands as it was read."""
        return now is not None and now.status == "repost" and now.topic == self.before


def reposts_to_settle(session: Session, after: int, limit: int) -> list[Resettled]:
    """Return the first reposts' statements, by key above `after`, whose topic differs from the original's.

    A repost's statement follows the original's statement of the same ordinal, else its first.
    """
    like, first = aliased(Statement), aliased(Statement)
    likes, firsts = aliased(Assignment), aliased(Assignment)
    is_like = col(likes.statement_id).is_not(None)
    topic = case((is_like, col(likes.topic)), else_=col(firsts.topic))
    score = case((is_like, col(likes.score)), else_=col(firsts.score))
    rows: Any = session.execute(
        sa_select(col(Assignment.statement_id), col(Assignment.topic), topic, score)
        .join(Statement, col(Statement.id) == col(Assignment.statement_id))
        .join(Item, col(Item.id) == col(Statement.item_id))
        .outerjoin(
            like,
            (col(like.item_id) == col(Item.repost_of)) & (col(like.ordinal) == col(Statement.ordinal)),
        )
        .outerjoin(likes, col(likes.statement_id) == col(like.id))
        .outerjoin(first, (col(first.item_id) == col(Item.repost_of)) & (col(first.ordinal) == 1))
        .outerjoin(firsts, col(firsts.statement_id) == col(first.id))
        .where(
            col(Assignment.workspace_id) == WORKSPACE,
            col(Assignment.status) == "repost",
            col(Assignment.statement_id) > after,
            is_like | col(firsts.statement_id).is_not(None),
            col(Assignment.topic).is_distinct_from(topic),
        )
        .order_by(col(Assignment.statement_id))
        .limit(limit)
    )
    return [Resettled(*row) for row in rows]
