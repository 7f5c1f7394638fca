"""The routes of both flavours, by the names that faults and hooks use."""

from __future__ import annotations

import re

from jira_twin import attached_routes as hung
from jira_twin import issue_routes as issues
from jira_twin import search_routes as searching
from jira_twin import site_routes as site
from jira_twin import transition_routes as moving
from jira_twin.desk import Handler

BOTH: dict[str, Handler] = {
    "GET /serverInfo": site.server_info,
    "GET /myself": site.myself,
    "GET /mypermissions": site.permissions,
    "GET /project": site.projects,
    "GET /project/{project}": site.project,
    "GET /project/{project}/versions": site.versions,
    "GET /version/{version}": site.version,
    "GET /field": site.fields,
    "GET /priority": site.priorities,
    "GET /resolution": site.resolutions,
    "GET /user": site.user,
    "GET /user/search": site.users,
    "GET /issue/createmeta/{project}/issuetypes": site.meta_types,
    "GET /issue/createmeta/{project}/issuetypes/{type}": site.meta_fields,
    "POST /issue": issues.create,
    "GET /issue/{id}": issues.read,
    "PUT /issue/{id}": issues.change,
    "DELETE /issue/{id}": issues.delete,
    "GET /issue/{id}/editmeta": site.edit_meta,
    "GET /issue/{id}/properties": issues.properties,
    "GET /issue/{id}/properties/{key}": issues.read_property,
    "PUT /issue/{id}/properties/{key}": issues.put_property,
    "DELETE /issue/{id}/properties/{key}": issues.drop_property,
    "GET /issue/{id}/comment": hung.comments,
    "POST /issue/{id}/comment": hung.add_comment,
    "GET /issue/{id}/comment/{comment}": hung.read_comment,
    "PUT /issue/{id}/comment/{comment}": hung.change_comment,
    "DELETE /issue/{id}/comment/{comment}": hung.delete_comment,
    "GET /comment/{comment}/properties": hung.comment_properties,
    "GET /comment/{comment}/properties/{key}": hung.comment_property,
    "GET /issue/{id}/remotelink": hung.remotes,
    "POST /issue/{id}/remotelink": hung.put_remote,
    "DELETE /issue/{id}/remotelink": hung.drop_remote,
    "GET /issue/{id}/remotelink/{link}": hung.read_remote,
    "PUT /issue/{id}/remotelink/{link}": hung.change_remote,
    "DELETE /issue/{id}/remotelink/{link}": hung.drop_remote,
    "GET /issue/{id}/transitions": moving.transitions,
    "POST /issue/{id}/transitions": moving.go,
    "GET /issueLinkType": hung.link_types,
    "POST /issueLink": hung.link,
    "GET /issueLink/{link}": hung.read_link,
    "DELETE /issueLink/{link}": hung.drop_link,
}
CLOUD: dict[str, Handler] = {
    "GET /project/search": site.projects,
    "GET /project/{project}/version": site.version_page,
    "POST /issue/bulkfetch": issues.fetch,
    "GET /issue/{id}/changelog": issues.changelog,
    "GET /search/jql": searching.search,
    "POST /search/jql": searching.search,
    "POST /search/approximate-count": searching.count,
    "GET /search": searching.removed,
    "POST /search": searching.removed,
}
DC: dict[str, Handler] = {"GET /search": searching.old_search, "POST /search": searching.old_search}


class Routes:
    """Finds the handler of a request; fixed words go before names in braces."""

    def __init__(self, flavour: str) -> None:
        self.handlers = BOTH | (CLOUD if flavour == "cloud" else DC)
        ordered = sorted(self.handlers, key=lambda name: name.count("{"))
        self._patterns = [
            (name, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", name))) for name in ordered
        ]

    def find(self, method: str, rest: str) -> tuple[str, dict[str, str]]:
        """Return the name and the parts of a path; an empty name when there is none."""
        for name, pattern in self._patterns:
            if match := pattern.fullmatch(f"{method} {rest.rstrip('/')}"):
                return name, match.groupdict()
        return "", {}

    def known(self, rest: str) -> bool:
        """Whether the path exists with another method."""
        return any(self.find(method, rest)[0] for method in ("GET", "POST", "PUT", "DELETE"))
