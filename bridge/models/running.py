"""Runs, jobs of the daemon, digests, and who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from bridge.models.base import UtcDateTime, anything, long_text, moment, own_id, workspace


class Run(SQLModel, table=True):
    """One pass of the pipeline, with its counts and errors."""

    __tablename__: ClassVar[str] = "run"
    id: int | None = own_id()
    workspace_id: int = workspace()
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = moment()
    as_of: datetime = Field(sa_type=UtcDateTime)
    state: str = "running"  # running · ok · partial · failed · stopped
    steps: Any = anything()
    errors: Any = Field(default_factory=list, sa_type=JSON)
    beat_at: datetime | None = moment()  # when its process was last heard of, by the machine's clock
    progress: Any = anything()  # how far it is, while it runs: step, done, total, seconds, steps


class Job(SQLModel, table=True):
    """A job of the daemon: when it is due, and how it went last."""

    __tablename__: ClassVar[str] = "job"
    workspace_id: int = workspace(primary_key=True)
    name: str = Field(primary_key=True)
    next_due_at: datetime | None = moment()
    last_ok_at: datetime | None = moment()
    last_try_at: datetime | None = moment()
    last_error: str | None = long_text(None)
    failures: int = 0  # in a row
    seconds: float = 0.0  # that it took last
    counts: Any = anything()  # what it counted last
    begun: int = 0  # how often in a row it began and never ended, now included


class DigestSent(SQLModel, table=True):
    """A digest by one way out, noted before it goes: for each time that it is due there is one."""

    __tablename__: ClassVar[str] = "digest"
    workspace_id: int = workspace(primary_key=True)
    way: str = Field(primary_key=True)  # email · slack · folder
    due_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    by: str = ""  # who sent it by hand; empty: the schedule
    since_at: datetime = Field(sa_type=UtcDateTime)  # what it tells came after this,
    until_at: datetime = Field(sa_type=UtcDateTime)  # up to this
    state: str  # sending · sent · quiet · refused · in doubt
    recipients: Any = Field(default_factory=list, sa_type=JSON)
    told: Any = anything()  # numbers of topics and tickets, so that the next one needn't tell them again
    tries: int = 0
    outcome: str = long_text()


class Audit(SQLModel, table=True):
    """Who did what, in order; each row's hash covers the one before. Ids and counts only."""

    __tablename__: ClassVar[str] = "audit"
    id: int | None = own_id()
    workspace_id: int = workspace()
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    verb: str
    subject: str
    details: Any = anything()
    previous: str = ""
    hash: str
