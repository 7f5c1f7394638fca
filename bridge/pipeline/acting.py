"""From topics to tickets: the steps `decide`, `plan` and `sync`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bridge.decide import (
    Create,
    Decision,
    Keep,
    Propose,
    TopicView,
    WouldCreate,
    decide,
    rule_for,
    windows,
    within_cap,
)
from bridge.errors import TrackerError
from bridge.models import Ticket, Topic
from bridge.pipeline.context import Context
from bridge.pipeline.saying import snooze_over
from bridge.plan import Action, Change, Draft, Plan, changes
from bridge.render import ticket_body
from bridge.report import TopicReport, neighbours, topic_reports
from bridge.store import counts as counting
from bridge.store import tickets as ticket_store
from bridge.store import topics as store
from bridge.store.audit import record
from bridge.times import stamp
from bridge.tracker import marker
from bridge.tracker.ledger import Ledger

QUOTES = 7
DEFAULT_TYPES = {"problem": "Bug", "request": "Story"}
LOCAL_PROJECT = "FB"


@dataclass(frozen=True, slots=True)
class Decided:
    """What the rules say of all topics, with the reports they were decided on."""

    decisions: tuple[Decision, ...]
    reports: dict[int, TopicReport]


def decide_all(context: Context) -> Decided:
    """Ask the rules about every topic; reads only."""
    with context.database.reading() as session:
        reports = {r.topic.number: r for r in topic_reports(session, context.now, hidden=True)}
        people = {
            days: counting.people_within(session, context.now, days) for days in windows(context.settings)
        }
        sources = counting.topic_sources(session, context.now)
        languages = counting.topic_languages(session, context.now)
        created = ticket_store.created_since(session, context.now)
    views = [
        topic_view(
            report,
            {days: found.get(number, 0) for days, found in people.items()},
            frozenset(sources.get(number, {})),
            frozenset(languages.get(number, {})),
            snoozed=report.topic.state == "snoozed"
            and not snooze_over(report.topic, context.now, report.counts.reach),
        )
        for number, report in reports.items()
    ]
    decisions = [decide(view, context.settings) for view in views]
    cap = context.settings.policy.max_creates_per_day
    return Decided(tuple(within_cap(decisions, created_today=created, cap=cap)), reports)


def topic_view(
    report: TopicReport,
    people: dict[int, int],
    sources: frozenset[str],
    languages: frozenset[str],
    *,
    snoozed: bool = False,
) -> TopicView:
    """Return a topic as the rules see it; `people` are counted by days of their window."""
    topic = report.topic
    words = {word for text in (topic.title, *(term for term, _ in topic.keywords)) for word in text.split()}
    return TopicView(
        number=topic.number,
        title=topic.title,
        kind=topic.kind,
        state=topic.state,
        confidence=topic.confidence,
        reach=report.counts.reach,
        people_within=people,
        sources=sources,
        languages=languages,
        words=frozenset(word.casefold() for word in words),
        ticket_state=report.ticket.state if report.ticket else None,
        snoozed=snoozed,
        born_cold=topic.born_cold,
    )


def ticket_place(context: Context, number: int) -> dict[str, str]:
    """Return tracker, project and type that a ticket of a topic gets by the rules."""
    with context.database.reading() as session:
        found = topic_reports(session, context.now, [number], hidden=True)
        sources = counting.topic_sources(session, context.now, [number])
        languages = counting.topic_languages(session, context.now, [number])
    place = {"tracker": context.settings.tracker, "project": LOCAL_PROJECT, "type_": "Task"}
    if not found:
        return place
    own = frozenset(sources.get(number, {})), frozenset(languages.get(number, {}))
    rule = rule_for(topic_view(found[0], {}, *own), context.settings)
    type_ = rule.type or DEFAULT_TYPES.get(found[0].topic.kind, "Task")
    return {**place, "project": rule.project or LOCAL_PROJECT, "type_": type_}


def store_decisions(context: Context, decided: Decided) -> dict[str, int]:
    """Store proposals and approvals by policy; nothing is sent."""
    proposed = [d for d in decided.decisions if isinstance(d, Propose)]
    created = [d for d in decided.decisions if isinstance(d, Create)]
    shadow = [d for d in decided.decisions if isinstance(d, WouldCreate)]
    stale: set[int] = set()
    with context.database.writing() as session:
        present = store.tickets(session)
        wanted: list[Propose | Create] = [*proposed, *created]
        for decision in wanted:
            if decision.topic in present:
                continue
            topic = store.topic(session, decision.topic)
            if topic is None or not _as_decided_on(topic, decided.reports[decision.topic].topic):
                stale.add(decision.topic)
                continue
            project = decision.rule.project or LOCAL_PROJECT
            session.add(
                Ticket(
                    topic=decision.topic,
                    state="proposed" if isinstance(decision, Propose) else "approved",
                    tracker=context.settings.tracker,
                    project=project,
                    type=decision.rule.type or DEFAULT_TYPES.get(topic.kind, "Task"),
                    marker=marker("1", project, decision.topic),
                    title=topic.title,
                    rule=decision.rule.name,
                    reason=decision.reason,
                    proposed_at=context.now,
                )
            )
            topic.state, topic.state_before = "in review", None
            verb = "propose" if isinstance(decision, Propose) else "approve by policy"
            record(session, context.now, "bridge", verb, f"T-{decision.topic}", {"rule": decision.rule.name})
    return {
        "proposed": sum(d.topic not in stale for d in proposed),
        "to create": sum(d.topic not in stale for d in created),
        "shadow": len(shadow),
    }


def _as_decided_on(now: Topic, then: Topic) -> bool:
    """Whether a person has left a topic's state alone since the rules were asked about it."""
    names = ("root", "state", "state_until", "state_until_reach")
    return all(getattr(now, name) == getattr(then, name) for name in names)


