"""The table of topics, and its rows wherever they stand."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from markupsafe import Markup
from sqlmodel import Session

from bridge.models import Ticket
from bridge.report import TopicReport, topic_reports
from bridge.store.counts import topic_sources
from bridge.web.errors import BadQuery
from bridge.web.paging import SIZE, Paging, paging
from bridge.web.query import KINDS, SORTS, STATES, TRENDS, TopicQuery
from bridge.web.sparkline import sparkline
from bridge.web.words import Moment, moment, own_or_safe_link

GROWING: Final = 1.5
"""Share of voice of the last 4 weeks over that of the 8 before, from which a topic is called growing."""

_RECENT = 4  # weeks in which a return is news
_QUIET = 3  # whole calendar-free weeks that a quiet time of 28 days holds at least


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


def topic_list(session: Session, now: datetime, query: TopicQuery, page: int) -> TopicList:
    """Build a page of topics; raises BadQuery for a source that nobody spoke in, NotFound beyond the end."""
    every = topic_reports(session, now)
    sources = topic_sources(session, now)
    chosen = select(every, sources, query)
    place = paging(f"/topics{query.suffix}", page, len(chosen))
    return TopicList(
        rows=[topic_row(report, now) for report in chosen[place.skipped : place.skipped + SIZE]],
        total=len(every),
        query=query,
        paging=place,
        filters=_filters(query, sorted({name for counts in sources.values() for name in counts})),
    )


def chosen_reports(session: Session, now: datetime, query: TopicQuery) -> list[TopicReport]:
    """Return the topics that a query asks for; with an empty query those of `topics list --json`."""
    return select(topic_reports(session, now), topic_sources(session, now), query)


def select(
    reports: Sequence[TopicReport], sources: Mapping[int, Mapping[str, int]], query: TopicQuery
) -> list[TopicReport]:
    """Return the reports that a query lets through, in its order."""
    if query.source:
        known = sorted({name for counts in sources.values() for name in counts})
        if query.source not in known:
            raise BadQuery("source", query.source, known or ["none yet"])
    words = query.q.casefold().split()
    kept = [
        report
        for report in reports
        if query.state in ("", report.topic.state)
        and query.kind in ("", report.topic.kind)
        and (not query.source or query.source in sources.get(report.topic.number, {}))
        and _has_trend(report, query.trend)
        and _has_words(report, words)
    ]
    order = _ORDERS[query.sort]
    return sorted(kept, key=order) if order else kept


def _has_trend(report: TopicReport, trend: str) -> bool:
    match trend:
        case "growing":
            return is_growing(report)
        case "returned":
            return has_returned(report)
        case _:
            return True


def _has_words(report: TopicReport, words: Sequence[str]) -> bool:
    text = " ".join([report.id, report.topic.title, *(term for term, _ in report.topic.keywords)]).casefold()
    return all(word in text for word in words)


_ORDERS: Final[Mapping[str, Callable[[TopicReport], Any] | None]] = {
    "people": None,
    "mentions": lambda report: -report.counts.mentions,
    "growth": lambda report: (not report.trend.burst, -(report.trend.ratio or 0.0)),
    "newest": lambda report: -report.counts.first_seen.timestamp(),
    "latest": lambda report: -report.counts.last_seen.timestamp(),
    "title": lambda report: report.topic.title.casefold(),
}


def is_growing(report: TopicReport) -> bool:
    """Say whether a topic bursts, or has a clearly larger share of what is said than before."""
    return report.trend.burst or (report.trend.ratio or 0.0) >= GROWING


def has_returned(report: TopicReport) -> bool:
    """Say whether a topic came back in the last 4 weeks after its latest quiet time."""
    if not report.recurrence.returns:
        return False
    weeks = report.trend.per_week
    quiet = max(_QUIET, report.recurrence.last_quiet_days // 7 - 1)
    active = [place for place, count in enumerate(weeks) if count]
    before = [-1, *active]
    return any(
        at - earlier - 1 >= min(quiet, at)
        for earlier, at in zip(before, active, strict=False)
        if at >= len(weeks) - _RECENT
    )


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


def _filters(query: TopicQuery, sources: Sequence[str]) -> dict[str, list[Choice]]:
    labels = {"growing": "growing now", "returned": "came back"}
    valid = {"state": STATES, "kind": KINDS, "source": sources, "trend": TRENDS}
    found = {
        name: [
            Choice(value="", label="any", is_chosen=not getattr(query, name)),
            *(Choice(value=v, label=labels.get(v, v), is_chosen=getattr(query, name) == v) for v in values),
        ]
        for name, values in valid.items()
    }
    found["sort"] = [Choice(value=v, label=v, is_chosen=query.sort == v) for v in SORTS]
    return found


def as_csv(reports: Sequence[TopicReport]) -> str:
    """Return topics as CSV with a line of headings; no cell runs as a formula in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for report in reports:
        flat = _flat(report)
        writer.writerow([_inert(flat[name]) for name in _COLUMNS])
    return text.getvalue()


_COLUMNS = (
    *("id", "title", "kind", "state", "reach", "mentions", "first_seen", "last_seen"),
    *("active_weeks", "weeks", "returns", "last_quiet_days"),
    *("ratio", "burst", "per_week", "ticket", "ticket_url"),
)


def _flat(report: TopicReport) -> dict[str, Any]:
    row = report.as_json()
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


def _inert(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.lstrip()[:1] in _FORMULA or value[:1] in "\t\r\n" else value


_FORMULA = frozenset("=+-@＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide forms for formulas too
