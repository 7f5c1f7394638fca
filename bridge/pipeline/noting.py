"""What is said on issues, and about which issues a person must be asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Decision, Intent, Mirror, Ticket, Topic
from bridge.plan import Action, Note, Person, Plan
from bridge.render.ticket import ItemText, NoteText
from bridge.standing import Habits, Standing, habits_of
from bridge.store import tickets as ticket_store
from bridge.store import topics as store

if TYPE_CHECKING:
    from bridge.pipeline.context import Context
    from bridge.report import TopicReport

EVIDENCE = "evidence"
"""Key of the first writing of a ticket's one evidence comment."""

OWED = "owed"
"""Where `Mirror.written` keeps the name of a note that is still to be made."""

NAMED = 5  # items that a note names


def values(
    report: TopicReport, ticket: Ticket, mirror: Mirror, quotes: Sequence[store.Quote], more: int
) -> NoteText:
    """Return what the template of a note is told; `more` people spoke since the last word on it."""
    since = mirror.commented_at or ticket.created_at
    latest = sorted(quotes, key=lambda quote: quote.said_at, reverse=True)[:NAMED]
    return NoteText(
        topic=report.id,
        title=report.topic.title,
        reach=report.counts.reach,
        mentions=report.counts.mentions,
        new_people=max(more, 0),
        since=since.date() if since else None,
        quiet_days=report.recurrence.last_quiet_days or 0,
        items=tuple(ItemText(name=f"{q.source} {q.item}", url=q.url) for q in latest),
        key=ticket.key,
        status=mirror.resolution or mirror.status or None,
    )


def standing(report: TopicReport, ticket: Ticket, mirror: Mirror) -> Standing:
    """Return a ticket as the rules about standing ones see it, without those who spoke since a fix."""
    baseline = ticket.baseline or {}
    return Standing(
        reach=report.counts.reach,
        reach_told=max(mirror.commented_reach or 0, int(baseline.get("reach", 0))) or report.counts.reach,
        recurrence=report.recurrence.returns,
        recurrence_told=int(
            (mirror.written or {}).get("recurrence", baseline.get("recurrence", report.recurrence.returns))
        ),
        burst=report.trend.burst,
        commented_at=mirror.commented_at or ticket.created_at,  # the issue itself was the first word
        done_at=mirror.done_at,
        released_at=mirror.released_at,
        has_versions=bool(mirror.versions),
        resolution=mirror.resolution,
        status=mirror.status,
        closed_as_copy=mirror.copy_of is not None,
        moved_at=mirror.moved_at,
    )


def with_people(view: Standing, *, since: int, needed: int, at_end: int) -> Standing:
    """Return the same with those who spoke since the fix."""
    return dataclasses.replace(view, people_since=since, people_needed=needed, reach_at_end=at_end)


def habits_for(context: Context, ticket: Ticket) -> Habits:
    """Return the habits of a ticket's project."""
    return habits_of(context.settings, ticket.project)


def evidence_comment_due(ticket: Ticket, mirror: Mirror, habits: Habits, now: datetime) -> bool:
    """Whether our one evidence comment is to be written: the description is people's, and it isn't there."""
    if mirror.evidence_comment is not None or EVIDENCE in (mirror.theirs or []):
        return False
    if not ticket.adopted and "description" not in (mirror.theirs or []):
        return False
    return not too_soon(mirror, habits, now)


def too_soon(mirror: Mirror | None, habits: Habits, now: datetime) -> bool:
    """Whether our last comment on an issue is so fresh that no other may follow."""
    return is_fresh(mirror.commented_at if mirror else None, habits, now)


def is_fresh(last: datetime | None, habits: Habits, now: datetime) -> bool:
    """Whether a comment of that time allows no other yet."""
    return last is not None and now - last < habits.comment_every


