"""A plain HTTP caller of the twin."""

from __future__ import annotations

from typing import Any, Self

import requests

from jira_twin import adf
from jira_twin.twin import Twin


class Caller:
    """Calls the newest version of a flavour: `caller("GET", "/issue/WEB-1", expand="changelog")`."""

    def __init__(self, twin: Twin, *, version: str = "", base: str = "") -> None:
        self.twin = twin
        self.version = version or ("3" if twin.flavour == "cloud" else "2")
        self.base = f"{base or twin.url}/rest/api/{self.version}"
        self.session = requests.Session()
        self.session.auth = (twin.user, twin.token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def __call__(
        self, method: str, path: str, body: Any = None, timeout: float = 10, **query: Any
    ) -> requests.Response:
        """Send a request with a JSON body and a query."""
        return self.session.request(method, self.base + path, json=body, params=query, timeout=timeout)

    def text(self, text: str) -> Any:
        """Return rich text as this version wants it."""
        return adf.from_text(text) if self.version == "3" else text

    def make(
        self, summary: Any = "Export fails", *, project: str = "WEB", kind: str = "Bug", **more: Any
    ) -> requests.Response:
        """Create an issue."""
        fields = {"project": {"key": project}, "issuetype": {"name": kind}, "summary": summary}
        fields |= {"description": self.text("It fails."), "labels": ["fbb-0123456789ab"]} | more
        return self("POST", "/issue", {"fields": fields})

    def search(self, jql: str, **more: Any) -> requests.Response:
        """Search, each flavour in its way."""
        if self.twin.flavour == "cloud":
            return self("GET", "/search/jql", jql=jql, **({"fields": "key,summary,labels"} | more))
        return self("GET", "/search", jql=jql, **more)

    def keys(self, jql: str) -> list[str]:
        """Return the keys of what a query finds."""
        return [one["key"] for one in self.search(jql).json()["issues"]]
