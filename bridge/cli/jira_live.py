"""What `check --live` and `check --write-probe` measure on a real Jira, and the settings they recommend."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bridge.cli.jira_check import Desk, Finding, token_time
from bridge.config.toml import to_toml
from bridge.errors import InDoubt, InputError, TrackerError
from bridge.tracker import FieldUpdate, Remote

SKEW_S = 60.0
"""Seconds by which the clocks may differ before it is said."""
LEAST_SETTLE_S = 420.0
TOUCHES = 5
POLL_S = 1.0
LONGEST_S = 900.0
_LETTERS = "ghjkmnpqrstuvwxyz"  # none is a hexadecimal digit, so that no label looks like a marker
_PROPERTY = "feedback-bridge.probe"


def live(desk: Desk) -> Iterator[Finding]:
    """Measure what can be measured by reading alone."""
    for look in (_server, _index, _limits, token_time):
        try:
            yield from look(desk)
        except TrackerError as error:
            yield Finding(f"live {look.__name__.strip('_')}", str(error), fine=False)


def _server(desk: Desk) -> Iterator[Finding]:
    from bridge.tracker.jira.issues import moment

    info = desk.client.server_info()
    version = info.get("version") or "?"
    yield Finding("live server", f"version {version}, build {info.get('buildNumber') or '?'}")
    theirs = moment(info.get("serverTime"))
    if theirs is None:
        yield Finding("live clock", "the server doesn't tell its time", fine=None)
        return
    skew = (theirs - desk.now).total_seconds()
    words = f"the server's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours"
    if abs(skew) > SKEW_S:
        words += "; set this machine's clock by NTP, or webhooks are refused as too old"
    yield Finding("live clock", words, fine=None if abs(skew) > SKEW_S else True)


def _index(desk: Desk) -> Iterator[Finding]:
    """Compare the issue that was changed last, as a search shows it, with the issue itself."""
    from bridge.tracker.jira.jql import quoted
    from bridge.tracker.jira.search import Search

    search = Search(desk.client)
    project = desk.settings.jira.project
    query = f"project = {quoted(project)} ORDER BY updated DESC"
    began = time.monotonic()
    found = next(iter(search.issues(query, most=1)), None)
    took = time.monotonic() - began
    if found is None:
        yield Finding(
            "live index", f"a search took {took:.2f} s; {project} has no issue to compare", fine=None
        )
        return
    direct = search.one(str(found.get("id"))) or {}
    same = _updated(found) == _updated(direct)
    state = "as the issue itself is" if same else "older than the issue itself: the index lags just now"
    yield Finding(
        "live index", f"a search took {took:.2f} s; what it shows is {state}", fine=True if same else None
    )
    words = "how long it lags after a write can't be read; check --write-probe measures it"
    yield Finding("live index", words, fine=None)


def _limits(desk: Desk) -> Iterator[Finding]:
    """Say which issues are near Jira's limits, if Jira tells (Cloud, and not everybody)."""
    if desk.tracker.flavour != "cloud":
        return
    try:
        report = desk.client.read("issue/limit/report")
    except TrackerError:
        yield Finding("live limits", "Jira doesn't report them to this account", fine=None)
        return
    near = report.get("issuesApproachingLimit") if isinstance(report, dict) else None
    over = report.get("issuesBreachingLimit") if isinstance(report, dict) else None
    counts = {name: _count(part) for name, part in (("near", near), ("over", over))}
    yield Finding("live limits", f"{counts['near']} issues near a limit of Jira's, {counts['over']} over it")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A probe that writes, on one issue that is there already, and takes back what it wrote.

    `wait` sleeps for seconds, `tick` counts them.
    """

    desk: Desk
    project: str
    wait: Callable[[float], None] = time.sleep
    tick: Callable[[], float] = time.monotonic

    def issue(self, key: str) -> Remote:
        """Return the issue to write on, or refuse it."""
        self.desk.tracker.ready([self.project])
        found = self.desk.tracker.look(key)
        if found is None:
            raise InputError(f"{key} can't be seen; name an issue of {self.project} with --on KEY")
        if found.project != self.project:
            raise InputError(
                f"{key} is in {found.project or 'another project'}, not in {self.project}; the probe writes "
                "only in the project that --write-probe names"
            )
        return found

    def run(self, issue: Remote) -> Iterator[Finding]:
        """Write, look, take back; the last finding holds settings as TOML."""
        lags = []
        for number in range(1, TOUCHES + 1):
            name = f"probe label {number} of {TOUCHES}"
            try:
                lag = self._touch(issue)
            except (TrackerError, InDoubt) as error:
                yield Finding(name, f"{error}; no settings are recommended", fine=False)
                return
            lags.append(LONGEST_S if lag is None else lag)
            seen = (
                f"not seen within {LONGEST_S:.0f} s"
                if lag is None
                else f"the search saw it after {lag:.1f} s"
            )
            yield Finding(name, seen, fine=lag is not None)
        yield self._tried("probe property", self._property, issue)
        yield self._tried("probe comment", self._comment, issue)
        yield self._tried("probe create", self._born, issue)
        values = {"flavour": self.desk.tracker.flavour, "settle_s": max(LEAST_SETTLE_S, round(4 * max(lags)))}
        lines = "\n".join(f"{name} = {to_toml(value)}" for name, value in values.items())
        yield Finding("probe settings", f"recommended:\n\n[jira]\n{lines}\n")

    def _touch(self, issue: Remote) -> float | None:
        """Add a label, and count the seconds until a search by it finds the issue; None if it doesn't."""
        from bridge.tracker.jira.jql import with_label
        from bridge.tracker.jira.search import Search

        label = "feedback-bridge-probe-" + "".join(secrets.choice(_LETTERS) for _ in range(10))
        search = Search(self.desk.client)
        with self._taken_back(lambda: self._relabel(issue, remove=label)):
            self._relabel(issue, add=label)
            began = self.tick()
            while True:
                seen = any(one.get("id") == issue.id for one in search.issues(with_label(label), most=1))
                passed = self.tick() - began
                if seen:
                    return passed
                if passed >= LONGEST_S:
                    return None
                self.wait(POLL_S)

    def _relabel(self, issue: Remote, *, add: str = "", remove: str = "") -> None:
        change = FieldUpdate(add_labels=(add,) if add else (), remove_labels=(remove,) if remove else ())
        self.desk.tracker.update(issue.id, change)

    def _property(self, issue: Remote) -> str:
        route, client = "issue/{id}/properties/{key}", self.desk.client
        with self._taken_back(lambda: client.do("DELETE", route, issue.id, _PROPERTY)):
            client.do("PUT", route, issue.id, _PROPERTY, body={"probe": 1})
            value = client.read(route, issue.id, _PROPERTY).get("value")
        if value != {"probe": 1}:
            raise TrackerError(f"a property was set, and read back as {value!r}")
        return "set, read and deleted"

    def _comment(self, issue: Remote) -> str:
        from bridge.render.document import Document, Paragraph, Text

        def words(text: str) -> Document:
            return Document((Paragraph((Text(text),)),))

        tracker, client = self.desk.tracker, self.desk.client
        op = "probe-" + secrets.token_hex(4)
        made = tracker.comment(issue.id, words("Feedback Bridge tries whether it may comment."), op)
        known = next((one for one in tracker.comments(issue.id) if one.id == made), None)
        tracker.edit_comment(issue.id, made, words("Feedback Bridge tried whether it may comment."))
        if known is None or known.op != op:
            raise TrackerError(
                f"comment {made} was written, but not found again by its property; it stays there"
            )
        try:
            client.do("DELETE", "issue/{id}/comment/{comment}", issue.id, made)
        except TrackerError:
            return "added, found by its property and edited; it stays, for we may not delete it"
        return "added, found by its property, edited and deleted"

    def _born(self, issue: Remote) -> str:
        """Say whether our property came along with the create, if the issue is one of ours."""
        if not any(label.startswith("fbb-") for label in issue.labels):
            return "not tried: this issue is none of ours, and we open none that is no topic's ticket"
        self.desk.client.read("issue/{id}/properties/{key}", issue.id, "feedback-bridge")
        return "this ticket of ours bears the property that was sent with its create"

    @contextmanager
    def _taken_back(self, undo: Callable[[], Any]) -> Iterator[None]:
        """Take back what was written, whatever happens in between."""
        try:
            yield
        finally:
            undo()

    def _tried(self, name: str, part: Callable[[Remote], str], issue: Remote) -> Finding:
        try:
            return Finding(name, part(issue))
        except (TrackerError, InDoubt) as error:
            return Finding(name, str(error), fine=False)


def _updated(raw: Any) -> object:
    fields = raw.get("fields")
    return fields.get("updated") if isinstance(fields, dict) else None


def _count(part: object) -> int:
    """Count the issues in a report: one list of issues for each field."""
    if not isinstance(part, dict):
        return 0
    return sum(len(value) for value in part.values() if isinstance(value, dict | list))
