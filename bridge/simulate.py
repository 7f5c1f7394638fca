"""Rules on one's own past: which topics would have met them, and on which day first."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from bridge.decide import Create, Propose, WouldCreate, decide, windows
from bridge.pipeline.context import Context
from bridge.pipeline.deciding import decide_all, topic_view
from bridge.store import counts as counting


def simulate(context: Context, days: int) -> list[dict[str, Any]]:
    """Return, for each topic that would have become a ticket in the last days, the first such day and why.

    People are counted as of each day; kind, confidence and title are today's. Tickets, snoozes and rejections
    are left aside: the question is what the rules alone would have said.
    """
    decided = decide_all(context)
    first: dict[int, dict[str, Any]] = {}
    for ago in range(days, -1, -1):
        day = context.now - timedelta(days=ago)
        with context.database.reading() as session:
            people = {w: counting.people_within(session, day, w) for w in windows(context.settings)}
            sources = counting.topic_sources(session, day)
            languages = counting.topic_languages(session, day)
        for number, report in decided.reports.items():
            if number in first or report.topic.state == "ignored":
                continue
            view = topic_view(
                report,
                {window: found.get(number, 0) for window, found in people.items()},
                frozenset(sources.get(number, {})),
                frozenset(languages.get(number, {})),
            )
            decision = decide(
                dataclasses.replace(view, ticket_state=None, snoozed=False, state="new"), context.settings
            )
            if isinstance(decision, Propose | WouldCreate | Create):
                first[number] = {
                    "day": f"{day:%Y-%m-%d}",
                    "topic": f"T-{number}",
                    "title": report.topic.title,
                    "rule": decision.rule.name,
                    "mode": decision.rule.mode,
                    "why": decision.reason,
                }
    return sorted(first.values(), key=lambda row: (row["day"], row["topic"]))
