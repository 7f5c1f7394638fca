"""Issues: create, read, change, delete; their changelog and properties."""

from __future__ import annotations

from typing import Any

from jira_twin import attached, changes, checking, show_issue
from jira_twin.desk import Desk
from jira_twin.exchange import Answer, Refusal, field_errors, refused
from jira_twin.records import Issue, IssueType, Project

MOST_FETCHED = 100
OPERATIONS = {"add", "remove", "set"}


def create(desk: Desk) -> Answer:
    """POST /issue."""
    desk.member()
    body = desk.body("fields", "update")
    said = {name: one for name, one in (body.get("fields") or {}).items() if one is not None}
    project = _project(desk, said)
    kind = _type(project, said)
    rest = {name: one for name, one in said.items() if name not in {"project", "issuetype"}}
    kept, errors = {}, checking.missing(project, kind.name, rest)
    if "summary" not in rest:
        errors["summary"] = "You must specify a summary of the issue."
    try:
        kept = checking.values(desk.site, desk.call, project, kind.name, rest)
    except Refusal as refusal:
        if not refusal.answer.body["errors"]:
            raise
        errors |= refusal.answer.body["errors"]
    if errors:
        raise field_errors(errors)
    properties = _properties(body.get("properties"))
    issue = changes.create(desk.site, desk.call.by, project, kind, kept)
    for key, value in properties.items():
        attached.set_property(desk.site, desk.call.by, issue, key, value)
    return Answer(201, {"id": issue.id, "key": issue.key, "self": f"{desk.view.base}/issue/{issue.id}"})


def _project(desk: Desk, said: dict[str, Any]) -> Project:
    wanted = said.get("project")
    name = (wanted.get("id") or wanted.get("key")) if isinstance(wanted, dict) else None
    project = desk.site.find_project(str(name)) if name else None
    if project is None or not desk.may(project, "BROWSE_PROJECTS"):
        text = "Specify a valid project ID or key" if name is None else "valid project is required"
        raise field_errors({"project": text})
    if not desk.may(project, "CREATE_ISSUES"):
        off = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
        raise field_errors({name: off.format(name) for name in said if name not in {"project", "issuetype"}})
    if project.archived:
        raise field_errors({"project": "The project is archived."})
    return project


def _type(project: Project, said: dict[str, Any]) -> IssueType:
    wanted = said.get("issuetype")
    name = (wanted.get("id") or wanted.get("name")) if isinstance(wanted, dict) else None
    kind = project.type(str(name)) if name else None
    if kind is None:
        raise field_errors(
            {
                "issuetype": "Specify a valid issue type"
                if project.style == "team"
                else "The issue type selected is invalid."
            }
        )
    return kind


def _properties(said: Any) -> dict[str, Any]:
    if said is None:
        return {}
    if not isinstance(said, list) or not all(isinstance(one, dict) and "key" in one for one in said):
        raise refused("'properties' must be a list of keys and values.")
    for one in said:
        attached.check_property(one["key"], one.get("value"))
    return {one["key"]: one.get("value") for one in said}


def read(desk: Desk) -> Answer:
    """GET /issue/{id}."""
    issue, call = desk.issue(), desk.call
    return Answer(
        200,
        show_issue.issue(
            desk.view,
            issue,
            call.many("fields"),
            properties=call.many("properties"),
            expand=call.many("expand"),
        ),
    )


def _updated(desk: Desk, issue: Issue, said: dict[str, Any]) -> dict[str, Any]:
    """Return whole values for the operations of `update`."""
    result: dict[str, Any] = {}
    for name, operations in said.items():
        if not isinstance(operations, list):
            raise refused(f"The operations of '{name}' must be a list.")
        for operation in operations:
            if not isinstance(operation, dict) or len(operation) != 1 or not set(operation) <= OPERATIONS:
                raise field_errors({name: f"Unknown operation {operation!r:.80}."})
            ((verb, value),) = operation.items()
            result[name] = _applied(result.get(name, _now(issue, name)), verb, value, name)
    return result


def _now(issue: Issue, name: str) -> Any:
    held = issue.fields.get(name)
    return [{"name": one} for one in held or []] if name == "fixVersions" else held


def _applied(now: Any, verb: str, value: Any, name: str) -> Any:
    if verb == "set":
        return value
    if now is not None and not isinstance(now, list):
        raise field_errors({name: f"The operation '{verb}' is not supported by this field."})
    if name == "labels":
        checking.label(value)
    rest = [one for one in now or [] if one != value]
    if verb == "remove":
        return rest
    return list(now or []) if value in (now or []) else [*rest, value]


def change(desk: Desk) -> Answer:
    """PUT /issue/{id}."""
    issue = desk.writable("EDIT_ISSUES", "edit this issue")
    edit(desk, issue, desk.body("fields", "update"))
    if desk.call.one("returnIssue") == "true":
        return Answer(200, show_issue.issue(desk.view, issue, []))
    return Answer(204)


