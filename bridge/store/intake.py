"""What a pull brought, into the store: items with revisions, people, gaps, rejected input, and the cursor.

One call is one transaction: killed before its commit, nothing of it happened; the cursor travels with the
items, so the next pull goes on from exactly there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from bridge.models import (
    WORKSPACE,
    Assignment,
    Evidence,
    Fingerprint,
    Item,
    ItemRevision,
    Person,
    Position,
    RejectedInput,
    SourceGap,
    SourceState,
    Statement,
    Topic,
)
from bridge.store import drafts, slices
from connectors import Author, Event, Gap, Message, Rejected, Tombstone, Upsert

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST_NAME = 200


@dataclass(slots=True)
class Counts:
    """What a pull did, in items."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    removed: int = 0
    gaps: int = 0

    @property
    def stored(self) -> int:
        """How many were items, new or known."""
        return self.read - self.rejected

    def add(self, other: Counts) -> None:
        """Count another batch in."""
        for name in (field.name for field in fields(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull of one source: its own id, the time of the bridge's clock, and the workspace's secret."""

    id: str
    source: str
    now: datetime
    secret: bytes
    is_mail: bool = False


def source_state(session: Session, name: str, connector: str) -> SourceState:
    """Return the state of a source, made if it's new."""
    found = session.exec(
        select(SourceState).where(SourceState.workspace_id == WORKSPACE, SourceState.name == name)
    ).first()
    if found is None:
        found = SourceState(name=name, connector=connector)
        session.add(found)
    found.connector = connector
    return found


def person_key(secret: bytes, source: str, author: Author) -> str | None:
    """Return the pseudonym of an author, None when nothing names them."""
    name = author.id or (author.handle or author.display or "").casefold()
    if not name:
        return None
    return hmac.new(secret, f"{source}\0{name}".encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[
        :32
    ]


def sort_key(said_at: datetime, source: str, external_id: str) -> str:
    """Return the place of an item in the one order of all items."""
    return f"{said_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}|{source}|{external_id}"


def store_events(session: Session, pull: Pull, events: Sequence[Event]) -> Counts:
    """Store the events of one checkpoint; the caller commits them together with the cursor."""
    counts = Counts()
    events = [_storable(event) for event in events]
    messages = [event.message for event in events if isinstance(event, Upsert)]
    known = _known(session, pull.source, [m.external_id for m in messages])
    _people(session, pull, messages)
    fresh: list[tuple[Item, Message]] = []
    for event in events:
        if isinstance(event, Upsert):
            counts.read += 1
            _upsert(session, pull, event.message, known, fresh, counts)
        elif isinstance(event, Rejected):
            counts.read += 1
            counts.rejected += 1
            session.add(
                RejectedInput(
                    source=pull.source, pull=pull.id, at=pull.now, place=event.where, reason=event.reason
                )
            )
        elif isinstance(event, Tombstone):
            _add_new(session, pull, fresh)
            counts.removed += _remove(session, pull.source, event)
        elif isinstance(event, Gap):
            counts.gaps += 1
            session.add(
                SourceGap(
                    source=pull.source, seen_at=pull.now, since=event.since, until=event.until, why=event.why
                )
            )
    _add_new(session, pull, fresh)
    return counts


def _storable(part: Any) -> Any:
    """Return an event with U+FFFD for what a database can't hold in a text: NUL and lone surrogates."""
    if isinstance(part, str):
        return _UNSTORABLE.sub("\ufffd", part) if _UNSTORABLE.search(part) else part
    if not is_dataclass(part) or isinstance(part, type):
        return part
    found = {field.name: getattr(part, field.name) for field in fields(part)}
    changed = {name: new for name, value in found.items() if (new := _storable(value)) is not value}
    return replace(part, **changed) if changed else part


def _known(session: Session, source: str, ids: Sequence[str]) -> dict[str, Item]:
    found = session.exec(
        select(Item).where(
            Item.workspace_id == WORKSPACE, Item.source == source, col(Item.external_id).in_(set(ids))
        )
    )
    return {item.external_id: item for item in found}


def _people(session: Session, pull: Pull, messages: Sequence[Message]) -> None:
    authors: dict[str, list[Author]] = defaultdict(list)
    for message in messages:
        key = person_key(pull.secret, pull.source, message.author) if message.author else None
        if key and message.author:
            authors[key].append(message.author)
    known = {
        person.key: person
        for person in session.exec(
            select(Person).where(Person.workspace_id == WORKSPACE, col(Person.key).in_(authors))
        )
    }
    for key, seen in authors.items():
        person = known.get(key) or Person(key=key, source=pull.source)
        for author in seen:
            person.external_id = author.id or person.external_id
            for name in ("handle", "display", "contact", "account"):
                setattr(person, name, _name(getattr(author, name)) or getattr(person, name))
        person.is_staff = any(author.is_staff for author in seen)
        session.add(person)


def _name(text: str | None) -> str | None:
    """Return a name as one line of bounded length, without what would steer a terminal or turn the line."""
    shown = _UNSEEN.sub("", " ".join((text or "").split()))
    return " ".join(shown.split())[:_LONGEST_NAME].rstrip() or None


def _add_new(session: Session, pull: Pull, fresh: list[tuple[Item, Message]]) -> None:
    session.add_all([item for item, _ in fresh])
    session.flush()
    session.add_all([_revision(pull, item, message) for item, message in fresh])
    fresh.clear()


def _upsert(
    session: Session,
    pull: Pull,
    message: Message,
    known: dict[str, Item],
    fresh: list[tuple[Item, Message]],
    counts: Counts,
) -> None:
    item = known.get(message.external_id)
    if item is None:
        item = Item(
            source=pull.source,
            external_id=message.external_id,
            pull=pull.id,
            pulled_at=pull.now,
            **_content(pull, message),
        )
        known[message.external_id] = item
        fresh.append((item, message))
        counts.new += 1
        return
    if item.revision == message.revision and item.removed_at is None:
        item.pull = pull.id  # another text for it later in this pull is a conflict, as in the other order
        counts.unchanged += 1
        return
    _add_new(session, pull, fresh)
    if _stands(session, pull, item, message):
        counts.unchanged += 1
        return
    if item.pull != pull.id:
        item.conflict = False  # a later pull has settled it
    for name, value in {**_content(pull, message), "pull": pull.id, "pulled_at": pull.now}.items():
        setattr(item, name, value)
    item.stage, item.repost_of, item.repost_reason = 0, None, None
    item.removed_at = item.removed_reason = None
    _let_go(session, item)
    _add_revision(session, pull, item, message)
    counts.changed += 1


def _stands(session: Session, pull: Pull, item: Item, message: Message) -> bool:
    """Say whether the stored revision stands against another one, whatever the order they came in."""
    if item.removed_at is not None:
        return False
    if item.pull == pull.id:
        item.conflict = True
        _add_revision(session, pull, item, message)
        new = (message.edited_at or message.said_at, message.revision)
        return (item.edited_at or item.said_at, item.revision) >= new
    if not item.conflict:
        return False
    seen = select(ItemRevision.id).where(
        ItemRevision.item_id == item.id, ItemRevision.revision == message.revision
    )
    return session.exec(seen).first() is not None


def _content(pull: Pull, message: Message) -> dict[str, Any]:
    author = message.author
    return {
        "revision": message.revision,
        "person_key": person_key(pull.secret, pull.source, author) if author else None,
        "said_at": message.said_at,
        "edited_at": message.edited_at,
        "sort_key": sort_key(message.said_at, pull.source, message.external_id),
        "lang": message.lang,
        "lang_given": message.lang is not None,
        "is_html": message.is_html,
        "is_mail": pull.is_mail,
        "is_repost": message.is_repost,
        "parent": message.parent,
        "thread": message.thread,
        "url": message.url,
        "rating": message.rating,
        "visibility": message.visibility,
    }


def _add_revision(session: Session, pull: Pull, item: Item, message: Message) -> None:
    seen = select(ItemRevision).where(
        ItemRevision.item_id == item.id, ItemRevision.revision == message.revision
    )
    if session.exec(seen).first() is None:
        session.add(_revision(pull, item, message))


def _revision(pull: Pull, item: Item, message: Message) -> ItemRevision:
    return ItemRevision(
        item_id=item.id or 0,
        revision=message.revision,
        seen_at=pull.now,
        said_at=message.said_at,
        text=message.text,
    )


def _remove(session: Session, source: str, event: Tombstone) -> int:
    """Take an item away: its text, statements and vectors' users go, its key and the reason stay."""
    item = session.exec(
        select(Item).where(
            Item.workspace_id == WORKSPACE, Item.source == source, Item.external_id == event.external_id
        )
    ).first()
    if item is None or item.removed_at is not None:
        return 0
    said = session.exec(select(Statement.text).where(Statement.item_id == item.id)).all()
    raw = session.exec(select(ItemRevision.text).where(ItemRevision.item_id == item.id)).all()
    drafts.forget(session, [item.text, *said, *raw])
    drop_statements(session, [item.id or 0])
    session.exec(delete(ItemRevision).where(col(ItemRevision.item_id) == item.id))
    session.exec(delete(Fingerprint).where(col(Fingerprint.item_id) == item.id))
    _let_go(session, item)
    item.text, item.removed_at, item.removed_reason = "", event.at, event.reason
    item.repost_of = item.repost_reason = item.repost_handle = item.url = None
    item.mentions_handles, item.signals, item.exact = "", 0, 0
    return 1


def _let_go(session: Session, item: Item) -> None:
    """Send an item's reposts back to the step `dedupe`: what they repeated is gone or has changed."""
    session.exec(
        update(Item)
        .where(col(Item.repost_of) == item.id)
        .values(repost_of=None, repost_reason=None, stage=slices.ROLED)
    )


def drop_statements(session: Session, item_ids: Sequence[int], keep: Sequence[int] = ()) -> None:
    """Delete the statements of these items, with all that hangs on them; their topics are to be looked at."""
    ids = session.exec(
        select(Statement.id).where(col(Statement.item_id).in_(item_ids), col(Statement.id).not_in(keep))
    ).all()
    if not ids:
        return
    topics = select(Assignment.topic).where(col(Assignment.statement_id).in_(ids))
    session.exec(update(Topic).where(col(Topic.number).in_(topics)).values(touched=col(Topic.touched) + 1))
    for table in (Evidence, Position, Assignment):
        session.exec(delete(table).where(col(table.statement_id).in_(ids)))
    session.exec(delete(Statement).where(col(Statement.id).in_(ids)))
