"""Topics as people and scripts see them: one shape for the command line, the page, tickets and exports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import Session

from bridge.models import WORKSPACE, EngineState, Ticket, Topic
from bridge.store import counts as counting
from bridge.store import topics as store
from bridge.times import stamp
from topics.similar import nearest
from topics.trend import Recurrence, Trend, recurrence, trend_by_source

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

    @property
    def id(self) -> str:
        """Its name for ever, T-n."""
        return f"T-{self.topic.number}"

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape of `topics list --json`."""
        ticket = self.ticket
        shown = ticket is not None and ticket.key is not None
        return {
            "id": self.id,
            "title": self.topic.title,
            "kind": self.topic.kind,
            "state": self.topic.state,
            "mentions": self.counts.mentions,
            "reach": self.counts.reach,
            "first_seen": stamp(self.counts.first_seen),
            "last_seen": stamp(self.counts.last_seen),
            "recurrence": {
                "active_weeks": self.recurrence.active_weeks,
                "weeks": self.recurrence.weeks,
                "returns": self.recurrence.returns,
                "last_quiet_days": self.recurrence.last_quiet_days,
            },
            "trend": {
                "per_week": list(self.trend.per_week),
                "ratio": None if self.trend.ratio is None else round(self.trend.ratio, 4),
                "burst": self.trend.burst,
            },
            "ticket": {"key": ticket.key, "url": ticket.url} if shown and ticket else None,
        }


def topic_reports(
    session: Session, now: datetime, numbers: Collection[int] | None = None, *, hidden: bool = False
) -> list[TopicReport]:
    """Return the topics that anyone spoke of up to `now`, the widest reach first."""
    wanted = [t for t in store.roots(session, hidden=hidden) if numbers is None or t.number in set(numbers)]
    chosen = None if numbers is None else [t.number for t in wanted]
    counts = counting.topic_counts(session, now, chosen)
    volume = counting.weekly_volume(session, now, WEEKS)
    tickets = store.tickets(session)
    by_number = store.by_number(wanted)
    found = []
    for number, times in counting.mention_times(session, now, chosen):
        topic = by_number.get(number)
        if topic is None:
            continue
        every = [at for said in times.values() for at in said]
        volumes: Mapping[str, list[int]] = {s: volume.get(s, [0] * WEEKS) for s in times}
        found.append(
            TopicReport(
                topic=topic,
                counts=counts[number],
                trend=trend_by_source(times, volume=volumes, now=now, weeks=WEEKS),
                recurrence=recurrence(every, now=now),
                ticket=tickets.get(number),
            )
        )
    return sorted(found, key=lambda r: (-r.counts.reach, -r.counts.mentions, r.topic.number))


def neighbours(session: Session, number: int, top: int = 5) -> list[dict[str, Any]]:
    """Return the topics nearest to one, as `{topic, score}`; score is the cosine of their centres, 0–1."""
    return neighbourhoods(session, top).get(number, [])


def neighbourhoods(session: Session, top: int = 5) -> dict[int, list[dict[str, Any]]]:
    """Return the nearest topics of every topic that has a centre, as `neighbours` gives them."""
    topics = [t for t in store.roots(session) if t.centroid]
    found: dict[int, list[dict[str, Any]]] = {}
    state = session.get(EngineState, WORKSPACE)
    for model in sorted({t.centroid_model for t in topics}):
        same = [t for t in topics if t.centroid_model == model]
        table = np.array([np.frombuffer(t.centroid or b"", "<f4") for t in same], np.float32)
        if state is not None and state.model == model and state.mean:
            mean = np.frombuffer(state.mean, "<f8") / max(state.data.get("seen", 1), 1)
            table = table - mean.astype(np.float32)
        for number, pairs in nearest(table, [t.number for t in same], top=top).items():
            found[number] = [{"topic": f"T-{n}", "score": round(max(score, 0.0), 4)} for n, score in pairs]
    return found


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
    return {
        **found[0].as_json(),
        "confidence": topic.confidence,
        "keywords": [term for term, _ in topic.keywords],
        "nearest": neighbours(session, number),
        "evidence": quotes_as_json(store.evidence(session, [number], now).get(number, [])),
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
