"""Who speaks, and who only repeats: the steps `roles` and `dedupe`."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from bridge.models import WORKSPACE, Item, Person
from bridge.pipeline.context import SLICE, Context
from bridge.pipeline.trying import Queue, slices_of
from bridge.store import people as store
from bridge.store import reposts, slices
from topics.near import Post, fingerprints, is_repost
from topics.normalise import plain
from topics.records import Role
from topics.roles import AuthorStats, judge

_ANSWERS_OFTEN = 0.3
_CHANNEL_SAYS = "the channel says that it is a repost"


def roles(context: Context) -> dict[str, int]:
    """Judge who speaks, by settings first and behaviour second, for all who speak or are addressed now."""
    done = changed = 0
    with context.database.reading() as session:
        again = store.people_to_judge_again(session, context.settings.brand.accounts)
        again |= store.services_addressed(session)
    changed += _judge(context, again)
    for tried in slices_of(context, Queue("roles", "item", slices.SPLIT, SLICE)):
        with tried as ids:
            with context.database.reading() as session:
                keys = store.people_of(session, ids)
            changed += _judge(context, keys)
            with context.database.writing() as session:
                slices.advance(session, [{"id": key, "stage": slices.ROLED} for key in ids])
            done += len(ids)
    return {"items": done, "roles changed": changed}


def _judge(context: Context, keys: Collection[str]) -> int:
    """Judge these people on all that they said; return how many roles changed."""
    brands = frozenset(context.settings.brand.accounts)
    found: dict[str, tuple[str, str]] = {}
    changed = set()
    with context.database.reading() as session:
        stats = store.author_stats(session, keys)
        for person in store.people(session, keys):
            seen = _with_addressers(session, person, stats.get(person.key, AuthorStats()))
            role, reason = judge(_name(person, brands), seen, brand_accounts=brands, is_staff=person.is_staff)
            wanted = "" if role is Role.CUSTOMER else reason  # a customer needs no reason
            if (role.value, wanted) != (person.role, person.role_reason):
                found[person.key] = (role.value, wanted)
            if role.value != person.role:
                changed.add(person.key)
    with context.database.writing() as session:
        store.set_roles(session, found, changed)
    return len(changed)


def _name(person: Person, brands: frozenset[str]) -> str | None:
    """Return the name of a person that the settings may know."""
    known = {brand.lstrip("@").casefold() for brand in brands}
    names = [name for name in (person.handle, person.contact, person.external_id) if name]
    return next((name for name in names if name.lstrip("@").casefold() in known), person.handle)


def _with_addressers(session: Session, person: Person, stats: AuthorStats) -> AuthorStats:
    answers = stats.posts and stats.apologies >= _ANSWERS_OFTEN * stats.posts
    if not (answers and person.handle):
        return stats
    return replace(stats, addressed_by=store.addressed_by(session, person.handle))


def dedupe(context: Context) -> dict[str, int]:
    """Let reposts and near-duplicates join their original, the earliest that says it."""
    done = joined = 0
    for tried in slices_of(context, Queue("dedupe", "item", slices.ROLED, SLICE)):
        with tried as ids:
            joined += _dedupe_slice(context, ids)
            done += len(ids)
    return {"items": done, "joined": joined}


def _dedupe_slice(context: Context, ids: Sequence[int]) -> int:
    """Look for the originals of these items; return how many joined one."""
    with context.database.reading() as session:
        said = slices.speakers(session, ids)
        items = sorted((item for item, _ in said.values()), key=lambda item: item.sort_key)
        short = {item.id or 0: plain(item.text) for item in items}
        hashes = {item.id or 0: _hashes(item, short[item.id or 0]) for item in items}
        known = reposts.candidates(session, {h for found in hashes.values() for h in found})
        parents = reposts.parents(session, items)
        waiting = reposts.waiting(session, items)
    finder = _Finder(known, parents, waiting)
    for item in items:
        person = said[item.id or 0][1]
        finder.look(_candidate(item, person, short[item.id or 0]), item, hashes[item.id or 0])
    with context.database.writing() as session:
        reposts.replace_fingerprints(session, ids, finder.fresh)
        done_with = {"repost_of": None, "repost_reason": None, "stage": slices.DEDUPED}
        slices.advance(session, [{"id": key, **done_with} for key in ids])
        reposts.join(session, finder.joined)
        store.place_anew(session, [*ids, *finder.joined])
    return len(finder.joined)


def _hashes(item: Item, short: str) -> tuple[int, ...]:
    """Return what the original of an item would share with it; with its author too, for exact repeats."""
    found = fingerprints(short)
    own = hashlib.blake2b(f"{item.person_key}|{found.exact}".encode(), digest_size=8).digest()
    by_author = (int.from_bytes(own, "little") & (2**63 - 1),) if item.person_key else ()
    return (found.exact, *by_author, *found.bands)


class _Finder:
    """Finds originals in the order of the items; what it has seen can be the original of what follows."""

    def __init__(
        self,
        known: dict[int, list[reposts.Candidate]],
        parents: dict[str, int],
        waiting: dict[int, list[int]],
    ) -> None:
        self._known = known
        self._parents = parents
        self._waiting = waiting
        self.joined: dict[int, tuple[int, str]] = {}
        self.fresh: list[dict[str, Any]] = []

    def look(self, me: reposts.Candidate, item: Item, hashes: tuple[int, ...]) -> None:
        """Join an item to its original, or keep it as a possible original; join later ones to it."""
        self._look(me, item, hashes)
        original = self.joined.get(me.item_id, (me.item_id, ""))[0]
        for child in self._waiting.get(me.item_id, ()):
            if child != original:
                self.joined[child] = (original, _CHANNEL_SAYS)

    def _look(self, me: reposts.Candidate, item: Item, hashes: tuple[int, ...]) -> None:
        parent = self._parents.get(f"{item.source}|{item.parent}") if item.is_repost and item.parent else None
        parent = self.joined.get(parent, (parent, ""))[0] if parent is not None else None
        if parent is not None and parent != me.item_id:
            self.joined[me.item_id] = (parent, _CHANNEL_SAYS)
            return
        near = {c.item_id: c for h in hashes for c in self._known.get(h, []) if c.item_id != me.item_id}
        for other in sorted(near.values(), key=lambda c: c.sort_key):
            if other.sort_key < me.sort_key:
                reason = is_repost(_post(me), _post(other))
                if reason:
                    self.joined[me.item_id] = (self._original(other), reason)
                    return
            elif other.repost_of is None and (reason := is_repost(_post(other), _post(me))):
                self.joined[other.item_id] = (me.item_id, reason)
        for value in hashes:
            if len(self._known.setdefault(value, [])) < reposts.MOST_PER_HASH:
                self._known[value].append(me)
                self.fresh.append({"workspace_id": WORKSPACE, "hash": value, "item_id": me.item_id})

    def _original(self, other: reposts.Candidate) -> int:
        if other.item_id in self.joined:
            return self.joined[other.item_id][0]
        return other.repost_of or other.item_id


def _candidate(item: Item, person: Person | None, short: str) -> reposts.Candidate:
    return reposts.Candidate(
        item_id=item.id or 0,
        sort_key=item.sort_key,
        plain=short,
        author=(person.handle if person else None) or item.person_key,
        handle=item.repost_handle,
        repost_of=None,
    )


def _post(candidate: reposts.Candidate) -> Post:
    return Post(plain=candidate.plain, author=candidate.author, repost_of=candidate.handle)
