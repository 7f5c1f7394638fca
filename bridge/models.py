"""The tables. They hold no behaviour and validate nothing: pydantic models check untrusted input first.

Every row has `workspace_id`. Customers' names and addresses stand in `person` alone; all else knows people
by their pseudonymous key. `intent`, `audit` and `run` hold ids and counts, never customer text. Times are
aware UTC.

`sort_key` gives items and statements one order that doesn't depend on how they came in (time said, source,
external id, ordinal); steps claim slices of it. `stage` is the last step that a row has gone through.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

WORKSPACE = 1
"""The one workspace there is now."""

SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; a naive one is refused, because guessing its zone would shift it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time to UTC; SQLite stores it without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone; times in the store are aware UTC"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only in INTEGER PRIMARY KEY


def _id() -> Any:
    return Field(default=None, primary_key=True, sa_type=BigId)


def _ref(
    column: str,
    *,
    default: Any = ...,
    primary_key: bool = False,
    index: bool = False,
    ondelete: Literal["CASCADE"] | None = None,
) -> Any:
    more: dict[str, Any] = {"ondelete": ondelete} if ondelete else {}
    return Field(
        default=default, foreign_key=column, sa_type=BigId, primary_key=primary_key, index=index, **more
    )


def _workspace(*, primary_key: bool = False) -> Any:
    return _ref("workspace.id", default=WORKSPACE, primary_key=primary_key)


def _time(*, index: bool = False) -> Any:
    return Field(default=None, sa_type=UtcDateTime, index=index)


def _json() -> Any:
    return Field(default_factory=dict, sa_type=JSON)


def _text(default: str | None = "") -> Any:
    return Field(default=default, sa_type=Text)


class Workspace(SQLModel, table=True):
    """Whose feedback it is. `secret` keys the pseudonyms of people."""

    __tablename__: ClassVar[str] = "workspace"
    id: int | None = _id()
    name: str
    secret: bytes = Field(sa_type=LargeBinary)
    last_topic: int = 0


class SourceState(SQLModel, table=True):
    """A configured channel as it stands: where its next pull goes on, and how its last one went."""

    __tablename__: ClassVar[str] = "source"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)
    id: int | None = _id()
    workspace_id: int = _workspace()
    name: str
    connector: str
    cursor: Any = Field(default=None, sa_type=JSON)
    state: str = "new"  # new · ok · failing · gone · paused
    last_ok_at: datetime | None = _time()
    last_try_at: datetime | None = _time()
    last_error: str | None = _text(None)
    failures: int = 0
    next_due_at: datetime | None = _time()


class Person(SQLModel, table=True):
    """Who said it; the only table with names and addresses."""

    __tablename__: ClassVar[str] = "person"
    workspace_id: int = _workspace(primary_key=True)
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
        CheckConstraint("stage >= -1", name="stage"),
    )
    id: int | None = _id()
    workspace_id: int = _workspace()
    source: str
    external_id: str
    revision: str
    person_key: str | None = Field(default=None, index=True, max_length=32)
    said_at: datetime = Field(sa_type=UtcDateTime, index=True)
    edited_at: datetime | None = _time()
    pulled_at: datetime = Field(sa_type=UtcDateTime)
    pull: str  # the import or pull that brought this revision
    conflict: bool = False  # one pull brought two texts for it; the greater (time, revision) stands
    sort_key: str
    stage: int = 0
    text: str = _text()  # clean: what people see and quote
    lang: str | None = None
    lang_given: bool = False  # the channel said so
    is_html: bool = False
    is_mail: bool = False
    is_repost: bool = False
    parent: str | None = None
    thread: str | None = None
    repost_handle: str | None = None  # whom its text says it reposts
    url: str | None = _text(None)
    rating: float | None = None
    visibility: str = "public"
    signals: int = 0
    exact: int = Field(default=0, sa_type=BigInteger)  # fingerprint of its words
    mentions_handles: str = _text()  # the handles it addresses, space-separated
    repost_of: int | None = _ref("item.id", default=None, index=True)
    repost_reason: str | None = None
    removed_at: datetime | None = _time()
    removed_reason: str | None = None


class ItemRevision(SQLModel, table=True):
    """What an item said at each revision, as the channel gave it."""

    __tablename__: ClassVar[str] = "item_revision"
    __table_args__ = (UniqueConstraint("item_id", "revision"),)
    id: int | None = _id()
    workspace_id: int = _workspace()
    item_id: int = _ref("item.id")
    revision: str
    seen_at: datetime = Field(sa_type=UtcDateTime)
    said_at: datetime = Field(sa_type=UtcDateTime)
    text: str = _text()


class Fingerprint(SQLModel, table=True):
    """A hash that near-identical texts share; finds the original of a repost without reading all items."""

    __tablename__: ClassVar[str] = "fingerprint"
    workspace_id: int = _workspace(primary_key=True)
    hash: int = Field(primary_key=True, sa_type=BigInteger)
    item_id: int = _ref("item.id", primary_key=True, index=True)


class Statement(SQLModel, table=True):
    """One point inside an item: the unit that is classified, embedded and assigned."""

    __tablename__: ClassVar[str] = "statement"
    __table_args__ = (
        UniqueConstraint("item_id", "ordinal"),
        Index("ix_statement_claim", "workspace_id", "stage", "sort_key"),
        Index("ix_statement_words", "text_hash"),
    )
    id: int | None = _id()
    workspace_id: int = _workspace()
    item_id: int = _ref("item.id")
    ordinal: int  # from 1
    start: int
    stop: int
    text: str = _text()  # literal: clean text of the item from start to stop
    plain: str = _text()  # the form that models read
    text_hash: str = Field(max_length=32)
    sort_key: str
    stage: int = 0
    kind: str | None = None
    kind_score: float | None = None
    kind_scores: Any = _json()


class Vector(SQLModel, table=True):
    """The vector of a distinct text by one model; float32, little-endian."""

    __tablename__: ClassVar[str] = "vector"
    workspace_id: int = _workspace(primary_key=True)
    text_hash: str = Field(primary_key=True, max_length=32)
    model: str = Field(primary_key=True)  # "model id@revision"
    data: bytes = Field(sa_type=LargeBinary)


class Topic(SQLModel, table=True):
    """A lasting theme. `number` is its name (T-number) for ever; a merge is a pointer in `merged_into`."""

    __tablename__: ClassVar[str] = "topic"
    __table_args__ = (UniqueConstraint("workspace_id", "number"),)
    id: int | None = _id()
    workspace_id: int = _workspace()
    number: int
    root: int  # itself, or the topic that it ended up in by merges
    merged_into: int | None = None
    split_from: int | None = None
    title: str = ""
    title_by: str = "machine"  # machine · person
    keywords: Any = Field(default_factory=list, sa_type=JSON)
    kind: str = "other"
    state: str = "new"
    state_until: datetime | None = _time()  # snoozed until
    state_until_reach: int | None = None  # snoozed until it grows to this
    state_before: str | None = None
    confidence: float = 0.0
    born_at: datetime = Field(sa_type=UtcDateTime)  # the time of the newest statement at its birth
    born_run: int | None = None
    labelled_mentions: int = 0
    touched: int = 1  # how often its members changed since label, evidence and track last ran
    centroid: bytes | None = Field(default=None, sa_type=LargeBinary)  # float32 mean of its best members
    centroid_model: str = ""
    born_cold: bool = False  # among the first drops of a stream: not proposed until it has proved coherent


class Assignment(SQLModel, table=True):
    """Which topic a statement belongs to, and why. Speaker, time, source and kind stand here for counting."""

    __tablename__: ClassVar[str] = "assignment"
    __table_args__ = (
        Index("ix_assignment_topic", "workspace_id", "topic", "said_at"),
        Index("ix_assignment_status", "workspace_id", "status"),
    )
    statement_id: int = _ref("statement.id", primary_key=True)
    workspace_id: int = _workspace()
    topic: int | None = None  # the number it was published under; its root is what people see
    status: str  # published · unsure · out (kind, language) · voice (no customer) · repost
    score: float | None = None
    runner_up: int | None = None
    runner_up_score: float | None = None
    reason: str = ""
    model: str = ""
    pinned: bool = False  # a person put it here, or out of here
    said_at: datetime = Field(sa_type=UtcDateTime)
    speaker: str  # the person's key, or the item's own when nobody is named
    source: str
    kind: str = "other"


class Barred(SQLModel, table=True):
    """A topic that a statement is not of, because a person said so; no machine puts it there again."""

    __tablename__: ClassVar[str] = "barred"
    statement_id: int = _ref("statement.id", primary_key=True, ondelete="CASCADE")
    topic: int = Field(primary_key=True)  # and every topic that this one is merged with
    workspace_id: int = _workspace()


class Position(SQLModel, table=True):
    """A statement of the working set: its nearest neighbours at arrival, kept for later rounds."""

    __tablename__: ClassVar[str] = "position"
    statement_id: int = _ref("statement.id", primary_key=True)
    workspace_id: int = _workspace()
    arrival: int = Field(index=True)  # order of arrival in the working set
    neighbours: bytes = Field(sa_type=LargeBinary)  # int64 statement ids
    weights: bytes = Field(sa_type=LargeBinary)  # float32


class EngineState(SQLModel, table=True):
    """What the topic engine keeps between rounds: running means, resolution, how far it has seen."""

    __tablename__: ClassVar[str] = "engine_state"
    workspace_id: int = _workspace(primary_key=True)
    model: str = ""
    discover_due: bool = False
    data: Any = _json()
    mean: bytes = Field(default=b"", sa_type=LargeBinary)  # float64 sum of vectors


class Evidence(SQLModel, table=True):
    """A statement chosen to show a topic."""

    __tablename__: ClassVar[str] = "evidence"
    workspace_id: int = _workspace(primary_key=True)
    topic: int = Field(primary_key=True)
    statement_id: int = _ref("statement.id", primary_key=True)
    rank: int
    score: float


class Decision(SQLModel, table=True):
    """What a person decided. It holds for tomorrow's items too, until it is undone."""

    __tablename__: ClassVar[str] = "decision"
    id: int | None = _id()
    workspace_id: int = _workspace()
    at: datetime = Field(sa_type=UtcDateTime)
    who: str
    verb: str
    topic: int = Field(index=True)
    other: int | None = None
    before: Any = _json()  # what undo restores
    after: Any = _json()
    undone_at: datetime | None = _time()
    together: int | None = None  # the number of the recluster that it was a part of


