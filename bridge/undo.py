"""Taking a decision back: what it changed is as it was before.

States and stages that something else has changed since stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from bridge import editing
from bridge.decision import bar_of, made_by, newer, touch
from bridge.errors import InputError
from bridge.models import (
    WORKSPACE,
    Assignment,
    Barred,
    Decision,
    Evidence,
    Intent,
    KeyQuote,
    MapPlace,
    Statement,
    Ticket,
    Topic,
)
from bridge.store import figures, slices
from bridge.store import topics as store
from bridge.store.audit import record
from bridge.store.decided import MACHINE
from bridge.store.tickets import with_open_creates


def undo(session: Session, number: int, who: str, at: datetime) -> str:
    """Take back the latest decision about a topic; return its verb. Raises `InputError` if it can't be."""
    made = reversed(store.decisions(session, number))
    latest = next((d for d in made if d.undone_at is None and d.verb != MACHINE), None)
    if latest is None:
        raise InputError(f"nobody has decided anything about T-{number} that is not undone yet")
    _free(session, latest)
    if latest.verb == "approve":
        _not_sent(session, number)
    _take_back(session, latest, at)
    record(session, at, who, f"undo {latest.verb}", f"T-{number}", {"decision": latest.id})
    return latest.verb


def undo_recluster(session: Session, who: str, at: datetime) -> int:
    """Take back all of the latest recluster that is not undone yet; return how many statements go back."""
    whole = session.exec(
        select(Decision)
        .where(
            Decision.workspace_id == WORKSPACE, Decision.verb == MACHINE, col(Decision.undone_at).is_(None)
        )
        .order_by(col(Decision.id).desc())
    ).first()
    if whole is None:
        raise InputError("there is no recluster that is not undone yet")
    parts = session.exec(
        select(Decision)
        .where(
            Decision.workspace_id == WORKSPACE,
            Decision.together == whole.id,
            col(Decision.undone_at).is_(None),
        )
        .order_by(col(Decision.id).desc())
    ).all()
    for part in parts:
        _free(session, part)
        _take_back(session, part, at)
        part.after = {**part.after, "whole": True}  # nobody refused this merge by itself
    _free(session, whole)
    _take_back(session, whole, at)
    record(session, at, who, f"undo {MACHINE}", MACHINE, {"decision": whole.id})
    return len(whole.before.get("assignment", {}))


def _free(session: Session, decision: Decision) -> None:
    """Refuse while a later decision stands on this one."""
    later = newer(session, decision)
    if later is not None and later.verb == MACHINE:
        raise InputError("undo the later recluster first: feedback-bridge topics undo --recluster")
    if later is not None:
        raise InputError(f"undo the later decision about T-{later.topic} first: {later.verb}")


def _not_sent(session: Session, number: int) -> None:
    ticket = store.tickets(session, [number]).get(number)
    if ticket is not None and ticket.state in ("open", "done"):
        raise InputError(
            f"{ticket.key} is in the tracker already; to take it back there: "
            f"feedback-bridge tickets undo {ticket.key}"
        )
    if ticket is not None and ticket.id in with_open_creates(session):
        raise InputError(
            f"the ticket of T-{number} is being created; see what became of it with: feedback-bridge sync"
        )


def _take_back(session: Session, decision: Decision, at: datetime) -> None:
    before: Mapping[str, Mapping[str, Any]] = decision.before
    made = sorted(number for number in made_by(decision) if number)
    for number in made:
        _refuse_sent(session, number)
    _restore_topics(session, before, decision.after)
    for key, values in before.get("ticket", {}).items():
        ticket = session.get(Ticket, int(key))
        if ticket is not None and ticket.state == decision.after.get("ticket", {}).get(key):
            _restore_ticket(session, ticket, values)
    for key, values in before.get("assignment", {}).items():
        row = session.get(Assignment, int(key))
        if row is not None:
            touch(session, row.topic)
            _set(row, values)
            touch(session, row.topic)
    _restore_bars(session, before.get("barred", {}))
    _restore_pins(session, before.get("key quote", {}))
    editing.restore(session, before.get("draft", {}))
    for key, stage in before.get("stage", {}).items():
        statement = session.get(Statement, int(key))
        if statement is not None and statement.stage == slices.EMBEDDED:
            statement.stage = stage
    for number in made:
        _unmake(session, number)
    decision.undone_at = at
    session.flush()


