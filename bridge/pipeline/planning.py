"""The step `plan`: what would change in the tracker, and what waits for a person. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bridge import drafting
from bridge.decide import AppliedRule, Create, Keep, Propose, Watch, WouldCreate
from bridge.models import Intent, Mirror, Ticket
from bridge.pipeline import noting
from bridge.pipeline.context import Context
from bridge.pipeline.deciding import Decided, home_project, type_of
from bridge.pipeline.mirroring import mirrors
from bridge.plan import Action, Asked, Change, Draft, Note, Person, Plan, changes
from bridge.report import neighbourhoods
from bridge.standing import Habits, Return, Standing, coming_back, habits_of, milestone
from bridge.store import counts as counting
from bridge.store import tickets as ticket_store
from bridge.store import topics as store
from bridge.times import stamp
from bridge.tracker.ledger import needs_person
from bridge.upkeep import link_hash

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.render.format import Format
    from bridge.render.ticket import TicketText
    from bridge.report import TopicReport

SIMILAR = 3

WAITING = ("sent", "in doubt", "absent")
"""States of an intent whose effect may have been had, or not."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the plan is made from, read in one transaction."""

    tickets: Mapping[int, Ticket]  # the main one of each topic
    companions: Mapping[int, Sequence[Ticket]]  # by the main one's id
    mirrors: Mapping[int, Mirror]
    under_way: Mapping[int, Intent]  # by ticket: an effect that must end before others are had
    had: frozenset[tuple[int, str]]  # by ticket: keys of effects that were had
    earlier: Mapping[int, Sequence[Ticket]]  # by topic: its former tickets
    waiting: int
    persons: tuple[Person, ...]

    def of(self, number: int) -> list[Ticket]:
        """Return a topic's tickets: the main one and those in further projects."""
        main = self.tickets.get(number)
        return [] if main is None else [main, *self.companions.get(main.id or 0, ())]


def make_plan(context: Context, decided: Decided, fmt: Format, *, doubted: bool = False) -> Plan:
    """Say what will change in the tracker, and what waits for a person.

    With `doubted`, effects that are under way are planned as if they were not: that is what they would be
    today, if they had to be sent again.
    """
    with context.database.reading() as session:
        known = _known(session, context.settings.tracker)
        if doubted:
            known = replace(known, under_way={}, had=frozenset())
        owed = noting.notes(session, context.settings.tracker, known.had, decided.reports)
        notes = [action for action in owed if action.ticket_id not in known.under_way]
        spoken = frozenset(action.ticket_id or 0 for action in notes if action.effect == "comment")
        actions = [*_Planner(context, decided, fmt, session, known, spoken).actions(), *notes]
    new = {d.topic for d in decided.decisions if isinstance(d, Create)}
    return Plan(
        actions=tuple(actions),
        proposed=tuple(_asked(context, decided, d) for d in decided.decisions if isinstance(d, Propose)),
        shadow=tuple(_asked(context, decided, d) for d in decided.decisions if isinstance(d, WouldCreate)),
        waiting=known.waiting,
        needs_person=tuple(p for p in known.persons if p.topic not in new or p.key),
    )


def fields_of(report: TopicReport, quotes: Sequence[store.Quote]) -> dict[str, Any]:
    """Return the figures that a tracker is told of a topic; an update is due when one of them changes."""
    return {
        "reach": report.counts.reach,
        "mentions": report.counts.mentions,
        "recurrence": report.recurrence.returns,
        "last_seen": stamp(report.counts.last_seen),
        "evidence": [quote.statement_id for quote in quotes],
    }


def _asked(context: Context, decided: Decided, decision: Propose | WouldCreate) -> Asked:
    report = decided.reports[decision.topic]
    type_ = decision.rule.type or type_of(context.settings, report.topic.kind)
    return Asked(decision.topic, type_, report.topic.title, report.counts.reach)