def make_plan(context: Context, decided: Decided) -> Plan:
    """Say what will change in the tracker, and what waits for a person."""
    with context.database.reading() as session:
        tickets = store.tickets(session)
        under_way = ticket_store.with_open_creates(session)
    chosen = [d for d in decided.decisions if isinstance(d, Create | Keep | Propose | WouldCreate)]
    drafts = _drafts(context, decided, [d.topic for d in chosen], tickets)
    actions = []
    for decision in chosen:
        ticket, draft = tickets.get(decision.topic), drafts[decision.topic]
        people = decided.reports[decision.topic].counts.reach
        if isinstance(decision, Create) and (ticket is None or ticket.id not in under_way):
            changed = changes({}, draft.fields)
            actions.append(_action("create", ticket, draft, changed, people))
        elif isinstance(decision, Keep) and ticket is not None:
            changed = changes(ticket.reported, {**draft.fields, "title": draft.title})
            if changed:
                actions.append(_action("update", ticket, draft, changed, people))
    return Plan(
        actions=tuple(actions),
        proposed=tuple(drafts[d.topic] for d in chosen if isinstance(d, Propose)),
        shadow=tuple(drafts[d.topic] for d in chosen if isinstance(d, WouldCreate)),
        waiting=sum(ticket.state == "proposed" for ticket in tickets.values()),
    )


def _action(
    effect: Literal["create", "update"],
    ticket: Ticket | None,
    draft: Draft,
    changed: tuple[Change, ...],
    people: int,
) -> Action:
    return Action(
        effect=effect,
        topic=draft.topic,
        ticket_id=ticket.id if ticket else None,
        key=ticket.key if ticket else None,
        draft=draft,
        changes=changed,
        people=people,
    )


def _drafts(
    context: Context, decided: Decided, numbers: Sequence[int], tickets: dict[int, Ticket]
) -> dict[int, Draft]:
    rules = {d.topic: d.rule for d in decided.decisions if isinstance(d, Create | Propose | WouldCreate)}
    with context.database.reading() as session:
        quotes = store.evidence(session, numbers, context.now)
        sources = counting.topic_sources(session, context.now, numbers)
        kinds = counting.topic_kinds(session, context.now, numbers)
        similar = {number: neighbours(session, number, 3) for number in numbers}
    found = {}
    for number in numbers:
        report, ticket, rule = decided.reports[number], tickets.get(number), rules.get(number)
        shown = quotes.get(number, [])[:QUOTES]
        found[number] = Draft(
            topic=number,
            project=ticket.project if ticket else (rule.project if rule else "") or LOCAL_PROJECT,
            type=ticket.type
            if ticket
            else (rule.type if rule else "") or DEFAULT_TYPES.get(report.topic.kind, "Task"),
            title=report.topic.title,
            body=ticket_body(
                report,
                shown,
                sources=sources.get(number, {}),
                kinds=kinds.get(number, {}),
                similar=similar[number],
            ),
            fields={
                "reach": report.counts.reach,
                "mentions": report.counts.mentions,
                "last_seen": stamp(report.counts.last_seen),
                "evidence": [quote.statement_id for quote in shown],
            },
        )
    return found


def apply_plan(context: Context, plan: Plan, errors: list[str] | None = None) -> dict[str, int]:
    """Send what the plan says, each effect once; what an earlier run left open is settled first.

    What the tracker refuses holds nothing else up. Each refusal is added to `errors`; without such a list,
    all are raised as one `TrackerError` when the rest is done.
    """
    ledger = Ledger(context.database, context.tracker(), lambda: context.now)
    with context.database.reading() as session:
        tickets = store.tickets(session)
    drafts = {a.ticket_id: a.draft for a in plan.actions if a.ticket_id is not None}
    settled = ledger.settle(drafts | _drafts_of_open(context, tickets))
    done = {"settled": len(settled), "created": 0, "updated": 0}
    names = {"create": "created", "update": "updated"}
    for number, action in enumerate(plan.actions, 1):
        ticket = tickets.get(action.topic)
        if ticket is not None and ticket.id is not None and ticket.id not in settled:
            done[names[action.effect]] += ledger.perform(action, ticket.id)
        context.progress.step("sync", number, len(plan.actions))
    if errors is None and ledger.errors:
        raise TrackerError("; ".join(ledger.errors))
    if errors is not None:
        errors += ledger.errors
    return {**done, "failed": len(ledger.errors)}


def _drafts_of_open(context: Context, tickets: dict[int, Ticket]) -> dict[int, Draft]:
    """Return what the tickets with an effect under way say today."""
    with context.database.reading() as session:
        under_way = ticket_store.with_open_creates(session)
    numbers = [number for number, ticket in tickets.items() if ticket.id in under_way]
    if not numbers:
        return {}
    decided = decide_all(context)
    drafts = _drafts(context, decided, [n for n in numbers if n in decided.reports], tickets)
    return {tickets[number].id or 0: draft for number, draft in drafts.items()}