class Ticket(SQLModel, table=True):
    """Our record of an issue in a tracker, or, until it is created, a proposal."""

    __tablename__: ClassVar[str] = "ticket"
    __table_args__ = (Index("ix_ticket_topic", "workspace_id", "topic"),)
    id: int | None = _id()
    workspace_id: int = _workspace()
    topic: int
    state: str = "proposed"  # proposed · approved · rejected · open · done
    tracker: str
    project: str = ""
    type: str = ""
    key: str | None = None
    remote_id: str | None = None
    url: str | None = _text(None)
    marker: str = ""
    title: str = ""
    rule: str = ""
    reason: str = ""
    reported: Any = _json()  # what the tracker was last told, by field
    baseline: Any = _json()  # frozen at creation: what "it fell" is measured against
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime | None = _time()
    adopted: bool = False  # people made the issue: its title and description are theirs
    also_of: int | None = None  # the ticket that it goes along with, in another project
    alike: Any = Field(default_factory=list, sa_type=JSON)  # issues found beside it: [{key, title}]


class Mirror(SQLModel, table=True):
    """The issue of a ticket as the tracker had it when last seen, and what we wrote there."""

    __tablename__: ClassVar[str] = "mirror"
    ticket_id: int = _ref("ticket.id", primary_key=True, ondelete="CASCADE")
    workspace_id: int = _workspace()
    status: str = ""
    category: str = "new"  # new · indeterminate · done
    resolution: str | None = None
    resolved_at: datetime | None = _time()
    done_at: datetime | None = _time()  # when we first saw it done, or the tracker's own time of it
    versions: Any = Field(default_factory=list, sa_type=JSON)  # [{name, released, on}]
    released_at: datetime | None = _time()
    assignee: str | None = None
    updated: datetime | None = _time()
    seen_at: datetime | None = _time()
    gone_at: datetime | None = _time()  # since when it can't be seen
    archived: bool = False
    copy_of: str | None = None  # the key of the issue that people closed it as a duplicate of
    written: Any = _json()  # what we last wrote, by field; texts as hashes
    theirs: Any = Field(default_factory=list, sa_type=JSON)  # fields that a person edited: theirs for good
    attached: Any = _json()  # links to what customers said: global id → hash of its content
    evidence_comment: str | None = None  # id of our one comment that is kept up to date
    commented_at: datetime | None = _time()
    commented_reach: int = 0  # people when we last commented
    moved_at: datetime | None = _time()  # when we last changed its state
    stale: bool = False  # a webhook said that it changed


