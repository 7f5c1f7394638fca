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

from sqlalchemy import Row, bindparam, or_
from sqlmodel import Session, col, select

from bridge.errors import InputError
from bridge.models import WORKSPACE, Intent, Ticket
from bridge.store.audit import record
from bridge.times import stamp
from bridge.tracker import rows
from bridge.tracker.clock import Moment, passed
from bridge.tracker.doubt import is_due, is_same_send
from bridge.tracker.effects import Done, Effect
from bridge.tracker.lease import LEASE

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


def op_of(marker: str, effect: Effect) -> str:
    """Return the name of an effect to the tracker, the same in every generation."""
    name = f"{marker}|{effect.ticket_id}|{effect.kind}|{effect.key}"
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def plan(session: Session, effect: Effect, asked: Asked) -> int | Outcome:
    """Write the intent of an effect and its audit entry; or say why there is nothing to send now."""
    ticket = rows.ticket_and_intent(session, effect.ticket_id, effect.kind, effect.key)
    if ticket is None:
        return "withdrawn"
    if ticket.intent_id and (stands := _stands(session, ticket, effect)) is not None:
        return stands
    if not effect.wanted(session):
        if ticket.state in ("planned", "refused"):
            said = "decided otherwise before it was sent"
            rows.end(session, ticket.intent_id, "withdrawn", said, asked.at)
        return "withdrawn"
    if _must_wait(session, effect, ticket.marker, asked):
        return "waiting"
    intent_id = ticket.intent_id or _new(session, effect, ticket.marker, asked.at)
    if ticket.intent_id:
        generation = 1 if ticket.state == "confirmed" else ticket.generation
        planned = {"state": "planned", "payload_hash": effect.payload_hash, "generation": generation}
        rows.change(session, intent_id, **planned)
    _note(session, asked.at, f"intent.{effect.kind}", ticket.topic, intent_id)
    return intent_id


def _stands(session: Session, intent: Row[Any], effect: Effect) -> Outcome | None:
    """Say what has become of an effect that was asked for before; None if it may be planned again."""
    if effect.repeatable:
        if intent.state == "sent":
            since = max(intent.sent_s, 1e-3)
            rows.change(session, intent.intent_id, read_boot=intent.sent_boot, read_s=since)
        return None
    if intent.state == "confirmed":
        return "confirmed"
    if intent.state == "withdrawn" and intent.read_s:  # it was given up while in doubt
        rows.change(session, intent.intent_id, state="in doubt", read_boot="", read_s=0.0)
        return "waiting"
    return None if intent.state in ("planned", "refused", "withdrawn") else "waiting"


def start(session: Session, effect: Effect, intent_id: int, asked: Asked) -> Sending | Outcome | None:
    """Move a planned intent to sent, if it is still wanted and ours to send; None: another run took over."""
    intent = rows.standing(session, intent_id, LEASE)
    if intent is None or intent.state != "planned":
        return "waiting"
    if intent.newest_fence != asked.fence:
        return None
    ticket = session.get(Ticket, effect.ticket_id)
    if ticket is None or not effect.wanted(session):
        rows.end(session, intent_id, "withdrawn", "decided otherwise before it was sent", asked.at)
        return "withdrawn"
    unread = {} if effect.repeatable else {"reads": 0, "read_boot": "", "read_s": 0.0}
    sent = {"sent_at": asked.at, "sent_boot": asked.now.boot, "sent_s": asked.now.seconds}
    rows.change(session, intent_id, state="sent", outcome="", fence=asked.fence, **sent, **unread)
    return Sending(intent_id, intent.generation, asked.fence, intent.op, ticket, asked.now)


def end(session: Session, sending: Sending, state: str, outcome: str, at: datetime) -> None:
    """Move what we sent to another state, unless somebody else has taken it on since."""
    intent = session.get(Intent, sending.intent_id)
    ours = (sending.generation, sending.fence)
    if intent is not None and intent.state == "sent" and (intent.generation, intent.fence) == ours:
        _end(intent, state, outcome, at)


