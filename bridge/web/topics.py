"""The table of topics, and its rows wherever they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

import numpy as np
from markupsafe import Markup

from bridge.models import Ticket
from bridge.report import TopicReport
from bridge.store.views import GROWING, Shelf, Shelved, came_back
from bridge.web.errors import BadQuery
from bridge.web.paging import SIZE, Paging, paging
from bridge.web.query import KINDS, SORTS, STATES, TRENDS, TopicQuery
from bridge.web.sparkline import sparkline
from bridge.web.twins import csv_text
from bridge.web.words import Moment, moment, own_or_safe_link


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLink:
    """A topic's ticket in few words."""

    key: str | None
    state: str
    href: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRow:
    """A topic in a list."""

    id: str
    title: str
    kind: str
    state: str
    people: int
    mentions: int
    spark: Markup
    is_bursting: bool
    is_growing: bool
    has_returned: bool
    ratio: str | None
    first_seen: Moment
    last_seen: Moment
    ticket: TicketLink | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a filter."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicList:
    """The page of all topics."""

    template: ClassVar[str] = "topics.html"
    title: str = "Topics"
    rows: list[TopicRow]
    total: int
    query: TopicQuery
    paging: Paging
    filters: dict[str, list[Choice]]


def topic_list(shelf: Shelf, now: datetime, query: TopicQuery, page: int) -> TopicList:
    """Build a page of topics; raises BadQuery for a source that nobody spoke in, NotFound beyond the end."""
    chosen = select(shelf, query)
    place = paging(f"/topics{query.suffix}", page, len(chosen))
    return TopicList(
        rows=[shelf_row(shelf, topic, now) for topic in chosen[place.skipped : place.skipped + SIZE]],
        total=len(shelf.topics),
        query=query,
        paging=place,
        filters=_filters(shelf, query),
    )


def select(shelf: Shelf, query: TopicQuery) -> list[Shelved]:
    """Return the topics that a query lets through, in its order."""
    if query.source and query.source not in shelf.sources:
        raise BadQuery("source", query.source, shelf.sources or ["none yet"])
    words = query.q.casefold().split()
    kept = [
        topic
        for topic in shelf.topics
        if query.state in ("", topic.state)
        and query.kind in ("", topic.kind)
        and (not query.source or any(query.source == name for name, _ in topic.figures.sources))
        and _has_trend(shelf, topic, query.trend)
        and _has_words(topic, words)
    ]
    return sorted(kept, key=_ORDERS[query.sort](shelf)) if query.sort != SORTS[0] else kept


def _has_trend(shelf: Shelf, topic: Shelved, trend: str) -> bool:
    match trend:
        case "growing":
            return topic.number in shelf.growing
        case "returned":
            return topic.number in shelf.returned
        case _:
            return True


def _has_words(topic: Shelved, words: Sequence[str]) -> bool:
    text = " ".join([f"T-{topic.number}", topic.title, *topic.keywords]).casefold()
    return all(word in text for word in words)


_ORDERS: Final[Mapping[str, Callable[[Shelf], Callable[[Shelved], Any]]]] = {
    "mentions": lambda _: lambda topic: -topic.figures.mentions,
    "growth": lambda shelf: lambda topic: shelf.growth[topic.number],
    "newest": lambda _: lambda topic: -int(topic.figures.times.min()),
    "latest": lambda _: lambda topic: -int(topic.figures.times.max()),
    "title": lambda _: lambda topic: topic.title.casefold(),
}


def shelf_row(shelf: Shelf, topic: Shelved, now: datetime) -> TopicRow:
    """Return a topic of the shelf as a list shows it."""
    place = shelf.place[topic.number]
    ratio, ticket = shelf.moving.ratio[place], topic.ticket
    counts = topic.figures.counts
    return TopicRow(
        id=f"T-{topic.number}",
        title=topic.title or "(no title yet)",
        kind=topic.kind,
        state=topic.state,
        people=counts.reach,
        mentions=counts.mentions,
        spark=sparkline(shelf.moving.per_week[place].tolist()),
        is_bursting=bool(shelf.moving.burst[place]),
        is_growing=topic.number in shelf.growing,
        has_returned=topic.number in shelf.returned,
        ratio=None if ratio is None else f"×{ratio:.1f}",
        first_seen=moment(counts.first_seen, now),
        last_seen=moment(counts.last_seen, now),
        ticket=None
        if ticket is None
        else TicketLink(key=ticket.key, state=ticket.state, href=own_or_safe_link(ticket.url)),
    )


