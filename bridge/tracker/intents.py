"""The rows of the ledger and the moves they may make. Each function works inside its caller's transaction.

    planned ─▶ sent ─▶ confirmed
       ▲         └──▶ in doubt ─▶ confirmed
       └──── absent ◀──┘  └──▶ needs a person

`refused` (a definite no) and `withdrawn` (nobody wants it any more) become `planned` again when the same
effect is asked for again; neither uses up a generation. `absent` stands in the audit log: the same
transaction plans the effect again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import or_
from sqlmodel import Session, col, select

from bridge.errors import InputError
from bridge.models import WORKSPACE, Intent, Ticket
from bridge.store.audit import record
from bridge.times import stamp
from bridge.tracker.clock import Moment, passed
from bridge.tracker.effects import Done, Effect
from bridge.tracker.lease import LEASE, current

Outcome = Literal["confirmed", "refused", "withdrawn", "waiting", "throttled"]

GENERATIONS = 3
OPEN = ("planned", "sent", "in doubt", "absent")
PERSON = "needs a person"
DUPLICATE = "duplicate: "
TOLD = "a person named "


@dataclass(frozen=True, slots=True)
class Asked:
    """When it is, how long the tracker's index may lag, and under which fence we act."""

    now: Moment
    at: datetime
    settle_s: float
    fence: int


@dataclass(frozen=True, slots=True)
class Sending:
    """An intent that was committed as sent, and what it is sent with."""

    intent_id: int
    generation: int
    fence: int
    op: str
    ticket: Ticket
    now: Moment


def op_of(ticket: Ticket, effect: Effect) -> str:
    """Return the name of an effect to the tracker, the same in every generation."""
    return hashlib.sha256(f"{ticket.marker}|{ticket.id}|{effect.kind}|{effect.key}".encode()).hexdigest()[:16]


def plan(session: Session, effect: Effect, asked: Asked) -> int | Outcome:
    """Write the intent of an effect and its audit entry; or say why there is nothing to send now."""
    ticket = session.get(Ticket, effect.ticket_id)
    if ticket is None:
        return "withdrawn"
    intent = _of(session, effect)
    if intent is not None and (stands := _stands(intent, effect)) is not None:
        return stands
    if not effect.wanted(session):
        if intent is not None and intent.state in ("planned", "refused"):
            _end(intent, "withdrawn", "decided otherwise before it was sent", asked.at)
        return "withdrawn"
    if _must_wait(session, effect, ticket, asked):
        return "waiting"
    if intent is None:
        intent = _new(effect, ticket, asked.at)
        session.add(intent)
        session.flush()
    elif intent.state == "confirmed":
        intent.generation = 1
    intent.state, intent.payload_hash = "planned", effect.payload_hash
    _note(session, asked.at, f"intent.{effect.kind}", ticket, intent)
    return intent.id or 0


def _stands(intent: Intent, effect: Effect) -> Outcome | None:
    """Say what has become of an effect that was asked for before; None if it may be planned again."""
    if effect.repeatable:
        if intent.state == "sent":
            _remember_doubt(intent)
        return None
    if intent.state == "confirmed":
        return "confirmed"
    if intent.state == "withdrawn" and intent.read_s:  # it was given up while in doubt
        intent.state, intent.read_boot, intent.read_s = "in doubt", "", 0.0
    return None if intent.state in ("planned", "refused", "withdrawn") else "waiting"


def start(session: Session, effect: Effect, intent_id: int, asked: Asked) -> Sending | Outcome | None:
    """Move a planned intent to sent, if it is still wanted and ours to send; None: another run took over."""
    intent = session.get(Intent, intent_id)
    if intent is None or intent.state != "planned":
        return "waiting"
    if current(session, LEASE) != asked.fence:
        return None
    ticket = session.get(Ticket, effect.ticket_id)
    if ticket is None or not effect.wanted(session):
        _end(intent, "withdrawn", "decided otherwise before it was sent", asked.at)
        return "withdrawn"
    intent.state, intent.outcome, intent.fence = "sent", "", asked.fence
    intent.sent_at, intent.sent_boot, intent.sent_s = asked.at, asked.now.boot, asked.now.seconds
    if not effect.repeatable:
        intent.reads, intent.read_boot, intent.read_s = 0, "", 0.0
    return Sending(intent_id, intent.generation, asked.fence, intent.op, ticket, asked.now)


