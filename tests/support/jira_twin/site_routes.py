"""What the site says of itself: people, permissions, projects, fields, versions."""

from __future__ import annotations

from typing import Any

from jira_twin.clock import stamp
from jira_twin.desk import Desk
from jira_twin.exchange import Answer, refused, unauthorised
from jira_twin.records import Field, Project
from jira_twin.workflow import NOT_HELD, PERMISSIONS, PRIORITIES

MOST = 200


def server_info(desk: Desk) -> Answer:
    """GET /serverInfo."""
    site = desk.site
    now = stamp(site.clock.now())
    shown: dict[str, Any] = {
        "baseUrl": site.url,
        "buildDate": "2026-11-01T00:00:00.000+0000",
        "serverTime": now,
        "scmInfo": "twin",
        "serverTitle": "Jira",
    }
    if site.cloud:
        own = {
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100_300,
        }
    else:
        own = {
            "version": "10.3.24",
            "versionNumbers": [10, 3, 24],
            "deploymentType": "Server",
            "buildNumber": 10_030_024,
        }
    return Answer(200, shown | own)


def myself(desk: Desk) -> Answer:
    """GET /myself."""
    if desk.call.user is None:
        raise unauthorised()
    return Answer(200, desk.view.user(desk.call.user))


def permissions(desk: Desk) -> Answer:
    """GET /mypermissions."""
    call, site = desk.call, desk.site
    asked = call.many("permissions")
    if site.cloud and not asked:
        raise refused("The 'permissions' query parameter is required.")
    known = [*PERMISSIONS, *NOT_HELD]
    strange = [name for name in asked if name not in known]
    if strange:
        raise refused(f"Unrecognized permission: {strange[0]}")
    project = None
    if call.one("projectKey") or call.one("projectId"):
        project = desk.project(call.one("projectKey") or call.one("projectId"))
    elif wanted := call.one("issueKey") or call.one("issueId"):
        issue = site.find_issue(wanted)
        project = site.home(issue) if issue else None
    shown = {name: _permission(desk, project, name) for name in asked or known}
    return Answer(200, {"permissions": shown})


def _permission(desk: Desk, project: Project | None, name: str) -> dict[str, Any]:
    held = name in PERMISSIONS and desk.call.user is not None and (project is None or desk.may(project, name))
    return {
        "id": str(10 + [*PERMISSIONS, *NOT_HELD].index(name)),
        "key": name,
        "name": name.replace("_", " ").capitalize(),
        "type": "GLOBAL" if name == "ADMINISTER" else "PROJECT",
        "description": "",
        "havePermission": held,
    }


def project(desk: Desk) -> Answer:
    """GET /project/{project}."""
    return Answer(200, desk.view.project(desk.project(desk.call.params["project"]), whole=True))


def projects(desk: Desk) -> Answer:
    """GET /project/search on Cloud, GET /project."""
    seen = [one for one in desk.site.projects.values() if not one.gone and desk.may(one, "BROWSE_PROJECTS")]
    if desk.call.route == "GET /project":
        return Answer(200, [desk.view.project(one) for one in seen])
    page, numbers = desk.page(seen, default=50, most=100)
    last = numbers["startAt"] + len(page) >= numbers["total"]
    return Answer(200, {**numbers, "isLast": last, "values": [desk.view.project(one) for one in page]})


def _meta_project(desk: Desk) -> Project:
    if desk.call.number_of("maxResults", 50) > MOST:
        answer = refused(f"Parameter 'maxResults' must not exceed the limit '{MOST}'")
        if desk.site.cloud:
            answer.answer.body["httpStatusCode"] = {"empty": False, "present": True}
        raise answer
    wanted = desk.call.params["project"]
    found = desk.site.find_project(wanted)
    if found is None or not desk.may(found, "CREATE_ISSUES") or not desk.may(found, "BROWSE_PROJECTS"):
        raise refused(f"No project could be found with key '{wanted}'.")
    return found


def _paged(desk: Desk, name: str, everything: list[Any]) -> Answer:
    page, numbers = desk.page(everything, default=50, most=MOST)
    if desk.site.cloud:
        return Answer(200, {**numbers, name: page})
    return Answer(
        200, {**numbers, "isLast": numbers["startAt"] + len(page) >= len(everything), "values": page}
    )


def meta_types(desk: Desk) -> Answer:
    """GET /issue/createmeta/{project}/issuetypes."""
    found = _meta_project(desk)
    return _paged(desk, "issueTypes", [desk.view.type(found, one.name) for one in found.types])


