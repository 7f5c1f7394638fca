"""The tables. They hold no behaviour and validate nothing: pydantic models check untrusted input first.

Every row has `workspace_id`. Customers' names and addresses stand in `person` alone; all else knows people
by their pseudonymous key. `intent`, `audit` and `run` hold ids and counts, never customer text. Times are
aware UTC.

`sort_key` gives items and statements one order that doesn't depend on how they came in (time said, source,
external id, ordinal); steps claim slices of it. `stage` is the last step that a row has gone through.
"""

from __future__ import annotations

from bridge.models.access import ApiToken, UserAccount, UserSession
from bridge.models.base import WORKSPACE, BigId, UtcDateTime
from bridge.models.feedback import (
    Fingerprint,
    Item,
    ItemRevision,
    Person,
    RejectedInput,
    SourceGap,
    SourceState,
    Statement,
    Vector,
    Workspace,
)
from bridge.models.review import DraftEdit, Question, SavedView, TopicFigures, Written
from bridge.models.running import Audit, DigestSent, Job, Run
from bridge.models.tickets import BacklogIssue, Delivery, Intent, Lease, Mirror, Remembered, Ticket
from bridge.models.topics import (
    Assignment,
    Barred,
    Decision,
    EngineState,
    Evidence,
    KeyQuote,
    MapPlace,
    Position,
    Topic,
)
from bridge.models.trying import Attempt, SetAside

__all__ = [
    "WORKSPACE",
    "ApiToken",
    "Assignment",
    "Attempt",
    "Audit",
    "BacklogIssue",
    "Barred",
    "BigId",
    "Decision",
    "Delivery",
    "DigestSent",
    "DraftEdit",
    "EngineState",
    "Evidence",
    "Fingerprint",
    "Intent",
    "Item",
    "ItemRevision",
    "Job",
    "KeyQuote",
    "Lease",
    "MapPlace",
    "Mirror",
    "Person",
    "Position",
    "Question",
    "RejectedInput",
    "Remembered",
    "Run",
    "SavedView",
    "SetAside",
    "SourceGap",
    "SourceState",
    "Statement",
    "Ticket",
    "Topic",
    "TopicFigures",
    "UserAccount",
    "UserSession",
    "UtcDateTime",
    "Vector",
    "Workspace",
    "Written",
]
