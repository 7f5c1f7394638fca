"""What comes in over HTTP and what goes out, apart from sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from jira_twin.records import By, User

JSON = "application/json;charset=UTF-8"
HTML = "text/html;charset=UTF-8"
PLAIN = "text/plain;charset=UTF-8"


@dataclass(slots=True)
class Answer:
    """A status, a JSON value (bytes: sent as they are, None: no body) and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = JSON

    def encoded(self) -> bytes:
        """Return the body as sent."""
        if self.body is None:
            return b""
        return (
            self.body if isinstance(self.body, bytes) else json.dumps(self.body, ensure_ascii=False).encode()
        )


class Refusal(Exception):  # noqa: N818 - it is an answer, raised
    """A request that is answered with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.body}")
        self.answer = answer


@dataclass(slots=True, kw_only=True)
class Call:
    """One request, taken apart."""

    number: int
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    raw: bytes
    version: str = ""
    rest: str = ""
    gateway: bool = False
    route: str = ""
    params: dict[str, str] = field(default_factory=dict)
    user: User | None = None
    json: Any = None

    @property
    def request_id(self) -> str:
        """The name of this request in the journal."""
        return f"r{self.number}"

    @property
    def by(self) -> By:
        """Who asks; for handlers behind the door only."""
        if self.user is None:
            raise unauthorised()
        return By(self.user, self.request_id)

    def one(self, name: str, default: str = "") -> str:
        """Return one value of the query."""
        return self.query.get(name, [default])[-1]

    def many(self, name: str) -> list[str]:
        """Return all values of the query, repeated or with commas."""
        return [
            part.strip() for value in self.query.get(name, []) for part in value.split(",") if part.strip()
        ]

    def number_of(self, name: str, default: int) -> int:
        """Return a whole number of the query."""
        value = self.one(name, str(default))
        if not value.lstrip("-").isdigit() or int(value) < 0:
            raise refused(f"The value '{value}' of the parameter '{name}' is not a valid number.")
        return int(value)


def refused(*messages: str, status: int = 400, **errors: str) -> Refusal:
    """Return the usual error: messages, and one text per field."""
    return Refusal(Answer(status, {"errorMessages": list(messages), "errors": errors}))


def field_errors(errors: dict[str, str]) -> Refusal:
    """Return a 400 that names fields."""
    return Refusal(Answer(400, {"errorMessages": [], "errors": errors}))


def jql_error(*messages: str) -> Refusal:
    """Return a 400 of a search."""
    return Refusal(Answer(400, {"errorMessages": list(messages), "warningMessages": []}))


def no_issue() -> Refusal:
    """Return the 404 that doesn't tell absent from invisible."""
    return refused("Issue does not exist or you do not have permission to see it.", status=404)


def forbidden(what: str) -> Refusal:
    """Return a 403."""
    return refused(f"You do not have permission to {what}.", status=403)


def unauthorised(form: str = "json") -> Refusal:
    """Return a 401 in one of the three forms seen: json, plain, html."""
    headers = {
        "WWW-Authenticate": 'OAuth realm="https%3A%2F%2Fexample.com"',
        "X-Seraph-LoginReason": "AUTHENTICATED_FAILED",
    }
    if form == "plain":
        text = b"Client must be authenticated to access this resource."
        return Refusal(Answer(401, text, headers, PLAIN))
    if form == "html":
        page = b"<html><head><title>Unauthorized (401)</title></head><body>Unauthorized (401)</body></html>"
        return Refusal(Answer(401, page, headers, HTML))
    body = {"message": "Client must be authenticated to access this resource.", "status-code": 401}
    return Refusal(Answer(401, body, headers))
