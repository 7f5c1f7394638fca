"""How the site shows things: JSON by flavour and version of the interface."""

from __future__ import annotations

from typing import Any

from jira_twin import adf
from jira_twin.clock import stamp
from jira_twin.records import (
    Comment,
    Field,
    History,
    Issue,
    IssueType,
    Link,
    Project,
    RemoteLink,
    Status,
    User,
    Version,
)
from jira_twin.state import SYSTEM, Site
from jira_twin.workflow import CATEGORIES, LINK_TYPES, PRIORITIES

RICH = {"description", "environment"}
TYPES = {"textarea": "string", "labels": "array", "versions": "array"}


class View:
    """The site as one version of the interface shows it."""

    def __init__(self, site: Site, version: str) -> None:
        self.site = site
        self.version = version
        self.base = f"{site.url}/rest/api/{version}"

    def text(self, value: Any) -> Any:
        """Return rich text: ADF on v3, a string on v2."""
        return value if self.version == "3" or value is None else adf.plain(value)

    def user(self, user: User | None) -> dict[str, Any] | None:
        """Show a user."""
        if user is None:
            return None
        common = {
            "emailAddress": user.email,
            "displayName": user.display,
            "active": True,
            "timeZone": "Etc/UTC",
        }
        if self.site.cloud:
            own = {"accountId": user.account_id, "accountType": "atlassian"}
            return {"self": f"{self.base}/user?accountId={user.account_id}", **own, **common}
        own = {"name": user.name, "key": f"JIRAUSER-{user.name}"}
        return {"self": f"{self.base}/user?username={user.name}", **own, **common}

    def scope(self, project: Project) -> dict[str, Any]:
        """Show whose a thing is; empty for what belongs to all."""
        team = self.site.cloud and project.style == "team"
        return {"scope": {"type": "PROJECT", "project": {"id": project.id}}} if team else {}

    def type(self, project: Project, name: str) -> dict[str, Any]:
        """Show an issue type."""
        kind = project.type(name) or IssueType("0", name)
        shown = {
            "self": f"{self.base}/issuetype/{kind.id}",
            "id": kind.id,
            "description": f"A {name.lower()}.",
            "iconUrl": f"{self.site.url}/images/{kind.id}.png",
            "name": name,
            "subtask": False,
        }
        return shown | ({"hierarchyLevel": 0} if self.site.cloud else {}) | self.scope(project)

    def status(self, project: Project, status: Status) -> dict[str, Any]:
        """Show a status with its category."""
        number, name, colour = CATEGORIES[status.category]
        return {
            "self": f"{self.base}/status/{status.id}",
            "description": "",
            "iconUrl": f"{self.site.url}/images/status.png",
            "name": status.name,
            "id": status.id,
            "statusCategory": {
                "self": f"{self.base}/statuscategory/{number}",
                "id": number,
                "key": status.category,
                "colorName": colour,
                "name": name,
            },
        } | self.scope(project)

    def project(self, project: Project, *, whole: bool = False) -> dict[str, Any]:
        """Show a project."""
        shown: dict[str, Any] = {
            "self": f"{self.base}/project/{project.id}",
            "id": project.id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": project.kind,
        }
        if self.site.cloud:
            team = project.style == "team"
            shown["simplified"] = team
            if whole:
                shown |= {"style": "next-gen" if team else "classic", "isPrivate": False, "properties": {}}
        if whole or project.archived:
            shown["archived"] = project.archived
        if whole:
            shown["issueTypes"] = [self.type(project, one.name) for one in project.types]
            shown["versions"] = [self.fix(project, one) for one in project.versions]
        return shown

    def fix(self, project: Project, version: Version) -> dict[str, Any]:
        """Show a version."""
        shown = {
            "self": f"{self.base}/version/{version.id}",
            "id": version.id,
            "name": version.name,
            "archived": False,
            "released": version.released,
            "projectId": int(project.id),
        }
        return shown | ({"releaseDate": version.release_date} if version.release_date else {})

    def priority(self, name: str | None) -> dict[str, Any] | None:
        """Show a priority."""
        number = next((one for one, title in PRIORITIES.items() if title == name), None)
        if number is None:
            return None
        icon = f"{self.site.url}/images/priority.svg"
        return {"self": f"{self.base}/priority/{number}", "iconUrl": icon, "name": name, "id": number}

    def resolution(self, name: str | None) -> dict[str, Any] | None:
        """Show a resolution."""
        number = next((one for one, title in self.site.resolutions.items() if title == name), None)
        if number is None:
            return None
        return {"self": f"{self.base}/resolution/{number}", "id": number, "description": "", "name": name}

    def comment(self, issue: Issue, comment: Comment, *, properties: bool = False) -> dict[str, Any]:
        """Show a comment."""
        shown = {
            "self": f"{self.base}/issue/{issue.id}/comment/{comment.id}",
            "id": comment.id,
            "author": self.user(comment.author),
            "body": self.text(comment.body),
            "updateAuthor": self.user(comment.update_author),
            "created": stamp(comment.created),
            "updated": stamp(comment.updated),
        }
        if self.site.cloud:
            internal = comment.properties.get("sd.public.comment", {})
            desk = self.site.home(issue).kind == "service_desk"
            shown["jsdPublic"] = not (desk and isinstance(internal, dict) and internal.get("internal"))
        if properties:
            shown["properties"] = [{"key": key, "value": value} for key, value in comment.properties.items()]
        return shown

    def remote(self, issue: Issue, link: RemoteLink) -> dict[str, Any]:
        """Show a remote link."""
        shown: dict[str, Any] = {"id": link.id, "self": f"{self.base}/issue/{issue.id}/remotelink/{link.id}"}
        if link.global_id:
            shown["globalId"] = link.global_id
        shown["application"] = link.application
        if link.relationship:
            shown["relationship"] = link.relationship
        empty: dict[str, Any] = {"icon": {}, "status": {"icon": {}}}
        return shown | {"object": empty | link.object}

    def kind_of_link(self, name: str) -> dict[str, Any]:
        """Show a type of link."""
        number, (_, inward, outward) = next((n, one) for n, one in LINK_TYPES.items() if one[0] == name)
        own = f"{self.base}/issueLinkType/{number}"
        return {"id": number, "name": name, "inward": inward, "outward": outward, "self": own}

    def end(self, issue: Issue) -> dict[str, Any]:
        """Show an issue at the end of a link."""
        project = self.site.home(issue)
        fields: dict[str, Any] = {
            "summary": issue.fields.get("summary"),
            "status": self.status(project, project.status(issue.status)),
            "issuetype": self.type(project, issue.type),
        }
        if priority := self.priority(issue.fields.get("priority")):
            fields["priority"] = priority
        return {"id": issue.id, "key": issue.key, "self": f"{self.base}/issue/{issue.id}", "fields": fields}

    def link(self, link: Link, seen_from: str | None = None) -> dict[str, Any]:
        """Show a link whole, or as one of its issues sees it."""
        shown = {
            "id": link.id,
            "self": f"{self.base}/issueLink/{link.id}",
            "type": self.kind_of_link(link.type),
        }
        if seen_from != link.source:
            shown["inwardIssue"] = self.end(self.site.issues[link.source])
        if seen_from != link.target:
            shown["outwardIssue"] = self.end(self.site.issues[link.target])
        return shown

    def history(self, history: History) -> dict[str, Any]:
        """Show an entry of a changelog."""
        own = {"id": history.id, "author": self.user(history.author), "created": stamp(history.created)}
        return own | {"items": [{k: v for k, v in one.items() if v is not None} for one in history.items]}

    def schema(self, field: Field) -> dict[str, Any]:
        """Show the type of a field."""
        names = {"labels": "string", "versions": "version"}
        shown: dict[str, Any] = {"type": TYPES.get(field.kind, field.kind)}
        if field.kind in names:
            shown["items"] = names[field.kind]
        if field.id.startswith("customfield_"):
            custom = {"number": "float", "string": "textfield", "option": "select"}.get(
                field.kind, field.kind
            )
            shown["custom"] = f"com.atlassian.jira.plugin.system.customfieldtypes:{custom}"
            return shown | {"customId": int(field.id.removeprefix("customfield_"))}
        return shown | {"system": field.id}

    def all_fields(self) -> list[dict[str, Any]]:
        """Show every field of the site."""
        own = {name: one for project in self.site.projects.values() for name, one in project.fields.items()}
        for project in self.site.projects.values():
            for required in project.required.values():
                own |= {n: Field(n, title, "string") for n, title in required.items() if n not in own}
        fixed = {one.id: one for one in SYSTEM}
        return [
            {
                "id": one.id,
                "key": one.id,
                "name": one.name,
                "custom": one.id.startswith("customfield_"),
                "orderable": True,
                "navigable": True,
                "searchable": True,
                "clauseNames": [one.name],
                "schema": self.schema(one),
            }
            for one in (fixed | own).values()
        ]
