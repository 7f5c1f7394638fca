"""Topics: who they are, their members, their tickets, what people decided about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, literal, union_all
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import (
    WORKSPACE,
    Assignment,
    Decision,
    Evidence,
    Item,
    Person,
    Statement,
    Ticket,
    Topic,
    UtcDateTime,
)
from bridge.store import key_quotes
from topics.evidence import worth
from topics.general import is_general

EVIDENCE = 7
"""Quotes that show a topic, at most."""


def roots(session: Session, *, hidden: bool = False, numbers: Collection[int] | None = None) -> list[Topic]:
    """Return the topics that are not merged into another, by number; ignored ones only if `hidden`.

    `numbers` narrows them to these.
    """
    these = [] if numbers is None else [col(Topic.number).in_(numbers)]
    found = session.exec(
        select(Topic)
        .where(Topic.workspace_id == WORKSPACE, Topic.root == Topic.number, *these)
        .order_by(col(Topic.number))
    )
    return [topic for topic in found if hidden or topic.state != "ignored"]


def has_subject(title: str, title_by: str) -> bool:
    """Say whether a topic's members share a subject, or a person gave it a name."""
    return title_by == "person" or not is_general(title)


def topic(session: Session, number: int) -> Topic | None:
    """Return a topic by its number."""
    return session.exec(select(Topic).where(Topic.workspace_id == WORKSPACE, Topic.number == number)).first()


@dataclass(frozen=True, slots=True)
class Centre:
    """Where a topic's members lie: the float32 mean of the best of them, by one model."""

    number: int
    model: str
    vector: bytes


def centres(session: Session) -> list[Centre]:
    """Return the centres of the topics that are neither merged nor ignored, by number."""
    columns = (col(Topic.number), col(Topic.centroid_model), col(Topic.centroid))
    rows: Any = session.connection().execute(
        sa_select(*columns)
        .where(
            col(Topic.workspace_id) == WORKSPACE,
            col(Topic.root) == col(Topic.number),
            col(Topic.state) != "ignored",
            col(Topic.centroid).is_not(None),
        )
        .order_by(col(Topic.number))
    )
    return [Centre(*row) for row in rows]


def touches(session: Session) -> dict[int, int]:
    """Return how often each topic was touched since it was last looked at, merged ones too."""
    found = select(Topic.number, Topic.touched).where(Topic.workspace_id == WORKSPACE, Topic.touched > 0)
    return dict(session.exec(found).all())


LOOKED_AT = 5
"""Of a topic's newest members, so many times those wanted are ranked."""


@dataclass(frozen=True, slots=True)
class Member:
    """A statement of a topic with what is needed to quote it."""

    statement_id: int
    ordinal: int
    text: str
    plain: str
    text_hash: str
    score: float
    kind: str
    kind_score: float
    said_at: datetime
    source: str
    person_key: str | None
    external_id: str
    url: str | None


def members(session: Session, numbers: Collection[int], limit: int) -> dict[int, list[Member]]:
    """Return the members of each topic that fit it best, at most `limit` each; reposts are left out.

    Of a large topic only the newest are ranked, so that the cost doesn't grow with its age.
    """
    chosen = {number: _best_members(session, number, limit) for number in sorted(numbers)}
    details = statement_details(session, [key for keys in chosen.values() for key in keys])
    return {number: [details[key] for key in keys if key in details] for number, keys in chosen.items()}


def _best_members(session: Session, number: int, limit: int) -> list[int]:
    family = select(Topic.number).where(Topic.workspace_id == WORKSPACE, Topic.root == number)
    newest = (
        sa_select(
            col(Assignment.statement_id).label("key"),
            col(Assignment.score).label("score"),
            col(Assignment.said_at).label("said_at"),
        )
        .where(
            col(Assignment.workspace_id) == WORKSPACE,
            col(Assignment.topic).in_(family),
            col(Assignment.status).concat("") == "published",  # so that SQLite goes by the topic
        )
        .order_by(col(Assignment.said_at).desc(), col(Assignment.statement_id))
        .limit(LOOKED_AT * limit)
        .subquery()
    )
    rows: Any = session.execute(
        sa_select(newest.c.key)
        .join(Statement, col(Statement.id) == newest.c.key)
        .order_by(func.coalesce(newest.c.score, 0.0).desc(), newest.c.said_at.desc(), col(Statement.sort_key))
        .limit(limit)
    )
    return [key for (key,) in rows]


_DETAILS: Final[tuple[Any, ...]] = (
    *(Statement.id, Statement.ordinal, Statement.text, Statement.plain, Statement.text_hash),
    *(func.coalesce(Assignment.score, 0.0), func.coalesce(Statement.kind, "other")),
    func.coalesce(Statement.kind_score, 0.0),
    *(Item.said_at, Item.source, Item.person_key, Item.external_id, Item.url),
)
"""What is read of a statement, in the order of the fields of `Member`."""


def statement_details(session: Session, keys: Sequence[int]) -> dict[int, Member]:
    """Return these statements with what is needed to quote them.

    Read as plain columns: many thousands are read in each run.
    """
    found: dict[int, Member] = {}
    for start in range(0, len(keys), 5000):
        rows: Any = session.execute(
            sa_select(*_DETAILS)
            .select_from(Statement)
            .join(Assignment, col(Assignment.statement_id) == col(Statement.id))
            .join(Item, col(Item.id) == col(Statement.item_id))
            .where(col(Statement.id).in_(keys[start : start + 5000]))
        )
        found.update({row[0]: Member(*row) for row in rows})
    return found


