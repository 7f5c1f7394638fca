"""The step `plan`: what would change in the tracker, and what waits for a person. Reads only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.decide import Create, Propose, WouldCreate
from bridge.pipeline import noting
from bridge.pipeline.context import Context
from bridge.pipeline.deciding import Decided, type_of
from bridge.pipeline.known import read as known_of
from bridge.pipeline.planner import Planner
from bridge.plan import Asked, Plan
from bridge.render.ticket import summary

if TYPE_CHECKING:
    from bridge.render.format import Format


def make_plan(context: Context, decided: Decided, fmt: Format, *, doubted: bool = False) -> Plan:
    """Say what will change in the tracker, and what waits for a person.

    With `doubted`, effects that are under way are planned as if they were not: that is what they would be
    today, if they had to be sent again.
    """
    with context.database.reading() as session:
        known = known_of(session, context.settings.tracker)
        if doubted:
            known = replace(known, under_way={}, had=frozenset())
        owed = noting.notes(session, context.settings.tracker, known.had, decided.reports)
        notes = noting.due(context, session, owed, known.under_way)
        spoken = frozenset(action.ticket_id or 0 for action in notes if action.effect == "comment")
        actions = [*Planner(context, decided, fmt, session, known, spoken).actions(), *notes]
        refused = noting.refusals(session, actions)
    new = {d.topic for d in decided.decisions if isinstance(d, Create)}
    return Plan(
        actions=tuple(actions),
        proposed=tuple(asked(context, decided, d) for d in decided.decisions if isinstance(d, Propose)),
        shadow=tuple(asked(context, decided, d) for d in decided.decisions if isinstance(d, WouldCreate)),
        waiting=known.waiting,
        needs_person=(*(p for p in known.persons if p.topic not in new or p.key), *refused),
    )


def asked(context: Context, decided: Decided, decision: Propose | WouldCreate | Create) -> Asked:
    """Return what a person is asked about a topic."""
    report = decided.reports[decision.topic]
    type_ = decision.rule.type or type_of(context.settings, report.topic.kind)
    return Asked(decision.topic, type_, summary(report.topic.title, report.id), report.counts.reach)
