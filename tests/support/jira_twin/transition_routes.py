"""Transitions: what is possible now, and going there."""

from __future__ import annotations

from typing import Any

from jira_twin import changes, issue_routes
from jira_twin.desk import Desk
from jira_twin.exchange import Answer, field_errors, refused
from jira_twin.records import Issue, Transition


def possible(desk: Desk, issue: Issue) -> list[Transition]:
    """Return the transitions the caller can make; without the permission none."""
    project = desk.site.home(issue)
    if not desk.may(project, "TRANSITION_ISSUES") or issue.archived or project.archived:
        return []
    return [one for one in project.transitions if one.sources is None or issue.status in one.sources]


def _screen(desk: Desk, way: Transition) -> dict[str, Any]:
    fields = {}
    for name, required in way.screen.items():
        fields[name] = {
            "required": required,
            "schema": {"type": "resolution", "system": name}
            if name == "resolution"
            else {"type": "string", "system": name},
            "name": name.title(),
            "key": name,
            "hasDefaultValue": False,
            "operations": ["set"],
            "allowedValues": [desk.view.resolution(one) for one in desk.site.resolutions.values()],
        }
        if not desk.site.cloud:
            fields[name] = {key: value for key, value in fields[name].items() if key != "key"} | {
                "fieldId": name
            }
    return fields


def transitions(desk: Desk) -> Answer:
    """GET /issue/{id}/transitions."""
    issue = desk.issue()
    project, shown = desk.site.home(issue), []
    for way in possible(desk, issue):
        if desk.call.one("transitionId") not in {"", way.id}:
            continue
        one: dict[str, Any] = {
            "id": way.id,
            "name": way.name,
            "to": desk.view.status(project, project.status(way.to)),
        }
        if desk.site.cloud:
            own = {
                "isGlobal": way.sources is None,
                "isInitial": False,
                "isAvailable": True,
                "isConditional": False,
            }
            one |= {"hasScreen": bool(way.screen), **own, "looped": False}
        if "transitions.fields" in desk.call.many("expand"):
            one["fields"] = _screen(desk, way)
        shown.append(one)
    return Answer(200, {"expand": "transitions", "transitions": shown})


def go(desk: Desk) -> Answer:
    """POST /issue/{id}/transitions."""
    issue = desk.writable("BROWSE_PROJECTS", "see this issue")
    body = desk.body("transition", "fields", "update")
    wanted = str((body.get("transition") or {}).get("id", ""))
    if not wanted:
        raise refused("Missing 'transition' identifier")
    way = next((one for one in possible(desk, issue) if one.id == wanted), None)
    if way is None:
        raise refused(f"Transition id '{wanted}' is not valid for this issue.")
    fields = dict(body.get("fields") or {})
    off = [name for name in fields if name not in way.screen]
    if off:
        text = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
        raise field_errors({name: text.format(name) for name in off})
    said = fields.pop("resolution", None)
    resolution = _resolution(desk, said) if said else None
    if way.screen.get("resolution") and resolution is None:
        raise field_errors({"resolution": "Resolution is required."})
    rest = {"fields": fields, "update": body.get("update") or {}}
    missing = [
        name for name, must in way.screen.items() if must and name != "resolution" and not fields.get(name)
    ]
    if missing:
        raise field_errors({name: f"{name.title()} is required." for name in missing})
    issue_routes.prepared(desk, issue, rest)
    changes.go(desk.site, desk.call.by, issue, way, resolution)
    issue_routes.edit(desk, issue, rest)
    return Answer(204)


def _resolution(desk: Desk, said: Any) -> str:
    known = desk.site.resolutions
    wanted = said if isinstance(said, dict) else {}
    found = known.get(str(wanted.get("id"))) or next(
        (t for t in known.values() if t == wanted.get("name")), None
    )
    if found is None:
        raise field_errors({"resolution": f"Resolution name '{wanted.get('name')}' is not valid"})
    return found
