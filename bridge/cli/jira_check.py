"""What `check` says of Jira: who we are, and of each project whether a ticket could be opened there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.errors import SettingsError, TrackerError

if TYPE_CHECKING:
    from bridge.config.model import Settings
    from bridge.tracker.jira import JiraSite, JiraTracker
    from bridge.tracker.jira.client import Client
    from bridge.tracker.jira.meta import Field, IssueType, Screens

SOON = timedelta(days=14)
_STYLES = {True: "team-managed", False: "company-managed"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `check`: what it is about, what was found, whether that is fine; None: worth knowing."""

    name: str
    words: str
    fine: bool | None = True


@dataclass(frozen=True)
class Desk:
    """Jira, and what the settings want of it. `now` is the present time, `wait` sleeps for seconds."""

    settings: Settings
    site: JiraSite
    now: datetime
    wait: Callable[[float], None] = time.sleep

    @cached_property
    def tracker(self) -> JiraTracker:
        """The tracker that the pipeline uses."""
        from bridge.tracker.jira import JiraTracker

        return JiraTracker(self.site, wait=self.wait)

    @cached_property
    def client(self) -> Client:
        """A second door to the same site, for what no verb of the tracker asks."""
        import logging
        import random

        from bridge.tracker.jira.client import Client

        return Client(
            self.site,
            wait=self.wait,
            jitter=random.Random(),  # noqa: S311 - spreads retries, no secret
            log=logging.getLogger("bridge.tracker.jira"),
        )

    @cached_property
    def screens(self) -> Screens:
        """The create screens of each project."""
        from bridge.tracker.jira.meta import Screens

        return Screens(self.client)


def findings(desk: Desk) -> Iterator[Finding]:
    """Yield what `check` has to say of Jira; stops after the first line when we can't log in."""
    try:
        yield from _account(desk)
    except (TrackerError, SettingsError) as error:
        yield Finding("tracker", str(error), fine=False)
        return
    yield from _fields(desk)
    folder = desk.settings.jira.templates
    if folder is not None and not folder.is_dir():
        yield Finding(
            "tracker templates", f"{folder} is no folder: mend jira.templates, or make it", fine=False
        )
    for project in desk.settings.jira_projects():
        if folder is not None and folder.is_dir():
            yield from _templates(folder, project)
        yield from _project(desk, project)


def _templates(folder: Path, project: str) -> Iterator[Finding]:
    """Say what is wrong with own templates, before a ticket needs them."""
    from bridge.render.ticket import faults_of_templates

    found = faults_of_templates(folder, project)
    name = f"tracker templates of {project}"
    if not found:
        yield Finding(name, f"{folder}: all can be rendered")
    for fault in found:
        yield Finding(name, fault, fine=False)


def _account(desk: Desk) -> Iterator[Finding]:
    tracker, site = desk.tracker, desk.site
    me = tracker.account()
    what = "Jira Cloud" if tracker.flavour == "cloud" else "Jira Data Center"
    how = "by the gateway" if desk.settings.jira.is_gateway else f"at {site.base}"
    yield Finding("tracker", f"{what} {how}, as {me.name}")
    yield from token_time(desk)


def token_time(desk: Desk) -> Iterator[Finding]:
    """Say when the token ends, as far as the server tells."""
    ends = desk.tracker.expires()
    if ends is None:
        if desk.tracker.flavour == "cloud":
            words = "Cloud doesn't tell when it ends; one lives a year at most: note the day you made it"
            yield Finding("tracker token", words, fine=None)
        return
    words = f"ends on {ends:%Y-%m-%d}"
    if ends <= desk.now:
        yield Finding("tracker token", f"ended on {ends:%Y-%m-%d}; make a new one and replace it", fine=False)
    elif ends <= desk.now + SOON:
        yield Finding("tracker token", f"{words}; make a new one before that day", fine=None)
    else:
        yield Finding("tracker token", words)