def end(session: Session, sending: Sending, state: str, outcome: str, at: datetime) -> None:
    """Move what we sent to another state, unless somebody else has taken it on since."""
    intent = session.get(Intent, sending.intent_id)
    ours = (sending.generation, sending.fence)
    if intent is not None and intent.state == "sent" and (intent.generation, intent.fence) == ours:
        _end(intent, state, outcome, at)


def doubt(session: Session, intent_id: int, *, repeatable: bool, outcome: str, at: datetime) -> None:
    """Note that what was sent may have been had. An upsert is planned again at once; the rest is read."""
    intent = session.get(Intent, intent_id)
    if intent is None or intent.state != "sent":
        return
    if repeatable:
        _remember_doubt(intent)
    _end(intent, "planned" if repeatable else "in doubt", outcome, at)


def confirm(session: Session, intent_id: int, effect: Effect, found: list[Done], at: datetime) -> None:
    """Store that an effect was had, by the oldest of what was found; more than one is told to a person."""
    intent, ticket = session.get(Intent, intent_id), session.get(Ticket, effect.ticket_id)
    if intent is None or ticket is None:
        return
    if intent.state == "confirmed":
        known = ticket.key if effect.kind == "create" else None
        if known and found[0].name != known:  # two sent it: each had an answer
            _duplicate(session, intent, ticket, [known, *(one.name for one in found)], at)
        return
    effect.done(session, ticket, found[0], at)
    _end(intent, "confirmed", "", at)
    intent.payload_hash = effect.payload_hash
    _note(session, at, "intent.confirmed", ticket, intent, key=ticket.key)
    if len(found) > 1:
        _duplicate(session, intent, ticket, [one.name for one in found], at)


def absent(session: Session, intent_id: int, at: datetime) -> None:
    """Plan again what settled readings didn't find, or leave it to a person after three generations."""
    intent = session.get(Intent, intent_id)
    ticket = session.get(Ticket, intent.ticket_id) if intent else None
    if intent is None or ticket is None or intent.state != "in doubt":
        return
    intent.reads, intent.read_boot, intent.read_s = 0, "", 0.0
    _note(session, at, "intent.absent", ticket, intent, generation=intent.generation)
    if intent.generation >= GENERATIONS:
        _end(intent, PERSON, "sent three times, never found", at)
        return
    intent.generation += 1
    _end(intent, "planned", "absent in settled readings", at)


def give_up(session: Session, intent_id: int, at: datetime) -> None:
    """Withdraw what nobody asks for any more; that it may have been had stays on the row."""
    intent = session.get(Intent, intent_id)
    if intent is not None and intent.state in ("planned", "sent"):
        if intent.state == "sent":
            _remember_doubt(intent)
        _end(intent, "withdrawn", "nobody asks for it any more", at)


def open_intents(session: Session) -> list[Intent]:
    """Return what is not at an end, oldest first."""
    return list(
        session.exec(
            select(Intent)
            .where(Intent.workspace_id == WORKSPACE, col(Intent.state).in_(OPEN))
            .order_by(col(Intent.id))
        )
    )


def needs_person(session: Session) -> list[dict[str, Any]]:
    """Return what only a person can end, oldest first: effects never found, and those found twice."""
    rows = session.exec(
        select(Intent, Ticket)
        .where(
            Intent.workspace_id == WORKSPACE,
            Ticket.id == Intent.ticket_id,
            or_(col(Intent.state) == PERSON, col(Intent.outcome).startswith(DUPLICATE)),
        )
        .order_by(col(Intent.id))
    )
    return [_person(intent, ticket) for intent, ticket in rows]


def resolve(session: Session, intent_id: int, answer: str, at: datetime) -> None:
    """Take a person's word on an intent: `absent`, `key FB-12` (or a comment's id), for duplicates `seen`.

    `absent` lets it be sent again, by the next sync; a key is looked up by the next sync.
    """
    intent = session.get(Intent, intent_id)
    waiting = intent is not None and (intent.state == PERSON or intent.outcome.startswith(DUPLICATE))
    if intent is None or not waiting:
        raise InputError(
            f"effect {intent_id} doesn't wait for a person; `sync --dry-run` lists those that do"
        )
    word, _, key = answer.strip().partition(" ")
    valid = ("seen",) if intent.state == "confirmed" else ("absent", "key")
    if word not in valid or (word == "key") != bool(key.strip()):
        said = " or ".join("key FB-12" if name == "key" else name for name in valid)
        raise InputError(f"effect {intent_id}: {answer!r} is no answer to it; say {said}")
    if word == "absent":
        _end(intent, "planned", "a person found it absent", at)
        intent.generation = 1
    elif word == "key":
        _end(intent, "in doubt", f"{TOLD}{key.strip()}", at)
    else:
        intent.outcome = ""
    ticket = session.get(Ticket, intent.ticket_id)
    record(
        session, at, "person", "intent.resolve", f"T-{ticket.topic if ticket else 0}", {"intent": intent_id}
    )


