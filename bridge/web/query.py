"""What an address asks for: filters, order and page, read strictly; an unknown value is refused in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args
from urllib.parse import urlencode

from bridge.config.values import Kind
from bridge.web.errors import BadQuery, NotFound

STATES: Final = ("new", "in review", "tracked", "done", "released", "recurred", "dormant", "snoozed")
KINDS: Final = tuple(str(kind) for kind in get_args(Kind))
TRENDS: Final = ("growing", "returned")
SORTS: Final = ("people", "mentions", "growth", "newest", "latest", "title")
"""Orders of topics; the first is the default, and the one of `topics list`."""

_LONGEST_Q = 200
_TOPIC = re.compile(r"[Tt]-([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicQuery:
    """Which topics, in which order; an empty part lets all through."""

    state: str = ""
    kind: str = ""
    source: str = ""
    trend: str = ""
    q: str = ""
    sort: str = SORTS[0]

    @property
    def suffix(self) -> str:
        """The query as it stands in an address, "" if it asks for everything in the default order."""
        parts = {name: getattr(self, name) for name in ("state", "kind", "source", "trend", "q")}
        if self.sort != SORTS[0]:
            parts["sort"] = self.sort
        asked = {name: value for name, value in parts.items() if value}
        return f"?{urlencode(asked)}" if asked else ""

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves topics out."""
        return any((self.state, self.kind, self.source, self.trend, self.q))


def topic_query(params: Mapping[str, str]) -> TopicQuery:
    """Read the query of `/topics`; raises BadQuery."""
    return TopicQuery(
        state=_one_of(params, "state", STATES),
        kind=_one_of(params, "kind", KINDS),
        source=params.get("source", ""),
        trend=_one_of(params, "trend", TRENDS),
        q=words(params.get("q", "")),
        sort=_one_of(params, "sort", SORTS) or SORTS[0],
    )


def _one_of(params: Mapping[str, str], name: str, valid: tuple[str, ...]) -> str:
    value = params.get(name, "")
    if value and value not in valid:
        raise BadQuery(name, value, valid)
    return value


def words(text: str) -> str:
    """Read the words of a search; raises BadQuery."""
    found = " ".join(text.split())
    if len(found) > _LONGEST_Q:
        raise BadQuery("q", found, [f"up to {_LONGEST_Q} characters"])
    return found


def page_number(params: Mapping[str, str]) -> int:
    """Read `page`, from 1; raises BadQuery."""
    value = params.get("page", "1")
    if not re.fullmatch(r"[1-9][0-9]{0,6}", value):
        raise BadQuery("page", value, ["a whole number from 1"])
    return int(value)


def topic_number(name: str) -> int:
    """Read the name of a topic in an address, T-12; raises NotFound."""
    found = _TOPIC.fullmatch(name)
    if found is None:
        raise NotFound(f"{name[:80]!r} is no topic; a topic's name is T-12, say")
    return int(found[1])
