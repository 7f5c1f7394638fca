"""Comments, remote links and links of issues."""

from __future__ import annotations

from typing import Any

from jira_twin import attached, checking
from jira_twin.desk import Desk
from jira_twin.exchange import Answer, field_errors, forbidden, no_issue, refused
from jira_twin.issue_routes import _properties
from jira_twin.records import Comment, Issue, Link, RemoteLink
from jira_twin.workflow import LINK_TYPES


def _wants_properties(desk: Desk) -> bool:
    return "properties" in desk.call.many("expand")


def comments(desk: Desk) -> Answer:
    """GET /issue/{id}/comment."""
    issue = desk.issue()
    order = desk.call.one("orderBy", "created")
    if order.lstrip("+-") != "created":
        raise refused(f"The value '{order}' of the parameter 'orderBy' is not supported.")
    found = sorted(issue.comments, key=lambda one: (one.created, int(one.id)), reverse=order.startswith("-"))
    shown, numbers = desk.page(found, default=100, most=100 if desk.site.cloud else 1_000)
    rich = _wants_properties(desk)
    return Answer(
        200, {**numbers, "comments": [desk.view.comment(issue, one, properties=rich) for one in shown]}
    )


def _comment(desk: Desk, issue: Issue) -> Comment:
    wanted = desk.call.params["comment"]
    found = next((one for one in issue.comments if one.id == wanted), None)
    if found is None:
        raise refused(f"Can not find a comment for the id: {wanted}.", status=404)
    return found


def add_comment(desk: Desk) -> Answer:
    """POST /issue/{id}/comment."""
    issue = desk.writable("ADD_COMMENTS", "comment on this issue")
    body = desk.body()
    text = checking.comment_body(desk.site, desk.call, body.get("body"))
    own = _properties(body.get("properties"))
    attached.full(desk.site, issue, "comment")
    comment = attached.add_comment(desk.site, desk.call.by, issue, text, own)
    return Answer(201, desk.view.comment(issue, comment, properties=_wants_properties(desk)))


def read_comment(desk: Desk) -> Answer:
    """GET /issue/{id}/comment/{comment}."""
    issue = desk.issue()
    return Answer(200, desk.view.comment(issue, _comment(desk, issue), properties=_wants_properties(desk)))


def _own(desk: Desk, issue: Issue, verb: str) -> Comment:
    comment = _comment(desk, issue)
    right = f"{verb.upper()}_{'OWN' if comment.author == desk.call.user else 'ALL'}_COMMENTS"
    if not desk.may(desk.site.home(issue), right):
        raise forbidden(f"{verb} this comment")
    return comment


def change_comment(desk: Desk) -> Answer:
    """PUT /issue/{id}/comment/{comment}."""
    issue = desk.writable("ADD_COMMENTS", "comment on this issue")
    comment = _own(desk, issue, "edit")
    body = desk.body()
    text = checking.comment_body(desk.site, desk.call, body.get("body"))
    own = _properties(body.get("properties"))
    new = attached.change_comment(desk.site, desk.call.by, issue, comment, text, own)
    return Answer(200, desk.view.comment(issue, new, properties=_wants_properties(desk)))


def delete_comment(desk: Desk) -> Answer:
    """DELETE /issue/{id}/comment/{comment}."""
    issue = desk.writable("ADD_COMMENTS", "comment on this issue")
    attached.delete_comment(desk.site, desk.call.by, issue, _own(desk, issue, "delete"))
    return Answer(204)


def _anywhere(desk: Desk) -> Comment:
    wanted = desk.call.params["comment"]
    for issue in desk.site.issues.values():
        for comment in issue.comments:
            if (
                comment.id == wanted
                and desk.site.find_issue(issue.id)
                and desk.may(desk.site.home(issue), "BROWSE_PROJECTS")
            ):
                return comment
    raise refused(f"Can not find a comment for the id: {wanted}.", status=404)


def comment_properties(desk: Desk) -> Answer:
    """GET /comment/{comment}/properties."""
    comment = _anywhere(desk)
    own = f"{desk.view.base}/comment/{comment.id}/properties"
    return Answer(200, {"keys": [{"self": f"{own}/{key}", "key": key} for key in comment.properties]})


def comment_property(desk: Desk) -> Answer:
    """GET /comment/{comment}/properties/{key}."""
    comment, key = _anywhere(desk), desk.call.params["key"]
    if key not in comment.properties:
        raise refused(f"The property with key '{key}' does not exist.", status=404)
    return Answer(200, {"key": key, "value": comment.properties[key]})