def _restore_topics(session: Session, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Set topics and the label of a topic that grew back; states only if they are still those it set."""
    for number, values in before.get("topic", {}).items():
        topic = store.topic(session, int(number))
        if topic is not None and values is not None:
            touch(session, topic.number)
            touch(session, topic.root)
            if "state" not in values or topic.state == after.get("topic", {}).get(number):
                if "root" in values:
                    figures.forget(session, [topic.number, topic.root, values["root"]])
                _set(topic, values)
    for number, values in before.get("label", {}).items():
        topic = store.topic(session, int(number))
        if topic is not None and topic.title_by == "machine":
            _set(topic, values)


def _refuse_sent(session: Session, number: int) -> None:
    """Refuse to unmake a topic whose ticket the tracker was asked for."""
    asked = select(Ticket).where(
        Ticket.workspace_id == WORKSPACE,
        Ticket.topic == number,
        col(Ticket.id).in_(select(Intent.ticket_id)) | col(Ticket.state).in_(("open", "done")),
    )
    ticket = session.exec(asked).first()
    if ticket is not None:
        raise InputError(
            f"the tracker knows of T-{number} ({ticket.key or ticket.state}), so it stays; "
            f"merge it instead: feedback-bridge topics merge T-{number} --into T-n"
        )


def _unmake(session: Session, number: int) -> None:
    """Let a topic be as if it had never been made; what came into it later goes where it came from."""
    made = store.topic(session, number)
    if made is None:
        return
    back = made.split_from
    touch(session, back)
    figures.forget(session, [number, made.root])
    later = select(Assignment).where(Assignment.workspace_id == WORKSPACE, Assignment.topic == number)
    for row in session.exec(later).all():
        row.topic = back
        row.reason = f"T-{number} was taken back" if back else f"unsure: T-{number} was taken back"
        if back is None and row.status == "published":
            row.status = "unsure"
    session.execute(
        update(Assignment)
        .where(col(Assignment.workspace_id) == WORKSPACE, col(Assignment.runner_up) == number)
        .values(runner_up=None, runner_up_score=None)
    )
    for table in (Evidence, Barred, KeyQuote, MapPlace, Ticket):
        session.execute(delete(table).where(col(table.workspace_id) == WORKSPACE, col(table.topic) == number))
    session.delete(made)
    session.flush()


def _restore_bars(session: Session, bars: Mapping[str, bool]) -> None:
    """Set bars back; with a bar that goes, those go that topics split off since have inherited."""
    for pair, was_there in bars.items():
        key, topic = (int(number) for number in pair.split(":"))
        if was_there:
            if session.get(Statement, key) is not None and bar_of(session, (key, topic)) is None:
                session.add(Barred(statement_id=key, topic=topic))
            continue
        for heir in (topic, *_split_from(session, topic)):
            row = bar_of(session, (key, heir))
            if row is not None:
                session.delete(row)
    session.flush()


def _restore_pins(session: Session, pins: Mapping[str, int | None]) -> None:
    """Set key quotes back, but those whose statement or topic is gone."""
    for pair, turn in pins.items():
        key, topic = (int(number) for number in pair.split(":"))
        touch(session, topic)
        there = session.get(KeyQuote, (key, topic))
        if turn is None and there is not None:
            session.delete(there)
        elif turn is not None and there is None and _are_there(session, key, topic):
            session.add(KeyQuote(statement_id=key, topic=topic, turn=turn))
    session.flush()


def _are_there(session: Session, key: int, topic: int) -> bool:
    return session.get(Statement, key) is not None and store.topic(session, topic) is not None


def _split_from(session: Session, number: int) -> list[int]:
    """Return the topics that were split from a topic, and from these, and so on."""
    found: list[int] = []
    parents = [number]
    while parents:
        children = select(Topic.number).where(
            Topic.workspace_id == WORKSPACE, col(Topic.split_from).in_(parents)
        )
        parents = [child for child in session.exec(children) if child not in found]
        found += parents
    return found


def _restore_ticket(session: Session, ticket: Ticket, values: Mapping[str, Any] | None) -> None:
    """Remove a ticket that a decision made; once the tracker was asked for it, it stays as a proposal."""
    if values is not None:
        _set(ticket, values)
    elif session.exec(select(Intent.id).where(Intent.ticket_id == ticket.id)).first() is None:
        session.delete(ticket)
    else:
        ticket.state = "proposed"


def _set(row: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        is_time = name == "state_until" and value is not None
        setattr(row, name, datetime.fromisoformat(value) if is_time else value)
