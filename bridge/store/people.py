"""People: what their posts show of them, and their roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Item, Person, Statement
from bridge.store import slices
from topics.roles import AuthorStats, PostSignals

_SAMPLE = 5000
_LEAST_ADDRESSED = 20
_BITS = {
    "with_link": PostSignals(has_link=True).mask,
    "first_person": PostSignals(first_person=True).mask,
    "headlines": PostSignals(is_headline=True).mask,
    "replies": PostSignals(is_reply=True).mask,
    "apologies": PostSignals(is_apology=True).mask,
}


def people_of(session: Session, item_ids: Sequence[int]) -> set[str]:
    """Return the people who said these items."""
    found = session.exec(select(Item.person_key).where(col(Item.id).in_(item_ids)).distinct())
    return {key for key in found if key}


def people_to_judge_again(session: Session, brand_accounts: Collection[str]) -> set[str]:
    """Return the people whose role the settings may have changed: named accounts, and present brands."""
    names = {account.lstrip("@").casefold() for account in brand_accounts}
    ours = select(Person.key).where(Person.workspace_id == WORKSPACE, Person.role == "brand")
    found = set(session.exec(ours))
    if names:  # compared here, because SQLite knows the small letters of ASCII only
        known: Any = session.execute(
            sa_select(
                col(Person.key), col(Person.handle), col(Person.contact), col(Person.external_id)
            ).where(col(Person.workspace_id) == WORKSPACE)
        )
        found |= {key for key, *called in known if any(_folded(name) in names for name in called if name)}
    return found


def _folded(name: str) -> str:
    return name.lstrip("@").casefold()


def services_addressed(session: Session) -> set[str]:
    """Return who is addressed in items that wait for the step `roles` and ever answered as a service does.

    Only they can become a brand by being addressed. Handles in a text are ASCII, so SQLite can compare them.
    """
    said = session.exec(
        select(Item.mentions_handles)
        .where(Item.workspace_id == WORKSPACE, Item.stage == slices.SPLIT, Item.mentions_handles != "")
        .distinct()
    )
    handles = sorted({handle for found in said for handle in found.split()})
    found: set[str] = set()
    for start in range(0, len(handles), 5000):
        found.update(
            session.exec(
                select(Person.key)
                .join(Item, col(Item.person_key) == col(Person.key))
                .where(
                    Person.workspace_id == WORKSPACE,
                    func.ltrim(func.lower(Person.handle), "@").in_(handles[start : start + 5000]),
                    col(Item.signals) // _BITS["apologies"] % 2 == 1,
                )
                .distinct()
            )
        )
    return found


def people(session: Session, keys: Collection[str]) -> list[Person]:
    """Return these people, by key."""
    return list(
        session.exec(
            select(Person)
            .where(Person.workspace_id == WORKSPACE, col(Person.key).in_(keys))
            .order_by(col(Person.key))
        )
    )


def author_stats(session: Session, keys: Collection[str]) -> dict[str, AuthorStats]:
    """Return what the posts of each of these people show, taken together."""
    sums: list[Any] = [func.sum(col(Item.signals) // bit % 2) for bit in _BITS.values()]
    rows: Any = session.execute(
        sa_select(col(Item.person_key), func.count(), func.count(func.distinct(Item.exact)), *sums)
        .where(
            col(Item.workspace_id) + 0 == WORKSPACE,
            col(Item.person_key).in_(keys),
            col(Item.stage) + 0 >= slices.NORMALISED,  # so that SQLite goes by the person
            col(Item.removed_at).is_(None),
        )
        .group_by(col(Item.person_key))
    )
    return {
        key: AuthorStats(
            posts=posts, distinct_texts=distinct, **dict(zip(_BITS, map(int, found), strict=True))
        )
        for key, posts, distinct, *found in rows
    }


def addressed_by(session: Session, handle: str) -> int:
    """Return how many people address an account in what they say; reads all items, so ask seldom."""
    return session.exec(
        select(func.count(func.distinct(Item.person_key))).where(
            Item.workspace_id == WORKSPACE,
            col(Item.mentions_handles).contains(f" {_folded(handle)} ", autoescape=True),
        )
    ).one()


def most_addressed(session: Session) -> list[str]:
    """Return the accounts that at least 3 in 100 of the newest items address: the company's own.

    Sums with 0 keep SQLite from any other index than that of the time: it would sort all items.
    """
    said = session.exec(
        select(Item.mentions_handles)
        .where(col(Item.workspace_id) + 0 == WORKSPACE, col(Item.stage) + 0 >= slices.NORMALISED)
        .order_by(col(Item.said_at).desc(), col(Item.sort_key).desc())
        .limit(_SAMPLE)
    ).all()
    counts = Counter(handle for handles in said for handle in set(handles.split()))
    least = max(_LEAST_ADDRESSED, len(said) * 3 // 100)
    return sorted(handle for handle, count in counts.items() if count >= least)


def set_roles(session: Session, roles: Mapping[str, tuple[str, str]], changed: Collection[str]) -> None:
    """Store roles with their reasons; the statements of whom they changed are placed anew."""
    rows = [
        {"workspace_id": WORKSPACE, "key": key, "role": role, "role_reason": reason}
        for key, (role, reason) in roles.items()
    ]
    slices.write(session, Person, rows)
    if changed:
        place_anew(session, select(Item.id).where(col(Item.person_key).in_(changed)))


def place_anew(session: Session, item_ids: Any) -> None:
    """Send the statements of items (ids, or a query of them) back to the step `assign`."""
    session.execute(
        update(Statement)
        .where(col(Statement.item_id).in_(item_ids), col(Statement.stage) > slices.EMBEDDED)
        .values(stage=slices.EMBEDDED)
    )
