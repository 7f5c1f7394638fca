"""What every route needs: the site, a view of it, and the guards before things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jira_twin.exchange import Answer, Call, forbidden, no_issue, refused, unauthorised
from jira_twin.records import Issue, Project
from jira_twin.show import View
from jira_twin.state import Site


@dataclass(frozen=True, slots=True)
class Desk:
    """One request at the site: finds things and refuses what isn't allowed."""

    site: Site
    call: Call

    @property
    def view(self) -> View:
        """How this request sees the site."""
        return View(self.site, self.call.version or "2")

    def may(self, project: Project, permission: str) -> bool:
        """Whether the caller holds a permission in a project."""
        return self.call.user is not None and permission not in project.denied

    def member(self) -> None:
        """Refuse strangers."""
        if self.call.user is None:
            raise unauthorised()

    def project(self, wanted: str) -> Project:
        """Return a project the caller sees."""
        project = self.site.find_project(wanted)
        if project is None or not self.may(project, "BROWSE_PROJECTS"):
            raise refused(f"No project could be found with key '{wanted}'.", status=404)
        return project

    def issue(self) -> Issue:
        """Return the issue of the path, if the caller sees it."""
        issue = self.site.find_issue(self.call.params["id"])
        if issue is None or not self.may(self.site.home(issue), "BROWSE_PROJECTS"):
            raise no_issue()
        return issue

    def writable(self, permission: str, what: str) -> Issue:
        """Return the issue of the path for a change; archived ones are read-only."""
        self.member()
        issue = self.issue()
        project = self.site.home(issue)
        if issue.archived or project.archived:
            raise refused("The issue is archived. Archived issues are read-only.")
        if not self.may(project, permission):
            raise forbidden(what)
        return issue

    def page(self, everything: list[Any], *, default: int, most: int) -> tuple[list[Any], dict[str, int]]:
        """Return one page of a list and its numbers; sizes are clamped."""
        start = self.call.number_of("startAt", 0)
        size = min(self.call.number_of("maxResults", default), most)
        return everything[start : start + size], {
            "startAt": start,
            "maxResults": size,
            "total": len(everything),
        }

    def body(self, *keys: str) -> dict[str, Any]:
        """Return the body, an object; keys that must be objects when there."""
        value = self.call.json
        if not isinstance(value, dict):
            raise refused("The request body must be a JSON object.")
        for key in keys:
            if value.get(key) is not None and not isinstance(value[key], dict):
                raise refused(f"'{key}' must be an object.")
        return value


Handler = Callable[[Desk], Answer]