def due(
    context: Context, session: Session, owed: Sequence[Action], under_way: Collection[int]
) -> list[Action]:
    """Return which of these notes and links may be had now: one comment on an issue, and none too soon."""
    found: list[Action] = []
    spoken: set[int] = set()
    for action in owed:
        ticket_id = action.ticket_id or 0
        if ticket_id in under_way:
            continue
        if action.effect == "comment":
            habits = habits_of(context.settings, action.project)
            if ticket_id in spoken or too_soon(session.get(Mirror, ticket_id), habits, context.now):
                continue
            spoken.add(ticket_id)
        found.append(action)
    return found


def notes(
    session: Session, tracker: str, had: Collection[tuple[int, str]], reports: Mapping[int, TopicReport]
) -> list[Action]:
    """Return the notes that merges and splits of topics still owe to the issues of both."""
    found: list[Action] = []
    decisions = session.exec(
        select(Decision)
        .where(
            Decision.workspace_id == WORKSPACE,
            col(Decision.verb).in_(("merge", "split")),
            col(Decision.undone_at).is_(None),
        )
        .order_by(col(Decision.id))
    ).all()
    if not decisions:
        return []
    topics = {topic.number: topic for topic in session.exec(select(Topic))}
    tickets = _open_ones(session, tracker, topics)
    for decision in decisions:
        for one, other in _pairs(decision):
            found += _of_pair(decision, (one, other), tickets, _Told(topics, reports))
    return [action for action in found if (action.ticket_id, action.op_key) not in had]


def _open_ones(session: Session, tracker: str, topics: Mapping[int, Topic]) -> dict[int, Ticket]:
    """Return each topic's latest open ticket, if its issue can be written to and nobody has hidden it."""
    found: dict[int, Ticket] = {}
    for ticket in ticket_store.with_issue(session, tracker):
        topic = topics.get(ticket.topic)
        root = topics.get(topic.root) if topic else None
        mirror = session.get(Mirror, ticket.id)
        reachable = mirror is None or (mirror.gone_at is None and not mirror.archived)
        shown = root is not None and root.state != "ignored"
        if ticket.state == "open" and ticket.also_of is None and reachable and shown:
            found[ticket.topic] = ticket
    return found


def _pairs(decision: Decision) -> Iterator[tuple[int, int]]:
    if decision.verb == "merge":
        if decision.other:
            yield decision.topic, decision.other
        return
    made = [int(n) for n, before in (decision.before or {}).get("topic", {}).items() if before is None]
    for number in made:
        yield decision.topic, number


def _of_pair(
    decision: Decision, pair: tuple[int, int], tickets: Mapping[int, Ticket], known: _Told
) -> Iterator[Action]:
    """Yield a note on the issue of each of two topics that had one when this was decided, and their link."""
    one, other = pair
    ours = {n: tickets.get(n) for n in (one, other)}
    verb = "merged" if decision.verb == "merge" else "split"
    for number, ticket in ours.items():
        counterpart = ours[other if number == one else one]
        late = verb == "merged" and ticket is not None and (ticket.created_at or decision.at) > decision.at
        if ticket is None or late:
            continue
        told = known.of(one, other, counterpart.key if counterpart else None)
        why, key = f"T-{one} was {verb}: T-{other}", f"{verb} T-{one} T-{other} {decision.id}"
        yield _action("comment", ticket, number, why, op_key=key, note=Note(verb, told), people=told.reach)
        if number == one and counterpart is not None and counterpart.remote_id:
            other_id = counterpart.remote_id
            yield _action("link", ticket, number, why, op_key=f"join {other_id}", other=other_id)


@dataclasses.dataclass(frozen=True, slots=True)
class _Told:
    """What a note on two topics is told."""

    topics: Mapping[int, Topic]
    reports: Mapping[int, TopicReport]

    def of(self, one: int, other: int, key: str | None) -> NoteText:
        """Return it, with the figures of what the first has become."""
        first, second = self.topics.get(one), self.topics.get(other)
        report = self.reports.get(first.root if first else one)
        return NoteText(
            topic=f"T-{one}",
            title=first.title if first else "",
            reach=report.counts.reach if report else 0,
            mentions=report.counts.mentions if report else 0,
            other=f"T-{other}",
            other_title=second.title if second else None,
            key=key,
        )


