"""Opening an issue: what is sent, and what to leave out when a screen has changed."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bridge.errors import TrackerError
from bridge.plan import Draft
from bridge.render.format import Format
from bridge.render.ticket import summary
from bridge.tracker import Remote
from bridge.tracker.jira import answers
from bridge.tracker.jira.answers import Answer
from bridge.tracker.jira.client import Client
from bridge.tracker.jira.figures import Figures
from bridge.tracker.jira.issues import mapping, text
from bridge.tracker.jira.meta import Field, IssueType, Screens, choose, unfilled
from bridge.tracker.jira.search import PROPERTY

LABEL = 255
_NOT_SENT_AGAIN = frozenset({"project", "issuetype", "summary", "description"})


class Opening:
    """Makes issues in one Jira. What a screen doesn't have is left out, and remembered."""

    def __init__(self, client: Client, screens: Screens, figures: Figures, types: Mapping[str, str]) -> None:
        self._client = client
        self._screens = screens
        self._figures = figures
        self._types = types
        self._off: dict[tuple[str, str], set[str]] = {}

    def type(self, project: str, wanted: str, kind: str) -> IssueType:
        """Return the issue type that an issue of this kind gets in a project."""
        return choose(project, self._screens.types(project), wanted=wanted, kind=kind, names=self._types)

    def missing(self, project: str, kind: str) -> list[Field]:
        """Return the required fields that nobody fills, for a kind of ours or a type's name."""
        chosen = self.type(project, kind, kind)
        screen = self._screens.fields(project, chosen.id)
        sent = self._figures.on(screen, dict.fromkeys(self._figures.ids(), 0), off=())
        return unfilled(screen, [*sent, "labels"])

    def open(self, draft: Draft, marker: str, op: str, fmt: Format) -> Remote:
        """Open the issue. If Jira refuses fields that may be left out, ask once more without them.

        Raises `TrackerError` before anything is sent if a required field stays empty.
        """
        known = self._screens.knows(draft.project)
        chosen, fields = self._fields(draft, marker, fmt)
        if known and unfilled(self._screens.fields(draft.project, chosen.id), fields):
            self._screens.forget(draft.project)
            chosen, fields = self._fields(draft, marker, fmt)
        self._check(draft, chosen, fields)
        answer = self._post(draft, fields, marker, op)
        if answer.status == HTTPStatus.BAD_REQUEST and self._learn(draft.project, chosen, answer, fields):
            chosen, again = self._fields(draft, marker, fmt)
            self._check(draft, chosen, again)
            if again.keys() != fields.keys():
                answer = self._post(draft, again, marker, op)
        if not answer.ok:
            raise self._refused(answer, draft, chosen)
        return _opened(answer, draft, marker if "labels" in fields else None)

    def _fields(self, draft: Draft, marker: str, fmt: Format) -> tuple[IssueType, dict[str, Any]]:
        chosen = self.type(draft.project, draft.type, draft.kind)
        screen = self._screens.fields(draft.project, chosen.id)
        off = self._off.get((draft.project, chosen.id), set())
        project = screen["project"].allowed if "project" in screen else ()
        number = text(mapping(project[0]).get("id")) if len(project) == 1 else ""
        description = fmt.wrap(draft.document)
        fields: dict[str, Any] = {
            "project": {"id": number} if number else {"key": draft.project},
            "issuetype": {"id": chosen.id},
            "summary": summary(draft.title, f"T-{draft.topic}"),
        }
        if "labels" in screen and "labels" not in off:
            fields["labels"] = list(dict.fromkeys([marker, *map(label, draft.labels)]))
        else:
            description = with_footer(description, marker)
        return chosen, fields | {"description": description} | self._figures.on(
            screen, draft.figures, off=off
        )

    def _post(self, draft: Draft, fields: Mapping[str, Any], marker: str, op: str) -> Answer:
        value = {"v": 1, "topic": f"T-{draft.topic}", "op": op, "marker": marker}
        body = {"fields": fields, "properties": [{"key": PROPERTY, "value": value}]}
        answer = self._client.write("POST", "issue", body=body)
        if answer.ok and not (
            isinstance(mapping(answer.body).get("key"), str) and mapping(answer.body).get("id")
        ):
            raise answers.in_doubt(answer, "POST issue")
        return answer

    def _check(self, draft: Draft, chosen: IssueType, fields: Mapping[str, Any]) -> None:
        """Refuse before anything is sent what Jira would refuse."""
        missing = unfilled(self._screens.fields(draft.project, chosen.id), fields)
        if missing:
            names = ", ".join(f"{one.name} ({one.id})" for one in missing)
            raise TrackerError(
                f"project {draft.project}, type {chosen.name}: required and filled by nobody: {names}; give"
                " it a default in Jira, take it off the create screen, or choose another type in jira.types",
                fields={one.id: f"{one.name} is required." for one in missing},
            )

    def _learn(self, project: str, chosen: IssueType, answer: Answer, sent: Mapping[str, Any]) -> bool:
        """Remember what a screen doesn't take, and forget the rest of it; whether another try may help."""
        errors = answers.field_errors(answer)
        self._screens.forget(project)
        if not errors or not errors.keys() <= sent.keys() or errors.keys() & _NOT_SENT_AGAIN:
            return False
        off = {name for name, said in errors.items() if name != "labels" or "cannot be set" in said}
        self._off.setdefault((project, chosen.id), set()).update(off)
        return True

    def _refused(self, answer: Answer, draft: Draft, chosen: IssueType) -> TrackerError:
        doing = f"a new issue in project {draft.project}, type {chosen.name}"
        error = answers.refusal(answer, "POST issue", doing=doing)
        if any(word in str(error).lower() for word in ("property", "properties")):
            return TrackerError(
                f"{error}; our mark is a property sent with the new issue: give the account EDIT_ISSUES",
                fields=answers.field_errors(answer),
            )
        return error


def label(text: str) -> str:
    """Return a label as Jira takes it: without blanks."""
    return "-".join(text.split())[:LABEL]


def with_footer(description: Any, marker: str) -> Any:
    """Return a description with the marker as its last line, outside the block that we keep up to date."""
    if isinstance(description, dict):
        line = {"type": "paragraph", "content": [{"type": "text", "text": marker}]}
        return description | {"content": [*description.get("content", []), line]}
    return f"{description}\n\n{marker}"


def _opened(answer: Answer, draft: Draft, marker: str | None) -> Remote:
    made = mapping(answer.body)
    return Remote(
        id=text(made.get("id")),
        key=text(made.get("key")),
        project=draft.project,
        title=summary(draft.title, f"T-{draft.topic}"),
        labels=frozenset([marker, *draft.labels]) if marker else frozenset(),
    )