def remotes(desk: Desk) -> Answer:
    """GET /issue/{id}/remotelink: a list; with a globalId one link."""
    issue, wanted = desk.issue(), desk.call.one("globalId")
    if not wanted:
        return Answer(200, [desk.view.remote(issue, one) for one in issue.remote_links])
    return Answer(200, desk.view.remote(issue, _by_global_id(issue, wanted)))


def _by_global_id(issue: Issue, wanted: str) -> RemoteLink:
    found = next((one for one in issue.remote_links if one.global_id == wanted), None)
    if found is None:
        raise refused(f"No remote link exists with global id '{wanted}' for this issue.", status=404)
    return found


def _remote(desk: Desk, issue: Issue) -> RemoteLink:
    wanted = desk.call.params["link"]
    found = next((one for one in issue.remote_links if str(one.id) == wanted), None)
    if found is None:
        raise refused(f"No remote link exists with id '{wanted}' for this issue.", status=404)
    return found


def put_remote(desk: Desk) -> Answer:
    """POST /issue/{id}/remotelink: a new one, or the one of the same globalId whole anew."""
    issue = desk.writable("LINK_ISSUES", "link this issue")
    link, new = attached.put_remote(desk.site, desk.call.by, issue, desk.body("application", "object"), None)
    own = f"{desk.view.base}/issue/{issue.id}/remotelink/{link.id}"
    return Answer(201 if new else 200, {"id": link.id, "self": own})


def read_remote(desk: Desk) -> Answer:
    """GET /issue/{id}/remotelink/{link}."""
    issue = desk.issue()
    return Answer(200, desk.view.remote(issue, _remote(desk, issue)))


def change_remote(desk: Desk) -> Answer:
    """PUT /issue/{id}/remotelink/{link}."""
    issue = desk.writable("LINK_ISSUES", "link this issue")
    old = _remote(desk, issue)
    attached.put_remote(desk.site, desk.call.by, issue, desk.body("application", "object"), old)
    return Answer(204)


def drop_remote(desk: Desk) -> Answer:
    """DELETE /issue/{id}/remotelink/{link}, or with a globalId."""
    issue = desk.writable("LINK_ISSUES", "link this issue")
    if "link" in desk.call.params:
        link = _remote(desk, issue)
    else:
        link = _by_global_id(issue, desk.call.one("globalId"))
    attached.drop_remote(desk.site, desk.call.by, issue, link)
    return Answer(204)


def link_types(desk: Desk) -> Answer:
    """GET /issueLinkType."""
    return Answer(
        200, {"issueLinkTypes": [desk.view.kind_of_link(name) for name, _, _ in LINK_TYPES.values()]}
    )


def _end(desk: Desk, body: dict[str, Any], name: str) -> Issue:
    said = body.get(name)
    wanted = (said.get("id") or said.get("key")) if isinstance(said, dict) else None
    if not wanted:
        raise field_errors({name: f"'{name}' is required."})
    issue = desk.site.find_issue(str(wanted))
    if issue is None or not desk.may(desk.site.home(issue), "BROWSE_PROJECTS"):
        raise no_issue()
    if not desk.may(desk.site.home(issue), "LINK_ISSUES"):
        raise refused("No Link Issue Permission for issue '" + issue.key + "'", status=401)
    if issue.archived:
        raise refused("The issue is archived. Archived issues are read-only.")
    return issue


def link(desk: Desk) -> Answer:
    """POST /issueLink: the inward issue (duplicates, blocks …) the outward one."""
    desk.member()
    body = desk.body("type", "comment")
    said = body.get("type") or {}
    kind = next(
        (one[0] for n, one in LINK_TYPES.items() if said.get("id") == n or said.get("name") == one[0]), None
    )
    if kind is None:
        raise refused(f"No issue link type with name '{said.get('name')}' found.", status=404)
    source, target = _end(desk, body, "inwardIssue"), _end(desk, body, "outwardIssue")
    text = (
        checking.comment_body(desk.site, desk.call, body["comment"].get("body"))
        if body.get("comment")
        else None
    )
    attached.join(desk.site, desk.call.by, source, target, kind)
    if text is not None:
        attached.add_comment(desk.site, desk.call.by, source, text, {})
    return Answer(201)


def _link(desk: Desk) -> Link:
    wanted = desk.call.params["link"]
    for issue in desk.site.issues.values():
        for one in issue.links:
            if one.id == wanted:
                return one
    raise refused(f"No issue link with id '{wanted}' exists.", status=404)


def read_link(desk: Desk) -> Answer:
    """GET /issueLink/{link}."""
    return Answer(200, desk.view.link(_link(desk)))


def drop_link(desk: Desk) -> Answer:
    """DELETE /issueLink/{link}."""
    desk.member()
    attached.part(desk.site, desk.call.by, _link(desk))
    return Answer(204)