def prepared(
    desk: Desk, issue: Issue, body: dict[str, Any]
) -> tuple[dict[str, Any], list[Any], IssueType | None]:
    """Return checked field values, comment bodies and a new type; nothing is committed."""
    fields, update = dict(body.get("fields") or {}), dict(body.get("update") or {})
    for name in sorted(set(fields) & set(update)):
        raise field_errors({name: f"Field '{name}' cannot appear in both 'fields' and 'update'"})
    project = desk.site.home(issue)
    comments = []
    for operation in update.pop("comment", []):
        added = operation.get("add") if isinstance(operation, dict) else None
        if not isinstance(added, dict):
            raise field_errors({"comment": "The operation is not supported."})
        comments.append(
            (
                checking.comment_body(desk.site, desk.call, added.get("body")),
                _properties(added.get("properties")),
            )
        )
    kind = _type(project, {"issuetype": fields.pop("issuetype")}) if "issuetype" in fields else None
    if "project" in fields:
        raise field_errors(
            {"project": "Field 'project' cannot be set. It is not on the appropriate screen, or unknown."}
        )
    kept = checking.values(desk.site, desk.call, project, issue.type, fields | _updated(desk, issue, update))
    errors = checking.missing(project, issue.type, {**issue.fields, **kept})
    if hurt := {name: text for name, text in errors.items() if name in kept}:
        raise field_errors(hurt)
    return kept, comments, kind


def edit(desk: Desk, issue: Issue, body: dict[str, Any]) -> None:
    """Commit the fields and operations of a body, all or nothing."""
    kept, comments, kind = prepared(desk, issue, body)
    properties = _properties(body.get("properties"))
    if comments:
        attached.full(desk.site, issue, "comment")
    by = desk.call.by
    changes.change(desk.site, by, issue, kept)
    if kind:
        changes.set_type(desk.site, by, issue, kind)
    for text, own in comments:
        attached.add_comment(desk.site, by, issue, text, own)
    for key, value in properties.items():
        attached.set_property(desk.site, by, issue, key, value)


def delete(desk: Desk) -> Answer:
    """DELETE /issue/{id}."""
    issue = desk.writable("DELETE_ISSUES", "delete this issue")
    changes.delete(desk.site, desk.call.by, issue)
    return Answer(204)


def changelog(desk: Desk) -> Answer:
    """GET /issue/{id}/changelog: oldest first, paged."""
    issue = desk.issue()
    values, numbers = desk.page(issue.history, default=100, most=100)
    own = f"{desk.view.base}/issue/{issue.id}/changelog"
    last = numbers["startAt"] + len(values) >= numbers["total"]
    return Answer(
        200, {"self": own, **numbers, "isLast": last, "values": [desk.view.history(one) for one in values]}
    )


def fetch(desk: Desk) -> Answer:
    """POST /issue/bulkfetch: up to 100 issues by id or key, not through the index."""
    body = desk.body()
    wanted = body.get("issueIdsOrKeys")
    if not isinstance(wanted, list) or not wanted:
        raise refused("The issueIdsOrKeys parameter must not be empty.")
    if len(wanted) > MOST_FETCHED:
        raise refused(f"The number of issues must not exceed the limit of {MOST_FETCHED}.")
    found: dict[str, Issue] = {}
    errors = []
    for name in wanted:
        issue = desk.site.find_issue(str(name))
        if issue is None or not desk.may(desk.site.home(issue), "BROWSE_PROJECTS"):
            errors.append(
                {
                    "id": str(name),
                    "errorMessage": "Issue does not exist or you do not have permission to see it.",
                }
            )
        else:
            found[issue.id] = issue
    asked = body.get("fields") or ["*navigable"]
    shown = [
        show_issue.issue(desk.view, one, asked, properties=body.get("properties"), expand=body.get("expand"))
        for one in found.values()
    ]
    return Answer(200, {"issues": shown, "issueErrors": errors})


def properties(desk: Desk) -> Answer:
    """GET /issue/{id}/properties."""
    issue = desk.issue()
    own = f"{desk.view.base}/issue/{issue.id}/properties"
    return Answer(200, {"keys": [{"self": f"{own}/{key}", "key": key} for key in issue.properties]})


def _property(desk: Desk, issue: Issue) -> str:
    key = desk.call.params["key"]
    if key not in issue.properties:
        raise refused(f"The property with key '{key}' does not exist.", status=404)
    return key


def read_property(desk: Desk) -> Answer:
    """GET /issue/{id}/properties/{key}."""
    issue = desk.issue()
    key = _property(desk, issue)
    return Answer(200, {"key": key, "value": issue.properties[key]})


def put_property(desk: Desk) -> Answer:
    """PUT /issue/{id}/properties/{key}."""
    issue = desk.writable("EDIT_ISSUES", "edit this issue")
    if not desk.call.raw.strip():
        raise refused("The property value cannot be empty.")
    attached.check_property(desk.call.params["key"], desk.call.json)
    new = attached.set_property(desk.site, desk.call.by, issue, desk.call.params["key"], desk.call.json)
    return Answer(201 if new else 200)


def drop_property(desk: Desk) -> Answer:
    """DELETE /issue/{id}/properties/{key}."""
    issue = desk.writable("EDIT_ISSUES", "edit this issue")
    attached.drop_property(desk.site, desk.call.by, issue, _property(desk, issue))
    return Answer(204)
