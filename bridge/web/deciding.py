"""The routes by which a person, or a program with a token, decides: one for each verb, twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from fastapi import FastAPI, Path, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from bridge.access.origin import next_page
from bridge.editing import edit
from bridge.errors import InputError
from bridge.store import figures
from bridge.store.topics import tickets
from bridge.web import query
from bridge.web.access import form_of, insist, needs, require
from bridge.web.errors import PageError
from bridge.web.verbs import BY_NAME, VERBS, Done, Fields, Verb, perform

if TYPE_CHECKING:
    from bridge.access.roles import Actor
    from bridge.web.desk import Desk

Value = TypeVar("Value")
Name = Annotated[str, Path(description="a topic by its id", examples=["T-1"])]

LONGEST: Final = 40_000
"""Characters of one field."""


class Refused(PageError):  # noqa: N818 - says what is the case
    """What was asked makes no sense as things stand."""

    status = 409


def add_verbs(app: FastAPI, desk: Desk) -> None:
    """Add `POST /topics/T-n/VERB` and `POST /api/topics/T-n/VERB` for every verb, and those of the draft."""
    for verb in VERBS:
        app.post(f"/topics/{{name}}/{verb.name}", include_in_schema=False)(
            needs(verb.need)(_page(desk, verb))
        )
        app.post(f"/api/topics/{{name}}/{verb.name}", **described(verb.name))(
            needs(verb.need)(_api(desk, verb))
        )
    app.post("/topics/{name}/edit", include_in_schema=False)(needs("decide")(_edit_page(desk)))
    app.post("/api/topics/{name}/edit", **described("edit"))(needs("decide")(_edit_api(desk)))


def described(name: str, of: str = "topic", *more: str) -> dict[str, Any]:
    """Return what OpenAPI says of a verb of a topic, or of several with `more` fields."""
    fields = {field: _field(field) for field in (*more, *FIELDS.get(name, ()))}
    body = {"schema": {"type": "object", "properties": fields}}
    done = _DONE if of == "topic" else {"type": "array", "items": _DONE}
    return {
        "summary": f"{name} {'a ' if of == 'topic' else ''}{of}",
        "operation_id": f"{name}_{of}",
        "openapi_extra": {"requestBody": {"content": {"application/json": body}}},
        "responses": {
            200: {"description": "done", "content": {"application/json": {"schema": done}}},
            **faults(),
        },
    }


def _field(name: str) -> dict[str, Any]:
    means, example = MEANS[name]
    return {"type": "string", "description": means, "examples": [example]}


def faults(*without: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of faults, but these."""
    error = {"status": {"type": "integer"}, "message": {"type": "string"}}
    fault = {"type": "object", "properties": {"error": {"type": "object", "properties": error}}}
    return {
        status: {"description": words, "content": {"application/json": {"schema": fault}}}
        for status, words in _FAULTS
        if status not in without
    }


_DONE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["topic", "verb", "decision"],
    "properties": {
        "topic": {"type": "string"},
        "verb": {"type": "string"},
        "decision": {"type": "integer"},
        "made": {"type": "string"},
    },
}
_FAULTS: Final = (
    (400, "the request can't be read"),
    (401, "nobody is known by this token"),
    (403, "who asks may not do this"),
    (404, "there is no such topic"),
    (409, "it makes no sense as things stand; the message says why"),
    (413, "the body is too long"),
    (422, "the request can't be read"),
    (429, "too many requests"),
)
FIELDS: Final = {
    "reject": ("reason",),
    "ignore": ("reason",),
    "snooze": ("until", "date"),
    "rename": ("title",),
    "merge": ("into",),
    "apart": ("other",),
    "split": ("items", "group", "title"),
    "remove": ("item",),
    "move": ("item", "to"),
    "not-feedback": ("item",),
    "pin": ("item",),
    "unpin": ("item",),
    "undo": ("decision",),
    "edit": ("title", "description", "type"),
}
"""What each verb is told beside the topic."""
MEANS: Final[Mapping[str, tuple[str, str]]] = {
    "topics": ("the topics, with spaces", "T-1 T-2"),
    "reason": ("why, in a word", "noise"),
    "until": ("week, month, grows, a day, or how many people", "week"),
    "date": ("a day, where until is empty", "2027-01-31"),
    "title": ("a title", "Bags arrive late"),
    "into": ("the topic that it becomes a part of", "T-2"),
    "other": ("the topic that it is not", "T-2"),
    "items": ("what is split off, a line each", "reviews:x1\nreviews:x2"),
    "group": ("the number of a suggested group", "1"),
    "item": ("what somebody said, by source and id", "reviews:x1"),
    "to": ("the topic that it goes to", "T-2"),
    "decision": ("what is taken back, by the number of the decision", "12"),
    "description": ("the text of the ticket, in Markdown", "**31 people** said this."),
    "type": ("the type of the ticket", "Bug"),
}
"""What each field means, with an example."""