def duplicates(session: Session, intent_id: int, keys: list[str], at: datetime) -> None:
    """Note that an effect is there more than once."""
    intent = session.get(Intent, intent_id)
    ticket = session.get(Ticket, intent.ticket_id) if intent else None
    if intent is not None and ticket is not None:
        _duplicate(session, intent, ticket, keys, at)


def _of(session: Session, effect: Effect) -> Intent | None:
    return session.exec(
        select(Intent).where(
            Intent.ticket_id == effect.ticket_id, Intent.effect == effect.kind, Intent.key == effect.key
        )
    ).first()


def _must_wait(session: Session, effect: Effect, ticket: Ticket, asked: Asked) -> bool:
    """Whether something in doubt stands before an effect.

    Before one that isn't repeatable: any other in doubt on the ticket, or a create by the same marker. Before
    an upsert: one of its kind with another content, which might still come late and lie over this one.
    """
    if effect.repeatable:
        late = session.exec(
            select(Intent).where(
                Intent.ticket_id == effect.ticket_id,
                Intent.effect == effect.kind,
                col(Intent.read_s) > 0,
                Intent.reads == 0,
                col(Intent.state) != "in doubt",
                Intent.payload_hash != effect.payload_hash,
            )
        )
        return any(passed(row.read_boot, row.read_s, asked.now) < asked.settle_s for row in late)
    others = session.exec(
        select(Intent).where(
            Intent.workspace_id == WORKSPACE,
            col(Intent.state).in_(("sent", "in doubt", "absent")),
            or_(
                col(Intent.ticket_id) == effect.ticket_id,
                (col(Intent.effect) == "create") & (col(Intent.marker) == ticket.marker),
            ),
        )
    )
    return any((row.effect, row.key) != (effect.kind, effect.key) for row in others)


def _new(effect: Effect, ticket: Ticket, at: datetime) -> Intent:
    return Intent(
        ticket_id=effect.ticket_id,
        effect=effect.kind,
        key=effect.key,
        op=op_of(ticket, effect),
        marker=ticket.marker,
        payload_hash=effect.payload_hash,
        planned_at=at,
    )


def _end(intent: Intent, state: str, outcome: str, at: datetime) -> None:
    intent.state, intent.outcome, intent.settled_at = state, outcome, at


def _remember_doubt(intent: Intent) -> None:
    intent.read_boot, intent.read_s = intent.sent_boot, max(intent.sent_s, 1e-3)


def _note(session: Session, at: datetime, verb: str, ticket: Ticket, intent: Intent, **more: Any) -> None:
    record(session, at, "bridge", verb, f"T-{ticket.topic}", {"intent": intent.id, **more})


def _duplicate(session: Session, intent: Intent, ticket: Ticket, keys: list[str], at: datetime) -> None:
    said = DUPLICATE + " ".join(keys)
    if intent.outcome != said:
        intent.outcome = said
        _note(session, at, "intent.duplicate", ticket, intent, keys=keys)


def _person(intent: Intent, ticket: Ticket) -> dict[str, Any]:
    twice = intent.outcome.startswith(DUPLICATE)
    since = intent.settled_at or intent.planned_at
    where = f"label {intent.marker}" if intent.effect == "create" else f"on {ticket.key}"
    steps = (
        "take its label from those that are too many and close them, then say that you have seen it"
        if twice
        else f"look for it in the tracker ({where}), then say that it is absent, or give its key"
    )
    return {
        "intent": intent.id,
        "topic": f"T-{ticket.topic}",
        "project": ticket.project,
        "ticket": ticket.key,
        "what": intent.effect,
        "since": stamp(since),
        "reason": f"{intent.effect}: {intent.outcome}",
        "next_step": steps,
    }
