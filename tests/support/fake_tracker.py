"""A tracker in memory with the faults of real ones, and a time of its own: the same port, the same promises.

`journal` lists every effect that was really had: it is the oracle. Faults are drawn by `Odds`, or told for
the next call of a verb by `fail`.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.errors import InDoubt, TrackerGone
from bridge.plan import Draft
from bridge.render.document import Document
from bridge.render.format import Format
from bridge.render.markdown import Markdown
from bridge.tracker import Category, Comment, Edit, EvidenceLink, FieldUpdate, Joined, Remote
from bridge.tracker.clock import Moment

DAY_ONE = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIMEOUT_S = 30.0


class FakeClock:
    """A machine whose time only moves when it is told to. `wall_step` is how far its wall clock is off."""

    def __init__(self, seconds: float = 1000.0) -> None:
        self.seconds = seconds  # since the beginning, whatever the machine does
        self.boot = "boot-1"
        self.booted_at = 0.0
        self.wall_step = timedelta()

    def now(self) -> Moment:
        """Return the machine's moment."""
        return Moment(self.boot, self.seconds - self.booted_at, self.wall())

    def wall(self) -> datetime:
        """Return what the wall clock shows."""
        return DAY_ONE + timedelta(seconds=self.seconds) + self.wall_step

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.seconds += seconds

    def restart(self, name: str) -> None:
        """Start the machine anew."""
        self.boot, self.booted_at = name, self.seconds


@dataclass(frozen=True, slots=True)
class Odds:
    """How often what goes wrong, as shares of calls; lag in seconds."""

    late: float = 0.0  # committed 31 to 110 s after the send, long after we gave up
    lost: float = 0.0  # never committed, and no answer
    unanswered: float = 0.0  # committed, and no answer
    usual_lag: float = 0.0  # median of the index's lag
    long_lag: float = 0.0  # share of writes that the index shows only after up to 300 s
    call_s: float = 0.5


CALM = Odds()
REAL = Odds(late=0.02, lost=0.02, unanswered=0.03, usual_lag=2.0, long_lag=0.03)
"""The fault model of the research: docs/proof.md names it."""


@dataclass(slots=True)
class Issue:
    """An issue as it really is; `seen` says from when, and until when, the index shows a label on it."""

    remote: Remote
    op: str
    seen: dict[str, tuple[float, float]] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    links: dict[str, EvidenceLink] = field(default_factory=dict)
    gone: bool = False


