"""What the next sync would change in the tracker, field by field, by what the store knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from bridge.plan import SIGNS, Action, Asked, Effect, Person, Plan, lines
from bridge.store import pages as reads
from bridge.store import trail
from bridge.store.remembered import remembered
from bridge.web.access import needs
from bridge.web.applying import Applier, Told, add_applying
from bridge.web.desk import Desk, Look
from bridge.web.kept import Kept
from bridge.web.twins import csv_answer, csv_text, json_answer
from bridge.web.words import Moment, counted, excerpt, moment

if TYPE_CHECKING:
    from bridge.pipeline.context import Context
    from bridge.render.format import Format

HEADINGS: Final[Mapping[Effect, str]] = {
    "create": "To create",
    "update": "To update",
    "comment": "To comment on",
    "transition": "To move",
    "link": "To link",
    "wait": "In doubt: looked for before anything is sent again",
}
COLUMNS = ("action", "topic", "project", "ticket", "field", "before", "after", "reason")
_LONGEST = 400  # characters of a value
_TOLD_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Field:
    """One field, before and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effected:
    """One change of one ticket."""

    name: str  # what it is ticked by
    topic: str
    title: str
    ticket: str
    people: int
    reason: str
    fields: list[Field]
    kept: str


@dataclass(frozen=True, slots=True)
class Group:
    """All changes of one sort."""

    sign: str
    heading: str
    changes: list[Effected]
    can_tick: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What will change in the tracker."""

    template: ClassVar[str] = "changes.html"
    title: str = "Changes"
    tracker: str
    seen: Moment | None
    groups: list[Group]
    persons: list[Person]
    proposed: list[Asked]
    shadow: list[Asked]
    waiting: str
    text: str
    can_apply: bool
    is_scheduled: bool
    is_busy: bool
    told: Told | None
    told_at: Moment | None
    ticks: int


def add_changes(
    app: FastAPI, desk: Desk, work: Callable[[], Context] | None = None, *, scheduled: bool = False
) -> None:
    """Add the page and its twins, and what applies.

    `work` makes the context that reaches the tracker; `scheduled`: this very process sends all that is due by
    and by.
    """
    applier = Applier(desk, work, scheduled=scheduled)
    changes = _Changes(desk, applier)
    add_applying(app, desk, applier)
    for path, show in (
        ("/changes", changes.page),
        ("/changes.json", changes.json),
        ("/changes.csv", changes.csv),
    ):
        app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(show)


class _Changes:
    """The handlers."""

    def __init__(self, desk: Desk, applier: Applier) -> None:
        self._desk = desk
        self._applier = applier
        self._kept: Kept[Plan] = Kept(desk.database)

    @needs("read")
    def page(self, request: Request) -> Response:
        """Show what the next sync would change."""
        plan = self._plan()
        return self._desk.page(request, lambda look: _page(look, plan, self._applier), "/changes")

    @needs("read")
    def json(self) -> Response:
        """Give what `sync --dry-run --json` gives."""
        return json_answer(self._plan().as_json())

    @needs("read")
    def csv(self) -> Response:
        """Give the plan as a file, a line for each field."""
        return csv_answer(csv_text(COLUMNS, list(_flat(self._plan()))), "changes")

    def _plan(self) -> Plan:
        return self._kept.get("plan", self._desk.clock(), lambda: plan_of(self._desk))


def plan_of(desk: Desk) -> Plan:
    """Plan by what the store knows; the tracker is not asked."""
    from bridge.pipeline.deciding import decide_all
    from bridge.pipeline.planning import make_plan

    context = desk.context()
    return make_plan(context, decide_all(context), _format(desk))


def _format(desk: Desk) -> Format:
    """Return how the tracker writes texts, by the settings or by what was found out once."""
    from bridge.preview import FORMATS

    jira = desk.settings.jira
    if desk.settings.tracker == "local":
        return FORMATS["markdown"]()
    with desk.database.reading() as session:
        known = remembered(session, f"flavour of {jira.url}")
    return FORMATS["wiki" if "dc" in (jira.flavour, known) else "adf"]()


def _page(look: Look, plan: Plan, applier: Applier) -> Changes:
    seen = trail.last_seen(look.session)
    titles = reads.titles(look.session, [action.topic for action in plan.actions])
    tracker = "the backlog" if look.settings.tracker == "local" else "Jira"
    waiting = len(plan.proposed) + plan.waiting
    told = applier.last
    told = told if told is not None and look.now - told.at < _TOLD_FOR else None
    return Changes(
        tracker=tracker,
        seen=None if seen is None else moment(seen, look.now),
        groups=[
            Group(SIGNS[effect], heading, [_effected(action, titles) for action in of], effect != "wait")
            for effect, heading in HEADINGS.items()
            if (of := [action for action in plan.actions if action.effect == effect])
        ],
        persons=list(plan.needs_person),
        proposed=list(plan.proposed),
        shadow=list(plan.shadow),
        waiting=counted(waiting, "proposal") if waiting else "",
        text="\n".join(lines(plan, tracker=look.settings.tracker)),
        can_apply=applier.can,
        is_scheduled=applier.scheduled,
        is_busy=applier.is_busy,
        told=told,
        told_at=None if told is None else moment(told.at, look.now),
        ticks=sum(action.effect != "wait" for action in plan.actions),
    )


def _effected(action: Action, titles: Mapping[int, str]) -> Effected:
    return Effected(
        name=action.name,
        topic=f"T-{action.topic}",
        title=titles.get(action.topic) or "(no title yet)",
        ticket=action.key or f"new in {action.project}",
        people=action.people,
        reason=action.reason,
        fields=[Field(change.field, shown(change.before), shown(change.after)) for change in action.changes],
        kept=" and ".join(action.kept),
    )


def shown(value: Any) -> str:
    """Return a field's value in words; of what was said only how much it is, as its numbers tell nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, list | tuple):
        return counted(len(value), "entry", "entries")
    return excerpt(str(value), _LONGEST)


def _flat(plan: Plan) -> Iterator[dict[str, Any]]:
    for action in plan.actions:
        row = action.as_json()
        fields = row.pop("fields") or [{"name": "", "before": None, "after": None}]
        for field in fields:
            told = {name: _plain(field[name]) for name in ("before", "after")}
            yield {**row, **told, "field": field["name"]}


def _plain(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value
