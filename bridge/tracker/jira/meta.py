"""What a project lets us create: its issue types, and the fields of their screens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.errors import TrackerError
from bridge.tracker.jira.client import Client
from bridge.tracker.jira.issues import mapping, text
from bridge.tracker.jira.search import pages

DEFAULT_TYPES = {"problem": "Bug", "request": "Story"}
LAST_TYPE = "Task"
PAGE = 200
FILLED = frozenset({"project", "issuetype", "summary", "description", "reporter"})
"""Fields that every new issue of ours has; Jira fills the reporter with who is logged in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueType:
    """An issue type of a project."""

    id: str
    name: str
    subtask: bool = False
    level: int = 0  # above 0: epics and what stands over them


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a screen. `kind` is Jira's type of its values, `custom` the kind of a custom field."""

    id: str
    name: str
    required: bool = False
    has_default: bool = False
    kind: str = ""
    items: str = ""
    custom: str = ""
    allowed: tuple[Any, ...] = ()
    scope: str = ""  # the id of the project that it belongs to alone

    @classmethod
    def of(cls, raw: Mapping[str, Any], field_id: str = "") -> Field:
        """Read a field out of Jira's JSON."""
        schema = mapping(raw.get("schema"))
        allowed = raw.get("allowedValues")
        return cls(
            id=text(raw.get("fieldId")) or field_id or text(raw.get("key")) or text(raw.get("id")),
            name=text(raw.get("name")),
            required=bool(raw.get("required")),
            has_default=bool(raw.get("hasDefaultValue")),
            kind=text(schema.get("type")),
            items=text(schema.get("items")),
            custom=text(schema.get("custom")).rpartition(":")[2],
            allowed=tuple(allowed) if isinstance(allowed, list) else (),
            scope=text(mapping(mapping(raw.get("scope")).get("project")).get("id")),
        )


class Screens:
    """The create screens of each project, asked for once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._types: dict[str, tuple[IssueType, ...]] = {}
        self._fields: dict[tuple[str, str], dict[str, Field]] = {}

    def types(self, project: str) -> tuple[IssueType, ...]:
        """Return a project's issue types, in Jira's order."""
        if project not in self._types:
            route = "issue/createmeta/{project}/issuetypes"
            raw = pages(self._client, route, project, names=("issueTypes", "values"), size=PAGE)
            self._types[project] = tuple(_type(one) for one in raw)
        return self._types[project]

    def fields(self, project: str, type_id: str) -> dict[str, Field]:
        """Return the fields of the create screen of a project's type, by id."""
        if (project, type_id) not in self._fields:
            route = "issue/createmeta/{project}/issuetypes/{type}"
            raw = pages(self._client, route, project, type_id, names=("fields", "values"), size=PAGE)
            found = (Field.of(one) for one in raw)
            self._fields[project, type_id] = {one.id: one for one in found}
        return self._fields[project, type_id]

    def knows(self, project: str) -> bool:
        """Whether a project was asked for before, so that the answer may be old."""
        return project in self._types

    def forget(self, project: str) -> None:
        """Ask again the next time."""
        self._types.pop(project, None)
        self._fields = {key: fields for key, fields in self._fields.items() if key[0] != project}


def choose(
    project: str, types: Sequence[IssueType], *, wanted: str, kind: str, names: Mapping[str, str]
) -> IssueType:
    """Return the type for an issue: by the name wanted, by the settings, by our default, or the first.

    A problem becomes a Bug, a request a Story, anything else a Task, or the first type that is there.
    """
    usable = [one for one in types if not one.subtask]
    for name in (wanted, names.get(kind, ""), DEFAULT_TYPES.get(kind, ""), LAST_TYPE):
        for one in usable:
            if name and name.casefold() == one.name.casefold():
                return one
    usable.sort(key=lambda one: one.level > 0)
    if not usable:
        raise TrackerError(
            f"project {project} has no issue type that we may create; give the account CREATE_ISSUES"
        )
    return usable[0]


def unfilled(screen: Mapping[str, Field], sent: Collection[str]) -> list[Field]:
    """Return the required fields that have no default and that we don't fill."""
    have = FILLED | set(sent)
    return [one for one in screen.values() if one.required and not one.has_default and one.id not in have]


def _type(raw: Mapping[str, Any]) -> IssueType:
    level = raw.get("hierarchyLevel")
    return IssueType(
        id=text(raw.get("id")),
        name=text(raw.get("name")),
        subtask=bool(raw.get("subtask")),
        level=level if isinstance(level, int) else 0,
    )
