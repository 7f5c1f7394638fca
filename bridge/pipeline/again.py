"""Tickets that go along with others: in further projects, and when a complaint comes back after its end."""

from __future__ import annotations

from sqlmodel import Session

from bridge.decide import Watch
from bridge.models import Ticket
from bridge.pipeline.context import Context
from bridge.pipeline.deciding import Decided, decide_all, type_of
from bridge.pipeline.planning import make_plan
from bridge.plan import Action
from bridge.store import tickets as ticket_store
from bridge.store import topics as store
from bridge.store.audit import record
from bridge.tracker import marker


def prepare(context: Context) -> None:
    """Add the tickets that a rule's further projects want, and those of complaints that came back."""
    if not _may_want(context):
        return
    decided = decide_all(context)
    returned: list[Action] = []
    if any(isinstance(decision, Watch) for decision in decided.decisions):
        plan = make_plan(context, decided, context.tracker().format)
        returned = [a for a in plan.actions if a.effect == "create" and a.op_key == "again"]
    wanted = _companions_wanted(context, decided)
    if not returned and not wanted:
        return
    with context.database.writing() as session:
        for main_id, project in wanted:
            _go_along(session, context, main_id, project)
        for action in returned:
            _again(session, context, decided, action)


def _may_want(context: Context) -> bool:
    """Whether there is a rule with further projects, or a ticket that is done; else nothing can be wanted."""
    if any(rule.also for rule in context.settings.rules):
        return True
    with context.database.reading() as session:
        return any(ticket.state == "done" for ticket in store.tickets(session).values())


def _companions_wanted(context: Context, decided: Decided) -> list[tuple[int, str]]:
    with context.database.reading() as session:
        tickets = store.tickets(session)
        there = ticket_store.companions(session)
    found = []
    for number, ticket in tickets.items():
        rule = decided.rules.get(number)
        if rule is None or not rule.also or ticket.state not in ("approved", "open") or ticket.id is None:
            continue
        markers = {companion.marker for companion in there.get(ticket.id, ())}
        found += [
            (ticket.id, project)
            for project in rule.also
            if project != ticket.project and marker("1", project, ticket.topic) not in markers
        ]
    return found


def _go_along(session: Session, context: Context, main_id: int, project: str) -> None:
    main = session.get(Ticket, main_id)
    if main is None:
        return
    session.add(
        Ticket(
            topic=main.topic,
            state="approved",
            tracker=main.tracker,
            project=project,
            type=main.type,
            marker=marker("1", project, main.topic),
            title=main.title,
            rule=main.rule,
            reason=f"goes along with the ticket in {main.project}",
            proposed_at=context.now,
            also_of=main_id,
        )
    )
    record(session, context.now, "bridge", "also in", f"T-{main.topic}", {"project": project})


def _again(session: Session, context: Context, decided: Decided, action: Action) -> None:
    """Propose one more ticket of a topic whose former one is done; by policy it is approved at once."""
    topic = store.topic(session, action.topic)
    if topic is None:
        return
    rule = decided.rules[action.topic]
    session.add(
        Ticket(
            topic=action.topic,
            state="approved" if rule.mode == "automatic" else "proposed",
            tracker=context.settings.tracker,
            project=action.project,
            type=rule.type or type_of(context.settings, topic.kind),
            marker=ticket_store.free_marker(session, action.project, action.topic),
            title=topic.title,
            rule=rule.name,
            reason=action.reason,
            proposed_at=context.now,
        )
    )
    topic.state = "recurred"
    record(session, context.now, "bridge", "came back", f"T-{action.topic}", {"project": action.project})
