"""Tickets, what stands in the tracker, and the effects outside."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from bridge.models.base import UtcDateTime, anything, long_text, moment, own_id, ref, workspace


class Ticket(SQLModel, table=True):
    """Our record of an issue in a tracker, or, until it is created, a proposal."""

    __tablename__: ClassVar[str] = "ticket"
    __table_args__ = (Index("ix_ticket_topic", "workspace_id", "topic"),)
    id: int | None = own_id()
    workspace_id: int = workspace()
    topic: int
    state: str = "proposed"  # proposed · approved · rejected · open · done
    tracker: str
    project: str = ""
    type: str = ""
    key: str | None = None
    remote_id: str | None = None
    url: str | None = long_text(None)
    marker: str = ""
    title: str = ""
    rule: str = ""
    reason: str = ""
    reported: Any = anything()  # what the tracker was last told, by field
    baseline: Any = anything()  # frozen at creation: what "it fell" is measured against
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime | None = moment()
    adopted: bool = False  # people made the issue: its title and description are theirs
    also_of: int | None = None  # the ticket that it goes along with, in another project
    alike: Any = Field(default_factory=list, sa_type=JSON)  # issues found beside it: [{key, title}]


class Mirror(SQLModel, table=True):
    """The issue of a ticket as the tracker had it when last seen, and what we wrote there."""

    __tablename__: ClassVar[str] = "mirror"
    ticket_id: int = ref("ticket.id", primary_key=True, ondelete="CASCADE")
    workspace_id: int = workspace()
    status: str = ""
    category: str = "new"  # new · indeterminate · done
    resolution: str | None = None
    resolved_at: datetime | None = moment()
    done_at: datetime | None = moment()  # when we first saw it done, or the tracker's own time of it
    versions: Any = Field(default_factory=list, sa_type=JSON)  # [{name, released, on}]
    released_at: datetime | None = moment()
    assignee: str | None = None
    updated: datetime | None = moment()
    seen_at: datetime | None = moment()
    gone_at: datetime | None = moment()  # since when it can't be seen
    archived: bool = False
    copy_of: str | None = None  # the key of the issue that people closed it as a duplicate of
    written: Any = anything()  # what we last wrote, by field; texts as hashes
    theirs: Any = Field(default_factory=list, sa_type=JSON)  # fields that a person edited: theirs for good
    attached: Any = anything()  # links to what customers said: global id → hash of its content
    evidence_comment: str | None = None  # id of our one comment that is kept up to date
    commented_at: datetime | None = moment()
    commented_reach: int = 0  # people when we last commented
    moved_at: datetime | None = moment()  # when we last changed its state
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
    id: int | None = own_id()
    workspace_id: int = workspace()
    ticket_id: int = ref("ticket.id", index=True)
    effect: str  # create · update · comment · transition · link
    state: str = "planned"  # planned · sent · in doubt · confirmed · absent · refused · needs a person
    generation: int = 1
    marker: str
    payload_hash: str
    planned_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = moment()
    settled_at: datetime | None = moment()
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
    workspace_id: int = workspace(primary_key=True)
    name: str = Field(primary_key=True)
    fence: int = 0
    owner: str = ""
    taken_at: datetime | None = moment()


class Remembered(SQLModel, table=True):
    """Something found out once, such as a tracker's flavour, so that it needn't be asked again."""

    __tablename__: ClassVar[str] = "remembered"
    workspace_id: int = workspace(primary_key=True)
    name: str = Field(primary_key=True)
    value: str = ""


class Delivery(SQLModel, table=True):
    """A webhook's delivery that was taken in, so that the same one again changes nothing."""

    __tablename__: ClassVar[str] = "delivery"
    workspace_id: int = workspace(primary_key=True)
    id: str = Field(primary_key=True, max_length=255)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class BacklogIssue(SQLModel, table=True):
    """An issue of the embedded backlog, the tracker that needs no Jira."""

    __tablename__: ClassVar[str] = "backlog_issue"
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)
    id: int | None = own_id()
    workspace_id: int = workspace()
    key: str
    project: str
    type: str
    title: str
    body: str = long_text()
    marker: str = Field(index=True)
    state: str = "open"  # open · done
    comment: str = long_text()
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
