"""What a person does on the page, without a browser."""

from __future__ import annotations

import re
from typing import Any

from bridge.report import topic_reports
from bridge.store import figures


def token(browser: Any) -> str:
    """Return the token of our own forms."""
    found = re.search('name="csrf" content="([^"]+)"', browser.get("/help/keys").text)
    assert found
    return found[1]


def send(browser: Any, path: str, **fields: Any) -> Any:
    """Send a form."""
    return browser.post(path, data={"csrf": token(browser), **fields})


def picture(company: Any, now: Any) -> dict[str, Any]:
    """Return all that is told of the topics; the figures that are kept must be those of a recount."""
    with company.database.reading() as session:
        reports = topic_reports(session, now, hidden=True)
        assert figures.wrong(session) == []
    return {report.id: {**report.as_json(), "confidence": report.topic.confidence} for report in reports}