def is_growing(report: TopicReport) -> bool:
    """Say whether a topic bursts, or has a clearly larger share of what is said than before."""
    return report.trend.burst or (report.trend.ratio or 0.0) >= GROWING


def has_returned(report: TopicReport) -> bool:
    """Say whether a topic came back in the last 4 weeks after its latest quiet time."""
    weeks, quiet = np.array([report.trend.per_week]), np.array([report.recurrence.last_quiet_days])
    return bool(report.recurrence.returns) and bool(came_back(weeks, quiet)[0])


def topic_row(report: TopicReport, now: datetime) -> TopicRow:
    """Return a topic as a list shows it."""
    ratio = report.trend.ratio
    return TopicRow(
        id=report.id,
        title=report.topic.title or "(no title yet)",
        kind=report.topic.kind,
        state=report.topic.state,
        people=report.counts.reach,
        mentions=report.counts.mentions,
        spark=sparkline(report.trend.per_week),
        is_bursting=report.trend.burst,
        is_growing=is_growing(report),
        has_returned=has_returned(report),
        ratio=None if ratio is None else f"×{ratio:.1f}",
        first_seen=moment(report.counts.first_seen, now),
        last_seen=moment(report.counts.last_seen, now),
        ticket=ticket_link(report.ticket),
    )


def ticket_link(ticket: Ticket | None) -> TicketLink | None:
    """Return a ticket in few words, None if there is none."""
    if ticket is None:
        return None
    return TicketLink(key=ticket.key, state=ticket.state, href=own_or_safe_link(ticket.url))


def _filters(shelf: Shelf, query: TopicQuery) -> dict[str, list[Choice]]:
    """Return the values of each part of the query; each says how many topics it would leave."""
    valid = {"state": STATES, "kind": KINDS, "source": shelf.sources, "trend": TRENDS}
    found = {name: _facet(shelf, query, name, values) for name, values in valid.items()}
    found["sort"] = [Choice(value=v, label=v, is_chosen=query.sort == v) for v in SORTS]
    return found


def _facet(shelf: Shelf, query: TopicQuery, name: str, values: Sequence[str]) -> list[Choice]:
    asked = getattr(query, name)
    fitting = select(shelf, replace(query, sort=SORTS[0], **{name: ""}))
    counts = Counter(value for topic in fitting for value in _values(shelf, topic, name))
    return [
        Choice(value="", label=f"any ({len(fitting):,})", is_chosen=not asked),
        *(
            Choice(value=v, label=f"{_LABELS.get(v, v)} ({counts[v]:,})", is_chosen=asked == v)
            for v in values
        ),
    ]


def _values(shelf: Shelf, topic: Shelved, name: str) -> list[str]:
    """Return what a topic is, of a part of the query."""
    match name:
        case "source":
            return [source for source, _ in topic.figures.sources]
        case "trend":
            return [trend for trend in TRENDS if _has_trend(shelf, topic, trend)]
        case _:
            return [str(getattr(topic, name))]


_LABELS: Final = {"growing": "growing now", "returned": "came back"}


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return topics as CSV with a line of headings; no cell runs as a formula in a spreadsheet.

    `rows` are in the shape of `topics list --json`.
    """
    return csv_text(_COLUMNS, [_flat(row) for row in rows])


_COLUMNS = (
    *("id", "title", "kind", "state", "reach", "mentions", "first_seen", "last_seen"),
    *("active_weeks", "weeks", "returns", "last_quiet_days"),
    *("ratio", "burst", "per_week", "ticket", "ticket_url"),
)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    ticket = row["ticket"] or {}
    return {
        **row,
        **row["recurrence"],
        "ratio": row["trend"]["ratio"],
        "burst": "yes" if row["trend"]["burst"] else "no",
        "per_week": " ".join(map(str, row["trend"]["per_week"])),
        "ticket": ticket.get("key"),
        "ticket_url": ticket.get("url"),
    }
