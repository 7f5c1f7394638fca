"""From topics to proposals: the step `decide`, and what the rules say of all topics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.decide import (
    AppliedRule,
    Create,
    Decision,
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
from bridge.privacy import outward
from bridge.report import TopicReport, topic_reports
from bridge.store import counts as counting
from bridge.store import tickets as ticket_store
from bridge.store import topics as store
from bridge.store.audit import record

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.config.model import Settings

DEFAULT_TYPES = {"problem": "Bug", "request": "Story"}
LOCAL_PROJECT = "FB"
ALIKE = 3  # issues that people made, told beside a proposal
FEW = 400  # topics whose people are counted one by one; of more, all are counted with one look
FEW_WORDS = 2  # of a title: fewer are found everywhere
_WORD = re.compile(r"[^\W_]{2,}")


@dataclass(frozen=True, slots=True)
class Decided:
    """What the rules say of all topics, with the reports they were decided on."""

    decisions: tuple[Decision, ...]
    reports: dict[int, TopicReport]
    rules: dict[int, AppliedRule]  # what each topic falls under


def decide_all(context: Context) -> Decided:
    """Ask the rules about every topic; reads only."""
    with context.database.reading() as session:
        reports = {r.topic.number: r for r in topic_reports(session, context.now, hidden=True)}
        open_ = [number for number, report in reports.items() if report.ticket is None]
        people = {
            days: counting.people_within(session, context.now, days, open_ if len(open_) <= FEW else None)
            for days in windows(context.settings)
        }
        languages = _languages(session, context)
        created = ticket_store.created_since(session, context.now)
    views = [
        topic_view(
            report,
            {days: found.get(number, 0) for days, found in people.items()},
            report.sources,
            frozenset(languages.get(number, {})),
            snoozed=report.topic.state == "snoozed"
            and not snooze_over(report.topic, context.now, report.counts.reach),
        )
        for number, report in reports.items()
    ]
    decisions = [decide(view, context.settings) for view in views]
    cap = context.settings.policy.max_creates_per_day
    rules = {view.number: rule_for(view, context.settings) for view in views}
    return Decided(tuple(within_cap(decisions, created_today=created, cap=cap)), reports, rules)


def _languages(session: Session, context: Context) -> dict[int, dict[str, int]]:
    """Return the mentions of each topic by language, nothing when no rule asks for it: all items are read."""
    if not any(rule.when.languages for rule in context.settings.rules):
        return {}
    return counting.topic_languages(session, context.now)


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
        has_subject=store.has_subject(topic.title, topic.title_by),
    )


def ticket_place(context: Context, number: int) -> dict[str, str]:
    """Return tracker, project and type that a ticket of a topic gets by the rules."""
    return ticket_places(context, [number])[number]


def ticket_places(context: Context, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return tracker, project and type that tickets of these topics get by the rules, by topic."""
    settings = context.settings
    with context.database.reading() as session:
        found = topic_reports(session, context.now, numbers, hidden=True)
        sources = counting.topic_sources(session, context.now, numbers)
        languages = counting.topic_languages(session, context.now, numbers)
    home = {"tracker": settings.tracker, "project": home_project(settings), "type_": "Task"}
    places = dict.fromkeys(numbers, home)
    for report in found:
        number, kind = report.topic.number, report.topic.kind
        own = frozenset(sources.get(number, {})), frozenset(languages.get(number, {}))
        rule = rule_for(topic_view(report, {}, *own), settings)
        type_ = rule.type or type_of(settings, kind)
        places[number] = {**home, "project": rule.project or home["project"], "type_": type_}
    return places


def home_project(settings: Settings) -> str:
    """Return the project of tickets that no rule sends elsewhere."""
    return (settings.jira.project if settings.tracker == "jira" else "") or LOCAL_PROJECT


def type_of(settings: Settings, kind: str) -> str:
    """Return the name of the issue type for a kind of topic."""
    chosen = getattr(settings.jira.types, kind, "") if settings.tracker == "jira" else ""
    return chosen or DEFAULT_TYPES.get(kind, "Task")


