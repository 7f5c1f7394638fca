"""The issue's history as witness: what people wrote between our re-read and our write is put back.

What stood in each field before a write, and what it writes, are kept as hashes; the history then tells whose
edit came in between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bridge.plan import hashed
from bridge.render.document import Document, Paragraph, Text
from bridge.render.format import inside
from bridge.tracker import FieldUpdate

if TYPE_CHECKING:
    from bridge.tracker import Edit, Remote, Tracker

AGAIN = 3
"""How often a field is put back while people go on editing it, before it is left as it is."""

_FIGURE = "figures."
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_A_MOMENT = timedelta(seconds=1)  # a tracker's times may be cut to whole seconds


def stood_there(tracker: Tracker, seen: Remote, change: FieldUpdate) -> dict[str, Any]:
    """Return what stood in the fields of a change and what will stand there, as hashes, and as of when."""
    fields = {
        name: [_mark(tracker, name, _value(seen, name)), _mark(tracker, name, value)]
        for name, value in _values(change).items()
    }
    return {"at": seen.updated.isoformat() if seen.updated else None, "fields": fields}


def put_back(tracker: Tracker, issue_id: str, sending: Mapping[str, Any]) -> set[str]:
    """Put back what people wrote between our re-read and our write; return the fields that are theirs.

    The issue's history is the witness: an edit after what we had seen, and before our own. Where a person has
    written again since, that stays.
    """
    seen = datetime.fromisoformat(sending["at"]) if sending["at"] else None
    watched: dict[str, tuple[str, str]] = {name: (old, new) for name, (old, new) in sending["fields"].items()}
    theirs: set[str] = set()
    for _ in range(AGAIN if watched else 0):
        edits = tracker.history(issue_id, (seen or _LONG_AGO) - _A_MOMENT)
        lost: dict[str, str] = {}
        for name, marks in watched.items():
            own = [
                (edit, _mark(tracker, name, edit.before), _mark(tracker, name, edit.after))
                for edit in edits
                if edit.field == name
            ]
            value = _written_over(own, seen, *marks)
            if value is not None:
                lost[name] = value
        theirs |= set(lost)
        now = tracker.look(issue_id) if lost else None
        stands = {name: _mark(tracker, name, _value(now, name)) for name in lost} if now else {}
        back = {name: lost[name] for name, mark in stands.items() if mark == watched[name][1]}
        change = _as_was(tracker, back)
        if not (sent := _values(change)):
            break
        tracker.update(issue_id, change)
        watched = {name: (watched[name][1], _mark(tracker, name, value)) for name, value in sent.items()}
    return theirs


def before_ours(tracker: Tracker, now: Remote, since: datetime, written: Mapping[str, Any]) -> FieldUpdate:
    """Return the change that puts back what stood there before our first edit since a time.

    Only fields in which stands what we wrote, by `written` as the mirror keeps it; of a description the
    inside of our block alone. The same again after it was put back is no change.
    """
    first: dict[str, Edit] = {}
    for edit in tracker.history(now.id, since):
        first.setdefault(edit.field, edit)
    figures = written.get("figures", {})
    back: dict[str, str] = {}
    for name, edit in first.items():
        value = _value(now, name)
        if name == "title":
            stands = hashed(now.title) == written.get("title")
        elif name.startswith(_FIGURE):
            stands = _number(value) == _number(figures.get(name.removeprefix(_FIGURE)))
        else:
            stands = False
        if stands and edit.ours and _mark(tracker, name, edit.before) != _mark(tracker, name, value):
            back[name] = edit.before
    change = _as_was(tracker, back)
    own = first.get("description")
    block = tracker.format.block(now.description)
    if own is None or not own.ours or block is None or hashed(block) != written.get("description"):
        return change
    return replace(change, description=_block_as_was(tracker, now.description, own.before))


def _block_as_was(tracker: Tracker, description: Any, before: str) -> Any:
    """Return a description with the inside of our block as a text of the history has it; None without."""
    place = inside(before)
    if place is None:
        return None
    text = before[slice(*place)]
    if letters(text) == letters(tracker.format.block(description) or ""):
        return None
    if tracker.format.name == "adf":
        return tracker.format.replace(description, _plain(text))
    there = inside(description)
    return None if there is None else f"{description[: there[0]]}{text}{description[there[1] :]}"


def _plain(text: str) -> Document:
    return Document(tuple(Paragraph((Text(line),)) for line in text.splitlines() if line.strip()))


def letters(text: str) -> str:
    """Return the letters and digits of a text: what is left of it whatever mark-up it went through."""
    return re.sub(r"[\W_]+", "", text)


def _values(change: FieldUpdate) -> dict[str, Any]:
    texts = {"title": change.title, "description": change.description}
    figures = {f"{_FIGURE}{name}": value for name, value in change.figures.items()}
    return {name: value for name, value in (texts | figures).items() if value is not None}


def _value(issue: Remote, name: str) -> Any:
    if name.startswith(_FIGURE):
        return issue.figures.get(name.removeprefix(_FIGURE))
    return issue.title if name == "title" else issue.description


def _written_over(
    edits: list[tuple[Edit, str, str]], seen: datetime | None, before: str, ours: str
) -> str | None:
    """Return what a person wrote into a field that our write replaced, None if nothing was lost.

    Our own edit's "before" tells, if it is not what we saw. Where the history shows texts in another mark-up,
    so that ours isn't found in it, a later edit by somebody else tells that came before one by our account.
    """
    own = [(edit, was) for edit, was, now in edits if now == ours]
    if own:
        edit, was = own[-1]
        return None if was in (before, ours) else edit.before
    mine = [n for n, (edit, _, _) in enumerate(edits) if edit.ours]
    if not mine or seen is None:
        return None
    between = [edit for edit, _, _ in edits[: mine[-1]] if not edit.ours and edit.at > seen]
    return between[-1].after if between else None


def _mark(tracker: Tracker, name: str, value: Any) -> str:
    """Identify a field's value, whether it comes from the issue, its history or us."""
    if name.startswith(_FIGURE):
        return hashed(_number(value))[:16]
    return hashed(letters(value if isinstance(value, str) else tracker.format.plain(value)))[:16]


def _number(value: Any) -> float | str:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value or "")


def _as_was(tracker: Tracker, lost: Mapping[str, str]) -> FieldUpdate:
    """Return the change that puts values back as the history shows them; an emptied figure can't be."""
    figures = {n.removeprefix(_FIGURE): _number(v) for n, v in lost.items() if n.startswith(_FIGURE) and v}
    text: Any = lost.get("description")
    if text is not None and tracker.format.name == "adf":
        text = tracker.format.write(_plain(text))
    return FieldUpdate(title=lost.get("title"), description=text, figures=figures)
