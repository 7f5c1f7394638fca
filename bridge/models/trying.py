"""What is tried again and again: the slice that a step is at work on, and what was set aside for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from bridge.models.base import UtcDateTime, long_text, own_id, ref, workspace


class Attempt(SQLModel, table=True):
    """The slice that a step is at work on, written before the work: a process that dies there is noticed."""

    __tablename__: ClassVar[str] = "attempt"
    workspace_id: int = workspace(primary_key=True)
    step: str = Field(primary_key=True)
    lane: str = Field(default="", primary_key=True)  # of workers that do one step side by side
    suspects: Any = Field(default_factory=list, sa_type=JSON)  # ids; the first `size` of them are at work
    size: int = 0
    tries: int = 0
    streak: int = 0  # rows set aside since anything went well
    at_work: bool = False


class SetAside(SQLModel, table=True):
    """An item or a statement that ended its step at each try; it holds while the item is as it was.

    Holds ids and the kind and place of the fault, never text.
    """

    __tablename__: ClassVar[str] = "set_aside"
    id: int | None = own_id()
    workspace_id: int = workspace()
    item_id: int = ref("item.id", index=True, ondelete="CASCADE")
    statement_id: int | None = ref("statement.id", default=None, index=True, ondelete="CASCADE")
    revision: str
    step: str
    tries: int
    reason: str = long_text()
    at: datetime = Field(sa_type=UtcDateTime)