def _page(desk: Desk, verb: Verb) -> Callable[..., Any]:
    async def decide(request: Request, name: Name) -> Response:
        fields = await form_fields(request)
        done = await away(_do, desk, verb, name, fields, require(request, verb.need))
        return _back(fields, done)

    return decide


def _api(desk: Desk, verb: Verb) -> Callable[..., Any]:
    async def decide(request: Request, name: Name) -> Response:
        fields = await json_fields(request)
        done = await away(_do, desk, verb, name, fields, require(request, verb.need))
        return JSONResponse(done.as_json())

    return decide


def _edit_page(desk: Desk) -> Callable[..., Any]:
    async def decide(request: Request, name: Name) -> Response:
        fields = await form_fields(request)
        actor, then = require(request, "decide"), fields.get("then", "save")
        if then == "approve":
            require(request, "approve")
        done = await away(_edit, desk, name, fields, actor, then == "approve")
        return _back(fields, done)

    return decide


def _edit_api(desk: Desk) -> Callable[..., Any]:
    async def decide(request: Request, name: Name) -> Response:
        fields = await json_fields(request)
        done = await away(_edit, desk, name, fields, require(request, "decide"), False)
        return JSONResponse(done.as_json())

    return decide


async def away(do: Callable[..., Value], *values: Any) -> Value:
    """Do something that waits for the store, beside the loop."""
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(do, *values)


def _do(desk: Desk, verb: Verb, name: str, fields: Fields, actor: Actor) -> Done:
    try:
        return perform(desk, verb, query.topic_number(name), fields, actor)
    except InputError as error:
        raise Refused(str(error)) from error


def _edit(desk: Desk, name: str, fields: Fields, actor: Actor, approve: bool) -> Done:
    """Keep what differs from the draft, and approve if that is wanted; nothing new is nothing to keep."""
    number, now = query.topic_number(name), desk.clock()
    try:
        wanted = _differing(desk, number, fields)
        with desk.database.writing() as session:
            ticket = tickets(session, [number]).get(number)
            if ticket is not None and ticket.state == "approved":
                insist(actor, "approve", "that: the ticket is approved as it stands, and an edit changes it")
            done = Done(0, number, "edit")
            if wanted or not approve:
                made = edit(session, actor.name, now, number, wanted=wanted)
                done = Done(made.id or 0, number, "edit")
            figures.renew(session, [number])
        return perform(desk, BY_NAME["approve"], number, {}, actor) if approve else done
    except InputError as error:
        raise Refused(str(error)) from error


def _differing(desk: Desk, number: int, fields: Fields) -> Fields:
    """Return what somebody wrote that the draft does not say already; drafting holds up no other writer."""
    from bridge.web.boards import draft_now

    with desk.database.reading() as session:
        draft = draft_now(desk.look(session), number)
    stood = {"title": draft.heading, "description": draft.body, "type": draft.type}
    return {
        field: text
        for field, text in fields.items()
        if field in stood and " ".join(text.split()) != " ".join(stood[field].split())
    }


def _back(fields: Fields, done: Done) -> Response:
    return back(fields, f"/topics/T-{done.topic}", [done])


def back(fields: Fields, otherwise: str, done: Sequence[Done]) -> Response:
    """Lead to the page that was asked for, which says what was done."""
    to = next_page(fields.get("next", "") or otherwise)
    numbers = ",".join(str(one.decision) for one in done)
    return RedirectResponse(f"{to}{'&' if '?' in to else '?'}done={numbers}", status_code=303)


async def form_fields(request: Request) -> Fields:
    """Return the fields of a form; of one that comes several times all values, with a space between."""
    form = await form_of(request)
    found: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found[name] = f"{found[name]} {value}" if name == "topics" and name in found else value
    return _fitting(found)


async def json_fields(request: Request) -> Fields:
    """Return the fields of a body in JSON; raises `PageError`."""
    body = await request.body()
    try:
        found = json.loads(body) if body.strip() else {}
    except RecursionError:
        raise PageError("the body is no JSON of ours: it is nested too deep") from None
    except ValueError as error:
        raise PageError(f"the body is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise PageError('the body is no object; write {"into": "T-1"}, say')
    wrong = [
        name for name, value in found.items() if not isinstance(value, str | int) or isinstance(value, bool)
    ]
    if wrong:
        raise PageError(f"{wrong[0][:80]!r} is no text")
    return _fitting({name: str(value) for name, value in found.items()})


def _fitting(fields: dict[str, str]) -> Fields:
    for name, value in fields.items():
        if len(value) > LONGEST:
            raise PageError(f"{name[:80]!r} is longer than {LONGEST:,} characters")
        if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            raise PageError(f"{name[:80]!r} holds characters that no text has")
    return fields