def key_members(session: Session, numbers: Collection[int]) -> dict[int, list[Member]]:
    """Return the key quotes of each topic that are shown, in their order."""
    pins = key_quotes.of(session, numbers)
    details = statement_details(session, [key for keys in pins.values() for key in keys])
    return {number: [details[key] for key in keys[:EVIDENCE]] for number, keys in pins.items()}


def mean_scores(session: Session, numbers: Collection[int]) -> dict[int, tuple[float, int]]:
    """Return the mean score of each topic's published statements, and how many there are."""
    family = select(Topic.number).where(Topic.workspace_id == WORKSPACE, col(Topic.root).in_(numbers))
    rows: Any = session.execute(
        sa_select(col(Topic.root), func.avg(func.coalesce(Assignment.score, 0.0)), func.count())
        .join(Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE))
        .where(
            col(Assignment.workspace_id) == WORKSPACE,
            col(Assignment.topic).in_(family),
            col(Assignment.status).concat("") == "published",  # so that SQLite goes by the topic
        )
        .group_by(col(Topic.root))
        .select_from(Assignment)
    )
    return {root: (float(mean), count) for root, mean, count in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A piece of evidence with what a reader wants to know of it."""

    topic: int
    statement_id: int
    text: str
    score: float
    item: str
    source: str
    author: str | None
    account: str | None
    url: str | None
    said_at: datetime
    person: str | None = None  # the author's pseudonymous key
    ordinal: int = 1  # of the statement in its item
    pinned: bool = False  # a person made it a key quote


def evidence(session: Session, numbers: Iterable[int], as_of: datetime) -> dict[int, list[Quote]]:
    """Return the evidence of each topic said up to a time: key quotes first, then the strongest first."""
    rows: Any = session.execute(_shown(), {"numbers": list(numbers), "as_of": as_of})
    found: dict[int, dict[int, Quote]] = {}
    for row in rows:
        of_topic = found.setdefault(row.topic, {})
        if row.key not in of_topic and len(of_topic) < EVIDENCE:
            of_topic[row.key] = _quote(row)
    return {number: list(quotes.values()) for number, quotes in found.items()}


@cache  # to put it together takes longer than to ask it
def _shown() -> Select[Any]:
    wanted: Any = bindparam("numbers", expanding=True)
    chosen: Any = sa_select(
        col(Evidence.topic).label("topic"),
        col(Evidence.statement_id).label("key"),
        col(Evidence.rank).label("rank"),
        col(Evidence.score).label("score"),
        literal(0).label("turn"),
    ).where(col(Evidence.workspace_id) == WORKSPACE, col(Evidence.topic).in_(wanted))
    shown = union_all(chosen, key_quotes.as_evidence(wanted)).subquery()
    return (
        sa_select(shown, Statement, Item, Person)
        .join(Statement, col(Statement.id) == shown.c.key)
        .join(Item, col(Item.id) == col(Statement.item_id))
        .outerjoin(
            Person, (col(Person.key) == col(Item.person_key)) & (col(Person.workspace_id) == WORKSPACE)
        )
        .where(col(Item.said_at) <= bindparam("as_of", type_=UtcDateTime), col(Item.removed_at).is_(None))
        .order_by(shown.c.topic, shown.c.turn == 0, shown.c.turn, shown.c.rank)
    )


def _quote(row: Any) -> Quote:
    statement, item, person = row.Statement, row.Item, row.Person
    score = worth(statement.text, row.score, statement.kind_score or 0.0) if row.turn else row.score
    return Quote(
        topic=row.topic,
        statement_id=row.key,
        text=statement.text,
        score=round(score, 4),
        item=item.external_id,
        source=item.source,
        author=(person.display or person.handle) if person else None,
        account=person.account if person else None,
        url=item.url,
        said_at=item.said_at,
        person=item.person_key,
        ordinal=statement.ordinal,
        pinned=bool(row.turn),
    )


def tickets(session: Session, numbers: Collection[int] | None = None) -> dict[int, Ticket]:
    """Return the latest ticket of each topic; a topic that was merged lends its ticket to its root.

    Tickets that go along in further projects are left out.
    """
    query = (
        select(Topic.root, Ticket)
        .where(
            Ticket.workspace_id == WORKSPACE,
            Topic.workspace_id == WORKSPACE,
            Topic.number == Ticket.topic,
            col(Ticket.also_of).is_(None),
            Ticket.state != "unlinked",
        )
        .order_by(col(Ticket.id))
    )
    if numbers is not None:
        query = query.where(col(Topic.root).in_(numbers))
    found: dict[int, Ticket] = {}
    for root, ticket in session.exec(query):
        kept = found.get(root)
        own = ticket.topic == root
        if kept is None or own or kept.topic != root:
            found[root] = ticket
    return found


def decisions(session: Session, number: int) -> list[Decision]:
    """Return what people decided about a topic, oldest first."""
    return list(
        session.exec(
            select(Decision)
            .where(
                Decision.workspace_id == WORKSPACE,
                (col(Decision.topic) == number) | (col(Decision.other) == number),
            )
            .order_by(col(Decision.id))
        )
    )


def by_number(topics: Iterable[Topic]) -> Mapping[int, Topic]:
    """Return topics by their numbers."""
    return {topic.number: topic for topic in topics}
