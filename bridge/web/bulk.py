"""Deciding about several topics at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from bridge.errors import InputError
from bridge.models import Decision
from bridge.placing import topic_number
from bridge.store.decided import MACHINE
from bridge.web.access import needs, require
from bridge.web.deciding import FIELDS, Refused, away, back, described, form_fields, json_fields
from bridge.web.verbs import BY_NAME, Deciding, Done, Fields, Verb, deciding, places_of

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.access.roles import Actor
    from bridge.web.desk import Desk

BULK: Final = ("approve", "reject", "snooze", "ignore", "merge", "undo")
"""What can be decided about several at once."""
MOST: Final = 200
"""Topics at once."""
_DIGITS: Final = 12


def add_bulk(app: FastAPI, desk: Desk) -> None:
    """Add `POST /bulk/VERB` and `POST /api/bulk/VERB`."""
    for name in BULK:
        verb = BY_NAME[name]
        app.post(f"/bulk/{name}", include_in_schema=False)(needs(verb.need)(_page(desk, verb)))
        more = described(name, "topics", "topics")
        app.post(f"/api/bulk/{name}", **more)(needs(verb.need)(_api(desk, verb)))


def _page(desk: Desk, verb: Verb) -> Callable[..., Any]:
    async def decide(request: Request) -> Response:
        fields = await form_fields(request)
        done = await away(_do, desk, verb, fields, require(request, verb.need))
        return back(fields, "/review", done)

    return decide


def _api(desk: Desk, verb: Verb) -> Callable[..., Any]:
    async def decide(request: Request) -> Response:
        fields = await json_fields(request)
        done = await away(_do, desk, verb, fields, require(request, verb.need))
        return JSONResponse([one.as_json() for one in done])

    return decide


def _do(desk: Desk, verb: Verb, fields: Fields, actor: Actor) -> list[Done]:
    try:
        if verb.name == "undo":
            return take_back_all(desk, _decisions(fields), actor)
        numbers = _numbers(fields)
        fields = {name: fields[name] for name in FIELDS.get(verb.name, ()) if name in fields}
        numbers = _others(numbers, fields["into"]) if "into" in fields else numbers
        return decide_all(desk, verb, numbers, fields, actor)
    except InputError as error:
        raise Refused(str(error)) from error


def _numbers(fields: Fields) -> list[int]:
    """Return the topics that are named, each once, in their order."""
    found = list(dict.fromkeys(topic_number(name) for name in _named(fields, "topics")))
    if not found:
        raise InputError("no topic was ticked; tick some, or write them as topics: T-1 T-2")
    return found


def _others(numbers: Sequence[int], into: str) -> list[int]:
    """Return the topics that are to be merged into another one, which may be ticked too."""
    found = [number for number in numbers if number != topic_number(into)]
    if not found:
        raise InputError(f"no topic was ticked but {into} itself; tick what is to be merged into it")
    return found


def _decisions(fields: Fields) -> list[int]:
    names = _named(fields, "decision")
    if not names or not all(name.isdecimal() and len(name) <= _DIGITS for name in names):
        raise InputError("decision: write the numbers of decisions, with commas")
    return sorted({int(name) for name in names}, reverse=True)


def _named(fields: Fields, name: str) -> list[str]:
    found = fields.get(name, "").replace(",", " ").split()
    if len(found) > MOST:
        raise InputError(f"{name}: {len(found)} are too many; name {MOST} at most")
    return found


def decide_all(desk: Desk, verb: Verb, numbers: Sequence[int], fields: Fields, actor: Actor) -> list[Done]:
    """Decide the same about several topics, in one transaction.

    Raises `InputError` for the first that can't be decided about, and then nothing is done.
    """
    places = places_of(desk, verb, numbers)
    with deciding(desk, actor) as several:
        return [_one(several, verb, number, fields, places[number]) for number in numbers]


def take_back_all(desk: Desk, decisions: Sequence[int], actor: Actor) -> list[Done]:
    """Take decisions back in their order, the latest first, in one transaction; raises `InputError`."""
    with deciding(desk, actor) as several:
        return [
            _one(several, BY_NAME["undo"], _topic_of(several.session, number), {"decision": str(number)}, {})
            for number in decisions
        ]


def _one(several: Deciding, verb: Verb, number: int, fields: Fields, place: Mapping[str, str]) -> Done:
    try:
        return several.do(verb, number, fields, place)
    except InputError as error:
        raise InputError(f"nothing was done, because of T-{number}: {error}") from error


def _topic_of(session: Session, decision: int) -> int:
    """Return the topic that a decision is about."""
    made = session.get(Decision, decision)
    if made is None:
        raise InputError(f"there is no decision {decision}")
    if made.verb == MACHINE:  # its merges are decisions of their own, and go back with it
        raise InputError(
            f"decision {decision} is a recluster; take it back as a whole: "
            "feedback-bridge topics undo --recluster"
        )
    return made.topic
