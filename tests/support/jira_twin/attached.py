"""What hangs on an issue: comments, properties, remote links and links to other issues."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from jira_twin.changes import item
from jira_twin.exchange import Refusal, field_errors, refused
from jira_twin.records import By, Comment, Issue, Link, RemoteLink
from jira_twin.state import Site
from jira_twin.workflow import LINK_TYPES

LONGEST = 255
PROPERTY = 32_768


def full(site: Site, issue: Issue, kind: str) -> None:
    """Refuse with 413 what is over the limit of an issue."""
    have = {"comment": len(issue.comments), "remote link": len(issue.remote_links), "link": len(issue.links)}
    if have[kind] >= site.limits[kind]:
        raise refused(f"The issue has reached the limit of {site.limits[kind]} {kind}s.", status=413)


def add_comment(site: Site, by: By, issue: Issue, body: Any, properties: dict[str, Any]) -> Comment:
    """Commit a comment."""
    now = site.clock.now()
    comment = Comment(
        id=str(site.number("comment")),
        author=by.user,
        body=body,
        created=now,
        updated=now,
        update_author=by.user,
        properties=properties,
    )
    issue.comments.append(comment)
    site.touch(issue, by, [])
    site.record("comment", issue, by, id=comment.id, body=body, properties=properties)
    return comment


def change_comment(
    site: Site, by: By, issue: Issue, comment: Comment, body: Any, properties: dict[str, Any]
) -> Comment:
    """Commit another text of a comment."""
    new = dataclasses.replace(
        comment,
        body=body,
        updated=site.clock.now(),
        update_author=by.user,
        properties=comment.properties | properties,
    )
    issue.comments[issue.comments.index(comment)] = new
    site.touch(issue, by, [])
    site.record("comment edit", issue, by, id=comment.id, body=body, before=comment.body)
    return new


def delete_comment(site: Site, by: By, issue: Issue, comment: Comment) -> None:
    """Commit the end of a comment."""
    issue.comments.remove(comment)
    line = item(site, site.projects[issue.project], "Comment", comment.body, None)
    site.touch(issue, by, [line])
    site.record("comment delete", issue, by, id=comment.id)


def check_property(key: str, value: Any) -> None:
    """Refuse a property that is too long or empty."""
    if not key or len(key) > LONGEST:
        raise refused(f"The property key must be between 1 and {LONGEST} characters.")
    if len(json.dumps(value)) > PROPERTY:
        raise refused(f"The property value cannot be longer than {PROPERTY} characters.")


def set_property(site: Site, by: By, issue: Issue, key: str, value: Any) -> bool:
    """Commit a property; true when it is new. It changes neither the issue's time nor its changelog."""
    new = key not in issue.properties
    before = issue.properties.get(key)
    issue.properties = issue.properties | {key: value}
    site.index.write(issue)
    site.record("property", issue, by, key=key, value=value, before=before)
    return new


def drop_property(site: Site, by: By, issue: Issue, key: str) -> None:
    """Commit the end of a property."""
    issue.properties = {name: value for name, value in issue.properties.items() if name != key}
    site.index.write(issue)
    site.record("property", issue, by, key=key, value=None)


def _remote_problem(wanted: dict[str, Any]) -> Refusal | None:
    thing = wanted.get("object")
    if not isinstance(thing, dict):
        return field_errors({"object": "'object' is required."})
    missing = {name: f"'{name}' is required." for name in ("title", "url") if not thing.get(name)}
    if missing:
        return field_errors(missing)
    for name, value in (("globalId", wanted.get("globalId")), ("title", thing["title"])):
        if value and len(value) > LONGEST:
            return field_errors({name: f"'{name}' must be less than or equal to {LONGEST} characters."})
    return None


def put_remote(
    site: Site, by: By, issue: Issue, wanted: dict[str, Any], old: RemoteLink | None
) -> tuple[RemoteLink, bool]:
    """Commit a remote link, new or whole in the place of the old one: what is left out is nulled."""
    if problem := _remote_problem(wanted):
        raise problem
    key = wanted.get("globalId")
    old = old or next((one for one in issue.remote_links if key and one.global_id == key), None)
    if old is None:
        full(site, issue, "remote link")
    link = RemoteLink(
        id=old.id if old else site.number("remote"),
        global_id=key,
        application=wanted.get("application") or {},
        relationship=wanted.get("relationship"),
        object=wanted["object"],
    )
    if old:
        issue.remote_links[issue.remote_links.index(old)] = link
    else:
        issue.remote_links.append(link)
    line = item(
        site,
        site.projects[issue.project],
        "RemoteIssueLink",
        None,
        f'This issue links to "{link.object["title"]}"',
    )
    site.touch(issue, by, [] if old else [line])
    kind = "remote link update" if old else "remote link"
    site.record(kind, issue, by, id=link.id, globalId=key, object=link.object)
    return link, old is None


def drop_remote(site: Site, by: By, issue: Issue, link: RemoteLink) -> None:
    """Commit the end of a remote link."""
    issue.remote_links.remove(link)
    line = item(
        site,
        site.projects[issue.project],
        "RemoteIssueLink",
        f'This issue links to "{link.object["title"]}"',
        None,
    )
    site.touch(issue, by, [line])
    site.record("remote link delete", issue, by, id=link.id, globalId=link.global_id)


def join(site: Site, by: By, source: Issue, target: Issue, kind: str) -> Link | None:
    """Commit a link of two issues; None when they are linked so already."""
    if any((one.type, one.source, one.target) == (kind, source.id, target.id) for one in source.links):
        return None
    full(site, source, "link")
    full(site, target, "link")
    link = Link(str(site.number("link")), kind, source.id, target.id)
    inward, outward = next((i, o) for name, i, o in LINK_TYPES.values() if name == kind)
    for issue, other, words in ((source, target, outward), (target, source, inward)):
        issue.links.append(link)
        text = f"This issue {words} {other.key}"
        site.touch(issue, by, [item(site, site.projects[issue.project], "Link", None, text)])
    site.record("link", source, by, id=link.id, type=kind, source=source.id, target=target.id)
    return link


def part(site: Site, by: By, link: Link) -> None:
    """Commit the end of a link."""
    for issue in (site.issues[link.source], site.issues[link.target]):
        issue.links = [one for one in issue.links if one != link]
        site.touch(issue, by, [item(site, site.projects[issue.project], "Link", link.type, None)])
    site.record("link delete", site.issues[link.source], by, id=link.id, type=link.type)
