"""Reposts: whom an item may have repeated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Fingerprint, Item, Person
from bridge.store import slices
from topics.normalise import plain

MOST_PER_HASH = 4
"""Possible originals kept for one fingerprint; the earliest are the likeliest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An item that may be the original of another, or its repost."""

    item_id: int
    sort_key: str
    plain: str
    author: str | None  # handle, else pseudonym
    handle: str | None  # whom its text says it reposts
    repost_of: int | None


def candidates(session: Session, hashes: Collection[int]) -> dict[int, list[Candidate]]:
    """Return the items that share a fingerprint, by fingerprint."""
    found: dict[int, list[Candidate]] = defaultdict(list)
    seen: dict[int, Candidate] = {}
    wanted = sorted(hashes)
    for start in range(0, len(wanted), 5000):
        rows: Any = session.execute(
            sa_select(
                col(Fingerprint.hash),
                col(Item.id),
                col(Item.sort_key),
                col(Item.text),
                func.coalesce(func.nullif(Person.handle, ""), Item.person_key),
                col(Item.repost_handle),
                col(Item.repost_of),
            )
            .select_from(Fingerprint)
            .join(Item, col(Item.id) == col(Fingerprint.item_id))
            .outerjoin(
                Person, (col(Person.key) == col(Item.person_key)) & (col(Person.workspace_id) == WORKSPACE)
            )
            .where(
                col(Fingerprint.workspace_id) == WORKSPACE,
                col(Fingerprint.hash).in_(wanted[start : start + 5000]),
                col(Item.removed_at).is_(None),
            )
            .order_by(col(Item.sort_key))
        )
        for value, key, sort_key, text, author, handle, repost_of in rows:
            if key not in seen:
                seen[key] = Candidate(
                    item_id=key,
                    sort_key=sort_key,
                    plain=plain(text),
                    author=author,
                    handle=handle,
                    repost_of=repost_of,
                )
            found[value].append(seen[key])
    return dict(found)


def parents(session: Session, items: Sequence[Item]) -> dict[str, int]:
    """Return the items that reposts among these name as their parent, by "source|external id"."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if item.is_repost and item.parent:
            wanted[item.source].add(item.parent)
    found: dict[str, int] = {}
    for source, ids in wanted.items():
        rows = session.exec(
            select(Item.external_id, Item.id, Item.repost_of).where(
                Item.workspace_id == WORKSPACE,
                Item.source == source,
                col(Item.external_id).in_(ids),
                col(Item.removed_at).is_(None),
            )
        )
        found.update({f"{source}|{name}": repost_of or item_id or 0 for name, item_id, repost_of in rows})
    return found


def waiting(session: Session, items: Sequence[Item]) -> dict[int, list[int]]:
    """Return the reposts that came before their original and name one of these items as their parent."""
    by_name = {(item.source, item.external_id): item.id or 0 for item in items}
    found: dict[int, list[int]] = defaultdict(list)
    rows = session.exec(
        select(Item.source, Item.parent, Item.id).where(
            Item.workspace_id == WORKSPACE,
            col(Item.is_repost).is_(True),
            col(Item.source).in_({source for source, _ in by_name}),
            col(Item.parent).in_({name for _, name in by_name}),
            col(Item.repost_of).is_(None),
            col(Item.removed_at).is_(None),
            col(Item.stage) + 0 >= slices.DEDUPED,  # so that SQLite goes by the parent
        )
    )
    for source, parent, child in rows:
        original = by_name.get((source, parent or ""))
        if original is not None and original != child:
            found[original].append(child or 0)
    return dict(found)


def join(session: Session, joined: Mapping[int, tuple[int, str]]) -> None:
    """Store whom each of these items repeats; whoever repeated one of them repeats its original now."""
    rows = [{"id": key, "repost_of": o, "repost_reason": why} for key, (o, why) in joined.items()]
    slices.write(session, Item, rows)
    for key, (original, _) in joined.items():
        session.execute(
            update(Item)
            .where(col(Item.repost_of) == key, col(Item.id) != original)
            .values(repost_of=original)
        )


def replace_fingerprints(
    session: Session, item_ids: Sequence[int], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Store the fingerprints of these items, over what they had."""
    session.execute(delete(Fingerprint).where(col(Fingerprint.item_id).in_(item_ids)))
    slices.add(session, Fingerprint, rows)