def doubt(session: Session, intent_id: int, *, repeatable: bool, outcome: str, at: datetime) -> None:
    """Note that what was sent may have been had. An upsert is planned again at once; the rest is read."""
    if not repeatable:
        rows.end_sent(session, intent_id, "in doubt", outcome, at)
        return
    intent = session.get(Intent, intent_id)
    if intent is not None and intent.state == "sent":
        _remember_doubt(intent)
        _end(intent, "planned", outcome, at)


def confirm(session: Session, intent_id: int, effect: Effect, found: list[Done], at: datetime) -> None:
    """Store that an effect was had, by the oldest of what was found; more than one is told to a person."""
    intent, ticket = rows.standing(session, intent_id, LEASE), session.get(Ticket, effect.ticket_id)
    if intent is None or ticket is None:
        return
    if intent.state == "confirmed":
        known = ticket.key if effect.kind == "create" else None
        if known and found[0].name != known:  # two sent it: each had an answer
            duplicates(session, intent_id, [known, *(one.name for one in found)], at)
        return
    effect.done(session, ticket, found[0], at)
    had = {"state": "confirmed", "outcome": "", "settled_at": at}
    rows.change(session, intent_id, **had, payload_hash=effect.payload_hash)
    _note(session, at, "intent.confirmed", ticket.topic, intent_id, key=ticket.key)
    if len(found) > 1:
        duplicates(session, intent_id, [one.name for one in found], at)


def absent(session: Session, read: Intent, at: datetime) -> None:
    """Plan again what settled readings of this send didn't find, or leave it to a person after three."""
    intent_id = read.id or 0
    intent, ticket = session.get(Intent, intent_id), session.get(Ticket, read.ticket_id)
    if intent is None or ticket is None or intent.state != "in doubt" or not is_same_send(intent, read):
        return
    intent.reads, intent.read_boot, intent.read_s = 0, "", 0.0
    _note(session, at, "intent.absent", ticket.topic, intent_id, generation=intent.generation)
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


_THESE = select(Intent).where(col(Intent.id).in_(bindparam("these", expanding=True))).order_by(col(Intent.id))


def open_intents(session: Session, settle_s: float, now: Moment) -> list[Intent]:
    """Return what is not at an end and can be brought on by now, oldest first."""
    due = [
        row.id
        for row in rows.not_ended(session, OPEN)
        if row.state != "in doubt" or row.outcome.startswith(TOLD) or is_due(row, settle_s, now)
    ]
    return list(session.exec(_THESE, params={"these": due})) if due else []


_NEEDS_PERSON = (
    select(Intent, Ticket)
    .where(
        Intent.workspace_id == WORKSPACE,
        Ticket.id == Intent.ticket_id,
        or_(col(Intent.state) == PERSON, col(Intent.outcome).startswith(DUPLICATE)),
    )
    .order_by(col(Intent.id))
)


def needs_person(session: Session) -> list[dict[str, Any]]:
    """Return what only a person can end, oldest first: effects never found, and those found twice."""
    return [_person(intent, ticket) for intent, ticket in session.exec(_NEEDS_PERSON)]


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
        said = DUPLICATE + " ".join(keys)
        if intent.outcome != said:
            intent.outcome = said
            _note(session, at, "intent.duplicate", ticket.topic, intent_id, keys=keys)


def _must_wait(session: Session, effect: Effect, marker: str, asked: Asked) -> bool:
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
    return rows.is_unsure(session, effect.ticket_id, marker)


def _new(session: Session, effect: Effect, marker: str, at: datetime) -> int:
    return rows.add(
        session,
        ticket_id=effect.ticket_id,
        effect=effect.kind,
        key=effect.key,
        op=op_of(marker, effect),
        marker=marker,
        payload_hash=effect.payload_hash,
        planned_at=at,
    )


def _end(intent: Intent, state: str, outcome: str, at: datetime) -> None:
    intent.state, intent.outcome, intent.settled_at = state, outcome, at


def _remember_doubt(intent: Intent) -> None:
    intent.read_boot, intent.read_s = intent.sent_boot, max(intent.sent_s, 1e-3)


def _note(session: Session, at: datetime, verb: str, topic: int, intent_id: int, **more: Any) -> None:
    record(session, at, "bridge", verb, f"T-{topic}", {"intent": intent_id, **more})


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
