"""The plan: what will change in the tracker, field by field, before anything is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bridge.render.document import Document


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

    @property
    def payload_hash(self) -> str:
        """Identify the content without holding it."""
        return hashed(self.project, self.type, self.title, repr(self.document))


def hashed(*parts: object) -> str:
    """Identify some content without holding it."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One effect to be had on one ticket."""

    effect: Literal["create", "update"]
    topic: int
    ticket_id: int | None  # None while the ticket is only a proposal in a dry run
    key: str | None
    draft: Draft
    changes: tuple[Change, ...]
    people: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All actions of one sync, and what was left alone."""

    actions: tuple[Action, ...]
    proposed: tuple[Draft, ...] = ()
    shadow: tuple[Draft, ...] = ()
    waiting: int = 0  # proposals of earlier runs that nobody has reviewed yet

    @property
    def empty(self) -> bool:
        """Whether nothing would be sent."""
        return not self.actions


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the fields that differ, in the order of `after`."""
    return tuple(
        Change(name, before.get(name), value) for name, value in after.items() if before.get(name) != value
    )


def lines(plan: Plan, *, tracker: str, sent: bool = False) -> Sequence[str]:
    """Return the plan as lines for people: `+` creates, `~` changes, `?` waits for a person."""
    text = [_line(action) for action in plan.actions]
    text += [
        f'? review  {d.type:<8} "{d.title}"  T-{d.topic}  {d.fields["reach"]} people' for d in plan.proposed
    ]
    text += [
        f'· shadow  {d.type:<8} "{d.title}"  T-{d.topic}  {d.fields["reach"]} people' for d in plan.shadow
    ]
    creates = sum(action.effect == "create" for action in plan.actions)
    updates = len(plan.actions) - creates
    waiting = len(plan.proposed) + plan.waiting
    done = f"{creates} created, {updates} updated in {tracker}"
    asked = f"{creates} to create, {updates} to update"
    return [*text, f"{done if sent else asked}, {waiting} waiting for review"]


def _line(action: Action) -> str:
    draft = action.draft
    if action.effect == "create":
        return f'+ create  {draft.type:<8} "{draft.title}"  T-{action.topic}  {action.people} people'
    fields = " · ".join(
        f"{c.field} {c.before} → {c.after}" if not isinstance(c.after, list) else f"{c.field} changed"
        for c in action.changes
    )
    return f"~ update  {action.key:<8} {fields}  T-{action.topic}"
