"""The answers of faults that stand in for the site's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from jira_twin.clock import Clock, stamp
from jira_twin.exchange import HTML, Answer, unauthorised

PAGES = {
    "proxy-html": (
        "<html><head><title>{status} Bad Gateway</title></head><body>"
        "<center><h1>{status} Bad Gateway</h1></center><hr><center>proxy</center></body></html>"
    ),
    "login-page": (
        "<!DOCTYPE html><html><head><title>Log in with your account</title></head><body>"
        "<form action='/login'><input name='username'></form></body></html>"
    ),
}


def _retry(clock: Clock, detail: dict[str, Any], default: float | None) -> dict[str, str]:
    after = detail.get("retry_after", default)
    if after is None:
        return {}
    if after == "http-date" or detail.get("as_date"):
        seconds = 5 if after == "http-date" else after
        at = datetime.fromtimestamp(clock.seconds() + clock.skew, tz=UTC) + timedelta(seconds=seconds)
        return {"Retry-After": format_datetime(at, usegmt=True)}
    return {"Retry-After": str(int(after))}


def throttled(clock: Clock, detail: dict[str, Any]) -> Answer:
    """Return a 429 with its reason."""
    headers = _retry(clock, detail, 1)
    after = detail.get("retry_after", 1)
    seconds = after if isinstance(after, int | float) else 5
    headers |= {
        "RateLimit-Reason": detail.get("reason", "jira-burst-based"),
        "X-RateLimit-Limit": str(detail.get("limit", 100)),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": stamp(clock.now() + timedelta(seconds=seconds)) or "",
    }
    return Answer(429, {"errorMessages": ["Rate limit exceeded"]}, headers)


def early(name: str, clock: Clock, detail: dict[str, Any]) -> Answer:
    """Return what the caller gets instead of the site's answer."""
    if name == "throttle":
        return throttled(clock, detail)
    if name == "unavailable":
        return Answer(503, {"errorMessages": ["Service Unavailable"]}, _retry(clock, detail, None))
    if name == "unauthorised":
        return unauthorised(detail.get("body", "json")).answer
    if name in PAGES:
        status = detail.get("status", 502 if name == "proxy-html" else 200)
        return Answer(status, PAGES[name].format(status=status).encode(), kind=HTML)
    status, text = {
        "limit-413": (413, "The issue has reached a limit."),
        "conflict": (409, "The issue was changed."),
    }[name]
    return Answer(status, {"errorMessages": [text], "errors": {}})
