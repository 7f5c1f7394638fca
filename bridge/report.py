"""Topics as people and scripts see them: one shape for the command line, the page, tickets and exports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from bridge.models import WORKSPACE, EngineState, Ticket, Topic
from bridge.store import counts as counting
from bridge.store import figures as figuring
from bridge.store import topics as store
from bridge.store.figures import Figures, Times
from bridge.store.views import Shelved, TicketShort
from bridge.times import stamp
from topics.similar import nearest_units, units
from topics.trend import Recurrence, Trend, trend_of_weeks
from topics.trends import WEEK_US

WEEKS = 26
"""Weeks that a trend shows, back from the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicReport:
    """A topic with its figures up to the clock."""

    topic: Topic
    counts: counting.Counts
    trend: Trend
    recurrence: Recurrence
    ticket: Ticket | None
    sources: frozenset[str] = frozenset()  # that it was spoken of in

    @property
    def id(self) -> str:
        """Its name for ever, T-n."""
        return f"T-{self.topic.number}"

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape of `topics list --json`."""
        counts, again, trend = self.counts, self.recurrence, self.trend
        return shape(
            self.topic,
            self.ticket,
            (counts.mentions, counts.reach, stamp(counts.first_seen), stamp(counts.last_seen)),
            (again.active_weeks, again.weeks, again.returns, again.last_quiet_days),
            (list(trend.per_week), trend.ratio, trend.burst),
        )


def shape(
    topic: Topic | Shelved,
    ticket: Ticket | TicketShort | None,
    counts: tuple[int, int, str, str],
    recurrence: tuple[int, int, int, int],
    trend: tuple[list[int], float | None, bool],
) -> dict[str, Any]:
    """Return the documented shape of a topic in `topics list --json`, from its figures in their order."""
    shown = ticket is not None and ticket.key is not None
    mentions, reach, first, last = counts
    active, weeks, returns, quiet = recurrence
    per_week, ratio, burst = trend
    return {
        "id": f"T-{topic.number}",
        "title": topic.title,
        "kind": topic.kind,
        "state": topic.state,
        "mentions": mentions,
        "reach": reach,
        "first_seen": first,
        "last_seen": last,
        "recurrence": {
            "active_weeks": active,
            "weeks": weeks,
            "returns": returns,
            "last_quiet_days": quiet,
        },
        "trend": {
            "per_week": per_week,
            "ratio": None if ratio is None else round(ratio, 4),
            "burst": burst,
        },
        "ticket": {"key": ticket.key, "url": ticket.url} if shown and ticket else None,
    }


def topic_reports(
    session: Session, now: datetime, numbers: Collection[int] | None = None, *, hidden: bool = False
) -> list[TopicReport]:
    """Return the topics that anyone spoke of up to `now`, the widest reach first."""
    wanted = store.roots(session, hidden=hidden, numbers=numbers)
    chosen = None if numbers is None else [topic.number for topic in wanted]
    found = figuring.figures(session, now, chosen)
    volume = counting.weekly_volume(session, now, WEEKS)
    return reports_of(wanted, found, volume, store.tickets(session, chosen), now)


def reports_of(
    topics: Iterable[Topic],
    found: Mapping[int, Figures],
    volume: Mapping[str, list[int]],
    tickets: Mapping[int, Ticket],
    now: datetime,
) -> list[TopicReport]:
    """Return the reports of topics from their figures and the volume of all sources by week."""
    reports = [
        TopicReport(
            topic=topic,
            counts=figures.counts,
            trend=_trend(figures, volume, now),
            recurrence=_recurrence(figures, now),
            ticket=tickets.get(topic.number),
            sources=frozenset(name for name, _ in figures.sources),
        )
        for topic in topics
        if (figures := found.get(topic.number)) is not None
    ]
    return sorted(reports, key=lambda r: (-r.counts.reach, -r.counts.mentions, r.topic.number))


def _trend(figures: Figures, volume: Mapping[str, list[int]], now: datetime) -> Trend:
    return trend_of_weeks(*by_source_and_week(figures, volume, now), now=now)


def by_source_and_week(
    figures: Figures, volume: Mapping[str, list[int]], now: datetime
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a topic's mentions, and all that is said in its sources, by source and week."""
    counts = [weeks_of(times, now) for times in figures.by_source().values()]
    volumes = [volume.get(name, [0] * WEEKS) for name, _ in figures.sources]
    return np.array(counts), np.array(volumes)


def weeks_of(times: Times, now: datetime) -> NDArray[np.int64]:
    """Count times, in microseconds, in each of the last weeks, oldest first."""
    age = (figuring.micros(now) - times) // WEEK_US
    fit = age[(age >= 0) & (age < WEEKS)]
    return np.bincount(WEEKS - 1 - fit, minlength=WEEKS).astype(np.int64)


