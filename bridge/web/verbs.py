"""What a person decides on the page: each verb, done as the command line does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlmodel import Session, col, select

from bridge.access.roles import Actor, Need
from bridge.errors import InputError
from bridge.models import WORKSPACE, Decision, Topic
from bridge.placing import topic_number
from bridge.store import figures
from bridge.store.topics import tickets
from bridge.times import parse_as_of
from bridge.verbs import Verbs
from bridge.web.access import insist
from bridge.web.errors import PageError

if TYPE_CHECKING:
    from bridge.web.desk import Desk

Fields = Mapping[str, str]

REASONS: Final = (
    ("known", "We know, and live with it"),
    ("noise", "Noise, not about the product"),
    ("unwanted", "Not what we want to be"),
    ("done", "Done already"),
    ("one", "One person's case"),
    ("other", "Something else"),
)
"""Why a topic is rejected or ignored; the first word is what is stored."""

SLEEPS: Final = (("week", "1 week"), ("month", "1 month"), ("grows", "until it grows"))
_DAYS: Final = {"week": 7, "month": 30}
_DIGITS: Final = 9
_GROWS: Final = 1.5  # as many people as now wake a topic up


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: who may, and what it does; `about` is the number of the topic that its undo is asked of."""

    name: str
    need: Need
    do: Callable[[Asked], int]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A verb that somebody asks for."""

    desk: Desk
    session: Session
    verbs: Verbs
    number: int
    fields: Fields
    now: datetime
    place: Mapping[str, str]  # of a ticket that is to be made


@dataclass(frozen=True, slots=True)
class Done:
    """A decision that was taken, or taken back."""

    decision: int
    topic: int
    verb: str

    def as_json(self) -> dict[str, Any]:
        """Return the shape of the answer to `POST /api/topics/T-n/VERB`."""
        return {"topic": f"T-{self.topic}", "verb": self.verb, "decision": self.decision}


def _approve(asked: Asked) -> int:
    asked.verbs.approve(asked.number, **asked.place)
    return asked.number


def _reject(asked: Asked) -> int:
    asked.verbs.reject(asked.number, **asked.place)
    return asked.number


def _ignore(asked: Asked) -> int:
    asked.verbs.ignore(asked.number)
    return asked.number


def _snooze(asked: Asked) -> int:
    until, people = _sleep(asked)
    asked.verbs.snooze(asked.number, until=until, until_reach=people)
    return asked.number


def _sleep(asked: Asked) -> tuple[datetime | None, int | None]:
    until = asked.fields.get("until", "")
    if until in _DAYS:
        return asked.now + timedelta(days=_DAYS[until]), None
    if until == "grows":
        found = figures.figures(asked.session, asked.now, [asked.number]).get(asked.number)
        reach = found.reach if found else 0
        return None, max(reach + 1, round(reach * _GROWS))
    if until.isdecimal() and until.strip("0"):
        return None, _small("until", until, "people")
    day = parse_as_of(until or asked.fields.get("date", ""), "until")
    if day is None or day <= asked.now:
        raise InputError(f"until: {until!r} is not to come; write week, month, grows, a day, or people")
    return day, None


def _small(name: str, digits: str, what: str) -> int:
    """Read a whole number that the store can hold; raises `PageError`."""
    if len(digits) > _DIGITS:
        raise PageError(f"{name}: {digits[:20]!r}… is no number of {what}; write {_DIGITS} digits at most")
    return int(digits)


def _rename(asked: Asked) -> int:
    asked.verbs.rename(asked.number, asked.fields.get("title", ""))
    return asked.number


def _merge(asked: Asked) -> int:
    into = topic_number(asked.fields.get("into", ""))
    asked.verbs.merge(asked.number, into)
    return asked.number


def _apart(asked: Asked) -> int:
    asked.verbs.apart(asked.number, topic_number(asked.fields.get("other", "")))
    return asked.number


def _split(asked: Asked) -> int:
    from bridge.proposals import group_items

    group = asked.fields.get("group", "")
    items = [name for name in asked.fields.get("items", "").split("\n") if name.strip()]
    if group and not items:
        if not group.isdecimal():
            raise InputError(f"group: {group!r} is no group; write 1, 2, …")
        items = group_items(asked.session, asked.number, _small("group", group, "a group"))
    return asked.verbs.split(asked.number, items, title=asked.fields.get("title", ""))


def _remove(asked: Asked) -> int:
    asked.verbs.remove(asked.number, [asked.fields.get("item", "")])
    return asked.number


def _pin(asked: Asked) -> int:
    asked.verbs.pin(asked.number, asked.fields.get("item", ""))
    return asked.number


def _unpin(asked: Asked) -> int:
    asked.verbs.unpin(asked.number, asked.fields.get("item", ""))
    return asked.number


def _move(asked: Asked) -> int:
    source, _, item = asked.fields.get("item", "").partition(":")
    to = topic_number(asked.fields.get("to", ""))
    asked.verbs.move(source, _whole(item), to)
    return to


def _not_feedback(asked: Asked) -> int:
    source, _, item = asked.fields.get("item", "").partition(":")
    asked.verbs.move(source, _whole(item), None)
    return asked.number


def _whole(item: str) -> str:
    """Return an item's id without the number of a statement."""
    name, sign, ordinal = item.rpartition("#")
    return name if sign and ordinal.isdecimal() else item


def _undo(asked: Asked) -> int:
    asked.verbs.undo(asked.number)
    return asked.number