def _known(session: Session, tracker: str) -> Known:
    found = store.tickets(session)
    tickets = {number: t for number, t in found.items() if t.tracker == tracker or t.remote_id is None}
    companions = ticket_store.companions(session)
    every = [*tickets.values(), *(t for found in companions.values() for t in found)]
    known = mirrors(session, every)
    return Known(
        tickets=tickets,
        companions=companions,
        mirrors=known,
        under_way=ticket_store.under_way(session),
        had=ticket_store.had(session),
        earlier=ticket_store.earlier(session, tracker, {ticket.id for ticket in every}),
        waiting=sum(ticket.state == "proposed" for ticket in tickets.values()),
        persons=(*noting.persons(session, every, known), *(_person(row) for row in needs_person(session))),
    )


def _person(row: Mapping[str, Any]) -> Person:
    command = f"feedback-bridge tickets settle {row['topic']}"
    return Person(
        topic=int(str(row["topic"]).removeprefix("T-")),
        project=row["project"],
        key=row["ticket"],
        reason=row["reason"],
        next_step=f"{row['next_step']}: {command} --absent, --key KEY or --seen",
    )


class _Planner:
    """Makes the actions of one plan."""

    def __init__(
        self,
        context: Context,
        decided: Decided,
        fmt: Format,
        session: Session,
        known: Known,
        spoken: Collection[int],
    ) -> None:
        self._context, self._decided, self._fmt = context, decided, fmt
        self._session, self._known = session, known
        self._spoken = spoken  # tickets that get a word on something else
        chosen = [d.topic for d in decided.decisions if isinstance(d, Create | Keep | Watch)]
        self._material = drafting.gather(session, context.now, chosen, decided.reports.values())

    def actions(self) -> list[Action]:
        """Return all actions, topic by topic, the widest reach first."""
        found: list[Action] = []
        for decision in self._decided.decisions:
            match decision:
                case Create():
                    found += self._creates(decision)
                case Keep():
                    found += self._standing(decision.topic)
                case Watch():
                    found += self._standing(decision.topic)
                    found += self._watched(decision.topic)
        return found

    def _creates(self, decision: Create) -> list[Action]:
        number, rule = decision.topic, decision.rule
        there = self._known.of(number)
        if not there:
            homes = (rule.project or home_project(self._context.settings), *rule.also)
            new = [self._create(number, None, project, rule, decision.reason) for project in homes]
            return [action for action in new if action is not None]
        found = []
        for ticket in there:
            if ticket.state != "approved":
                continue
            wait = self._wait(ticket, number)
            found.append(wait or self._create(number, ticket, ticket.project, rule, decision.reason))
        return [action for action in found if action is not None]

    def _create(
        self, number: int, ticket: Ticket | None, project: str, rule: AppliedRule, reason: str
    ) -> Action | None:
        if ticket is not None and self._stuck(ticket):
            return None
        draft = self._draft(number, ticket, project, rule)
        report = self._decided.reports[number]
        return Action(
            effect="create",
            topic=number,
            project=project,
            ticket_id=ticket.id if ticket else None,
            key=None,
            changes=(Change("title", None, draft.title), *changes({}, draft.fields)),
            reason=ticket.reason if ticket and ticket.reason else reason,
            people=report.counts.reach,
            op_key="create",
            draft=draft,
            attach=drafting.links_of(report, self._material, self._context.settings),
        )

    def _stuck(self, ticket: Ticket) -> bool:
        intent = self._known.under_way.get(ticket.id or 0)
        return intent is not None and intent.state == "needs a person"

    def _wait(self, ticket: Ticket, number: int) -> Action | None:
        intent = self._known.under_way.get(ticket.id or 0)
        if intent is None or intent.state not in WAITING:
            return None
        sent = stamp(intent.sent_at) if intent.sent_at else "a run that was stopped"
        return Action(
            effect="wait",
            topic=number,
            project=ticket.project,
            ticket_id=ticket.id,
            key=ticket.key,
            reason=f"the {intent.effect} of {sent} may have been done: looked for before it is sent again",
            op_key=intent.key,
        )

    def _draft(self, number: int, ticket: Ticket | None, project: str, rule: AppliedRule) -> Draft:
        report, settings = self._decided.reports[number], self._context.settings
        type_ = ticket.type if ticket else rule.type or type_of(settings, report.topic.kind)
        return Draft(
            topic=number,
            project=project,
            type=type_,
            kind=report.topic.kind,
            title=report.topic.title,
            document=drafting.document_of(self._text(report), settings, self._fmt, project),
            fields=fields_of(report, self._material.quotes.get(number, [])),
            labels=tuple(settings.jira.labels),
        )

    def _text(self, report: TopicReport) -> TicketText:
        similar = self._near.get(report.topic.number, [])
        return drafting.text_of(report, self._material, self._context.settings, similar)

    @cached_property
    def _near(self) -> dict[int, list[dict[str, Any]]]:
        return neighbourhoods(self._session, SIMILAR)

    def _standing(self, number: int) -> list[Action]:
        """Return what the open issues of a topic want."""
        found: list[Action] = []
        for ticket in self._known.of(number):
            mirror = self._known.mirrors.get(ticket.id or 0)
            if ticket.state != "open" or ticket.remote_id is None or _out_of_reach(mirror):
                continue
            wait = self._wait(ticket, number)
            found += [wait] if wait else self._upkeep(number, ticket, mirror or Mirror(ticket_id=0))
        return found

    def _upkeep(self, number: int, ticket: Ticket, mirror: Mirror) -> list[Action]:
        comment = self._evidence_comment(number, ticket, mirror) or self._milestone(number, ticket, mirror)
        return [
            *self._update(number, ticket),
            *self._links(number, ticket, mirror),
            *self._joined(number, ticket),
            *comment,
        ]

    def _update(self, number: int, ticket: Ticket) -> list[Action]:
        report = self._decided.reports[number]
        fields = fields_of(report, self._material.quotes.get(number, []))
        changed = changes(ticket.reported, {**fields, "title": report.topic.title})
        if not changed:
            return []
        draft = self._draft(number, ticket, ticket.project, self._decided.rules[number])
        return [
            self._action(
                "update",
                number,
                ticket,
                changes=changed,
                reason="more is known",
                op_key="fields",
                draft=draft,
                people=report.counts.reach,
            )
        ]

    def _links(self, number: int, ticket: Ticket, mirror: Mirror) -> list[Action]:
        report = self._decided.reports[number]
        wanted = drafting.links_of(report, self._material, self._context.settings)
        names = {link.global_id for link in wanted}
        attach = tuple(link for link in wanted if mirror.attached.get(link.global_id) != link_hash(link))
        detach = tuple(name for name in mirror.attached if name not in names)
        if not attach and not detach:
            return []
        change = Change("links", len(mirror.attached), len(names))
        return [
            self._action(
                "link",
                number,
                ticket,
                changes=(change,),
                reason="the quotes changed",
                op_key="links",
                attach=attach,
                detach=detach,
            )
        ]

    def _evidence_comment(self, number: int, ticket: Ticket, mirror: Mirror) -> list[Action]:
        """Return the first writing of our one evidence comment, where the description isn't ours to keep."""
        if not noting.evidence_comment_due(ticket, mirror, self._habits(ticket), self._context.now):
            return []
        draft = self._draft(number, ticket, ticket.project, self._decided.rules[number])
        return [
            self._action(
                "comment",
                number,
                ticket,
                reason="the description is people's own: the evidence stands in one comment",
                op_key=noting.EVIDENCE,
                draft=draft,
            )
        ]

    def _joined(self, number: int, ticket: Ticket) -> list[Action]:
        """Return links to the topic's former issue in the same project."""
        former = [
            t for t in self._known.earlier.get(number, ()) if t.remote_id and t.remote_id != ticket.remote_id
        ]
        if not former or (ticket.id or 0, f"join {former[-1].remote_id}") in self._known.had:
            return []
        return [
            self._action(
                "link",
                number,
                ticket,
                changes=(Change("relates to", None, former[-1].key),),
                reason="the complaint came back",
                op_key=f"join {former[-1].remote_id}",
                other=former[-1].remote_id,
            )
        ]

    def _milestone(self, number: int, ticket: Ticket, mirror: Mirror) -> list[Action]:
        if ticket.id in self._spoken:
            return []
        told = milestone(self._view(number, ticket, mirror), self._habits(ticket), self._context.now)
        if told is None:
            return []
        return [self._note(number, ticket, mirror, told.name, told.reason)]

    def _watched(self, number: int) -> list[Action]:
        """Return what to do about issues that are done while people go on complaining."""
        found: list[Action] = []
        for ticket in self._known.of(number):
            mirror = self._known.mirrors.get(ticket.id or 0)
            if ticket.state != "done" or mirror is None or _out_of_reach(mirror):
                continue
            wait = self._wait(ticket, number)
            back = coming_back(self._view(number, ticket, mirror), self._habits(ticket), self._context.now)
            found += [wait] if wait else self._returned(number, ticket, mirror, back)
        return found

    def _returned(self, number: int, ticket: Ticket, mirror: Mirror, back: Return | None) -> list[Action]:
        if back is None:
            return []
        if back.what == "comment":
            is_no = self._habits(ticket).is_wont_do(mirror.resolution, mirror.status)
            name = "wont_do" if is_no else "back"
            return [self._note(number, ticket, mirror, name, back.reason)]
        if back.what == "new":
            if ticket.also_of is not None:
                return []
            change = Change("title", None, self._decided.reports[number].topic.title)
            return [
                Action(
                    effect="create",
                    topic=number,
                    project=ticket.project,
                    ticket_id=None,
                    key=None,
                    changes=(change,),
                    reason=f"came back after {ticket.key} was done: {back.reason}",
                    people=self._decided.reports[number].counts.reach,
                    op_key="again",
                )
            ]
        move = self._action(
            "transition",
            number,
            ticket,
            changes=(Change("status", mirror.status, "open again"),),
            reason=back.reason,
            op_key=f"reopen {_day(mirror.done_at)}",
        )
        return [move, self._note(number, ticket, mirror, "reopened", back.reason)]

    def _note(self, number: int, ticket: Ticket, mirror: Mirror, name: str, reason: str) -> Action:
        report = self._decided.reports[number]
        quotes = store.evidence(self._session, [number], self._context.now).get(number, [])
        since = mirror.commented_at or ticket.created_at
        more = counting.people_between(self._session, number, None, self._context.now) - (
            counting.people_between(self._session, number, None, since) if since else 0
        )
        values = noting.values(report, ticket, mirror, quotes, more)
        return self._action(
            "comment",
            number,
            ticket,
            reason=reason,
            op_key=f"note {name} {self._context.now:%Y-%m-%d}",
            note=Note(name, values),
            people=report.counts.reach,
            recurrence=report.recurrence.returns,
        )

    def _view(self, number: int, ticket: Ticket, mirror: Mirror) -> Standing:
        report = self._decided.reports[number]
        standing = noting.standing(report, ticket, mirror)
        if ticket.state != "done" or standing.fixed_at is None:
            return standing
        now, fixed = self._context.now, standing.fixed_at
        return noting.with_people(
            standing,
            since=counting.people_between(self._session, number, fixed, now),
            needed=self._decided.rules[number].people,
            at_end=counting.people_between(self._session, number, None, mirror.done_at or fixed),
        )

    def _habits(self, ticket: Ticket) -> Habits:
        return habits_of(self._context.settings, ticket.project)

    def _action(self, effect: Any, number: int, ticket: Ticket, **rest: Any) -> Action:
        return Action(
            effect=effect,
            topic=number,
            project=ticket.project,
            ticket_id=ticket.id,
            key=ticket.key,
            **rest,
        )


def _out_of_reach(mirror: Mirror | None) -> bool:
    return mirror is not None and (mirror.gone_at is not None or mirror.archived)


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "-"
