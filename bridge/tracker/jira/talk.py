"""What was said and changed on an issue: comments and history out of Jira's JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.errors import TrackerGone
from bridge.render.format import Format
from bridge.tracker import Comment, Edit
from bridge.tracker.jira.client import Client, Query
from bridge.tracker.jira.issues import mapping, mappings, moment, number, text
from bridge.tracker.jira.search import property_value
from bridge.tracker.jira.site import Account

OP = "feedback-bridge.op"
INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}
"""Keeps a comment from customers, should the issue ever be in a service desk; elsewhere it means nothing."""
PAGE = 100
_MOST_PAGES = 100
_FIELDS = {"summary": "title"}


class Talk:
    """Comments and histories of one Jira's issues. `me` tells which account is ours."""

    def __init__(self, client: Client, me: Callable[[], Account]) -> None:
        self._client = client
        self._me = me

    def comments(self, issue_id: str, fmt: Format) -> list[Comment]:
        """Return the comments, newest first, each with the op of ours that wrote it."""
        found = sorted(self._comments(issue_id), key=lambda one: number(text(one.get("id"))), reverse=True)
        found.sort(key=lambda one: text(one.get("created")), reverse=True)
        return [
            Comment(
                id=text(one.get("id")),
                op=self._op(one),
                text=fmt.plain(one.get("body")),
                at=moment(one.get("created")),
            )
            for one in {text(one.get("id")): one for one in found}.values()
        ]

    def history(self, issue_id: str, since: datetime, names: Mapping[str, str]) -> list[Edit]:
        """Return the changes since a time, oldest first; `names`: ours by a field's id or name, small."""
        raw = self._newest(issue_id, since) if self._client.is_cloud else self._expanded(issue_id)
        dated = [(at, number(text(one.get("id"))), one) for one in raw if (at := moment(one.get("created")))]
        me = self._me() if dated else None
        return [
            Edit(field=name, before=before, after=after, at=at, ours=bool(me and me.made(one.get("author"))))
            for at, _, one in sorted(dated, key=lambda entry: entry[:2])
            if at >= since
            for name, before, after in _items(one, names)
        ]

    def _comments(self, issue_id: str) -> Iterator[Mapping[str, Any]]:
        start = 0
        for _ in range(_MOST_PAGES):
            query: Query = {
                "orderBy": "-created",
                "expand": "properties",
                "startAt": start,
                "maxResults": PAGE,
            }
            answer = mapping(
                self._client.read("issue/{id}/comment", issue_id, query=query, needs=("comments",))
            )
            page = mappings(answer.get("comments"))
            yield from page
            start += len(page)
            total = answer.get("total")
            if not page or not isinstance(total, int) or start >= total:
                return

    def _op(self, comment: Mapping[str, Any]) -> str | None:
        """Return the op out of the list, else by asking for the property of a comment of ours."""
        if "properties" in comment:
            value = next(
                (p.get("value") for p in mappings(comment["properties"]) if p.get("key") == OP), None
            )
        elif self._me().made(comment.get("author")):
            value = self._stored(text(comment.get("id")))
        else:
            value = None
        return text(property_value(value).get("op")) or None

    def _stored(self, comment_id: str) -> object:
        try:
            answer = self._client.read("comment/{id}/properties/{key}", comment_id, OP)
        except TrackerGone:
            return None
        return mapping(answer).get("value")

    def _newest(self, issue_id: str, since: datetime) -> list[Mapping[str, Any]]:
        """Read the changelog from its end, for it starts with the oldest, back to the time."""
        first = self._page(issue_id, 0)
        found = mappings(first.get("values"))
        total = first.get("total")
        end = total if isinstance(total, int) else len(found)
        newer: list[Mapping[str, Any]] = []
        while end > len(found):
            start = max(len(found), end - PAGE)
            page = mappings(self._page(issue_id, start).get("values"))[: end - start]
            newer += page
            oldest = min((at for one in page if (at := moment(one.get("created")))), default=None)
            end = start if page else len(found)
            if oldest and oldest < since:
                return newer
        return [*found, *newer]

    def _page(self, issue_id: str, start: int) -> Mapping[str, Any]:
        query = {"startAt": start, "maxResults": PAGE}
        return mapping(self._client.read("issue/{id}/changelog", issue_id, query=query, needs=("values",)))

    def _expanded(self, issue_id: str) -> list[Mapping[str, Any]]:
        query = {"expand": "changelog", "fields": "updated"}
        answer = mapping(self._client.read("issue/{id}", issue_id, query=query, needs=("changelog",)))
        return mappings(mapping(answer.get("changelog")).get("histories"))


def _items(entry: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for item in mappings(entry.get("items")):
        name = text(item.get("field"))
        before, after = (_shown(item, side) for side in ("from", "to"))
        ours = names.get(text(item.get("fieldId")).casefold()) or names.get(name.casefold())
        yield ours or _FIELDS.get(name, name), before, after


def _shown(item: Mapping[str, Any], side: str) -> str:
    said = item.get(f"{side}String")
    return text(said if said is not None else item.get(side))
