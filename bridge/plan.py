"""The plan: what will change in the tracker, field by field, before anything is sent."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bridge.render.document import Document
    from bridge.render.ticket import NoteText
    from bridge.tracker import EvidenceLink


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one ticket, before and after."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a ticket says. `fields` are the figures the tracker is told; `document` is made from them.

    `type` is the wanted name of the issue's type, `kind` the topic's kind, from which the tracker chooses one
    when `type` is empty. `labels` come beside the marker.
    """

    topic: int
    project: str
    type: str
    kind: str = ""
    title: str
    document: Document
    fields: Mapping[str, Any]
    labels: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()  # fields that a person wrote before the ticket was made

    @property
    def figures(self) -> dict[str, Any]:
        """The figures that may stand in fields of the issue, by our names."""
        own = {name: self.fields[name] for name in ("reach", "mentions", "recurrence") if name in self.fields}
        return {**own, "topic": f"T-{self.topic}"}

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return hashed(self.project, self.type, self.title, repr(self.document))


def hashed(*parts: object) -> str:
    """Identify some content without holding it."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()


Effect = Literal["create", "update", "comment", "transition", "link", "wait"]


@dataclass(frozen=True, slots=True)
class Note:
    """A comment to make: its name (one of `bridge.render.ticket.NOTES`) and what its template is told."""

    name: str
    values: NoteText


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One effect to be had on one ticket. `op_key` tells it from the ticket's other effects of its kind."""

    effect: Effect
    topic: int
    project: str
    ticket_id: int | None  # None while the ticket is only a proposal in a dry run
    key: str | None
    changes: tuple[Change, ...] = ()
    reason: str = ""
    people: int = 0
    recurrence: int = 0  # how often the topic has come back
    op_key: str = ""
    draft: Draft | None = None  # of a create or an update
    note: Note | None = None  # of a comment
    other: str | None = None  # id of the issue to link to
    attach: tuple[EvidenceLink, ...] = ()
    detach: tuple[str, ...] = ()
    withdraws: bool = False  # takes out what its author deleted
    kept: tuple[str, ...] = ()  # fields that people edited: they stay as they are

    @property
    def name(self) -> str:
        """Name this very change, so that a person can pick it: with another value it is another."""
        told = [(change.field, change.before, change.after) for change in self.changes]
        parts = (self.project, self.key, self.op_key, told, self.kept)
        return f"{self.effect}-{self.topic}-{hashed(*parts)[:16]}"

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape of one of the plan's changes."""
        return {
            "action": self.effect,
            "topic": f"T-{self.topic}",
            "project": self.project,
            "ticket": self.key,
            "fields": [{"name": c.field, "before": c.before, "after": c.after} for c in self.changes],
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """A ticket that a rule asks a person about, or, in shadow mode, would have created."""

    topic: int
    type: str
    title: str
    reach: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Something that only a person can end."""

    topic: int
    project: str
    key: str | None
    reason: str
    next_step: str

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        return {
            "topic": f"T-{self.topic}",
            "project": self.project,
            "ticket": self.key,
            "reason": self.reason,
            "next_step": self.next_step,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All actions of one sync, and what was left alone."""

    actions: tuple[Action, ...]
    proposed: tuple[Asked, ...] = ()
    shadow: tuple[Asked, ...] = ()
    waiting: int = 0  # proposals of earlier runs that nobody has reviewed yet
    needs_person: tuple[Person, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing would be sent."""
        return not self.actions

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape of `sync --json`."""
        return {
            "changes": [action.as_json() for action in self.actions],
            "needs_person": [person.as_json() for person in self.needs_person],
            "review": [f"T-{asked.topic}" for asked in self.proposed],
            "shadow": [f"T-{asked.topic}" for asked in self.shadow],
        }


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the fields that differ, in the order of `after`."""
    return tuple(
        Change(name, before.get(name), value) for name, value in after.items() if before.get(name) != value
    )


SIGNS: Mapping[Effect, str] = {
    "create": "+",
    "update": "~",
    "comment": "~",
    "transition": "↺",
    "link": "~",
    "wait": "…",
}
_DONE: Mapping[Effect, str] = {
    "create": "created",
    "update": "updated",
    "comment": "commented",
    "transition": "moved",
    "link": "linked",
    "wait": "in doubt",
}


def lines(plan: Plan, *, tracker: str, sent: bool = False) -> Sequence[str]:
    """Return the plan as lines for people: `+` creates, `~` changes, `?` waits for a person."""
    text = [line for action in plan.actions for line in _lines(action)]
    text += [f'? review  {a.type:<8} "{a.title}"  T-{a.topic}  {a.reach} people' for a in plan.proposed]
    text += [f'· shadow  {a.type:<8} "{a.title}"  T-{a.topic}  {a.reach} people' for a in plan.shadow]
    text += [
        f"! person  {p.key or p.project:<8} {p.reason}; {p.next_step}  T-{p.topic}" for p in plan.needs_person
    ]
    counts = Counter(action.effect for action in plan.actions)
    shown: list[Effect] = [effect for effect in SIGNS if counts[effect] or effect in ("create", "update")]
    waiting = len(plan.proposed) + plan.waiting
    if sent:
        told = ", ".join(f"{counts[effect]} {_DONE[effect]}" for effect in shown) + f" in {tracker}"
    else:
        told = ", ".join(f"{counts[effect]} to {effect}" for effect in shown)
    return [*text, f"{told}, {waiting} waiting for review"]


def _lines(action: Action) -> list[str]:
    if not action.kept:
        return [_line(action)]
    kept = " and ".join(action.kept)
    return [_line(action), f"! conflict {action.key} {kept} edited in the tracker: kept  T-{action.topic}"]


def _line(action: Action) -> str:
    sign = SIGNS[action.effect]
    if action.effect == "create" and action.draft is not None:
        draft = action.draft
        return f'{sign} create  {draft.type:<8} "{draft.title}"  T-{action.topic}  {action.people} people'
    fields = " · ".join(_change(change) for change in action.changes) or action.reason
    return f"{sign} {action.effect:<7} {action.key or action.project:<8} {fields}  T-{action.topic}"


def _change(change: Change) -> str:
    if isinstance(change.after, list | tuple):
        return f"{change.field} changed"
    return f"{change.field} {change.before} → {change.after}"
