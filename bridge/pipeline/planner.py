"""What becomes of each topic's tickets: the actions of a plan, topic by topic. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bridge import drafting
from bridge.decide import AppliedRule, Create, Keep, Watch
from bridge.editing import edits
from bridge.models import Mirror, Ticket
from bridge.pipeline import noting, withdrawing
from bridge.pipeline.context import Context
from bridge.pipeline.deciding import Decided, home_project, type_of
from bridge.pipeline.known import Known, last_words
from bridge.plan import Action, Change, Draft, Note, changes
from bridge.render.document import Document, Paragraph, Text
from bridge.render.ticket import summary
from bridge.report import neighbourhoods
from bridge.standing import Habits, Return, Standing, coming_back, habits_of, milestone
from bridge.store import counts as counting
from bridge.store import topics as store
from bridge.times import stamp
from bridge.upkeep import SENDING, link_hash

if TYPE_CHECKING:
    from sqlmodel import Session

    from bridge.render.format import Format
    from bridge.render.ticket import TicketText
    from bridge.report import TopicReport

SIMILAR = 3
KEEPABLE = ("title", "description")
"""Fields that a plan tells of when people have made them theirs."""

WAITING = ("sent", "in doubt", "absent")
"""States of an intent whose effect may have been had, or not."""


def fields_of(report: TopicReport, quotes: Sequence[store.Quote], wording: str) -> dict[str, Any]:
    """Return what a tracker is told of a topic; an update is due when some of it changes."""
    return {
        "reach": report.counts.reach,
        "mentions": report.counts.mentions,
        "recurrence": report.recurrence.returns,
        "last_seen": stamp(report.counts.last_seen),
        "evidence": [quote.statement_id for quote in quotes],
        "wording": wording,
    }


class Planner:
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
        self._edits = edits(session)
        self._wordings: dict[str, str] = {}
        self._told = last_words(known)  # by issue: when one of its tickets was last commented on
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
        return [*found, *self._withdrawn(found)]

    def _withdrawn(self, actions: list[Action]) -> list[Action]:
        """Take what its author deleted out of the issues that nothing else brings up to date."""
        handled = set(withdrawing.handled_by(actions)) | set(self._known.under_way)
        affected = withdrawing.affected(self._session, self._context.settings.tracker, handled)
        if not affected:
            return []
        numbers = {ticket.id: self._root(ticket.topic) for ticket, _ in affected}
        reports = self._decided.reports
        chosen = [number for number in numbers.values() if number in reports]
        self._material = drafting.gather(self._session, self._context.now, chosen, reports.values())
        return [
            action
            for ticket, mirror in affected
            for action in self._without(numbers[ticket.id], ticket, mirror)
        ]

    def _root(self, number: int) -> int:
        topic = store.topic(self._session, number)
        return topic.root if topic else number

    def _without(self, number: int, ticket: Ticket, mirror: Mirror) -> list[Action]:
        report = self._decided.reports.get(number)
        if report is None:
            draft = _nothing_left(ticket)
            wanted: set[str] = set()
        else:
            draft = self._draft(number, ticket, ticket.project, self._decided.rules[number])
            wanted = {
                link.global_id for link in drafting.links_of(report, self._material, self._context.settings)
            }
        why = "its author deleted some of what is quoted"
        change = Change("evidence", ticket.reported.get("evidence"), draft.fields.get("evidence", []))
        found = [
            self._action(
                "update",
                number,
                ticket,
                changes=(change,),
                reason=why,
                op_key="fields",
                draft=draft,
                withdraws=True,
            )
        ]
        left = tuple(name for name in mirror.attached if name not in wanted)
        if left:
            links = Change("links", len(mirror.attached), len(mirror.attached) - len(left))
            found.append(
                self._action(
                    "link",
                    number,
                    ticket,
                    changes=(links,),
                    reason=why,
                    op_key="links",
                    detach=left,
                    withdraws=True,
                )
            )
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
            changes=(Change("title", None, draft.title), *changes({}, without_wording(draft.fields))),
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
        edit = self._edits.get(number)
        told = edit.description if edit else None
        return Draft(
            topic=number,
            project=project,
            type=(edit.type if edit else None) or type_,
            kind=report.topic.kind,
            title=summary(report.topic.title, report.id),
            document=drafting.document_of(self._text(report), settings, self._fmt, project, told=told),
            fields=self._fields(report, project),
            labels=tuple(settings.jira.labels),
            theirs=tuple(name for name in KEEPABLE if edit is not None and getattr(edit, name)),
        )

    def _fields(self, report: TopicReport, project: str) -> dict[str, Any]:
        if project not in self._wordings:
            self._wordings[project] = drafting.wording(self._context.settings, project)
        quotes = self._material.quotes.get(report.topic.number, [])
        return fields_of(report, quotes, self._wordings[project])

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
        comment = self._once_an_issue(ticket, comment)
        return [
            *self._update(number, ticket, mirror),
            *self._links(number, ticket, mirror),
            *self._joined(number, ticket),
            *comment,
        ]

    def _once_an_issue(self, ticket: Ticket, comment: list[Action]) -> list[Action]:
        """Hold a comment back where another topic's ticket had one on the same issue just now."""
        issue, now = ticket.remote_id or "", self._context.now
        last = self._told.get(issue)
        if not comment or (last is not None and now - last < self._habits(ticket).comment_every):
            return []
        self._told[issue] = now
        return comment

    def _update(self, number: int, ticket: Ticket, mirror: Mirror) -> list[Action]:
        report = self._decided.reports[number]
        fields = self._fields(report, ticket.project)
        told = changes(ticket.reported, {**fields, "title": summary(report.topic.title, report.id)})
        title_is_theirs = ticket.adopted or "title" in mirror.theirs
        changed = tuple(change for change in told if change.field != "title" or not title_is_theirs)
        half_done = SENDING in mirror.written
        if not changed and not half_done:
            return []
        draft = self._draft(number, ticket, ticket.project, self._decided.rules[number])
        return [
            self._action(
                "update",
                number,
                ticket,
                changes=changed,
                reason="nobody saw the end of the last update" if half_done else "more is known",
                op_key="fields",
                draft=draft,
                people=report.counts.reach,
                kept=tuple(name for name in KEEPABLE if name in mirror.theirs),
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
        due = noting.evidence_comment_due(ticket, mirror, self._habits(ticket), self._context.now)
        if not due or ticket.id in self._spoken:
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
        if owed := mirror.written.get(noting.OWED):
            if noting.too_soon(mirror, self._habits(ticket), self._context.now):
                return []
            return [self._note(number, ticket, mirror, owed, "it was opened again")]
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
        if noting.too_soon(mirror, self._habits(ticket), self._context.now):
            return [move]
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
        if report.counts.last_seen <= fixed:
            return noting.with_people(standing, since=0, needed=1, at_end=standing.reach)
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


def _nothing_left(ticket: Ticket) -> Draft:
    """Return what an issue says when nobody speaks of its topic any more."""
    said = Text("Nobody's feedback is left of what stood here.")
    return Draft(
        topic=ticket.topic,
        project=ticket.project,
        type=ticket.type,
        title=ticket.title,
        document=Document((Paragraph((said,)),)),
        fields={**ticket.reported, "evidence": []},
    )


def without_wording(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures alone."""
    return {name: value for name, value in fields.items() if name != "wording"}


def _out_of_reach(mirror: Mirror | None) -> bool:
    return mirror is not None and (mirror.gone_at is not None or mirror.archived)


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "-"
