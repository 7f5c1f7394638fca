"""A bench whose tracker is the Jira test server."""

from __future__ import annotations

from typing import Any

from builders import NOW, Bench, theme
from jira_twin import Twin

from bridge.plan import Plan
from bridge.tracker.jira import JiraSite, JiraTracker

JIRA = """
tracker = "jira"
[jira]
url = "{url}"
project = "WEB"
token = "{token}"
settle_s = 0
labels = ["customer-feedback"]
{more}
[policy]
mode = "automatic"
create_when = {{ people = 3, within_days = 90 }}
"""


class Site:
    """A bench whose tracker is a Jira."""

    def __init__(self, bench: Bench, twin: Twin, more: str = "") -> None:
        self.bench, self.twin = bench, twin
        self.set(more)

    def set(self, more: str = "") -> None:
        """Settings, and the tracker they name."""
        self.bench.set(JIRA.format(url=self.twin.url, token=self.twin.token, more=more))
        jira = self.bench.settings.jira
        site = JiraSite(
            url=jira.url,
            token=jira.token.reveal,
            user=self.twin.user if self.twin.flavour == "cloud" else None,
            settle_s=0.0,
            fields={ours: theirs for ours, theirs in jira.fields.model_dump().items() if theirs},
        )
        self.bench.tracker = JiraTracker(site, wait=lambda _: None)

    def sync(self) -> Any:
        """One sync; nothing may go wrong in the server itself, nor against its specification."""
        result = self.bench.sync()
        assert self.twin.errors == []
        assert self.twin.violations == []
        return result

    def plan(self) -> Plan:
        """What a sync would do."""
        plan = self.bench.sync(dry_run=True).plan
        assert plan is not None
        return plan

    def more(self, name: str, count: int, *, first: int = 30) -> None:
        """Let more people say it, an hour apart, up to now."""
        now = (NOW - self.bench.now).total_seconds() / 86_400
        self.bench.take(theme(name, count, first=first, days=now + (first + count) / 24), once=False)
        self.bench.run()

    def effects(self, *kinds: str) -> list[Any]:
        """What the server committed by our hand."""
        return [e for e in self.twin.journal if e.kind in kinds and e.actor == self.us]

    def issue(self, name: str) -> Any:
        """The issue of the topic that an item is in."""
        number = int((self.bench.topic_of(name) or "").removeprefix("T-"))
        query = "SELECT key FROM ticket WHERE topic = ? AND state != 'unlinked' ORDER BY id DESC"
        return self.twin.issue(self.bench.query(query, number)[0][0])

    @property
    def us(self) -> str:
        """The account that we log in with, as the journal names it."""
        return next(e.actor for e in self.twin.journal if e.kind == "create")

    def topic(self, key: str) -> int:
        """The topic that an issue is of."""
        return int(self.bench.query("SELECT topic FROM ticket WHERE key = ?", key)[0][0])


def description(issue: Any) -> str:
    return str(issue.fields["description"])
