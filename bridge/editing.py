"""What a person writes into a ticket before it is created: its title, its text, its type.

What they touched is theirs: the ticket says it, and no later run writes over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, select

from bridge.errors import InputError
from bridge.models import WORKSPACE, Decision, DraftEdit
from bridge.placing import existing
from bridge.store import topics as store
from bridge.store.audit import record

LONGEST = 30_000
"""Characters of a description; what trackers take."""
BRACKETS: Final = 500
"""Signs `[` of a text: what reads links takes longer by the square of them."""


def edits(session: Session) -> dict[int, DraftEdit]:
    """Return what was edited, by topic."""
    found = session.exec(select(DraftEdit).where(DraftEdit.workspace_id == WORKSPACE))
    return {edit.topic: edit for edit in found}


def edit(session: Session, who: str, at: datetime, number: int, *, wanted: Mapping[str, str]) -> Decision:
    """Keep what a person wrote as `title`, `description` or `type`; raises `InputError` if all is as it was.

    Only what differs from what the machine proposed is to be given: it is theirs from then on. A title is the
    topic's own.
    """
    topic = existing(session, number)
    ticket = store.tickets(session, [number]).get(number)
    if ticket is not None and ticket.state in ("open", "done"):
        raise InputError(f"the ticket of T-{number} is {ticket.state} in the tracker; edit it there")
    words = {name: text.strip().replace("\r\n", "\n") for name, text in wanted.items() if text.strip()}
    words = {name: text for name, text in words.items() if name != "title" or text != topic.title}
    if not words:
        raise InputError("nothing was changed; write a title, a description or a type")
    if len(words.get("description", "")) > LONGEST:
        raise InputError(f"the description is longer than {LONGEST:,} characters; shorten it")
    if any(text.count("[") > BRACKETS for text in words.values()):
        raise InputError(f"a text holds more than {BRACKETS} signs `[`; take some out")
    before: dict[str, dict[str, Any]] = {"topic": {}, "ticket": {}, "assignment": {}}
    row = session.get(DraftEdit, (WORKSPACE, number))
    before["draft"] = {str(number): row and shape(row)}
    if "title" in words:
        before["topic"][str(number)] = {"title": topic.title, "title_by": topic.title_by}
        topic.title, topic.title_by = " ".join(words["title"].split())[:255], "person"
    row = row or DraftEdit(topic=number, who=who, at=at)
    row.title = topic.title if "title" in words else row.title
    row.description, row.type = words.get("description", row.description), words.get("type", row.type)
    row.who, row.at = who, at
    session.add(row)
    made = Decision(at=at, who=who, verb="edit", topic=number, before=before, after={"fields": sorted(words)})
    session.add(made)
    session.flush()
    record(session, at, who, "edit", f"T-{number}", {"fields": sorted(words)})
    return made


def shape(row: DraftEdit) -> dict[str, Any]:
    """Return an edit as a decision keeps it."""
    texts = {"title": row.title, "description": row.description, "type": row.type}
    return {**texts, "who": row.who, "at": row.at.isoformat()}


def restore(session: Session, kept: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Set edits back to what a decision kept of them."""
    for number, values in kept.items():
        row = session.get(DraftEdit, (WORKSPACE, int(number)))
        if values is None:
            if row is not None:
                session.delete(row)
            continue
        row = row or DraftEdit(topic=int(number), who="", at=datetime.fromisoformat(values["at"]))
        row.title, row.description, row.type = values["title"], values["description"], values["type"]
        row.who, row.at = values["who"], datetime.fromisoformat(values["at"])
        session.add(row)
    session.flush()