class FakeTracker:
    """See the module. `before` is called with each verb's name before it does anything."""

    name = "fake"

    def __init__(
        self,
        clock: FakeClock,
        odds: Odds = CALM,
        draw: random.Random | None = None,
        settle_s: float = 420.0,
    ) -> None:
        self.clock, self.odds, self.draw = clock, odds, draw or random.Random(1)  # noqa: S311 - seeded on purpose

        self.settle_s = settle_s
        self.format: Format = Markdown()
        self.issues: list[Issue] = []
        self.journal: list[tuple[str, str]] = []  # (verb, marker or op)
        self.calls: list[str] = []
        self.before: Callable[[str], None] = lambda _: None
        self.is_ready: Exception | None = None
        self._late: list[tuple[float, Callable[[], object]]] = []
        self._committing_at: float | None = None
        self._faults: dict[str, list[Exception | str]] = {}
        self._by_label: dict[str, list[Issue]] = {}

    def fail(self, verb: str, *faults: Exception | str) -> None:
        """Let the next calls of a verb fail: by an error (not had), or "late", "lost" or "unanswered"."""
        self._faults.setdefault(verb, []).extend(faults)

    def heal(self) -> None:
        """Forget the faults that were told."""
        self._faults.clear()
        self.is_ready = None

    def look_quietly(self, name: str) -> Remote | None:
        """Return an issue as it is; no call, no time."""
        issue = self._issue(name)
        return issue.remote if issue and not issue.gone else None

    def markers(self) -> list[str]:
        """Return the marker of each issue that was opened, those to come included."""
        self._catch_up(late=float("inf"))
        return [marker for verb, marker in self.journal if verb == "create"]

    def ops(self) -> list[str]:
        """Return the op of each comment that was written, those to come included."""
        self._catch_up(late=float("inf"))
        return [op for verb, op in self.journal if verb == "comment"]

    def ready(self, projects: Collection[str]) -> None:  # noqa: ARG002 - the port
        self._read("ready")
        if self.is_ready is not None:
            raise self.is_ready

    def find(self, marker: str) -> list[Remote]:
        self._read("find")
        now = self.clock.seconds
        shown = (i for i in self._by_label.get(marker, ()) if not i.gone)
        return [i.remote for i in shown if i.seen[marker][0] <= now < i.seen[marker][1]]

    def alike(self, project: str, words: Sequence[str], limit: int) -> list[Remote]:  # noqa: ARG002 - the port
        self._read("alike")
        return []

    def read(self, ids: Sequence[str]) -> dict[str, Remote]:
        self._read("read")
        return {i.remote.id: i.remote for i in self.issues if i.remote.id in ids and not i.gone}

    def look(self, issue_id: str) -> Remote | None:
        self._read("look")
        issue = self._issue(issue_id)
        return issue.remote if issue and not issue.gone else None

    def create(self, draft: Draft, marker: str, op: str) -> Remote:
        def commit() -> Remote:
            number = len(self.issues) + 1
            remote = Remote(
                id=str(10_000 + number),
                key=f"{draft.project}-{number}",
                project=draft.project,
                title=draft.title,
                status="To Do",
                description=self.format.wrap(draft.document),
                figures=draft.figures,
            )
            issue = Issue(remote, op)
            self.issues.append(issue)
            self._label(issue, marker)
            for label in draft.labels:
                self._label(issue, label)
            self.journal.append(("create", marker))
            return issue.remote

        made: Remote = self._write("create", commit)
        return made

    def update(self, issue_id: str, change: FieldUpdate) -> None:
        def commit() -> None:
            issue = self._there(issue_id)
            if change.title is not None:
                issue.remote = dataclasses.replace(issue.remote, title=change.title)
            if change.description is not None:
                issue.remote = dataclasses.replace(issue.remote, description=change.description)
            for label in change.add_labels:
                self._label(issue, label)
            for label in change.remove_labels:
                self._unlabel(issue, label)
            self.journal.append(("update", issue.remote.key))

        self._write("update", commit)

    def history(self, issue_id: str, since: datetime) -> list[Edit]:  # noqa: ARG002 - the port
        self._read("history")
        return []

    def comment(self, issue_id: str, document: Document, op: str) -> str:
        def commit() -> str:
            issue = self._there(issue_id)
            name = f"{issue.remote.id}-{len(issue.comments) + 1}"
            issue.comments.append(
                Comment(id=name, op=op, text=self.format.plain(self.format.write(document)))
            )
            self.journal.append(("comment", op))
            return name

        name: str = self._write("comment", commit)
        return name

    def edit_comment(self, issue_id: str, comment_id: str, document: Document) -> None:  # noqa: ARG002 - the port
        self._write("edit_comment", lambda: self.journal.append(("edit", comment_id)))

    def comments(self, issue_id: str) -> list[Comment]:
        self._read("comments")
        return self._there(issue_id).comments[::-1]

    def attach(self, issue_id: str, link: EvidenceLink) -> None:
        self._write("attach", lambda: self._there(issue_id).links.update({link.global_id: link}))

    def detach(self, issue_id: str, global_id: str) -> None:
        self._write("detach", lambda: self._there(issue_id).links.pop(global_id, None))

    def join(self, issue_id: str, other_id: str, how: str) -> None:
        def commit() -> None:
            issue = self._there(issue_id)
            joined = (*issue.remote.joined, Joined(other_id, other_id, how))
            issue.remote = dataclasses.replace(issue.remote, joined=joined)
            self.journal.append(("join", other_id))

        self._write("join", commit)

    def move(self, issue_id: str, category: Category) -> Remote:
        def commit() -> Remote:
            issue = self._there(issue_id)
            issue.remote = dataclasses.replace(issue.remote, category=category, status=category)
            self.journal.append(("move", category))
            return issue.remote

        moved: Remote = self._write("move", commit)
        return moved

    def _read(self, verb: str) -> None:
        self.before(verb)
        self.calls.append(verb)
        self.clock.sleep(self.odds.call_s)
        self._catch_up()
        fault = self._next_fault(verb)
        if isinstance(fault, Exception):
            raise fault

    def _write(self, verb: str, commit: Callable[[], Any]) -> Any:
        self.before(verb)
        self.calls.append(verb)
        self._catch_up()
        fault = self._next_fault(verb) or self._drawn()
        if isinstance(fault, Exception):
            self.clock.sleep(self.odds.call_s)
            raise fault
        if fault is None:
            self.clock.sleep(self.odds.call_s)
            return commit()
        if fault == "unanswered":
            self.clock.sleep(self.odds.call_s)
            commit()
        if fault == "late":
            self._late.append((self.clock.seconds + self.draw.uniform(31, 110), commit))
        self.clock.sleep(TIMEOUT_S)
        raise InDoubt(f"no answer to {verb} within {TIMEOUT_S:.0f} s; it may have been done")

    def _drawn(self) -> str | None:
        odds, chance = self.odds, self.draw.random()
        for name, share in (("late", odds.late), ("lost", odds.lost), ("unanswered", odds.unanswered)):
            if chance < share:
                return name
            chance -= share
        return None

    def _next_fault(self, verb: str) -> Exception | str | None:
        told = self._faults.get(verb)
        return told.pop(0) if told else None

    def _catch_up(self, late: float = 0.0) -> None:
        """Commit what is due by now; what can't be any more (its issue is gone) is dropped."""
        if not self._late:
            return
        due = sorted(
            ((at, n) for n, (at, _) in enumerate(self._late) if at <= self.clock.seconds + late),
        )
        commits = [(at, self._late[n][1]) for at, n in due]
        self._late = [(at, commit) for at, commit in self._late if at > self.clock.seconds + late]
        for at, commit in commits:
            self._committing_at = at
            with suppress(TrackerGone):
                commit()
        self._committing_at = None

    def _lag(self) -> float:
        if self.odds.usual_lag <= 0:
            return 0.0
        if self.draw.random() < self.odds.long_lag:
            return self.draw.uniform(10, 300)
        return min(self.draw.lognormvariate(0, 1) * self.odds.usual_lag, 300.0)

    def _shown_at(self) -> float:
        now = self.clock.seconds if self._committing_at is None else self._committing_at
        return now + self._lag()

    def _label(self, issue: Issue, label: str) -> None:
        if label in issue.remote.labels:
            return
        issue.remote = dataclasses.replace(issue.remote, labels=issue.remote.labels | {label})
        issue.seen[label] = (self._shown_at(), float("inf"))
        self._by_label.setdefault(label, []).append(issue)

    def _unlabel(self, issue: Issue, label: str) -> None:
        if label in issue.remote.labels:
            issue.remote = dataclasses.replace(issue.remote, labels=issue.remote.labels - {label})
            issue.seen[label] = (issue.seen[label][0], self._shown_at())

    def _issue(self, name: str) -> Issue | None:
        number = int(name) - 10_001 if name.isdecimal() else -1
        if 0 <= number < len(self.issues):
            return self.issues[number]
        return next((issue for issue in self.issues if issue.remote.key == name), None)

    def _there(self, name: str) -> Issue:
        issue = self._issue(name)
        if issue is None or issue.gone:
            raise TrackerGone(f"{name} can't be seen: deleted, or not for us to see")
        return issue