def _recurrence(figures: Figures, now: datetime) -> Recurrence:
    ages = (figuring.micros(now) - figures.times) // WEEK_US
    return Recurrence(
        active_weeks=len(np.unique(ages)),
        weeks=int(ages.max()) + 1,
        returns=figures.returns,
        last_quiet_days=figures.last_quiet_days,
    )


def neighbours(session: Session, number: int, top: int = 5) -> list[dict[str, Any]]:
    """Return the topics nearest to one, as `{topic, score}`; score is the cosine of their centres, 0–1."""
    return Map.of(session).neighbours(number, top)


def neighbourhoods(session: Session, top: int = 5) -> dict[int, list[dict[str, Any]]]:
    """Return the nearest topics of every topic that has a centre, as `neighbours` gives them."""
    return Map.of(session).neighbourhoods(top)


@dataclass(frozen=True, slots=True)
class Map:
    """Where all topics lie, seen from the middle of all that was said: by model, numbers and vectors."""

    models: tuple[tuple[tuple[int, ...], NDArray[np.float32]], ...]
    units: tuple[NDArray[np.float32], ...]  # the same at length 1
    read: Any  # what it was made of

    @classmethod
    def of(cls, session: Session, before: Map | None = None) -> Map:
        """Read the centres of the topics that are shown; it is the map `before` if they are the same."""
        centres = store.centres(session)
        state = session.get(EngineState, WORKSPACE)
        read = (centres, state and (state.model, state.mean, state.data.get("seen")))
        if before is not None and before.read == read:
            return before
        found = []
        for model in sorted({centre.model for centre in centres}):
            same = [centre for centre in centres if centre.model == model]
            table = np.frombuffer(b"".join(c.vector for c in same), "<f4").reshape(len(same), -1)
            if state is not None and state.model == model and state.mean:
                mean = np.frombuffer(state.mean, "<f8") / max(state.data.get("seen", 1), 1)
                table = table - mean.astype(np.float32)
            found.append((tuple(centre.number for centre in same), table))
        return cls(tuple(found), tuple(units(table) for _, table in found), read)

    def neighbours(self, number: int, top: int = 5) -> list[dict[str, Any]]:
        """Return the topics nearest to one."""
        for (numbers, _), table in zip(self.models, self.units, strict=True):
            if number in numbers:
                return _as_json(nearest_units(table, numbers, top=top, of=number)[number])
        return []

    def neighbourhoods(self, top: int = 5) -> dict[int, list[dict[str, Any]]]:
        """Return the nearest topics of every topic."""
        return {
            number: _as_json(pairs)
            for (numbers, _), table in zip(self.models, self.units, strict=True)
            for number, pairs in nearest_units(table, numbers, top=top).items()
        }


def _as_json(pairs: Sequence[tuple[int, float]]) -> list[dict[str, Any]]:
    return [{"topic": f"T-{n}", "score": round(max(score, 0.0), 4)} for n, score in pairs]


def quotes_as_json(quotes: list[store.Quote]) -> list[dict[str, Any]]:
    """Return evidence in the documented shape of `topics show --json`."""
    return [
        {
            "quote": q.text,
            "item": q.item,
            "source": q.source,
            "author": q.author,
            "url": q.url,
            "at": stamp(q.said_at),
            "score": round(q.score, 4),
        }
        for q in quotes
    ]


def topic_detail(session: Session, now: datetime, number: int) -> dict[str, Any] | None:
    """Return the documented shape of `topics show --json`, None if nobody has spoken of the topic."""
    found = topic_reports(session, now, [number], hidden=True)
    if not found:
        return None
    topic = found[0].topic
    quotes = store.evidence(session, [number], now).get(number, [])
    return {
        **found[0].as_json(),
        "confidence": topic.confidence,
        "keywords": [term for term, _ in topic.keywords],
        "nearest": neighbours(session, number),
        "evidence": quotes_as_json(quotes),
        "key_quotes": [quote.item for quote in quotes if quote.pinned],
        "history": history(session, topic),
    }


def history(session: Session, topic: Topic) -> list[dict[str, Any]]:
    """Return what happened to a topic, oldest first, as `{at, who, what}`."""
    events = [{"at": stamp(topic.born_at), "who": "bridge", "what": "found"}]
    for decision in store.decisions(session, topic.number):
        other = f" T-{decision.other}" if decision.other else ""
        undone = " (undone)" if decision.undone_at else ""
        events.append(
            {"at": stamp(decision.at), "who": decision.who, "what": f"{decision.verb}{other}{undone}"}
        )
    ticket = store.tickets(session, [topic.number]).get(topic.number)
    if ticket is not None:
        events.append({"at": stamp(ticket.proposed_at), "who": ticket.rule, "what": "proposed a ticket"})
        if ticket.created_at is not None:
            events.append({"at": stamp(ticket.created_at), "who": "bridge", "what": f"created {ticket.key}"})
    return sorted(events, key=lambda event: event["at"])
