"""What must be right before anything is written: the projects, our permissions, the token's time."""

from __future__ import annotations

from datetime import datetime

from bridge.errors import TrackerError
from bridge.tracker.jira.answers import NotThereError
from bridge.tracker.jira.client import Client
from bridge.tracker.jira.issues import mapping, mappings, moment, text
from bridge.tracker.jira.site import Account

PERMISSIONS = (
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "ADD_COMMENTS",
    "LINK_ISSUES",
    "TRANSITION_ISSUES",
)
_TOKENS = "/rest/pat/latest/tokens"
_SERVICE_DESK = "service_desk"


def project_fault(client: Client, project: str, me: Account, *, service_desks_allowed: bool) -> str:
    """Say what is wrong with a project, "" if nothing: not to be seen, archived, or a service desk."""
    try:
        found = mapping(client.read("project/{project}", project))
    except NotThereError:
        return f"project {project} isn't there, or {me.name} may not see it; check its key and the rights"
    if found.get("archived") or found.get("deleted"):
        return f"project {project} is archived; nothing can be written there"
    if text(found.get("projectTypeKey")) == _SERVICE_DESK and not service_desks_allowed:
        return (
            f"project {project} is a service desk, where comments reach customers; name another project, or"
            " allow service desks in the settings"
        )
    return ""


def lacking(client: Client, project: str) -> list[str]:
    """Return the permissions that we need in a project and don't have."""
    query = {"projectKey": project}
    if client.is_cloud:
        query["permissions"] = ",".join(PERMISSIONS)
    held = mapping(mapping(client.read("mypermissions", query=query)).get("permissions"))
    return [name for name in PERMISSIONS if not mapping(held.get(name)).get("havePermission")]


def expiry(client: Client) -> datetime | None:
    """Return when the token ends that was used last, the one that asks; None if the server won't say."""
    try:
        found = mappings(client.read(_TOKENS))
    except TrackerError:
        return None
    used = [(text(one.get("lastAccessedAt")), moment(one.get("expiringAt"))) for one in found]
    return max(used, default=("", None), key=lambda entry: entry[0])[1]
