"""Jira behind the tracker's port."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

from bridge.errors import TrackerDenied, TrackerError, TrackerGone
from bridge.plan import Draft
from bridge.render.document import Document
from bridge.render.format import Format
from bridge.render.ticket import summary
from bridge.tracker import Category, Comment, Edit, EvidenceLink, FieldUpdate, Remote
from bridge.tracker.jira import answers, check, jql
from bridge.tracker.jira.answers import Answer, BadRequestError
from bridge.tracker.jira.client import Client, Query
from bridge.tracker.jira.figures import Figures
from bridge.tracker.jira.issues import FIELDS, browse, mapping, mappings, remote, text
from bridge.tracker.jira.issues import category as category_of
from bridge.tracker.jira.meta import Field, IssueType, Screens
from bridge.tracker.jira.opening import Opening, label
from bridge.tracker.jira.search import Raw, Search
from bridge.tracker.jira.site import GATEWAY, Account, Flavour, JiraSite
from bridge.tracker.jira.talk import INTERNAL, OP, Talk
from bridge.tracker.jira.workflow import Transition, way_to

APPLICATION = {"type": "org.feedback-bridge", "name": "Feedback Bridge"}
RELATIONSHIP = "customer evidence"
DEFAULT_LINK = "Relates"
TITLE = 255
_MOVES = 2


class JiraTracker:
    """A Jira, Cloud or Data Center. `wait` sleeps for seconds; nothing is asked before the first verb.

    What writes is sent once, and ends in a return, a `TrackerError` (nothing happened) or `InDoubt`. Reads
    are tried up to four times. Nothing of a request's content comes into a log or a message.
    """

    name = "Jira"

    def __init__(
        self,
        site: JiraSite,
        *,
        wait: Callable[[float], None] = time.sleep,
        jitter: random.Random | None = None,
        log: logging.Logger | None = None,
    ) -> None:
        self.site = site
        self.settle_s = site.settle_s
        self._log = log or logging.getLogger("bridge.tracker.jira")
        self._client = Client(
            site,
            wait=wait,
            jitter=jitter or random.Random(),  # noqa: S311 - spreads retries, no secret
            log=self._log,
        )
        self._screens = Screens(self._client)
        self._search = Search(self._client)
        self._talk = Talk(self._client, lambda: self.me)
        self._figures = Figures(self._client, site.fields, lambda: self.format)
        self._opening = Opening(self._client, self._screens, self._figures, site.types)
        self._quietly = True

    @property
    def flavour(self) -> Flavour:
        """Cloud or Data Center; asked for once if the settings don't say."""
        return self._client.flavour

    @cached_property
    def format(self) -> Format:
        """How this Jira writes texts: ADF on Cloud, wiki markup on Data Center."""
        if self._client.is_cloud:
            from bridge.render.adf import Adf

            return Adf()
        from bridge.render.wiki import Wiki

        return Wiki()

    @cached_property
    def me(self) -> Account:
        """The account that we log in with; asked for once."""
        return self.account()

    def account(self) -> Account:
        """Ask Jira who we are."""
        found = Account.of(self._client.read("myself"))
        if found is None:
            raise TrackerDenied("Jira doesn't say who we are (GET myself): check jira.user and jira.token")
        return found

    def expires(self) -> datetime | None:
        """Return when the token ends, as far as the server tells; Cloud never does."""
        return None if self._client.is_cloud or self.site.user else check.expiry(self._client)

    def ready(self, projects: Collection[str]) -> None:
        """Prove that we are logged in and see these projects; raises `TrackerError` naming what is wrong."""
        self.me = me = self.account()
        if self.site.host == GATEWAY and not self.site.site_url:
            self._client.server_info()  # the API's address is none that people can open
        allowed = self.site.service_desks_allowed
        faults = [
            check.project_fault(self._client, key, me, service_desks_allowed=allowed) for key in projects
        ]
        if any(faults):
            raise TrackerError("; ".join(fault for fault in faults if fault))

    def types(self, project: str) -> tuple[IssueType, ...]:
        """Return a project's issue types."""
        return self._screens.types(project)

    def type_for(self, project: str, kind: str, wanted: str = "") -> IssueType:
        """Return the issue type that a kind of ours gets in a project."""
        return self._opening.type(project, wanted, kind)

    def missing(self, project: str, kind: str) -> list[Field]:
        """Return the required fields that nobody fills, for a kind of ours or the name of a type."""
        return self._opening.missing(project, kind)

    def permissions(self, project: str) -> list[str]:
        """Return the permissions that we need in a project and don't have."""
        return check.lacking(self._client, project)

    def find(self, marker: str) -> list[Remote]:
        """Return the issues that carry this label, those with our property first, oldest first."""
        return [self._remote(raw) for raw in self._search.marked(marker)]

    def alike(self, project: str, words: Sequence[str], limit: int) -> list[Remote]:
        """Return issues of a project that aren't done and have these words; none if Jira can't search so."""
        query = jql.alike(project, words)
        if not query or limit < 1:
            return []
        try:
            return [self._remote(raw) for raw in self._search.issues(query, most=limit)]
        except BadRequestError:
            return []

    def read(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Return these issues by id, a hundred a call; those that can't be seen are left out."""
        found = self._search.by_ids(list(dict.fromkeys(ids)))
        return {one: self._remote(raw) for one, raw in found.items()}

    def look(self, issue_id: str) -> Remote | None:
        """Return one issue with description and figures, past the index; None if it can't be seen."""
        figures = [one for ids in self._figures.ids().values() for one in ids]
        raw = self._search.one(issue_id, (*FIELDS, "description", *figures))
        if raw is None:
            return None
        fields = mapping(raw.get("fields"))
        return replace(
            self._remote(raw), description=fields.get("description"), figures=self._figures.read(fields)
        )

    def history(self, issue_id: str, since: datetime) -> list[Edit]:
        """Return what was changed in an issue since a time, oldest first."""
        return self._talk.history(issue_id, since, self._figures.in_history())

    def comments(self, issue_id: str) -> list[Comment]:
        """Return an issue's comments, newest first, past the index."""
        return self._talk.comments(issue_id, self.format)

    def create(self, draft: Draft, marker: str, op: str) -> Remote:
        """Open an issue that carries marker and op in the same request."""
        made = self._opening.open(draft, marker, op, self.format)
        return replace(made, url=browse(self._client.site_url, made.key))

    def update(self, issue_id: str, change: FieldUpdate) -> None:
        """Set fields and labels, without mails to watchers where Jira lets us.

        A figure whose field is no longer on the issue's screen is left out, and so are labels.
        """
        fields = self._figures.on_site(change.figures, issue_id) if change.figures else {}
        optional = {*fields, "labels"}
        if change.title is not None:
            fields["summary"] = summary(change.title)
        if change.description is not None:
            fields["description"] = change.description
        labels = [{"add": label(one)} for one in change.add_labels] + [
            {"remove": one} for one in change.remove_labels
        ]
        answer = self._put(issue_id, fields, labels)
        errors = answers.field_errors(answer) if answer is not None else {}
        if (
            answer is not None
            and answer.status == HTTPStatus.BAD_REQUEST
            and errors
            and errors.keys() <= optional
        ):
            self._log.warning("PUT issue/{id}: left out what is not on the screen: %s", ", ".join(errors))
            kept = {name: value for name, value in fields.items() if name not in errors}
            answer = self._put(issue_id, kept, [] if "labels" in errors else labels)
        if answer is not None:
            self._done(answer, "PUT issue/{id}")

    def comment(self, issue_id: str, document: Document, op: str) -> str:
        """Add a comment that carries op, hidden from a service desk's customers; return its id."""
        properties = [{"key": OP, "value": {"op": op}}, INTERNAL]
        body = {"body": self.format.write(document), "properties": properties}
        answer = self._client.write("POST", "issue/{id}/comment", issue_id, body=body)
        made = self._done(answer, "POST issue/{id}/comment")
        if not text(made.get("id")):
            raise answers.in_doubt(answer, "POST issue/{id}/comment")
        return text(made.get("id"))

    def edit_comment(self, issue_id: str, comment_id: str, document: Document) -> None:
        """Replace a comment of ours."""
        body = {"body": self.format.write(document)}
        self._client.do("PUT", "issue/{id}/comment/{comment}", issue_id, comment_id, body=body)

    def attach(self, issue_id: str, link: EvidenceLink) -> None:
        """Add or replace a link to what a customer said; all its fields, for Jira empties those left out."""
        body = {
            "globalId": link.global_id,
            "application": APPLICATION,
            "relationship": RELATIONSHIP,
            "object": {
                "url": link.url,
                "title": link.title[:TITLE] or link.url[:TITLE],
                "summary": link.summary,
            },
        }
        self._client.do("POST", "issue/{id}/remotelink", issue_id, body=body)

    def detach(self, issue_id: str, global_id: str) -> None:
        """Take such a link away; none there is fine."""
        route = "issue/{id}/remotelink"
        answer = self._client.write("DELETE", route, issue_id, query={"globalId": global_id})
        if answer.status != HTTPStatus.NOT_FOUND:
            self._done(answer, f"DELETE {route}")

    def join(self, issue_id: str, other_id: str, how: str) -> None:
        """Link two issues, the first `how` the other, unless they are linked so already."""
        kind = self._link_kind(how)
        raw = self._search.one(issue_id, ("issuelinks",))
        if raw is None:
            raise TrackerGone(f"issue {issue_id} can't be seen, so nothing was linked to it")
        for known in self._remote(raw).joined:
            if other_id in {known.id, known.key} and known.how.casefold() == kind.casefold():
                return
        body = {"type": {"name": kind}, "inwardIssue": _end(issue_id), "outwardIssue": _end(other_id)}
        self._client.do("POST", "issueLink", body=body)

    def move(self, issue_id: str, category: Category) -> Remote:
        """Bring an issue into a status of this category by its workflow; return it as it is then."""
        for attempt in range(1, _MOVES + 1):
            now = self._seen(issue_id)
            if now.category == category:
                return now
            query = {"expand": "transitions.fields"}
            route = "issue/{id}/transitions"
            offered = self._client.read(route, issue_id, query=query, needs=("transitions",))
            way, fields = way_to(category, mappings(offered["transitions"]), now.key)
            body = {"transition": {"id": text(way.get("id"))}, **({"fields": fields} if fields else {})}
            answer = self._client.write("POST", route, issue_id, body=body)
            if answer.status not in {400, 409} or attempt == _MOVES:
                self._done(answer, f"POST {route}")
                return self._after(now, way)
        raise AssertionError(issue_id)

    def _put(self, issue_id: str, fields: Mapping[str, Any], labels: Sequence[object]) -> Answer | None:
        """Edit an issue, if there is anything to edit.

        Data Center refuses with 403 to keep mails back for those who may not; then it sends them.
        """
        body = {
            **({"fields": fields} if fields else {}),
            **({"update": {"labels": labels}} if labels else {}),
        }
        if not body:
            return None
        query: Query | None = {"notifyUsers": "false"} if self._quietly else None
        answer = self._client.write("PUT", "issue/{id}", issue_id, query=query, body=body)
        if answer.status == HTTPStatus.FORBIDDEN and query:
            answer = self._client.write("PUT", "issue/{id}", issue_id, body=body)
            self._quietly = not answer.ok
        return answer

    def _done(self, answer: Answer, route: str) -> Mapping[str, Any]:
        if not answer.ok:
            raise answers.refusal(answer, route)
        return mapping(answer.body)

    def _seen(self, issue_id: str) -> Remote:
        raw = self._search.one(issue_id)
        if raw is None:
            raise TrackerGone(f"issue {issue_id} is deleted, or not for us to see; nothing was changed")
        return self._remote(raw)

    def _after(self, before: Remote, way: Transition) -> Remote:
        """Read an issue that was moved; if it can't be read, say what Jira promised."""
        try:
            return self._seen(before.id)
        except TrackerError:
            to = mapping(way.get("to"))
            return replace(before, status=text(to.get("name")), category=category_of(to))

    def _link_kind(self, how: str) -> str:
        """Return the name of a kind of link as Jira has it, else of one that just relates, else the first."""
        names = [text(one.get("name")) for one in self._link_kinds]
        for wanted in (how, DEFAULT_LINK):
            for name in names:
                if name.casefold() == wanted.casefold():
                    return name
        if not names:
            raise TrackerError(
                "Jira has no kinds of links between issues; an administrator can switch them on"
            )
        return names[0]

    def _remote(self, raw: Raw) -> Remote:
        return remote(raw, self._client.site_url)

    @cached_property
    def _link_kinds(self) -> list[Raw]:
        return mappings(mapping(self._client.read("issueLinkType")).get("issueLinkTypes"))


def _end(issue: str) -> dict[str, str]:
    return {"id": issue} if issue.isascii() and issue.isdigit() else {"key": issue}
