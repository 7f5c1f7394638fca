"""One request from its arrival to what leaves: hooks, faults, the site's answer, the checks."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jira_twin import door
from jira_twin.desk import Desk
from jira_twin.exchange import Answer, Call, Refusal, refused
from jira_twin.fault_answers import early
from jira_twin.fault_changes import Meddler
from jira_twin.faults import ALONG, CHANGES, EARLY, LATE, Fault
from jira_twin.records import Request

if TYPE_CHECKING:
    from jira_twin.twin import Twin


@dataclass(slots=True)
class Delivery:
    """What leaves and how: usual, reset, silence, stall, truncated."""

    answer: Answer
    how: str = ""
    seconds: float = 0.0


def run_hook(run: Callable[..., Any], call: Call) -> None:
    """Run a hook, with the request if it takes one."""
    try:
        inspect.signature(run).bind(call)
    except TypeError:
        run()
    else:
        run(call)


class Service:
    """Serves requests of the twin."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.site = twin.site
        self.stopping = threading.Event()
        self._tokens: dict[str, Answer] = {}

    def serve(self, call: Call) -> Delivery:
        """Do all that belongs to one request, up to what leaves."""
        bad = None
        try:
            door.read_body(call)
        except Refusal as refusal:
            bad = refusal.answer
        for hook in [one for one in self.twin.hooks_before if one.matches(call)]:
            run_hook(hook.run, call)
        with self.site.lock:
            delivery, changed = self._locked(call, bad)
        for hook in [one for one in self.twin.hooks_after if one.matches(call)]:
            run_hook(hook.run, call)
        for fault in changed:
            with self.site.lock:
                self._meddle(call, fault)
        return delivery

    def _meddle(self, call: Call, fault: Fault) -> Answer | None:
        try:
            Meddler(self.twin, call).run(fault)
        except Refusal as refusal:
            return refusal.answer
        return None

    def _locked(self, call: Call, bad: Answer | None) -> tuple[Delivery, list[Fault]]:
        if self.twin.spec:
            self.twin.spec.request(call)
        struck = self.twin.script.draw(call)
        later = [one for one in struck if one.name in CHANGES and one.detail.get("when") == "after"]
        own: Answer | None = bad
        for fault in [one for one in struck if one.name in CHANGES and one not in later]:
            own = self._meddle(call, fault) or own
        wire = next((one for one in struck if one.name not in CHANGES), None)
        delivery, committed = self._faulted(call, own, wire)
        names = "+".join(one.name for one in struck)
        silent = delivery.how in {"reset", "silence"}
        self.twin.requests.append(
            Request(
                number=call.number,
                method=call.method,
                path=call.path,
                query=call.query,
                status=None if silent else delivery.answer.status,
                route=call.route,
                fault=names,
                committed=committed,
                body=call.json,
            )
        )
        return delivery, later

    def _faulted(self, call: Call, own: Answer | None, fault: Fault | None) -> tuple[Delivery, int | None]:
        if fault is None:
            answer = own or self.handle(call)
            return Delivery(answer), answer.status
        detail = fault.detail
        if fault.name in EARLY:
            committed = (own or self.handle(call)).status if detail.get("committed") else None
            if fault.name == "reset-before":
                return Delivery(Answer(0), "reset"), committed
            return Delivery(early(fault.name, self.site.clock, detail)), committed
        if fault.name in LATE:
            answer = own or self.handle(call)
            how = {"reset-after": "reset", "commit-then-silence": "silence", "commit-then-stall": "stall"}
            seconds = detail.get("seconds", 60.0)
            return Delivery(answer, how.get(fault.name, fault.name), seconds), answer.status
        if fault.name not in ALONG:
            raise ValueError(f"the fault {fault.name} can't be served")
        answer = own or self._along(call, fault)
        return Delivery(answer, fault.name, detail.get("seconds", 1.0)), answer.status

    def _along(self, call: Call, fault: Fault) -> Answer:
        if fault.name == "replayed-post":
            answers = [self.handle(call), self.handle(call)]
            return answers[0 if fault.detail.get("answer") == "first" else 1]
        if fault.name == "expired-anonymous":
            answer = self.handle(call, stranger=True)
            answer.headers["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"
            return answer
        if fault.name == "page-token":
            return self._paged(call, fault)
        return self.handle(call)

    def _paged(self, call: Call, fault: Fault) -> Answer:
        asked = call.json if isinstance(call.json, dict) else {}
        token = call.one("nextPageToken") or asked.get("nextPageToken")
        if fault.detail.get("mode", "expired") == "expired":
            if token:
                return refused("The nextPageToken is invalid or has expired.").answer
            fault.hits -= 1
            return self.handle(call)
        answer = self.handle(call)
        if answer.status == 200:
            answer.body |= {"isLast": False, "nextPageToken": token or "c2FtZQ=="}
            if not token:
                self._tokens["c2FtZQ=="] = answer
        elif token in self._tokens:
            answer = self._tokens[token]
        return answer

    def handle(self, call: Call, *, stranger: bool = False) -> Answer:
        """Return the site's own answer, checked against its description."""
        try:
            answer = self._answer(call, stranger=stranger)
        except Refusal as refusal:
            answer = refusal.answer
        if self.twin.spec:
            self.twin.spec.answer(call, answer)
        return answer

    def _answer(self, call: Call, *, stranger: bool) -> Answer:
        told = door.tenant(self.site, call)
        if told is not None:
            return Answer(200, told)
        call.user = None if stranger else door.identify(self.site, call, *self.twin.credentials)
        headers: dict[str, str] = {}
        if self.site.cloud:
            issue = self.site.find_issue(call.params["id"]) if "id" in call.params else None
            self.twin.limits.check_cloud(call, issue.id if issue else None)
        elif call.user:
            headers, over = self.twin.limits.dc_headers(call.user.name)
            if over:
                return self.twin.limits.dc_refusal(headers)
            if call.headers.get("authorization", "").lower().startswith("basic"):
                headers["X-Seraph-LoginReason"] = "OK"
        try:
            answer = self._routed(call)
        except Refusal as refusal:
            answer = refusal.answer
        answer.headers |= headers
        return answer

    def _routed(self, call: Call) -> Answer:
        if not call.route:
            raise door.nowhere(call, self.twin.routes)
        if call.method == "PUT" and not call.raw.strip() and "key" not in call.params:
            raise refused("The request body is missing.")
        if self.twin.spec and self.site.cloud and call.version == "3":
            self._check_documents(call)
        return self.twin.routes.handlers[call.route](Desk(self.site, call))

    def _check_documents(self, call: Call) -> None:
        for document in _documents(call.json):
            wrong = self.twin.spec and self.twin.spec.adf(document)
            if wrong:
                self.twin.violations.append(f"request {call.number} {call.method} {call.path}: ADF: {wrong}")
                raise refused("INVALID_INPUT")


def _documents(value: Any) -> list[Any]:
    if isinstance(value, dict):
        if value.get("type") == "doc" and "version" in value:
            return [value]
        return [found for one in value.values() for found in _documents(one)]
    return [found for one in value for found in _documents(one)] if isinstance(value, list) else []