def meta_fields(desk: Desk) -> Answer:
    """GET /issue/createmeta/{project}/issuetypes/{type}."""
    found = _meta_project(desk)
    kind = next((one for one in found.types if one.id == desk.call.params["type"]), None)
    if kind is None:
        raise refused("The issue type selected is invalid.")
    fields = desk.site.fields_of(found, kind.name).values()
    return _paged(desk, "fields", [_field(desk, found, kind.name, one) for one in fields])


def _field(desk: Desk, project: Project, type_name: str, field: Field) -> dict[str, Any]:
    view = desk.view
    must = field.id in {"summary", "issuetype", "project", "reporter"} or field.id in project.required.get(
        type_name, {}
    )
    shown: dict[str, Any] = {
        "required": must,
        "schema": view.schema(field),
        "name": field.name,
        "fieldId": field.id,
        "hasDefaultValue": field.id in {"reporter", "priority"},
        "operations": ["add", "set", "remove"] if field.kind in {"labels", "versions"} else ["set"],
    }
    if desk.site.cloud:
        shown["key"] = field.id
    values: dict[str, list[Any]] = {
        "priority": [view.priority(name) for name in PRIORITIES.values()],
        "issuetype": [view.type(project, type_name)],
        "project": [view.project(project)],
        "versions": [view.fix(project, one) for one in project.versions],
        "option": [{"id": str(n), "value": one} for n, one in enumerate(field.options, 10_100)],
    }
    return shown | ({"allowedValues": values[field.kind]} if field.kind in values else {})


def edit_meta(desk: Desk) -> Answer:
    """GET /issue/{id}/editmeta."""
    issue = desk.issue()
    found = desk.site.home(issue)
    fields = {
        n: _field(desk, found, issue.type, one)
        for n, one in desk.site.fields_of(found, issue.type).items()
        if n != "project"
    }
    left_out = "fieldId" if desk.site.cloud else "key"
    return Answer(
        200, {"fields": {n: {k: v for k, v in one.items() if k != left_out} for n, one in fields.items()}}
    )


def versions(desk: Desk) -> Answer:
    """GET /project/{project}/versions."""
    found = desk.project(desk.call.params["project"])
    return Answer(200, [desk.view.fix(found, one) for one in found.versions])


def version_page(desk: Desk) -> Answer:
    """GET /project/{project}/version."""
    found = desk.project(desk.call.params["project"])
    page, numbers = desk.page(found.versions, default=50, most=50)
    last = numbers["startAt"] + len(page) >= numbers["total"]
    own = f"{desk.view.base}/project/{found.key}/version"
    return Answer(
        200, {"self": own, **numbers, "isLast": last, "values": [desk.view.fix(found, one) for one in page]}
    )


def version(desk: Desk) -> Answer:
    """GET /version/{version}."""
    for found in desk.site.projects.values():
        for one in found.versions:
            if (
                one.id == desk.call.params["version"]
                and not found.gone
                and desk.may(found, "BROWSE_PROJECTS")
            ):
                return Answer(200, desk.view.fix(found, one))
    raise refused(f"Could not find version for id '{desk.call.params['version']}'", status=404)


def fields(desk: Desk) -> Answer:
    """GET /field."""
    every = desk.view.all_fields()
    left_out = set() if desk.site.cloud else {"key"}
    return Answer(200, [{name: v for name, v in one.items() if name not in left_out} for one in every])


def priorities(desk: Desk) -> Answer:
    """GET /priority."""
    return Answer(200, [desk.view.priority(name) for name in PRIORITIES.values()])


def resolutions(desk: Desk) -> Answer:
    """GET /resolution."""
    return Answer(200, [desk.view.resolution(name) for name in desk.site.resolutions.values()])


def user(desk: Desk) -> Answer:
    """GET /user."""
    desk.member()
    wanted = (
        desk.call.one("accountId")
        or desk.call.one("username")
        or desk.call.one("key").removeprefix("JIRAUSER-")
    )
    found = desk.site.find_user(wanted) if wanted else None
    if found is None:
        raise refused(f"The user named '{wanted}' does not exist", status=404)
    return Answer(200, desk.view.user(found))


def users(desk: Desk) -> Answer:
    """GET /user/search."""
    desk.member()
    wanted = (desk.call.one("query") or desk.call.one("username")).casefold()
    found = [
        one
        for one in desk.site.users.values()
        if wanted in f"{one.name} {one.display} {one.email}".casefold()
    ]
    return Answer(200, [desk.view.user(one) for one in desk.page(found, default=50, most=1_000)[0]])