class Intent(SQLModel, table=True):
    """One effect outside, written before it is sent. Holds ids and hashes, never text.

    `effect` and `key` say what it is to a ticket: each is had once. Seconds are of the machine's own count
    since `boot`, so that a clock that is set can't hasten a settled reading.
    """

    __tablename__: ClassVar[str] = "intent"
    __table_args__ = (
        UniqueConstraint("ticket_id", "effect", "key"),
        Index("ix_intent_state", "workspace_id", "state"),
    )
    id: int | None = _id()
    workspace_id: int = _workspace()
    ticket_id: int = _ref("ticket.id", index=True)
    effect: str  # create · update · comment · transition · link
    state: str = "planned"  # planned · sent · in doubt · confirmed · absent · refused · needs a person
    generation: int = 1
    marker: str
    payload_hash: str
    planned_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = _time()
    settled_at: datetime | None = _time()
    outcome: str = ""
    key: str  # which of a ticket's effects of this kind
    op: str  # names this intent to the tracker
    fence: int = 0  # of the lease under which it was sent
    sent_boot: str = ""
    sent_s: float = 0.0
    reads: int = 0  # settled readings that found nothing
    read_boot: str = ""
    read_s: float = 0.0  # when the last of them was
    canary: str = ""  # label written after the send, whose sight proves that the index has come so far
    canary_on: str = ""  # id of the issue that bears it


