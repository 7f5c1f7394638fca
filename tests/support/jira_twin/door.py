"""Who comes in: basic and bearer tokens, the gateway address, and nobody."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from jira_twin.exchange import Answer, Call, Refusal, refused, unauthorised
from jira_twin.records import User
from jira_twin.routes import Routes
from jira_twin.state import Site

REST = re.compile(r"(?P<gateway>/ex/jira/(?P<cloud>[^/]+))?/rest/api/(?P<version>2|3|latest)(?P<rest>/.*)")


def taken_apart(site: Site, routes: Routes, number: int, method: str, target: str) -> Call:
    """Return a request with its route; an empty route is a strange one."""
    parts = urlsplit(target)
    call = Call(
        number=number,
        method=method,
        path=parts.path,
        query=parse_qs(parts.query, keep_blank_values=True),
        headers={},
        raw=b"",
    )
    match = REST.fullmatch(parts.path)
    known = match and (not match["cloud"] or (site.cloud and match["cloud"] == site.cloud_id))
    if match and known and (site.cloud or match["version"] != "3"):
        call.version = (
            "3" if site.cloud and match["version"] == "latest" else match["version"].replace("latest", "2")
        )
        call.rest, call.gateway = match["rest"], bool(match["gateway"])
        call.route, params = routes.find(method, call.rest)
        call.params = {name: unquote(value) for name, value in params.items()}
    return call


def read_body(call: Call) -> None:
    """Read the JSON of a request; refuse what isn't."""
    if not call.raw.strip():
        return
    try:
        call.json = json.loads(call.raw)
    except ValueError as error:
        text = f"Unexpected character at line 1, column {getattr(error, 'colno', 1)}"
        raise Refusal(Answer(400, {"errorMessages": [text]})) from error


def _credentials(call: Call) -> tuple[str, str]:
    """Return the scheme and what is presented: a token, or user:password."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return scheme.lower(), value.strip()
    try:
        return "basic", base64.b64decode(value).decode()
    except ValueError:
        return "basic", ""


def identify(site: Site, call: Call, user: str, token: str, scopes: set[str] | None) -> User | None:
    """Return the caller, None for a stranger; refuse what is presented and wrong."""
    scheme, value = _credentials(call)
    if not scheme:
        return None
    bearer_here = call.gateway or not site.cloud
    good = (
        value == f"{user}:{token}"
        if scheme == "basic"
        else scheme == "bearer" and value == token and bearer_here
    )
    if not good:
        raise unauthorised()
    if call.gateway and scopes is not None and not _allowed(call, scopes):
        raise Refusal(Answer(401, {"code": 401, "message": "Unauthorized; scope does not match"}))
    return site.bot


def _allowed(call: Call, scopes: set[str]) -> bool:
    reading = call.method == "GET" or call.route in {"POST /search/jql", "POST /issue/bulkfetch"}
    if call.route in {"GET /myself", "GET /user", "GET /user/search"}:
        return "read:jira-user" in scopes
    return ("read:jira-work" if reading else "write:jira-work") in scopes


def nowhere(call: Call, routes: Routes) -> Refusal:
    """Return the answer to a path or a method that there isn't."""
    if call.rest and routes.known(call.rest):
        return Refusal(Answer(405, {"errorMessages": [], "errors": {}}))
    return refused("null for uri: " + call.path, status=404)


def tenant(site: Site, call: Call) -> Any:
    """Return the answer of the address that tells the cloud id, None elsewhere."""
    return {"cloudId": site.cloud_id} if site.cloud and call.path == "/_edge/tenant_info" else None
