"""How an issue is shown, with the fields asked for."""

from __future__ import annotations

from typing import Any

from jira_twin.clock import stamp
from jira_twin.records import Issue, Project
from jira_twin.show import RICH, View

HEAVY = {"comment", "issuelinks"}


def fields(view: View, issue: Issue) -> dict[str, Any]:
    """Return all fields of an issue."""
    project = view.site.home(issue)
    users, known = view.site.users, issue.fields
    versions = [one for one in project.versions if one.name in (known.get("fixVersions") or [])]
    shown = {
        "summary": known.get("summary"),
        "project": view.project(project),
        "issuetype": view.type(project, issue.type),
        "status": view.status(project, project.status(issue.status)),
        "resolution": view.resolution(issue.resolution),
        "resolutiondate": stamp(issue.resolved),
        "created": stamp(issue.created),
        "updated": stamp(issue.updated),
        "labels": issue.labels,
        "reporter": view.user(users.get(known.get("reporter") or "")),
        "creator": view.user(issue.creator),
        "assignee": view.user(users.get(known.get("assignee") or "")),
        "fixVersions": [view.fix(project, one) for one in versions],
        "duedate": known.get("duedate"),
        "issuelinks": [view.link(one, issue.id) for one in issue.links],
        "comment": {
            "comments": [view.comment(issue, one) for one in issue.comments],
            "maxResults": len(issue.comments),
            "total": len(issue.comments),
            "startAt": 0,
        },
    }
    if project.style != "team":
        shown["priority"] = view.priority(known.get("priority"))
    shown |= {name: view.text(known.get(name)) for name in RICH}
    return shown | _custom(view, project, issue)


def _custom(view: View, project: Project, issue: Issue) -> dict[str, Any]:
    names = {*project.fields, *(name for name in issue.fields if name.startswith("customfield_"))}
    rich = {name for name, one in project.fields.items() if one.kind == "textarea"}
    return {
        name: view.text(issue.fields.get(name)) if name in rich else issue.fields.get(name)
        for name in sorted(names)
    }


def chosen(every: dict[str, Any], asked: list[str]) -> dict[str, Any]:
    """Return the fields asked for: names, *all, *navigable, and -name for all but it."""
    out = {name[1:] for name in asked if name.startswith("-")}
    wanted = [name for name in asked if not name.startswith("-")] or ["*all"]
    if "*all" in wanted:
        kept = set(every)
    elif "*navigable" in wanted:
        kept = set(every) - HEAVY | set(wanted)
    else:
        kept = set(wanted)
    return {name: value for name, value in every.items() if name in kept and name not in out}


def issue(
    view: View,
    one: Issue,
    asked: list[str],
    *,
    properties: list[str] | None = None,
    expand: list[str] | None = None,
) -> dict[str, Any]:
    """Return an issue with the fields, properties and expansions asked for."""
    if asked == ["id"]:
        shown: dict[str, Any] = {"id": one.id}
    else:
        shown = {"expand": "", "id": one.id, "self": f"{view.base}/issue/{one.id}", "key": one.key}
        shown["fields"] = chosen(fields(view, one), asked)
    if properties:
        every = "*all" in properties
        shown["properties"] = {name: v for name, v in one.properties.items() if every or name in properties}
    if "changelog" in (expand or []):
        entries = [view.history(entry) for entry in reversed(one.history)]
        if view.site.cloud:
            entries = entries[:100]
        shown["changelog"] = {
            "startAt": 0,
            "maxResults": len(entries),
            "total": len(one.history),
            "histories": entries,
        }
    return shown