def _fields(desk: Desk) -> Iterator[Finding]:
    """Say whether the fields of the settings are there."""
    given = desk.settings.jira.fields.given()
    if not given:
        return
    try:
        there = _listed(desk.client.read("field"))
    except TrackerError as error:
        yield Finding("tracker fields", str(error), fine=False)
        return
    for figure, wanted in given.items():
        ids = [str(one.get("id")) for one in there if _is_called(one, wanted)]
        name = f"tracker field {figure}"
        if ids:
            yield Finding(name, f"{wanted} is {', '.join(ids)}")
        else:
            mend = f"mend jira.fields.{figure}, or let an administrator make the field"
            yield Finding(name, f"{wanted!r} is no field that we can see: {mend}", fine=False)


def _project(desk: Desk, project: str) -> Iterator[Finding]:
    name = f"tracker project {project}"
    try:
        desk.tracker.ready([project])
        found = _mapping(desk.client.read("project/{project}", project))
        lacking = desk.tracker.permissions(project)
    except TrackerError as error:
        yield Finding(name, str(error), fine=False)
        return
    yield Finding(name, f"{str(found.get('name') or project)!r}, {_STYLES[bool(found.get('simplified'))]}")
    if lacking:
        mend = "give them to the account in the project's permissions (team-managed: its access)"
        yield Finding(f"{name} rights", f"lacks {', '.join(lacking)}: {mend}", fine=False)
    if "CREATE_ISSUES" in lacking:
        return  # Jira shows no types then
    try:
        yield from _types(desk, project)
    except TrackerError as error:
        yield Finding(f"{name} types", str(error), fine=False)


def _types(desk: Desk, project: str) -> Iterator[Finding]:
    """Say which type each kind gets, and what its screen wants that nobody fills."""
    name = f"tracker project {project} types"
    usable = [one for one in desk.tracker.types(project) if not one.subtask]
    chosen: dict[str, IssueType] = {}
    shown = []
    for wanted in _wanted(desk.settings, project):
        there = [one for one in usable if one.name.casefold() == wanted.type.casefold()]
        if wanted.type and not there:
            names = ", ".join(one.name for one in usable)
            yield Finding(
                name, f"{wanted.where} is {wanted.type!r}, which isn't there; types: {names}", fine=False
            )
            continue
        kind = desk.tracker.type_for(project, wanted.kind, wanted.type)
        chosen[kind.id] = kind
        shown.append(f"{wanted.label} → {kind.name}")
    if shown:
        yield Finding(name, ", ".join(shown))
    for kind in chosen.values():
        yield from _screen(desk, project, kind)


def _screen(desk: Desk, project: str, kind: IssueType) -> Iterator[Finding]:
    name = f"tracker project {project} {kind.name}"
    empty = desk.tracker.missing(project, kind.name)
    if empty:
        fields = ", ".join(f"{one.name} ({one.id})" for one in empty)
        mend = "give each a default, make it optional, or take it off the type's create screen"
        yield Finding(name, f"requires what nobody fills: {fields}. {mend}", fine=False)
    screen = desk.screens.fields(project, kind.id)
    if "labels" not in screen:
        words = "has no labels on its create screen: our marker goes into the last line of the description"
        yield Finding(
            name, f"{words}, and jira.labels are left out; better put Labels on the screen", fine=None
        )
    off = [
        figure
        for figure, wanted in desk.settings.jira.fields.given().items()
        if not any(_named(one, wanted) for one in screen.values())
    ]
    if off:
        words = "aren't on its create screen, so they stay empty there"
        yield Finding(name, f"fields for {', '.join(off)} {words}", fine=None)


@dataclass(frozen=True, slots=True)
class _Wanted:
    label: str
    kind: str
    type: str
    where: str


def _wanted(settings: Settings, project: str) -> Iterator[_Wanted]:
    """Yield every pair of kind and type that a ticket in a project may get."""
    given = settings.jira.types.given()
    for kind in dict.fromkeys([*settings.policy.kinds, *given]):
        yield _Wanted(kind, kind, given.get(kind, ""), f"jira.types.{kind}")
    for rule in settings.rules:
        if rule.type and project in {rule.project or settings.jira.project, *rule.also}:
            yield _Wanted(f"rule {rule.name!r}", "", rule.type, f"the type of [[rule]] {rule.name!r}")


def _is_called(raw: Mapping[str, Any], wanted: str) -> bool:
    return wanted == raw.get("id") or wanted.casefold() == str(raw.get("name", "")).casefold()


def _named(field: Field, wanted: str) -> bool:
    return wanted == field.id or wanted.casefold() == field.name.casefold()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
