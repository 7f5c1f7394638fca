"""Webhooks as the site would send them: signed, sometimes twice, out of order, or by somebody else."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import Any

from jira_twin import show_issue
from jira_twin.records import Effect
from jira_twin.show import View
from jira_twin.state import Site

MODES = ("duplicate", "out-of-order", "bad-signature", "unsigned")
EVENTS = {
    "create": "jira:issue_created",
    "delete": "jira:issue_deleted",
    "comment": "comment_created",
    "comment edit": "comment_updated",
    "comment delete": "comment_deleted",
    "link": "issuelink_created",
    "link delete": "issuelink_deleted",
}
SILENT = {
    "property",
    "remote link",
    "remote link update",
    "remote link delete",
    "project rename",
    "project delete",
}
Delivery = tuple[dict[str, str], bytes]


def signature(secret: str, body: bytes) -> str:
    """Return the value of X-Hub-Signature."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def delivery(site: Site, effect: Effect, secret: str) -> Delivery | None:
    """Return the delivery that tells of one effect; None where the site says nothing."""
    if effect.kind in SILENT:
        return None
    event = EVENTS.get(effect.kind, "jira:issue_updated")
    view = View(site, "2")
    said: dict[str, Any] = {"timestamp": int(effect.at.timestamp() * 1000), "webhookEvent": event}
    said["user"] = view.user(site.users[effect.actor])
    if effect.kind == "release":
        said["webhookEvent"] = "jira:version_released"
        said["version"] = {"name": effect.detail["version"], "released": True}
    else:
        issue = site.issues[effect.issue_id]
        said["issue"] = show_issue.issue(view, issue, ["*all", "-comment"])
        changed = [entry for entry in issue.history if entry.created == effect.at]
        if changed:
            said["changelog"] = {"id": changed[-1].id, "items": list(changed[-1].items)}
        if effect.kind.startswith("comment"):
            said["comment"] = {"id": effect.detail["id"]}
    body = json.dumps(said).encode()
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{site.url}#{effect.number}")
    headers = {
        "Content-Type": "application/json",
        "X-Atlassian-Webhook-Identifier": str(name),
        "X-Atlassian-Webhook-Flow": "Primary",
        "User-Agent": "Atlassian Webhook HTTP Client",
    }
    return headers | {"X-Hub-Signature": signature(secret, body)}, body


def deliveries(site: Site, secret: str, modes: set[str], since: int = 0) -> list[Delivery]:
    """Return the deliveries of all effects after a number, spoiled as the modes say."""
    made = [delivery(site, effect, secret) for effect in site.journal if effect.number > since]
    found = [one for one in made if one]
    if "duplicate" in modes:
        found = [
            one
            for first in found
            for one in (first, (first[0] | {"X-Atlassian-Webhook-Retry": "1"}, first[1]))
        ]
    if "out-of-order" in modes:
        found.reverse()
    if "bad-signature" in modes:
        found = [
            (head | {"X-Hub-Signature": signature("not the secret", body)}, body) for head, body in found
        ]
    if "unsigned" in modes:
        found = [({n: v for n, v in head.items() if n != "X-Hub-Signature"}, body) for head, body in found]
    return found
