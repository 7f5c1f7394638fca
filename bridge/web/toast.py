"""What was just decided, said on the next page, with its undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlmodel import Session, col, select

from bridge.access.roles import Need
from bridge.models import WORKSPACE, Decision
from bridge.store.decided import MACHINE
from bridge.store.topics import tickets
from bridge.web.verbs import undo_need
from bridge.web.words import counted

SAID: Final = {
    "approve": "approved",
    "reject": "rejected: no ticket will be made",
    "ignore": "ignored",
    "snooze": "snoozed",
    "rename": "renamed",
    "merge": "merged",
    "apart": "kept apart",
    "split": "split off",
    "remove": "rid of what is not of it",
    "move": "given a statement, or rid of one",
    "pin": "given a key quote",
    "unpin": "rid of a key quote",
    "edit": "edited",
}
"""What has become of a topic, by the verb of the decision as it is stored."""
_TO: Final = {"merge": "into", "split": "as", "apart": "from"}
_LONGEST = 12
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Toast:
    """What was just decided, said on the next page."""

    text: str
    href: str
    undo: str  # where to undo it; nothing when it is undone
    decision: str  # the numbers of the decisions, with commas
    need: Need = "decide"  # what the undo needs


def toast(session: Session, numbers: str) -> Toast | None:
    """Return what to say of decisions by their numbers, written with commas; None for what is not known."""
    names = numbers.split(",")
    if len(names) > _MOST or not all(name.isdecimal() and len(name) <= _LONGEST for name in names):
        return None
    wanted = [int(name) for name in names]
    found = select(Decision).where(
        Decision.workspace_id == WORKSPACE, col(Decision.id).in_(wanted), Decision.verb != MACHINE
    )
    made = sorted(session.exec(found), key=lambda decision: wanted.index(decision.id or 0))
    if not made:
        return None
    return _of_one(session, made[0]) if len(made) == 1 else _of_several(session, made)


def _of_one(session: Session, made: Decision) -> Toast:
    said = f"T-{made.topic} {SAID.get(made.verb, made.verb)}"
    if made.other:
        said += f" {_TO.get(made.verb, 'with')} T-{made.other}"
    topic = f"/topics/T-{made.topic}"
    if made.undone_at is not None:
        return Toast(text=f"Taken back: {said}", href=topic, undo="", decision=str(made.id))
    need = _need(session, [made])
    return Toast(text=said, href=topic, undo=f"{topic}/undo", decision=str(made.id), need=need)


def _of_several(session: Session, made: list[Decision]) -> Toast:
    stands = [decision for decision in made if decision.undone_at is None]
    said = f"{counted(len(stands or made), 'topic')} {SAID.get(made[0].verb, made[0].verb)}"
    numbers = ",".join(str(decision.id) for decision in stands)
    done = "/review?view=done"
    if not stands:
        return Toast(text=f"Taken back: {said}", href=done, undo="", decision="")
    need = _need(session, stands)
    return Toast(text=said, href=done, undo="/bulk/undo", decision=numbers, need=need)


def _need(session: Session, made: list[Decision]) -> Need:
    """Return what it needs to take all of these back."""
    held = tickets(session, [decision.topic for decision in made])
    states = {number: ticket.state for number, ticket in held.items()}
    needs = {undo_need(one.verb, one.before, states.get(one.topic)) for one in made}
    return "approve" if "approve" in needs else "decide"