def _action(
    effect: Literal["comment", "link"], ticket: Ticket, number: int, reason: str, **rest: Any
) -> Action:
    return Action(
        effect=effect,
        topic=number,
        project=ticket.project,
        ticket_id=ticket.id,
        key=ticket.key,
        reason=reason,
        **rest,
    )


def persons(session: Session, tickets: Collection[Ticket], known: Mapping[int, Mirror]) -> list[Person]:
    """Return the issues that only a person can put right: gone, archived, closed as a copy of another."""
    found = []
    for ticket in tickets:
        mirror = known.get(ticket.id or 0)
        if mirror is None or ticket.state not in ("open", "done"):
            continue
        said = _said(ticket, mirror)
        if said is not None:
            root = store.topic(session, ticket.topic)
            number = root.root if root else ticket.topic
            found.append(
                Person(
                    topic=number, project=ticket.project, key=ticket.key, reason=said[0], next_step=said[1]
                )
            )
    return found


def refusals(session: Session, actions: Collection[Action]) -> list[Person]:
    """Return what the tracker refused the last time of what is still to be done, once a ticket."""
    rows = session.exec(
        select(Intent)
        .where(Intent.workspace_id == WORKSPACE, Intent.state == "refused")
        .order_by(col(Intent.settled_at))
    )
    said = {(row.ticket_id, row.effect, effect_name(row.key)): row.outcome for row in rows}
    found: dict[int, Person] = {}
    for action in actions:
        ticket_id = action.ticket_id or 0
        outcome = said.get((ticket_id, action.effect, effect_name(action.op_key)))
        if outcome and ticket_id not in found:
            found[ticket_id] = _asking(action, f"{action.effect}: {outcome}", "then each sync tries again")
    return list(found.values())


def out_of_reach(
    plan: Plan, blind: Collection[Ticket], fault_of: Callable[[str], str]
) -> tuple[tuple[Action, ...], tuple[Person, ...]]:
    """Return a plan's actions without those in projects that can't be worked in, and whom to tell of these.

    `blind` are tickets whose project can't be seen, `fault_of` says what is wrong with a project.
    """
    barred = [a for a in plan.actions if a.effect != "wait" and fault_of(a.project)]
    left = tuple(action for action in plan.actions if action not in barred)
    step = "mend that; the next sync goes on from there"
    persons = [_asking(action, fault_of(action.project), step) for action in barred]
    persons += [
        Person(topic=t.topic, project=t.project, key=t.key, reason=fault_of(t.project), next_step=step)
        for t in blind
    ]
    return left, tuple(dict.fromkeys(persons))


def effect_name(key: str) -> str:
    """Return what an effect's key names, on whatever day it was made."""
    return " ".join(key.split(" ")[:2]) if key.startswith("note ") else key


def _asking(action: Action, reason: str, step: str) -> Person:
    return Person(topic=action.topic, project=action.project, key=action.key, reason=reason, next_step=step)


def _said(ticket: Ticket, mirror: Mirror) -> tuple[str, str] | None:
    name = f"T-{ticket.topic}"
    if mirror.gone_at is not None:
        return (
            f"{ticket.key} can't be seen since {mirror.gone_at:%Y-%m-%d}: deleted, or not for us to see",
            f"give us sight of it, or let go of it: feedback-bridge tickets unlink {ticket.key}",
        )
    if mirror.archived:
        return (
            f"{ticket.key} is archived, so nothing can be written there",
            f"restore it, or let go of it: feedback-bridge tickets unlink {ticket.key}",
        )
    if mirror.copy_of is not None:
        return (
            f"{ticket.key} was closed as a duplicate of {mirror.copy_of}",
            f"follow it: feedback-bridge tickets link {name} {mirror.copy_of}",
        )
    return None
