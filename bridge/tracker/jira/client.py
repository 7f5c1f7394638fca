"""The one door to Jira: who we are, how long we wait, and what came of it.

Of the `jira` package only the session is used, through the method that it inherits from `requests`: its own
`request` retries, reads bodies into log lines, and loses what Jira says of each field. Nothing follows a
redirect, so the token goes to the one host that was configured.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bridge import tally
from bridge.errors import InDoubt, SettingsError, TrackerError, TrackerThrottled, TrackerUnreachable
from bridge.tracker.jira import answers
from bridge.tracker.jira.answers import Answer
from bridge.tracker.jira.issues import mapping, text
from bridge.tracker.jira.lost import Lost, lost
from bridge.tracker.jira.site import Flavour, JiraSite, flavour_of

if TYPE_CHECKING:
    from requests import Session

TRIES = 4
FIRST_WAIT_S, LONGEST_WAIT_S, MOST_ASKED_S = 2.0, 30.0, 120.0
JITTER = (0.7, 1.3)
_BUSY = frozenset({502, 503, 504})
_CHATTY = ("jira", "urllib3", "requests", "requests_oauthlib", "oauthlib")
Query = Mapping[str, str | int]


class Client:
    """Requests to one Jira. Its flavour is asked for once if need be; reads are tried again, writes never."""

    def __init__(
        self, site: JiraSite, *, wait: Callable[[float], None], jitter: random.Random, log: logging.Logger
    ) -> None:
        self.site = site
        self._base_url = ""
        self._wait = wait
        self._jitter = jitter
        self._log = log
        self._not_before: dict[
            str, float
        ] = {}  # by what we were asked to leave alone, as `_throttled` names it

    @cached_property
    def flavour(self) -> Flavour:
        """Cloud or Data Center; asked for once if neither settings nor address tell."""
        told = self.site.told_flavour
        if told is None:
            told = flavour_of(self.server_info())
            self.site.tell_flavour(told)
        return told

    @property
    def is_cloud(self) -> bool:
        """Whether it is Cloud: REST v3, ADF, and searches by token."""
        return self.flavour == "cloud"

    @property
    def site_url(self) -> str:
        """The address under which people see issues."""
        return self.site.site_url or self._base_url or self.site.base

    def server_info(self) -> Mapping[str, Any]:
        """Ask what server it is, and remember the address that people use."""
        info = mapping(self.read("serverInfo", version="2"))
        base = text(info.get("baseUrl"))
        self._base_url = base if base.startswith(("https://", "http://")) else ""
        return info

    @cached_property
    def _session(self) -> Session:
        from jira import JIRA

        token = self.site.token().strip()
        if not token:
            raise SettingsError("jira.token is empty; make one in Jira and set jira.token")
        made = JIRA(
            self.site.base,
            basic_auth=(self.site.user, token) if self.site.user else None,
            token_auth=None if self.site.user else token,
            max_retries=0,
            timeout=self.site.timeout,
            get_server_info=False,
            options={"rest_api_version": "2", "check_update": False},
        )
        self._jira = made  # it closes the session when it goes
        if self.site.is_plain:
            made._session.trust_env = False  # noqa: SLF001 - a proxy would read what is for this machine only
        for name in _CHATTY:  # after it, for it sets its own; at DEBUG they would print bodies
            logging.getLogger(name).setLevel(logging.WARNING)
        return made._session  # noqa: SLF001 - its public methods retry and lose field errors

    def read(
        self,
        route: str,
        *parts: str,
        query: Query | None = None,
        body: object = None,
        version: str | None = None,
        needs: Collection[str] = (),
    ) -> Any:
        """Return the JSON that a route answers; `body` makes it a POST. Raises a `TrackerError` only.

        What lacks the names that it needs is no answer of Jira's: nothing may be concluded from it.
        """
        method = "GET" if body is None else "POST"
        name = f"{method} {route}"
        for attempt in range(1, TRIES + 1):
            problem, minimum = self._read_once(method, route, parts, query, body, version)
            if isinstance(problem, Answer):
                return _with(problem, needs, name)
            if attempt == TRIES:
                raise problem
            self._log.info("%s: trying again (%d of %d)", name, attempt + 1, TRIES)
            self._pause(attempt, minimum)
            if minimum:
                self._forget(name, parts)
        raise AssertionError(name)

    def write(
        self, method: str, route: str, *parts: str, query: Query | None = None, body: object = None
    ) -> Answer:
        """Send what writes, once. Return the answer if it is done or a definite no; else raise.

        Where Jira asked us to wait, we do so first, whoever asks.

        Raises `TrackerDenied`, `TrackerThrottled` and `TrackerUnreachable` when nothing happened, `InDoubt`
        when nobody knows.
        """
        name = f"{method} {route}"
        try:
            answer = self._send(method, route, parts, query, body)
        except Lost as fault:
            if fault.sent:
                raise InDoubt(f"{name}: {fault}; Jira may have done it, only reading tells") from None
            raise TrackerUnreachable(f"{name}: {fault}; nothing was sent") from None
        if answers.login_refused(answer):
            if answer.ok or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise InDoubt(
                    f"{name}: Jira answers {answer.status} and doesn't accept the token; it may be done"
                )
            raise answers.denied(answer, name)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise self._throttled(answer, name, parts)
        if answers.is_definite_no(answer) or (answer.ok and _is_right(answer)):
            return answer
        raise answers.in_doubt(answer, name)

    def do(
        self, method: str, route: str, *parts: str, query: Query | None = None, body: object = None
    ) -> Any:
        """Send what writes, once; return the JSON. Raises for a definite no as well."""
        answer = self.write(method, route, *parts, query=query, body=body)
        if not answer.ok:
            raise answers.refusal(answer, f"{method} {route}")
        return answer.body

    def _read_once(
        self,
        method: str,
        route: str,
        parts: tuple[str, ...],
        query: Query | None,
        body: object,
        version: str | None,
    ) -> tuple[Answer | TrackerError, float]:
        """Return the answer, or an error that may pass and the seconds to wait; raise what won't."""
        name = f"{method} {route}"
        try:
            answer = self._send(method, route, parts, query, body, version)
        except Lost as fault:
            unreachable = TrackerUnreachable(f"{name}: {fault}")
            if fault.lasting:
                raise unreachable from None
            return unreachable, 0.0
        if answers.login_refused(answer):
            raise answers.denied(answer, name)
        if answer.ok and answer.is_json:
            return answer, 0.0
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return _within_reason(throttled := self._throttled(answer, name, parts)), throttled.after
        if answer.status in _BUSY:
            return self._busy(answer, name)
        if answer.ok or (not answer.is_json and answer.status in {401, 403} and "html" in answer.kind):
            raise self._strange(answer, name)
        raise answers.refusal(answer, name)

    def _busy(self, answer: Answer, name: str) -> tuple[TrackerError, float]:
        asked = answers.wait_asked(answer) or 0.0
        if asked > MOST_ASKED_S:
            raise answers.throttled(answer, name)
        return TrackerUnreachable(
            f"{name}: Jira is not there just now ({answer.status}); try again later"
        ), asked

    def _strange(self, answer: Answer, name: str) -> TrackerError:
        if answer.status == HTTPStatus.UNAUTHORIZED:
            return answers.denied(answer, name)
        return TrackerUnreachable(
            f"{name}: {self.site.host} answers {answer.status} with {answer.kind} where data should be: a"
            " login page or a proxy stands before Jira; check jira.url, and open it from this machine"
        )

    def _throttled(self, answer: Answer, name: str, parts: tuple[str, ...]) -> TrackerThrottled:
        """Return the error for being asked to wait, and remember until when."""
        tally.count("throttled", by="jira")
        error = answers.throttled(answer, name)
        held = {"site": "", "endpoint": name, "issue": " ".join(parts[:1])}[error.scope]
        self._not_before[held] = max(self._not_before.get(held, 0.0), time.monotonic() + error.after)
        return error

    def _keep_quiet(self, name: str, parts: tuple[str, ...]) -> None:
        """Wait until Jira wants to hear of us again; if that is long, say so instead."""
        held = {"", name, " ".join(parts[:1])}
        left = max((self._not_before.get(one, 0.0) for one in held), default=0.0) - time.monotonic()
        if left > MOST_ASKED_S:
            raise TrackerThrottled(f"Jira asked us to wait, {left:.0f} s from now ({name})", after=left)
        if left > 0:
            self._wait(left)
            self._forget(name, parts)

    def _forget(self, name: str, parts: tuple[str, ...]) -> None:
        """Remember no more that we were asked to wait: we did."""
        for held in ("", name, " ".join(parts[:1])):
            self._not_before.pop(held, None)

    def _pause(self, attempt: int, minimum: float) -> None:
        wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1)) * self._jitter.uniform(*JITTER)
        self._wait(max(wait, minimum))

    def _send(
        self,
        method: str,
        route: str,
        parts: tuple[str, ...],
        query: Query | None,
        body: object,
        version: str | None = None,
    ) -> Answer:
        import requests

        self._keep_quiet(f"{method} {route}", parts)
        session = self._session
        try:
            response = requests.Session.request(
                session,
                method,
                self._address(route, parts, version),
                params={name: str(value) for name, value in query.items()} if query else None,
                data=json.dumps(body).encode() if body is not None else None,
                timeout=self.site.timeout,
                allow_redirects=False,
            )
            content = response.content
        except (requests.RequestException, OSError, ValueError) as fault:
            raise lost(fault) from None
        self._log.debug("%s %s: %d", method, route, response.status_code)
        return answers.read_answer(response.status_code, response.headers, content)

    def _address(self, route: str, parts: tuple[str, ...], version: str | None) -> str:
        path = route
        for part in parts:
            before, _, rest = path.partition("{")
            path = before + quote(part, safe="") + rest.partition("}")[2]
        if route.startswith("/"):
            return self.site.base + path
        number = version or ("3" if self.is_cloud else "2")
        return f"{self.site.base}/rest/api/{number}/{path}"


def _with(answer: Answer, needs: Collection[str], name: str) -> Any:
    lacking = [one for one in needs if mapping(answer.body).get(one) is None]
    if lacking:
        raise TrackerError(
            f"{name}: the answer lacks {', '.join(lacking)}, so it isn't Jira's; check jira.url"
        )
    return answer.body


def _is_right(answer: Answer) -> bool:
    """Whether a success looks like one of Jira's: JSON, or nothing where nothing is due."""
    return answer.is_json or (answer.is_empty and answer.status in {201, 204})


def _within_reason(error: TrackerThrottled) -> TrackerThrottled:
    if error.after > MOST_ASKED_S:
        raise error
    return error
