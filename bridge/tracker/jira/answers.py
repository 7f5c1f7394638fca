"""What an answer of Jira means: done, a definite no, wait, or nobody knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Literal

from bridge.errors import InDoubt, TrackerDenied, TrackerError, TrackerGone, TrackerThrottled
from bridge.privacy import outward

LONGEST = 200
DEFAULT_WAIT_S = 5.0
DEFINITE = frozenset({400, 403, 404, 410, 415, 422})  # a no if Jira says it in JSON
DEFINITE_IN_ANY_FORM = frozenset({401, 409, 413})
_LOGIN = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED", "CAPTCHA")
_SCOPES: Mapping[str, Literal["issue", "endpoint"]] = {
    "jira-per-issue-on-write": "issue",
    "jira-burst-based": "endpoint",
}


class BadRequestError(TrackerError):
    """Jira can't make sense of a question: a query names what isn't there, or a parameter is wrong."""


class NotThereError(TrackerError):
    """What was asked for isn't there, or not for us to see; for an issue it is `TrackerGone`."""


class ForbiddenError(TrackerError):
    """Jira knows us, and we may not do this."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers by name in small letters, and the JSON value; `is_json` is false for all else."""

    status: int
    headers: Mapping[str, str]
    body: Any
    is_json: bool
    is_empty: bool = False

    @property
    def ok(self) -> bool:
        """Whether Jira says that it is done."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def kind(self) -> str:
        """The content's type, for messages."""
        return self.headers.get("content-type", "").partition(";")[0].strip()[:40] or "no content"


def read_answer(status: int, headers: Mapping[str, str], content: bytes) -> Answer:
    """Take an answer apart. A web page is never JSON."""
    named = {name.lower(): value for name, value in headers.items()}
    try:
        body = json.loads(content) if content.strip() else None
    except (ValueError, RecursionError):
        return Answer(status, named, None, is_json=False)
    return Answer(status, named, body, is_json=bool(content.strip()), is_empty=not content.strip())


_SPECIAL: Mapping[int, type[TrackerError]] = {400: BadRequestError, 404: NotThereError}


def is_definite_no(answer: Answer) -> bool:
    """Whether nothing happened: Jira itself refused, so the same may be asked again after a change."""
    if answer.status in DEFINITE_IN_ANY_FORM:
        return True
    return answer.status in DEFINITE and answer.is_json


def login_refused(answer: Answer) -> bool:
    """Whether Jira didn't accept who we say we are, whatever the status: an expired token may answer 200."""
    reason = answer.headers.get("x-seraph-loginreason", "").upper()
    denied = answer.headers.get("x-authentication-denied-reason", "").upper()
    return any(word in reason for word in _LOGIN) or "CAPTCHA" in denied


def denied(answer: Answer, route: str) -> TrackerDenied:
    """Return the error for a login that isn't accepted, with the next step."""
    marks = answer.headers.get("x-seraph-loginreason", "") + answer.headers.get(
        "x-authentication-denied-reason", ""
    )
    if "CAPTCHA" in marks.upper():
        return TrackerDenied(
            f"Jira asks for a captcha ({answer.status} for {route}): log in once with a browser as jira.user,"
            " then try again"
        )
    if "scope" in (said := saying(answer)).lower():
        return TrackerDenied(
            f"Jira's token lacks a scope ({answer.status} for {route}: {said}): make one with read:jira-work,"
            " write:jira-work and read:jira-user, and set jira.token"
        )
    return TrackerDenied(
        f"Jira doesn't accept the token ({answer.status} for {route}): it is expired, revoked or not for this"
        " address; make a new one and set jira.token (tokens with scopes work only at"
        " https://api.atlassian.com/ex/jira/<cloud id>; without jira.user the token is a bearer token)"
    )


def refusal(answer: Answer, route: str, *, doing: str = "") -> TrackerError:
    """Return the error for a definite no; `doing` says in words what was tried."""
    said, fields = saying(answer), field_errors(answer)
    about = f"{doing}: " if doing else ""
    told = f"{about}Jira refuses ({answer.status} for {route}){': ' + said if said else ''}"
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return denied(answer, route)
    if answer.status == HTTPStatus.NOT_FOUND and route.partition(" ")[2].startswith(("issue/{", "comment/{")):
        return TrackerGone(f"{told}; the issue is deleted, or not for us to see", fields=fields)
    if answer.status in _SPECIAL:
        return _SPECIAL[answer.status](told, fields=fields)
    if answer.status == HTTPStatus.FORBIDDEN:
        return ForbiddenError(
            f"{told}; check what the account may do there, and whether it is archived", fields=fields
        )
    if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TrackerError(f"{told}; the issue has as many of these as Jira allows", fields=fields)
    if answer.status == HTTPStatus.CONFLICT:
        return TrackerError(f"{told}; somebody changed it at the same moment", fields=fields)
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return TrackerError(
            f"{told}; it sends us elsewhere, where no token is sent: check jira.url", fields=fields
        )
    return TrackerError(told, fields=fields)


def in_doubt(answer: Answer, route: str) -> InDoubt:
    """Return the error for an answer that doesn't tell whether it was done."""
    return InDoubt(
        f"{route}: Jira answers {answer.status} with {answer.kind}; it may have been done, only reading tells"
    )


def throttled(answer: Answer, route: str) -> TrackerThrottled:
    """Return the error for being asked to wait: how long, and with what."""
    after = wait_asked(answer)
    reason = answer.headers.get("ratelimit-reason", "").strip().lower()
    after = DEFAULT_WAIT_S if after is None else after
    return TrackerThrottled(
        f"Jira asks us to wait {after:.0f} s ({answer.status} for {route})",
        after=after,
        scope=_SCOPES.get(reason, "site"),
    )


def wait_asked(answer: Answer) -> float | None:
    """Return the seconds that Jira asks us to wait, None if it doesn't say.

    Dates count from the answer's own date, so that no clock but Jira's matters.
    """
    asked = answer.headers.get("retry-after", "").strip()
    if asked.replace(".", "", 1).isdigit() and asked.isascii():
        return float(asked)
    until = _date(asked) or _iso(answer.headers.get("x-ratelimit-reset", ""))
    now = _date(answer.headers.get("date", ""))
    if until is None or now is None:
        return None
    return max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def field_errors(answer: Answer) -> dict[str, str]:
    """Return what Jira says of each field."""
    errors = answer.body.get("errors") if isinstance(answer.body, dict) else None
    if not isinstance(errors, dict):
        return {}
    return {short(str(name)): short(_text(said)) for name, said in errors.items()}


def saying(answer: Answer) -> str:
    """Return Jira's own short words, one line, at most 200 characters, without addresses of people."""
    body = answer.body
    if not isinstance(body, dict):
        return ""
    said = [_text(body.get(name)) for name in ("errorMessages", "errorMessage", "message")]
    errors = body.get("errors")
    if isinstance(errors, dict):
        said += [f"{name}: {_text(one)}" for name, one in errors.items()]
    else:
        said.append(_text(errors))
    return short("; ".join(one for one in said if one))


def short(text: str) -> str:
    """Return a text of Jira's fit for a message: one line, at most 200 characters, personal data masked.

    Jira may echo what we sent, and that holds what customers said.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 10 * LONGEST]).split())
    line = outward(line)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _text(said: object) -> str:
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "; ".join(_text(one) for one in said)
    if isinstance(said, dict):
        return _text(said.get("message"))
    return ""
