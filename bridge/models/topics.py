"""Topics, which statement belongs to which, and what people decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from bridge.models.base import UtcDateTime, anything, moment, own_id, ref, workspace

_COUNTED_BY = ("score", "source", "kind", "speaker")


class Topic(SQLModel, table=True):
    """A lasting theme. `number` is its name (T-number) for ever; a merge is a pointer in `merged_into`."""

    __tablename__: ClassVar[str] = "topic"
    __table_args__ = (
        UniqueConstraint("workspace_id", "number"),
        Index("ix_topic_root", "workspace_id", "root", "number"),
    )
    id: int | None = own_id()
    workspace_id: int = workspace()
    number: int
    root: int  # itself, or the topic that it ended up in by merges
    merged_into: int | None = None
    split_from: int | None = None
    title: str = ""
    title_by: str = "machine"  # machine · person
    keywords: Any = Field(default_factory=list, sa_type=JSON)
    kind: str = "other"
    state: str = "new"
    state_until: datetime | None = moment()  # snoozed until
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
    grown: int = 0  # how many of its touches only brought members in
    shown_mentions: int = 0  # its mentions when its quotes were last chosen
    shown_at: datetime | None = moment()  # and when that was


class Assignment(SQLModel, table=True):
    """Which topic a statement belongs to, and why. Speaker, time, source and kind stand here for counting."""

    __tablename__: ClassVar[str] = "assignment"
    __table_args__ = (
        # all that counting a topic asks of its members, so that none of their rows is read for it
        Index("ix_assignment_topic", *("workspace_id", "topic", "said_at", "status", *_COUNTED_BY)),
        Index("ix_assignment_status", "workspace_id", "status", "said_at"),
        Index("ix_assignment_time", "workspace_id", "source", "said_at", "status"),
        Index("ix_assignment_speaker", "workspace_id", "speaker", "topic"),
    )
    statement_id: int = ref("statement.id", primary_key=True)
    workspace_id: int = workspace()
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
    statement_id: int = ref("statement.id", primary_key=True, ondelete="CASCADE")
    topic: int = Field(primary_key=True)  # and every topic that this one is merged with
    workspace_id: int = workspace()


class KeyQuote(SQLModel, table=True):
    """A statement that a person pinned to show a topic; it does so while it is of the topic."""

    __tablename__: ClassVar[str] = "key_quote"
    statement_id: int = ref("statement.id", primary_key=True, ondelete="CASCADE")
    topic: int = Field(primary_key=True)  # and every topic that this one is merged with
    workspace_id: int = workspace()
    turn: int  # what was pinned earlier stands before


class Position(SQLModel, table=True):
    """A statement of the working set: its nearest neighbours at arrival, kept for later rounds."""

    __tablename__: ClassVar[str] = "position"
    statement_id: int = ref("statement.id", primary_key=True)
    workspace_id: int = workspace()
    arrival: int = Field(index=True)  # order of arrival in the working set
    neighbours: bytes = Field(sa_type=LargeBinary)  # int64 statement ids
    weights: bytes = Field(sa_type=LargeBinary)  # float32


class EngineState(SQLModel, table=True):
    """What the topic engine keeps between rounds: running means, resolution, how far it has seen."""

    __tablename__: ClassVar[str] = "engine_state"
    workspace_id: int = workspace(primary_key=True)
    model: str = ""
    discover_due: bool = False
    data: Any = anything()
    mean: bytes = Field(default=b"", sa_type=LargeBinary)  # float64 sum of vectors


class Evidence(SQLModel, table=True):
    """A statement chosen to show a topic."""

    __tablename__: ClassVar[str] = "evidence"
    workspace_id: int = workspace(primary_key=True)
    topic: int = Field(primary_key=True)
    statement_id: int = ref("statement.id", primary_key=True)
    rank: int
    score: float


class MapPlace(SQLModel, table=True):
    """Where a topic lies on the map; no unit. It stays when the topic is merged, for an unmerge."""

    __tablename__: ClassVar[str] = "map_place"
    workspace_id: int = workspace(primary_key=True)
    topic: int = Field(primary_key=True)
    x: float
    y: float
    together: bool  # laid out with all others, not placed beside them


class Decision(SQLModel, table=True):
    """What a person decided. It holds for tomorrow's items too, until it is undone."""

    __tablename__: ClassVar[str] = "decision"
    id: int | None = own_id()
    workspace_id: int = workspace()
    at: datetime = Field(sa_type=UtcDateTime)
    who: str
    verb: str
    topic: int = Field(index=True)
    other: int | None = None
    before: Any = anything()  # what undo restores
    after: Any = anything()
    undone_at: datetime | None = moment()
    together: int | None = None  # the number of the recluster that it was a part of
