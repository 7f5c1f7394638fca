"""Searching: paged by token on Cloud, by number on Data Center."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from jira_twin import jql, show_issue
from jira_twin.desk import Desk
from jira_twin.exchange import Answer, jql_error, refused
from jira_twin.records import Issue

GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
    " A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
MOST, MOST_FULL, RECONCILED, PROPERTIES = 5_000, 100, 50, 5
WEEK = 7 * 24 * 3_600
UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."


def removed(desk: Desk) -> Answer:
    """GET and POST /search on Cloud."""
    del desk
    return Answer(410, {"errorMessages": [GONE], "errors": {}})


def _found(desk: Desk, query: jql.Query, fresh: list[Issue]) -> list[Issue]:
    seen = [one for one in desk.site.index.seen(fresh) if not desk.site.home(one).gone]
    homes = {one.project: desk.site.home(one) for one in seen}
    seen = [
        one
        for one in seen
        if desk.may(homes[one.project], "BROWSE_PROJECTS") and not homes[one.project].archived
    ]
    return query.sorted([one for one in seen if query.test is None or query.test(one)])


def _asked(desk: Desk) -> dict[str, Any]:
    if desk.call.method == "POST":
        body = desk.body()
        return {name: value for name, value in body.items() if value is not None}
    call = desk.call
    lists = {name: call.many(name) for name in ("fields", "properties", "reconcileIssues") if call.many(name)}
    plain: dict[str, Any] = {
        name: call.one(name) for name in ("jql", "nextPageToken", "expand") if name in call.query
    }
    if "maxResults" in call.query:
        plain["maxResults"] = call.number_of("maxResults", 50)
    return plain | lists


def _fresh(desk: Desk, wanted: list[Any]) -> list[Issue]:
    if len(wanted) > RECONCILED:
        raise refused(f"The reconcileIssues parameter can contain at most {RECONCILED} issue ids.")
    if not all(str(one).isdigit() for one in wanted):
        raise refused("The reconcileIssues parameter must contain issue ids.")
    return [issue for one in wanted if (issue := desk.site.issues.get(str(one)))]


def _print(text: str, reconciled: list[Any]) -> str:
    return hashlib.sha256(json.dumps([text, sorted(map(str, reconciled))]).encode()).hexdigest()[:16]


def _opened(desk: Desk, token: str, mark: str) -> int:
    try:
        wanted, start, written = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        wanted, start, written = "", 0, 0.0
    if wanted != mark or desk.site.clock.seconds() - written > WEEK:
        raise refused("The nextPageToken is invalid or has expired.")
    return int(start)


def search(desk: Desk) -> Answer:
    """GET and POST /search/jql."""
    asked = _asked(desk)
    text, reconciled = asked.get("jql", ""), asked.get("reconcileIssues", [])
    query = jql.read(desk.site, text) if desk.call.user or not text else jql.Query(lambda _: False)
    if query.test is None:
        raise jql_error(UNBOUNDED)
    if len(asked.get("properties", [])) > PROPERTIES:
        raise refused(f"The properties parameter can contain at most {PROPERTIES} keys.")
    mark = _print(text, reconciled)
    start = _opened(desk, asked["nextPageToken"], mark) if asked.get("nextPageToken") else 0
    fields = asked.get("fields") or ["id"]
    size = max(1, min(asked.get("maxResults", 50), MOST if len(fields) <= 1 else MOST_FULL))
    found = _found(desk, query, _fresh(desk, reconciled))
    expand = [one.strip() for one in asked.get("expand", "").split(",")]
    page = found[start : start + size]
    shown = [
        show_issue.issue(desk.view, one, fields, properties=asked.get("properties"), expand=expand)
        for one in page
    ]
    answer: dict[str, Any] = {"issues": shown, "isLast": start + size >= len(found)}
    if not answer["isLast"]:
        token = json.dumps([mark, start + size, desk.site.clock.seconds()])
        answer["nextPageToken"] = base64.urlsafe_b64encode(token.encode()).decode()
    return Answer(200, answer)


def count(desk: Desk) -> Answer:
    """POST /search/approximate-count."""
    query = jql.read(desk.site, desk.body().get("jql", ""))
    if query.test is None:
        raise jql_error(UNBOUNDED)
    return Answer(200, {"count": len(_found(desk, query, []))})


def old_search(desk: Desk) -> Answer:
    """GET and POST /search on Data Center: startAt, total, *navigable."""
    asked = _asked(desk)
    start = asked.get("startAt", 0) if desk.call.method == "POST" else desk.call.number_of("startAt", 0)
    size = max(0, min(asked.get("maxResults", 50), 1_000))
    found = _found(desk, jql.read(desk.site, asked.get("jql", "")), []) if desk.call.user else []
    expand = asked.get("expand", "")
    wanted = expand if isinstance(expand, list) else expand.split(",")
    fields = asked.get("fields") or ["*navigable"]
    shown = [show_issue.issue(desk.view, one, fields, expand=wanted) for one in found[start : start + size]]
    numbers = {"startAt": start, "maxResults": size, "total": len(found)}
    return Answer(200, {"expand": "schema,names", **numbers, "issues": shown})