class Lease(SQLModel, table=True):
    """Who may send. Each new holder gets the next fence; what an older one still tries is refused."""

    __tablename__: ClassVar[str] = "lease"
    workspace_id: int = _workspace(primary_key=True)
    name: str = Field(primary_key=True)
    fence: int = 0
    owner: str = ""
    taken_at: datetime | None = _time()


class Delivery(SQLModel, table=True):
    """A webhook's delivery that was taken in, so that the same one again changes nothing."""

    __tablename__: ClassVar[str] = "delivery"
    workspace_id: int = _workspace(primary_key=True)
    id: str = Field(primary_key=True, max_length=255)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class BacklogIssue(SQLModel, table=True):
    """An issue of the embedded backlog, the tracker that needs no Jira."""

    __tablename__: ClassVar[str] = "backlog_issue"
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)
    id: int | None = _id()
    workspace_id: int = _workspace()
    key: str
    project: str
    type: str
    title: str
    body: str = _text()
    marker: str = Field(index=True)
    state: str = "open"  # open · done
    comment: str = _text()
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Run(SQLModel, table=True):
    """One pass of the pipeline, with its counts and errors."""

    __tablename__: ClassVar[str] = "run"
    id: int | None = _id()
    workspace_id: int = _workspace()
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = _time()
    as_of: datetime = Field(sa_type=UtcDateTime)
    state: str = "running"  # running · ok · partial · failed · stopped
    steps: Any = _json()
    errors: Any = Field(default_factory=list, sa_type=JSON)


class RejectedInput(SQLModel, table=True):
    """Where and why input couldn't be taken; the input itself is kept in the file that the import names."""

    __tablename__: ClassVar[str] = "rejected_input"
    id: int | None = _id()
    workspace_id: int = _workspace()
    source: str = Field(index=True)
    pull: str
    at: datetime = Field(sa_type=UtcDateTime)
    place: str
    reason: str = _text()


class SourceGap(SQLModel, table=True):
    """A time for which a source could not give what was said."""

    __tablename__: ClassVar[str] = "source_gap"
    id: int | None = _id()
    workspace_id: int = _workspace()
    source: str
    seen_at: datetime = Field(sa_type=UtcDateTime)
    since: datetime | None = _time()
    until: datetime | None = _time()
    why: str = _text()


class Audit(SQLModel, table=True):
    """Who did what, in order; each row's hash covers the one before. Ids and counts only."""

    __tablename__: ClassVar[str] = "audit"
    id: int | None = _id()
    workspace_id: int = _workspace()
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    verb: str
    subject: str
    details: Any = _json()
    previous: str = ""
    hash: str
