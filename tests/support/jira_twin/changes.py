"""What can happen to issues: each function commits, writes changelog and journal."""

from __future__ import annotations

from typing import Any

from jira_twin.adf import plain
from jira_twin.records import By, Issue, IssueType, Project, Transition
from jira_twin.state import Site

NAMES = {"labels": "labels", "fixVersions": "Fix Version", "duedate": "duedate"}


def create(site: Site, by: By, project: Project, kind: IssueType, fields: dict[str, Any]) -> Issue:
    """Commit a new issue with its fields."""
    project.count += 1 if project.count == 0 else site.rng.choice((1, 1, 1, 2))
    now, first = site.clock.now(), project.statuses[0]
    issue = Issue(
        id=str(site.number("issue")),
        key=f"{project.key}-{project.count}",
        project=project.key,
        type=kind.name,
        status=first.name,
        category=first.category,
        created=now,
        updated=now,
        creator=by.user,
        fields={"labels": [], "description": None, "priority": "Medium", "reporter": by.user.name, **fields},
    )
    site.issues[issue.id] = issue
    site.keys[issue.key] = issue.id
    site.record(
        "create",
        issue,
        by,
        key=issue.key,
        project=project.key,
        summary=fields.get("summary"),
        labels=issue.labels,
    )
    site.index.write(issue)
    return issue


def _text(name: str, value: Any) -> str | None:
    if value is None or value == []:
        return "" if name == "labels" else None
    if isinstance(value, list):
        return (" " if name == "labels" else ", ").join(str(one) for one in value)
    if isinstance(value, dict):
        return str(value.get("value") or value.get("name") or plain(value))
    return str(value)


def item(site: Site, project: Project, name: str, before: Any, after: Any) -> dict[str, Any]:
    """Return one line of a changelog entry."""
    custom = project.fields.get(name)
    line = {
        "field": custom.name if custom else NAMES.get(name, name),
        "fieldtype": "custom" if name.startswith("customfield_") else "jira",
        "fieldId": name,
        "from": None,
        "fromString": _text(name, before),
        "to": None,
        "toString": _text(name, after),
    }
    return line if site.cloud else {key: value for key, value in line.items() if key != "fieldId"}


def change(site: Site, by: By, issue: Issue, fields: dict[str, Any]) -> None:
    """Commit new values of fields; those that stay the same are no change."""
    project = site.projects[issue.project]
    new = {name: value for name, value in fields.items() if value != issue.fields.get(name)}
    if not new:
        return
    before = {name: issue.fields.get(name) for name in new}
    issue.fields.update(new)
    site.touch(issue, by, [item(site, project, name, before[name], value) for name, value in new.items()])
    for label in [one for one in issue.labels if "labels" in new and one not in (before["labels"] or [])]:
        site.record("label add", issue, by, label=label)
    for label in [one for one in before.get("labels") or [] if one not in issue.labels]:
        site.record("label remove", issue, by, label=label)
    if plain_fields := {name: value for name, value in new.items() if name != "labels"}:
        site.record(
            "update", issue, by, fields=plain_fields, before={name: before[name] for name in plain_fields}
        )


def set_type(site: Site, by: By, issue: Issue, kind: IssueType) -> None:
    """Commit another issue type."""
    if kind.name != issue.type:
        line = item(site, site.projects[issue.project], "issuetype", issue.type, kind.name)
        issue.type = kind.name
        site.touch(issue, by, [line])
        site.record(
            "update", issue, by, fields={"issuetype": kind.name}, before={"issuetype": line["fromString"]}
        )


def go(site: Site, by: By, issue: Issue, way: Transition, resolution: str | None = None) -> None:
    """Commit a transition; the resolution is set or cleared by the workflow, or given on its screen."""
    project = site.projects[issue.project]
    status = project.status(way.to)
    lines = [item(site, project, "status", issue.status, status.name)]
    before = issue.resolution
    if status.category == "done":
        issue.resolution = resolution or way.resolution or issue.resolution
    elif way.clears:
        issue.resolution = None
    if before != issue.resolution:
        issue.resolved = site.clock.now() if issue.resolution else None
        lines.append(item(site, project, "resolution", before, issue.resolution))
    frm, issue.status, issue.category = issue.status, status.name, status.category
    site.touch(issue, by, lines)
    site.record("transition", issue, by, id=way.id, frm=frm, to=status.name, resolution=issue.resolution)


def move(site: Site, by: By, issue: Issue, project: Project) -> None:
    """Commit a move: a new key, the first status there, the type of the same name or the first."""
    project.count += 1
    lines = [item(site, project, "project", issue.project, project.key)]
    old, issue.key = issue.key, f"{project.key}-{project.count}"
    lines.append(item(site, project, "Key", old, issue.key))
    issue.old_keys.append(old)
    site.keys[issue.key] = issue.id
    issue.project = project.key
    issue.type = (project.type(issue.type) or project.types[0]).name
    if issue.status not in {one.name for one in project.statuses}:
        lines.append(item(site, project, "status", issue.status, project.statuses[0].name))
        issue.status, issue.category = project.statuses[0].name, project.statuses[0].category
    site.touch(issue, by, lines)
    site.record("move", issue, by, frm=old, to=issue.key)


def rename_project(site: Site, by: By, project: Project, key: str) -> None:
    """Commit another key of a project; issues get new keys and keep the old ones."""
    del site.projects[project.key]
    old, project.key = project.key, key
    site.projects[key] = project
    site.project_keys |= {name: key for name, to in site.project_keys.items() if to == old} | {key: key}
    for issue in [one for one in site.issues.values() if one.project == old]:
        issue.old_keys.append(issue.key)
        issue.project, issue.key = key, key + issue.key.removeprefix(old)
        site.keys[issue.key] = issue.id
        site.index.write(issue)
    site.record("project rename", None, by, frm=old, to=key)


def delete(site: Site, by: By, issue: Issue) -> None:
    """Commit a deletion."""
    issue.deleted = True
    for other in [
        site.issues[end] for link in issue.links for end in (link.source, link.target) if end != issue.id
    ]:
        other.links = [link for link in other.links if issue.id not in {link.source, link.target}]
    site.touch(issue, by, [])
    site.record("delete", issue, by, key=issue.key)


def archive(site: Site, by: By, issue: Issue) -> None:
    """Commit an archiving: readable, not writable, not found."""
    issue.archived = True
    site.index.write(issue)
    site.record("archive", issue, by, key=issue.key)
