"""What people wrote into drafts: a customer's words in it go when their author deletes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, select

from bridge.models import WORKSPACE, Decision, DraftEdit

GONE = "*deleted by its author*"
_WHOLE, _PART = 8, 12  # letters that what was said, or a line of it, has at least to be known again


def forget(session: Session, said: Sequence[str]) -> None:
    """Take texts out of all drafts, and out of what decisions keep of earlier ones, line by line."""
    known = [text for text in map(_letters, said) if len(text) >= _WHOLE]
    if not known:
        return
    for edit in session.exec(select(DraftEdit).where(DraftEdit.workspace_id == WORKSPACE)):
        edit.description = _without(edit.description, known)
    edits = select(Decision).where(Decision.workspace_id == WORKSPACE, Decision.verb == "edit")
    for decision in session.exec(edits):
        drafts: Mapping[str, Mapping[str, Any] | None] = decision.before.get("draft", {})
        kept = {
            number: draft and {**draft, "description": _without(draft["description"], known)}
            for number, draft in drafts.items()
        }
        if kept != drafts:
            decision.before = {**decision.before, "draft": kept}


def _without(text: str | None, known: Sequence[str]) -> str | None:
    if not text:
        return text
    return "\n".join(GONE if _is_of(_letters(line), known) else line for line in text.split("\n"))


def _is_of(line: str, known: Sequence[str]) -> bool:
    return any(said in line or (len(line) >= _PART and line in said) for said in known)


def _letters(text: str) -> str:
    """Return what is left of a text whatever mark-up it went through."""
    return re.sub(r"[\W_]+", "", text)
