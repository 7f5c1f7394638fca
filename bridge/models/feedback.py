"""What people said, where it came from, and what couldn't be taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from bridge.models.base import UtcDateTime, anything, long_text, moment, own_id, ref, workspace


class Workspace(SQLModel, table=True):
    """Whose feedback it is. `secret` keys the pseudonyms of people."""

    __tablename__: ClassVar[str] = "workspace"
    id: int | None = own_id()
    name: str
    secret: bytes = Field(sa_type=LargeBinary)
    last_topic: int = 0


class SourceState(SQLModel, table=True):
    """A configured channel as it stands: where its next pull goes on, and how its last one went."""

    __tablename__: ClassVar[str] = "source"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)
    id: int | None = own_id()
    workspace_id: int = workspace()
    name: str
    connector: str
    cursor: Any = Field(default=None, sa_type=JSON)
    state: str = "new"  # new · ok · failing · gone · paused
    last_ok_at: datetime | None = moment()
    last_try_at: datetime | None = moment()
    last_error: str | None = long_text(None)
    failures: int = 0
    next_due_at: datetime | None = moment()


class Person(SQLModel, table=True):
    """Who said it; the only table with names and addresses."""

    __tablename__: ClassVar[str] = "person"
    __table_args__ = (Index("ix_person_role", "workspace_id", "role"),)
    workspace_id: int = workspace(primary_key=True)
    key: str = Field(primary_key=True, max_length=32)
    source: str
    external_id: str | None = None
    handle: str | None = Field(default=None, index=True)
    display: str | None = None
    contact: str | None = None
    account: str | None = None
    is_staff: bool = False
    role: str = "customer"
    role_reason: str = ""


class Item(SQLModel, table=True):
    """One thing one person said, in one place, at one time, as it stands now."""

    __tablename__: ClassVar[str] = "item"
    __table_args__ = (
        UniqueConstraint("workspace_id", "source", "external_id"),
        Index("ix_item_claim", "workspace_id", "stage", "sort_key"),
        Index("ix_item_source", "workspace_id", "source", "removed_at"),
        Index("ix_item_parent", "workspace_id", "source", "parent"),
        CheckConstraint("stage >= -1", name="stage"),
    )
    id: int | None = own_id()
    workspace_id: int = workspace()
    source: str
    external_id: str
    revision: str
    person_key: str | None = Field(default=None, index=True, max_length=32)
    said_at: datetime = Field(sa_type=UtcDateTime, index=True)
    edited_at: datetime | None = moment()
    pulled_at: datetime = Field(sa_type=UtcDateTime)
    pull: str  # the import or pull that brought this revision
    conflict: bool = False  # one pull brought two texts for it; the greater (time, revision) stands
    sort_key: str
    stage: int = 0
    text: str = long_text()  # clean: what people see and quote
    lang: str | None = None
    lang_given: bool = False  # the channel said so
    is_html: bool = False
    is_mail: bool = False
    is_repost: bool = False
    parent: str | None = None
    thread: str | None = None
    repost_handle: str | None = None  # whom its text says it reposts
    url: str | None = long_text(None)
    rating: float | None = None
    visibility: str = "public"
    signals: int = 0
    exact: int = Field(default=0, sa_type=BigInteger)  # fingerprint of its words
    mentions_handles: str = long_text()  # the handles it addresses, space-separated
    repost_of: int | None = ref("item.id", default=None, index=True)
    repost_reason: str | None = None
    removed_at: datetime | None = moment()
    removed_reason: str | None = None


class ItemRevision(SQLModel, table=True):
    """What an item said at each revision, as the channel gave it."""

    __tablename__: ClassVar[str] = "item_revision"
    __table_args__ = (UniqueConstraint("item_id", "revision"),)
    id: int | None = own_id()
    workspace_id: int = workspace()
    item_id: int = ref("item.id")
    revision: str
    seen_at: datetime = Field(sa_type=UtcDateTime)
    said_at: datetime = Field(sa_type=UtcDateTime)
    text: str = long_text()


class Fingerprint(SQLModel, table=True):
    """A hash that near-identical texts share; finds the original of a repost without reading all items."""

    __tablename__: ClassVar[str] = "fingerprint"
    workspace_id: int = workspace(primary_key=True)
    hash: int = Field(primary_key=True, sa_type=BigInteger)
    item_id: int = ref("item.id", primary_key=True, index=True)


class Statement(SQLModel, table=True):
    """One point inside an item: the unit that is classified, embedded and assigned."""

    __tablename__: ClassVar[str] = "statement"
    __table_args__ = (
        UniqueConstraint("item_id", "ordinal"),
        Index("ix_statement_claim", "workspace_id", "stage", "sort_key"),
        Index("ix_statement_words", "text_hash"),
    )
    id: int | None = own_id()
    workspace_id: int = workspace()
    item_id: int = ref("item.id")
    ordinal: int  # from 1
    start: int
    stop: int
    text: str = long_text()  # literal: clean text of the item from start to stop
    plain: str = long_text()  # the form that models read
    text_hash: str = Field(max_length=32)
    sort_key: str
    stage: int = 0
    kind: str | None = None
    kind_score: float | None = None
    kind_scores: Any = anything()


class Vector(SQLModel, table=True):
    """The vector of a distinct text by one model; float32, little-endian."""

    __tablename__: ClassVar[str] = "embedding"
    workspace_id: int = workspace(primary_key=True)
    text_hash: str = Field(primary_key=True, max_length=32)
    model: str = Field(primary_key=True)  # "model id@revision"
    data: bytes = Field(sa_type=LargeBinary)


class RejectedInput(SQLModel, table=True):
    """Where and why input couldn't be taken; the input itself is kept in the file that the import names."""

    __tablename__: ClassVar[str] = "rejected_input"
    id: int | None = own_id()
    workspace_id: int = workspace()
    source: str = Field(index=True)
    pull: str
    at: datetime = Field(sa_type=UtcDateTime)
    place: str
    reason: str = long_text()


class SourceGap(SQLModel, table=True):
    """A time for which a source could not give what was said."""

    __tablename__: ClassVar[str] = "source_gap"
    id: int | None = own_id()
    workspace_id: int = workspace()
    source: str
    seen_at: datetime = Field(sa_type=UtcDateTime)
    since: datetime | None = moment()
    until: datetime | None = moment()
    why: str = long_text()
