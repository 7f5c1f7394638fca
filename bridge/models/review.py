"""What the review page keeps: figures of topics, drafts that people wrote into, questions, saved views."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from bridge.models.base import UtcDateTime, anything, long_text, own_id, ref, workspace


class TopicFigures(SQLModel, table=True):
    """A recount of a topic (a root), good while `touched` is still what its family's touches sum up to."""

    __tablename__: ClassVar[str] = "topic_figures"
    workspace_id: int = workspace(primary_key=True)
    topic: int = Field(primary_key=True)
    touched: int
    mentions: int
    reach: int
    returns: int  # times it came back after a quiet time
    last_quiet_days: int  # of the latest quiet time that ended
    sources: str = long_text()  # JSON: [[source, mentions], …], the order of `times`
    times: bytes = Field(sa_type=LargeBinary)  # int64 microseconds since 1970 of each mention, by source


class DraftEdit(SQLModel, table=True):
    """What a person wrote into a ticket before it was created; None: the machine's own words stand."""

    __tablename__: ClassVar[str] = "draft_edit"
    workspace_id: int = workspace(primary_key=True)
    topic: int = Field(primary_key=True)
    title: str | None = None
    description: str | None = long_text(None)
    type: str | None = None
    who: str
    at: datetime = Field(sa_type=UtcDateTime)


class Question(SQLModel, table=True):
    """Something the last run would ask a person: whether two topics are one, or whether one is several."""

    __tablename__: ClassVar[str] = "question"
    id: int | None = own_id()
    workspace_id: int = workspace()
    about: str  # merge · split
    topic: int = Field(index=True)
    other: int | None = None
    score: float
    shape: Any = anything()  # as `topics proposals --json` gives it


class Written(SQLModel, table=True):
    """The mark of a table that pages stand on: another one after each commit that wrote the table."""

    __tablename__: ClassVar[str] = "written"
    workspace_id: int = workspace(primary_key=True)
    name: str = Field(primary_key=True)  # of the table
    mark: str


class SavedView(SQLModel, table=True):
    """A page's query under a name: of one account, or shared with all.

    A deleted one stays for a while without being shown, so that it can be taken back.
    """

    __tablename__: ClassVar[str] = "saved_view"
    id: int | None = own_id()
    workspace_id: int = workspace()
    account_id: int | None = ref("user_account.id", default=None, index=True, ondelete="CASCADE")  # whose
    who: str  # who saved it, as decisions are signed
    name: str
    url: str = long_text()  # a path of ours with its query; never another host's
    shared: bool = False
    gone: bool = False
    at: datetime = Field(sa_type=UtcDateTime)  # of the last change
    change: int = 1  # number of the last change
    verb: str = "saved"  # the last change: saved · renamed · deleted; nothing once it is taken back
    before: Any = anything()  # name, shared and gone before the last change
