"""The site: people, projects, issues, the journal, and how they are found."""

from __future__ import annotations

import random
import threading
import uuid
from typing import Any

from jira_twin.clock import Clock
from jira_twin.index import Index, Lag
from jira_twin.records import By, Effect, Field, History, Issue, IssueType, Project, User
from jira_twin.workflow import RESOLUTIONS, classic, simple

SYSTEM = (
    Field("summary", "Summary", "string"),
    Field("description", "Description", "textarea"),
    Field("environment", "Environment", "textarea"),
    Field("issuetype", "Issue Type", "issuetype"),
    Field("project", "Project", "project"),
    Field("labels", "Labels", "labels"),
    Field("priority", "Priority", "priority"),
    Field("reporter", "Reporter", "user"),
    Field("assignee", "Assignee", "user"),
    Field("fixVersions", "Fix versions", "versions"),
    Field("duedate", "Due date", "date"),
    Field("parent", "Parent", "issuelink"),
)


class Site:
    """All state of the twin, under one lock."""

    def __init__(self, flavour: str, seed: int, lag: Lag, *, fake_clock: bool) -> None:
        self.flavour = flavour
        self.url = ""
        self.lock = threading.RLock()
        self.rng = random.Random(seed)  # noqa: S311 - seeded, no secret
        self.clock = Clock(fake=fake_clock)
        self.index = Index(self.clock, lag, random.Random(seed + 1))  # noqa: S311 - seeded, no secret
        self.cloud_id = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        self.users: dict[str, User] = {}
        self.projects: dict[str, Project] = {}
        self.project_keys: dict[str, str] = {}
        self.issues: dict[str, Issue] = {}
        self.keys: dict[str, str] = {}
        self.journal: list[Effect] = []
        self.resolutions = dict(RESOLUTIONS)
        self.limits = {"comment": 5_000, "remote link": 2_000, "link": 2_000}
        self._numbers: dict[str, int] = {}
        self.bot = self.user("bot", "Feedback Bridge")

    @property
    def cloud(self) -> bool:
        """Whether this is the Cloud flavour."""
        return self.flavour == "cloud"

    def user(self, name: str, display: str = "") -> User:
        """Return the user of this name, made on first use."""
        if name not in self.users:
            account = f"557058:{uuid.UUID(int=self.rng.getrandbits(128), version=4)}"
            self.users[name] = User(
                account_id=account, name=name, display=display or name.title(), email=f"{name}@example.com"
            )
        return self.users[name]

    def find_user(self, wanted: Any) -> User | None:
        """Return the user meant by an account id, a name, a key, or an object with one of them."""
        if isinstance(wanted, dict):
            wanted = wanted.get("accountId") or wanted.get("id") or wanted.get("name") or wanted.get("key")
        return next((u for u in self.users.values() if wanted in {u.account_id, u.name, u.email}), None)

    def number(self, kind: str) -> int:
        """Return the next id of a kind; they rise, with gaps."""
        self._numbers[kind] = self._numbers.get(kind, 10_000) + self.rng.randint(1, 7)
        return self._numbers[kind]

    def put_project(self, key: str, **wanted: Any) -> Project:
        """Add or change a project; see `Twin.project`."""
        project = self.projects.get(key)
        if project is None:
            project = self.projects[key] = self._new_project(key, **wanted)
            self.project_keys[key] = key
        if "types" in wanted:
            kept = {one.name: one for one in project.types}
            project.types = [kept.get(n) or IssueType(str(self.number("type")), n) for n in wanted["types"]]
        for name in ("kind", "archived", "gone", "name", "style"):
            if name in wanted:
                setattr(project, name, wanted[name])
        if "required" in wanted:
            project.required = {name: dict(fields) for name, fields in wanted["required"].items()}
        for name, (title, kind, *options) in wanted.get("fields", {}).items():
            project.fields[name] = Field(name, title, kind, tuple(*options))
        if "hidden" in wanted:
            project.hidden = set(wanted["hidden"])
        return project

    def _new_project(self, key: str, **wanted: Any) -> Project:
        number = self.number("project")
        clears = wanted.get("reopen_clears", True)
        if wanted.get("workflow") == "classic":
            statuses, transitions = classic(reopen_clears=clears)
        else:
            team = wanted.get("style") == "team"
            statuses, transitions = simple(number * 10 if team else 0, reopen_clears=clears)
        return Project(
            id=str(number),
            key=key,
            name=wanted.get("name", f"{key.title()} project"),
            types=[
                IssueType(str(self.number("type")), name)
                for name in wanted.get("types", ("Bug", "Story", "Task"))
            ],
            statuses=statuses,
            transitions=transitions,
        )

    def find_project(self, wanted: str | None) -> Project | None:
        """Return the project of an id, a key or an old key."""
        if wanted is None:
            return None
        by_id = next((p for p in self.projects.values() if p.id == wanted), None)
        project = by_id or self.projects.get(self.project_keys.get(wanted.upper(), wanted))
        return None if project is None or project.gone else project

    def find_issue(self, wanted: str) -> Issue | None:
        """Return the issue of an id, a key in any case, or a key it once had."""
        issue = self.issues.get(wanted) or self.issues.get(self.keys.get(wanted.upper(), ""))
        if issue is None or issue.deleted or self.home(issue).gone:
            return None
        return issue

    def home(self, issue: Issue) -> Project:
        """Return the project of an issue, also of an old picture of it."""
        return self.projects[self.project_keys.get(issue.project, issue.project)]

    def fields_of(self, project: Project, type_name: str) -> dict[str, Field]:
        """Return the fields on the create screen of a type."""
        off = set(project.hidden)
        if project.style == "team":
            off |= {"priority", "environment", "fixVersions"}
        found = {one.id: one for one in SYSTEM if one.id not in off}
        found |= {one.id: one for one in project.fields.values() if one.id not in off}
        for name, title in project.required.get(type_name, {}).items():
            found.setdefault(name, project.fields.get(name) or Field(name, title, "string"))
        return found

    def record(self, kind: str, issue: Issue | None, by: By, **detail: Any) -> None:
        """Write a committed effect to the journal."""
        self.journal.append(
            Effect(
                number=len(self.journal) + 1,
                at=self.clock.now(),
                kind=kind,
                issue_id=issue.id if issue else "",
                detail=detail,
                request_id=by.request_id,
                actor=by.user.name,
            )
        )

    def touch(self, issue: Issue, by: By, items: list[dict[str, Any]]) -> None:
        """Note a change: the time, the changelog and the index."""
        issue.updated = self.clock.now()
        if items:
            number = str(self.number("history"))
            issue.history.append(
                History(id=number, author=by.user, created=issue.updated, items=tuple(items))
            )
        self.index.write(issue)
