"""Finding and reading issues: by token on Cloud, by number on Data Center, and past the index."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.errors import TrackerError, TrackerGone
from bridge.tracker.jira import jql
from bridge.tracker.jira.answers import BadRequestError, ForbiddenError
from bridge.tracker.jira.client import Client, Query
from bridge.tracker.jira.issues import FIELDS, mapping, mappings, number, text

PROPERTY = "feedback-bridge"
PAGE = 100
_MOST_PAGES = 1_000
Raw = Mapping[str, Any]


class Search:
    """Searches of one Jira."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def issues(
        self, query: str, *, fields: Sequence[str] = FIELDS, most: int | None = None, properties: bool = False
    ) -> Iterator[Raw]:
        """Yield the issues of a query, all pages or the first `most`."""
        pages = (
            self._by_token(query, fields, most, properties)
            if self._client.is_cloud
            else self._by_number(query, fields, most)
        )
        count = 0
        for page in pages:
            for issue in page:
                if count == most:
                    return
                count += 1
                yield issue

    def marked(self, marker: str) -> list[Raw]:
        """Return the issues that carry a marker, the ones with our property first, each group oldest first.

        A ticket of a project whose screens have no labels carries it in a line of its description.
        """
        found = list(self.issues(jql.with_label(marker), properties=True))
        if not found:
            found = self._in_text(marker)
        if len(found) > 1:
            ours = {text(issue.get("id")): self._is_ours(issue, marker) for issue in found}
            found.sort(key=lambda issue: (not ours[text(issue.get("id"))], number(text(issue.get("id")))))
        return list({text(issue.get("id")): issue for issue in found}.values())

    def by_ids(self, ids: Sequence[str]) -> dict[str, Raw]:
        """Return issues by id, a hundred a call; those that can't be seen are left out."""
        found: dict[str, Raw] = {}
        for at in range(0, len(ids), PAGE):
            chunk = ids[at : at + PAGE]
            found |= self._fetched(chunk) if self._client.is_cloud else self._listed_and_rest(chunk)
        return {one: found[one] for one in ids if one in found}

    def one(self, issue_id: str, fields: Sequence[str] = FIELDS) -> Raw | None:
        """Return one issue past the index, by id or key; None if it can't be seen.

        Data Center says 403 of an issue that is there, and not for us to see.
        """
        try:
            query: Query = {"fields": ",".join(fields)}
            return mapping(
                self._client.read("issue/{id}", issue_id, query=query, needs=("id", "key", "fields"))
            )
        except TrackerGone:
            return None
        except ForbiddenError:
            if self._client.is_cloud:
                raise
            return None

    def _by_token(
        self, query: str, fields: Sequence[str], most: int | None, properties: bool
    ) -> Iterator[list[Raw]]:
        body: dict[str, Any] = {"jql": query, "fields": list(fields), "maxResults": min(most or PAGE, PAGE)}
        if properties:
            body["properties"] = [PROPERTY]
        seen: set[str] = set()
        some = False
        while len(seen) < _MOST_PAGES:
            answer = self._page(body)
            some = some or bool(answer["issues"])
            yield mappings(answer["issues"])
            token = text(answer.get("nextPageToken"))
            if not token or answer.get("isLast") is True:
                return
            if token in seen:
                if some:
                    return  # the same page for ever: what there was is known
                raise TrackerError(
                    "POST search/jql: Jira gives the same empty page for ever; try again later"
                )
            seen.add(token)
            body["nextPageToken"] = token

    def _page(self, body: dict[str, Any]) -> Raw:
        """Return a page; where its token has run out begin again, what comes twice does no harm."""
        try:
            return mapping(self._client.read("search/jql", body=body, needs=("issues",)))
        except BadRequestError:
            if body.pop("nextPageToken", None) is None:
                raise
            return mapping(self._client.read("search/jql", body=body, needs=("issues",)))

    def _by_number(self, query: str, fields: Sequence[str], most: int | None) -> Iterator[list[Raw]]:
        start = 0
        for _ in range(_MOST_PAGES):
            size = min(most or PAGE, PAGE)
            body = {"jql": query, "fields": list(fields), "startAt": start, "maxResults": size}
            answer = mapping(self._client.read("search", body=body, needs=("issues",)))
            page = mappings(answer.get("issues"))
            yield page
            start += len(page)
            total = answer.get("total")
            if not page or (isinstance(total, int) and start >= total):
                return

    def _fetched(self, ids: Sequence[str]) -> dict[str, Raw]:
        body = {"issueIdsOrKeys": list(ids), "fields": list(FIELDS)}
        answer = mapping(self._client.read("issue/bulkfetch", body=body, needs=("issues",)))
        return {text(issue.get("id")): issue for issue in mappings(answer.get("issues"))}

    def _listed_and_rest(self, ids: Sequence[str]) -> dict[str, Raw]:
        """Ask the index, and one by one for those it leaves out: it lags, and hides what is archived."""
        found = self._listed([one for one in ids if one.isascii() and one.isdigit()])
        for one in ids:
            if one not in found and (issue := self.one(one)) is not None:
                found[one] = issue
        return found

    def _listed(self, ids: Sequence[str]) -> dict[str, Raw]:
        """Search by ids; one that doesn't exist may spoil a query, so halves of it are tried."""
        if not ids:
            return {}
        try:
            body = {
                "jql": jql.with_ids(ids),
                "fields": list(FIELDS),
                "maxResults": PAGE,
                "validateQuery": False,
            }
            answer = mapping(self._client.read("search", body=body, needs=("issues",)))
            return {text(issue.get("id")): issue for issue in mappings(answer["issues"])}
        except BadRequestError:
            half = len(ids) // 2
            return self._listed(ids[:half]) | self._listed(ids[half:]) if half else {}

    def _in_text(self, marker: str) -> list[Raw]:
        """Look for the marker in descriptions; a Jira that can't search texts has none there."""
        try:
            found = list(self.issues(jql.with_text(marker), fields=(*FIELDS, "description"), properties=True))
        except BadRequestError:
            return []
        return [one for one in found if marker in json.dumps(mapping(one.get("fields")).get("description"))]

    def _is_ours(self, issue: Raw, marker: str) -> bool:
        """Whether the issue has our property for this marker; a copy that a person made has none."""
        value = property_value(mapping(issue.get("properties")).get(PROPERTY))
        if not value:
            try:
                route = "issue/{id}/properties/{key}"
                stored = mapping(self._client.read(route, text(issue.get("id")), PROPERTY))
            except TrackerGone:
                return False
            value = property_value(stored.get("value"))
        return value.get("marker", marker) == marker if value else False


def property_value(raw: object) -> Raw:
    """Return a property's value, an object; Data Center may show it as the text of one."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            return {}
    return mapping(raw)


def pages(client: Client, route: str, *parts: str, names: Sequence[str], size: int) -> Iterator[Raw]:
    """Yield what a list by number holds; the list is called by the first of these names that is there."""
    start = 0
    for _ in range(_MOST_PAGES):
        answer = mapping(client.read(route, *parts, query={"startAt": start, "maxResults": size}))
        page = next((answer[name] for name in names if isinstance(answer.get(name), list)), None)
        if page is None:
            raise TrackerError(
                f"GET {route}: the answer lacks {names[0]}, so it isn't Jira's; check jira.url"
            )
        yield from mappings(page)
        start += len(page)
        total = answer.get("total")
        if not page or answer.get("isLast") is True or (isinstance(total, int) and start >= total):
            return