VERBS: Final = (
    Verb("approve", "approve", _approve, "approved"),
    Verb("reject", "decide", _reject, "rejected"),
    Verb("snooze", "decide", _snooze, "snoozed"),
    Verb("ignore", "decide", _ignore, "ignored"),
    Verb("rename", "decide", _rename, "renamed"),
    Verb("merge", "decide", _merge, "merged"),
    Verb("apart", "decide", _apart, "kept apart"),
    Verb("split", "decide", _split, "split"),
    Verb("remove", "decide", _remove, "rid of what is not of it"),
    Verb("move", "decide", _move, "moved to"),
    Verb("not-feedback", "decide", _not_feedback, "rid of what is no feedback"),
    Verb("pin", "decide", _pin, "given a key quote"),
    Verb("unpin", "decide", _unpin, "rid of a key quote"),
    Verb("undo", "decide", _undo, "as before"),
)
BY_NAME: Final = {verb.name: verb for verb in VERBS}


def perform(desk: Desk, verb: Verb, number: int, fields: Fields, actor: Actor) -> Done:
    """Do a verb in one transaction, with the figures of what it changed; raises `InputError` or `Forbidden`.

    A move is of an item; the topic that it is asked of says nothing.
    """
    place = places_of(desk, verb, [number])[number]
    with deciding(desk, actor) as one:
        return one.do(verb, number, fields, place)


def places_of(desk: Desk, verb: Verb, numbers: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
    """Return tracker, project and type of the tickets that a verb may make, by topic."""
    return desk.ticket_places(numbers) if verb.name in ("approve", "reject") else {key: {} for key in numbers}


@contextmanager
def deciding(desk: Desk, actor: Actor) -> Iterator[Deciding]:
    """Let somebody decide, once or several times in one transaction; what changed is counted at its end."""
    with desk.database.writing() as session:
        found = Deciding(desk, session, actor)
        yield found
        figures.renew(session, sorted(found.roots))


class Deciding:
    """The decisions of one person in one transaction. `roots` are the topics that they changed."""

    def __init__(self, desk: Desk, session: Session, actor: Actor) -> None:
        self._desk, self._actor, self._now = desk, actor, desk.clock()
        self._verbs = Verbs(session, actor.name, self._now)
        self.session = session
        self.roots: set[int] = set()

    def do(self, verb: Verb, number: int, fields: Fields, place: Mapping[str, str]) -> Done:
        """Decide about one topic; raises `InputError` or `Forbidden`."""
        asked = Asked(
            desk=self._desk,
            session=self.session,
            verbs=self._verbs,
            number=number,
            fields=fields,
            now=self._now,
            place=place,
        )
        last = latest(self.session)
        taken = _undone_next(self.session, number) if verb.name == "undo" else None
        if taken is not None:
            _may_take_back(self.session, taken, fields.get("decision", ""), self._actor)
        about = verb.do(asked)
        self.session.flush()
        made = taken or latest(self.session)
        if made is None or (taken is None and made.id == (last.id if last else None)):
            raise InputError(f"{verb.name} changed nothing")
        if reason := fields.get("reason", ""):
            made.after = {**made.after, "reason": reason[:80]}
        self.roots |= set(_roots(self.session, made, about))
        return Done(made.id or 0, about, verb.name)


def latest(session: Session) -> Decision | None:
    """Return the latest decision of all."""
    return session.exec(
        select(Decision).where(Decision.workspace_id == WORKSPACE).order_by(col(Decision.id).desc()).limit(1)
    ).first()


def _undone_next(session: Session, number: int) -> Decision | None:
    """Return the decision that an undo would take back."""
    return session.exec(
        select(Decision)
        .where(
            Decision.workspace_id == WORKSPACE,
            (col(Decision.topic) == number) | (col(Decision.other) == number),
            col(Decision.undone_at).is_(None),
        )
        .order_by(col(Decision.id).desc())
        .limit(1)
    ).first()


def _may_take_back(session: Session, taken: Decision, meant: str, actor: Actor) -> None:
    """Refuse to take back another decision than was meant, and what it takes an approver to change."""
    if meant and meant != str(taken.id):
        raise InputError(
            f"the latest decision about T-{taken.topic} is another by now: {taken.verb} by {taken.who}; "
            "nothing was taken back: look at the topic, and undo from there"
        )
    ticket = tickets(session, [taken.topic]).get(taken.topic)
    if undo_need(taken.verb, taken.before, ticket.state if ticket else None) == "approve":
        insist(actor, "approve", f"that: taking back {taken.verb!r} changes what was approved")


def undo_need(verb: str, before: Mapping[str, Any], state: str | None) -> Need:
    """Return what it needs to take a decision back; `state` is that of its topic's ticket now."""
    stood = [values.get("state") for values in before.get("ticket", {}).values() if values]
    is_edit_of_approved = bool(before.get("draft")) and state == "approved"
    is_of_approved = verb == "approve" or "approved" in stood or is_edit_of_approved
    return "approve" if is_of_approved else "decide"


def _roots(session: Session, decision: Decision, about: int) -> list[int]:
    """Return the topics whose members a decision changed."""
    rows = decision.before.get("assignment", {}).values()
    numbers = {decision.topic, decision.other, about, *(row.get("topic") for row in rows)}
    found = select(Topic.root).where(
        Topic.workspace_id == WORKSPACE, col(Topic.number).in_([number for number in numbers if number])
    )
    return sorted(set(session.exec(found)))