def store_decisions(context: Context, decided: Decided) -> dict[str, int]:
    """Store proposals and approvals by policy; nothing is sent."""
    proposed = [d for d in decided.decisions if isinstance(d, Propose)]
    created = [d for d in decided.decisions if isinstance(d, Create)]
    shadow = [d for d in decided.decisions if isinstance(d, WouldCreate)]
    stale: set[int] = set()
    alike = _alike(context, [*proposed, *created])
    with context.database.writing() as session:
        _send_elsewhere(session, context, decided)
        present = store.tickets(session)
        wanted: list[Propose | Create] = [*proposed, *created]
        for decision in wanted:
            if decision.topic in present:
                continue
            topic = store.topic(session, decision.topic)
            if topic is None or not _as_decided_on(topic, decided.reports[decision.topic].topic):
                stale.add(decision.topic)
                continue
            project = decision.rule.project or home_project(context.settings)
            there = alike.get(decision.topic, [])
            asked = isinstance(decision, Propose) or bool(there)
            session.add(
                Ticket(
                    topic=decision.topic,
                    state="proposed" if asked else "approved",
                    tracker=context.settings.tracker,
                    project=project,
                    type=decision.rule.type or type_of(context.settings, topic.kind),
                    marker=ticket_store.free_marker(session, project, decision.topic),
                    title=topic.title,
                    rule=decision.rule.name,
                    reason=decision.reason + _there_already(there),
                    alike=there,
                    proposed_at=context.now,
                )
            )
            topic.state, topic.state_before = "in review", None
            verb = "propose" if asked else "approve by policy"
            record(session, context.now, "bridge", verb, f"T-{decision.topic}", {"rule": decision.rule.name})
    return {
        "proposed": sum(d.topic not in stale for d in proposed),
        "to create": sum(d.topic not in stale for d in created),
        "shadow": len(shadow),
    }


def waiting(context: Context) -> set[int]:
    """Return the topics whose ticket waits for a person."""
    with context.database.reading() as session:
        return {number for number, ticket in store.tickets(session).items() if ticket.state == "proposed"}


def _send_elsewhere(session: Session, context: Context, decided: Decided) -> None:
    """Mean tickets that were never sent for the tracker and the project of today's settings."""
    tracker = context.settings.tracker
    for ticket in ticket_store.not_sent(session):
        report, rule = decided.reports.get(ticket.topic), decided.rules.get(ticket.topic)
        if report is None or rule is None:
            continue
        project = rule.project or home_project(context.settings)
        if (ticket.tracker, ticket.project) == (tracker, project):
            continue
        ticket.tracker, ticket.project = tracker, project
        ticket.type = rule.type or type_of(context.settings, report.topic.kind)
        ticket.marker = ticket_store.free_marker(session, project, ticket.topic)
        ticket_store.forget_refused(session, ticket.id or 0)


def _alike(context: Context, decisions: Sequence[Propose | Create]) -> dict[int, list[dict[str, str]]]:
    """Look for issues that people made of the same, before a ticket is proposed; by topic.

    Where the tracker can't be asked now, nothing is found: that holds no proposal up.
    """
    if context.settings.tracker == "local" or not decisions:
        return {}
    with context.database.reading() as session:
        present = store.tickets(session)
        titles = {topic.number: topic.title for topic in store.roots(session)}
    tracker = context.tracker()
    found: dict[int, list[dict[str, str]]] = {}
    for decision in decisions:
        words = _WORD.findall(titles.get(decision.topic, ""))
        if decision.topic in present or len(words) < FEW_WORDS:
            continue
        project = decision.rule.project or home_project(context.settings)
        try:
            hits = tracker.alike(project, words, ALIKE)
        except TrackerError:
            return found
        theirs = [hit for hit in hits if not any(label.startswith("fbb-") for label in hit.labels)]
        found[decision.topic] = [{"key": hit.key, "title": outward(hit.title)} for hit in theirs]
    return found


def _there_already(alike: Sequence[Mapping[str, str]]) -> str:
    if not alike:
        return ""
    named = ", ".join(f"{hit['key']} “{hit['title']}”" for hit in alike)
    return f"; perhaps there already: {named}"


def _as_decided_on(now: Topic, then: Topic) -> bool:
    """Whether a person has left a topic's state alone since the rules were asked about it."""
    names = ("root", "state", "state_until", "state_until_reach")
    return all(getattr(now, name) == getattr(then, name) for name in names)
