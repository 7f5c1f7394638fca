"""The clauses of JQL: what each field compares, and what it refuses."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from jira_twin.adf import plain
from jira_twin.exchange import jql_error
from jira_twin.records import Issue
from jira_twin.state import Site
from jira_twin.workflow import CATEGORIES, PRIORITIES

Test = Callable[[Issue], bool]
NAMES = {
    "project": "project", "labels": "labels", "key": "key", "issuekey": "key", "issue": "key", "id": "id",
    "status": "status", "statuscategory": "statusCategory", "resolution": "resolution", "text": "text",
    "created": "created", "createddate": "created", "updated": "updated", "updateddate": "updated",
    "resolutiondate": "resolutiondate", "resolved": "resolutiondate", "issuetype": "issuetype",
    "type": "issuetype", "summary": "summary", "description": "description", "priority": "priority",
    "fixversion": "fixVersion", "assignee": "assignee", "reporter": "reporter",
}  # fmt: skip
DATES = {"created", "updated", "resolutiondate"}
TEXTS = {"text", "summary", "description"}
SIGNS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
UNITS = {"m": 1, "h": 60, "d": 1_440, "w": 10_080}
EMPTY = {"empty", "null"}
NOTHING = {"resolution": {"empty", "null", "unresolved"}}
START = datetime(1970, 1, 1, tzinfo=UTC)


def _key(issue: Issue) -> tuple[str, int]:
    project, _, number = issue.key.rpartition("-")
    return project, int(number)


ORDERS: dict[str, Callable[[Issue], Any]] = {
    "id": lambda issue: int(issue.id),
    "key": _key,
    "created": lambda issue: issue.created,
    "updated": lambda issue: issue.updated,
    "resolutiondate": lambda issue: issue.resolved or START,
    "summary": lambda issue: str(issue.fields.get("summary")),
    "status": lambda issue: issue.status,
    "project": lambda issue: issue.project,
    "priority": lambda issue: str(issue.fields.get("priority")),
    "issuetype": lambda issue: issue.type,
}


class Terms:
    """Makes tests of clauses; values that the site doesn't know are refused."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def clause(self, name: str, sign: str, values: list[str]) -> Test:
        """Return the test of one clause."""
        if sign in {"is", "is not"} or (
            sign in {"=", "!="} and values[0].lower() in NOTHING.get(name, EMPTY)
        ):
            wanted = sign in {"is", "="}
            return lambda issue: (not self.held(name, issue)) is wanted
        if name in TEXTS:
            return self.text(name, sign, values[0])
        if sign in {"~", "!~"}:
            raise jql_error(f"The operator '{sign}' is not supported by the '{name}' field.")
        if name in DATES:
            return self.date(name, sign, values[0])
        if sign in SIGNS:
            return self.number(name, sign, values[0])
        meant = set().union(*(self.meant(name, value) for value in values))
        if sign in {"=", "in"}:
            return lambda issue: bool(self.held(name, issue) & meant)
        return lambda issue: bool(held := self.held(name, issue)) and not held & meant

    def held(self, name: str, issue: Issue) -> set[str]:
        """Return what an issue has in a field; nothing when empty."""
        fields = issue.fields
        one: dict[str, Callable[[], object]] = {
            "project": lambda: self.site.home(issue).id,
            "labels": lambda: [label.casefold() for label in issue.labels],
            "key": lambda: issue.id,
            "id": lambda: issue.id,
            "status": lambda: issue.status,
            "statusCategory": lambda: issue.category,
            "resolution": lambda: issue.resolution,
            "issuetype": issue.type.casefold,
            "priority": lambda: fields.get("priority"),
            "fixVersion": lambda: fields.get("fixVersions"),
            "assignee": lambda: fields.get("assignee"),
            "reporter": lambda: fields.get("reporter"),
            "resolutiondate": lambda: issue.resolved and "set",
            "description": lambda: plain(fields.get("description")),
        }
        value = one[name]() if name in one else "set"
        if isinstance(value, list):
            return {str(part) for part in value}
        return {str(value)} if value else set()

    def meant(self, name: str, value: str) -> set[str]:
        """Return the values a word stands for, or refuse it."""
        if name in {"key", "id"}:
            return {self.issue(name, value)}
        found = self.known(name, value)
        if found is None:
            if name == "project" and value.isdigit():
                raise jql_error(f"A value with ID '{value}' does not exist for the field 'project'.")
            raise jql_error(f"The value '{value}' does not exist for the field '{name}'.")
        return found

    def known(self, name: str, value: str) -> set[str] | None:
        """Return the stored forms of a value, None when there are none."""
        low = value.casefold()
        projects = [one for one in self.site.projects.values() if not one.gone]
        tables: dict[str, Callable[[], set[str]]] = {
            "project": lambda: self.projects(value),
            "labels": lambda: {low},
            "status": lambda: {
                s.name for p in projects for s in p.statuses if low in {s.name.casefold(), s.id}
            },
            "statusCategory": lambda: {
                key for key, (n, title, _) in CATEGORIES.items() if low in {key, str(n), title.casefold()}
            },
            "resolution": lambda: {t for n, t in self.site.resolutions.items() if low in {n, t.casefold()}},
            "issuetype": lambda: {
                t.name.casefold() for p in projects for t in p.types if low in {t.name.casefold(), t.id}
            },
            "priority": lambda: {t for n, t in PRIORITIES.items() if low in {n, t.casefold()}},
            "fixVersion": lambda: {
                v.name for p in projects for v in p.versions if low in {v.name.casefold(), v.id}
            },
        }
        return (tables[name]() if name in tables else self.users(value)) or None

    def users(self, value: str) -> set[str]:
        """Return the names of the user meant."""
        user = self.site.bot if value.casefold() == "currentuser()" else self.site.find_user(value)
        return {user.name} if user else set()

    def projects(self, value: str) -> set[str]:
        """Return the ids of the projects the caller sees of this name, key, id or old key."""
        low = value.casefold()
        seen = [p for p in self.site.projects.values() if not p.gone and "BROWSE_PROJECTS" not in p.denied]
        named = {one.id for one in seen if low in {one.key.casefold(), one.name.casefold(), one.id}}
        old = self.site.find_project(value)
        return named or ({old.id} if old and old in seen else set())

    def issue(self, name: str, value: str) -> str:
        """Return the id of an issue that there is."""
        found = self.site.find_issue(value)
        if found is None:
            if value.isdigit():
                raise jql_error(f"A value with ID '{value}' does not exist for the field '{name}'.")
            raise jql_error(f"An issue with key '{value}' does not exist for field '{name}'.")
        return found.id

    def number(self, name: str, sign: str, value: str) -> Test:
        """Return the test of a comparison of ids or keys."""
        if name not in {"id", "key"}:
            raise jql_error(f"The operator '{sign}' is not supported by the '{name}' field.")
        edge = int(self.issue(name, value) if not value.isdigit() else value)
        return lambda issue: bool(SIGNS[sign](int(issue.id), edge))

    def date(self, name: str, sign: str, value: str) -> Test:
        """Return the test of a comparison of times."""
        if sign not in SIGNS:
            raise jql_error(f"The operator '{sign}' is not supported by the '{name}' field.")
        edge = self.time(name, value)

        def test(issue: Issue) -> bool:
            at = {"created": issue.created, "updated": issue.updated, "resolutiondate": issue.resolved}[name]
            return at is not None and bool(SIGNS[sign](at, edge))

        return test

    def time(self, name: str, value: str) -> datetime:
        """Return the time a word stands for: -15m, -2d, a date, a date with a minute."""
        now = self.site.clock.now()
        if value.lower() == "now()":
            return now
        if match := re.fullmatch(r"([-+]?)(\d+)([mhdw]?)", value):
            span = timedelta(minutes=int(match[2]) * UNITS[match[3] or "m"])
            return now + span if match[1] == "+" else now - span
        for form in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d"):
            try:
                return datetime.strptime(value, form).replace(tzinfo=UTC)
            except ValueError:
                continue
        raise jql_error(
            f"Date value '{value}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm',"
            " 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
        )

    def text(self, name: str, sign: str, value: str) -> Test:
        """Return the test of words: each must occur, word* begins one, a phrase in quotes stands as it is."""
        if sign not in {"~", "!~"}:
            raise jql_error(f"The operator '{sign}' is not supported by the '{name}' field.")
        phrases = [one.casefold() for one in re.findall(r'"([^"]+)"', value)]
        rest = re.sub(r'"[^"]*"', " ", value).casefold()
        words = re.findall(r"\w+\*?", rest)
        if not phrases and not words:
            raise jql_error(f"The text query '{value}' for field '{name}' is not allowed to be empty.")

        def test(issue: Issue) -> bool:
            held = self.words(name, issue)
            said = set(re.findall(r"\w+", held))
            hit = all(p in held for p in phrases) and all(
                any(s.startswith(w[:-1]) for s in said) if w.endswith("*") else w in said for w in words
            )
            return hit is (sign == "~")

        return test

    @staticmethod
    def words(name: str, issue: Issue) -> str:
        """Return the text a clause looks through."""
        parts = [str(issue.fields.get("summary") or ""), plain(issue.fields.get("description"))]
        if name == "text":
            parts += [plain(one.body) for one in issue.comments]
        chosen = parts[:1] if name == "summary" else parts[1:2] if name == "description" else parts
        return "\n".join(chosen).casefold()
