"""Issues out of Jira's JSON, which may leave anything out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

from bridge.tracker import Category, Joined, Remote, Version

FIELDS = (
    "summary",
    "status",
    "resolution",
    "resolutiondate",
    "fixVersions",
    "assignee",
    "labels",
    "issuelinks",
    "updated",
    "project",
    "archiveddate",
)


def remote(raw: Mapping[str, Any], site_url: str) -> Remote:
    """Return an issue as we know it; what isn't there is empty."""
    fields = mapping(raw.get("fields"))
    status, key = mapping(fields.get("status")), text(raw.get("key"))
    project = mapping(fields.get("project"))
    return Remote(
        id=text(raw.get("id")),
        key=key,
        url=browse(site_url, key),
        project=text(project.get("key")) or key.rpartition("-")[0],
        title=text(fields.get("summary")),
        status=text(status.get("name")),
        category=category(status),
        resolution=text(mapping(fields.get("resolution")).get("name")) or None,
        resolved_at=moment(fields.get("resolutiondate")),
        versions=tuple(_version(one) for one in mappings(fields.get("fixVersions"))),
        assignee=text(mapping(fields.get("assignee")).get("displayName")) or None,
        labels=frozenset(one for one in listed(fields.get("labels")) if isinstance(one, str)),
        joined=tuple(_joined(fields.get("issuelinks"))),
        updated=moment(fields.get("updated")),
        archived=bool(project.get("archived") or fields.get("archiveddate")),
    )


def browse(site_url: str, key: str) -> str | None:
    """Return the address at which people see an issue."""
    return f"{site_url.rstrip('/')}/browse/{key}" if key else None


def category(status: Mapping[str, Any]) -> Category:
    """Return the category of a status; one that Jira doesn't know is new."""
    key = mapping(status.get("statusCategory")).get("key")
    return cast("Category", key) if key in {"indeterminate", "done"} else "new"


def _version(raw: Mapping[str, Any]) -> Version:
    try:
        on = date.fromisoformat(text(raw.get("releaseDate"))[:10])
    except ValueError:
        on = None
    return Version(text(raw.get("name")), bool(raw.get("released")), on)


def _joined(raw: object) -> Iterator[Joined]:
    for link in mappings(raw):
        for side in ("inwardIssue", "outwardIssue"):
            other = mapping(link.get(side))
            if other:
                how = text(mapping(link.get("type")).get("name"))
                yield Joined(text(other.get("id")), text(other.get("key")), how)


def moment(raw: object) -> datetime | None:
    """Return a time, in UTC; None for what is none."""
    try:
        found = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
    if found is None:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def mapping(raw: object) -> Mapping[str, Any]:
    """Return an object, an empty one for anything else."""
    return raw if isinstance(raw, dict) else {}


def listed(raw: object) -> list[Any]:
    """Return a list, an empty one for anything else."""
    return raw if isinstance(raw, list) else []


def mappings(raw: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list."""
    return [one for one in listed(raw) if isinstance(one, dict)]


def text(raw: object) -> str:
    """Return a string; a number as its digits, anything else as nothing."""
    if isinstance(raw, str):
        return raw
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else ""


def number(issue_id: str) -> int:
    """Return an id as a number to sort by; strange ones come last."""
    return int(issue_id) if issue_id.isascii() and issue_id.isdigit() else 1 << 62
