"""Does a sync keep its promises while Jira, the wire and people do their worst?

    python tests/proof/jira_faults.py [--trials 3] [--seed 1] [--only throttle,mixture] [--flavour dc]

Each trial has a store with half of the data and a Jira of our own; one of its 28 faults, or a mixture of
them, strikes while syncs run; the second half arrives, people edit, the index lags, the process dies
right after a request. Then the faults end, what was broken on the site is mended, and syncs go on until
nothing changes. The server's journal and state are the judges. With JIRA_CONTRACTS requests and answers are
checked against the published descriptions. Prints a table, and exits with 1 on any violation.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import pytest
from builders import NOW, Bench, copy_store, item, theme
from hostile import adf_faults, read_wiki
from jira_twin import Twin
from quick import hurry

from bridge.errors import BridgeError, TrackerError
from bridge.pipeline.run import RunResult
from bridge.plan import Plan
from bridge.render.format import BEGIN, END
from bridge.tracker.clock import Moment
from bridge.tracker.jira import JiraSite, JiraTracker
from bridge.witness import letters

CONTRACTS = os.environ.get("JIRA_CONTRACTS")
MARKER = re.compile(r"fbb-[0-9a-f]{12}")
TOML = """
tracker = "jira"
[jira]
url = "{url}"
project = "WEB"
token = "token"
settle_s = {settle_s}
labels = ["customer-feedback"]
fields = {{ reach = "Reach" }}
{more}
[policy]
mode = "automatic"
create_when = {{ people = 3, within_days = 90 }}
{policy}
[[rule]]
name = "seats"
when = {{ words = ["legroom", "seats"] }}
project = "APP"
"""
HOSTILE = (
    "my suitcase was lost at baggage claim {html}<b>now</b>{html} [~admin] !x.png! @all",
    "the suitcase never came out at baggage claim {noformat}{code} h1. big ||a|| [x|javascript:a]",
    "checkout in the mobile app crashes every time *b* _i_ ??c?? [~accountid:1] {quote} WEB-1",
)
READS = ("GET /issue/{id}", "GET /myself", "GET /project/{project}", "GET /issue/{id}/comment")
SEARCHES = {"cloud": ("POST /issue/bulkfetch", "POST /search/jql"), "dc": ("POST /search",)}
WRITES = ("POST /issue", "PUT /issue/{id}", "POST /issue/{id}/comment", "POST /issue/{id}/remotelink")


class Killed(BaseException):
    """The process dies here."""


class Time:
    """One time for the store, the server and the ledger; it moves only when somebody waits."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def now(self) -> Moment:
        """The ledger's moment."""
        return Moment("boot", self._twin.site.clock.seconds(), self._twin.now)

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self._twin.advance(seconds)


class World:
    """A store, its Jira, the people who work there, and what they wrote."""

    def __init__(self, bench: Bench, twin: Twin, *, settle_s: float = 420.0, more: str = "") -> None:
        self.bench, self.twin, self.settle_s, self.more = bench, twin, settle_s, more
        self.policy, self.patience = "", 30.0
        self.time = Time(twin)
        twin.advance((NOW - twin.now).total_seconds())
        for key in ("WEB", "APP"):
            twin.project(key, fields={"customfield_10100": ("Reach", "number")})
        self.human: dict[tuple[str, str], str] = {}
        self.broken: list[str] = []
        self.exits: Counter[int] = Counter()
        self.die: Callable[[str, str, bool], bool] = lambda *_: False
        self.asked_once: set[str] = set()
        self.restart()

    def restart(self) -> None:
        """A new process: nothing is remembered but the store."""
        twin = self.twin
        self.bench.set(TOML.format(url=twin.url, settle_s=self.settle_s, more=self.more, policy=self.policy))
        site = JiraSite(
            url=twin.url,
            token=lambda: twin.token,
            user=twin.user if twin.flavour == "cloud" else None,
            settle_s=self.settle_s,
            fields={"reach": "Reach"},
            timeout=(5.0, self.patience),
            known_flavour=twin.flavour,  # the program keeps it in the store
        )
        tracker = JiraTracker(site, wait=self.time.wait)
        send = tracker._client._send

        def mortal(method: str, route: str, *rest: Any) -> Any:
            if self.die(method, route, False):
                raise Killed
            answer = send(method, route, *rest)
            if self.die(method, route, True):
                raise Killed
            return answer

        tracker._client._send = mortal  # type: ignore[method-assign]
        self.bench.tracker = tracker
        self.tracker = tracker

    @property
    def us(self) -> str:
        """Our account."""
        return self.twin.site.bot.name

    def sync(self, *, dry_run: bool = False) -> RunResult | None:
        """One sync of a fresh process; its death and the tracker's refusals are part of the game."""
        self.restart()
        self.bench.now = self.twin.now if not self.twin.site.clock.skew else self.bench.now
        try:
            result = self.bench.run(
                "sync", first="decide", dry_run=dry_run, clock=self.time, pause=self.time.wait
            )
        except Killed:
            return None
        except BridgeError as error:
            self.exits[error.exit_code] += 1
            if not isinstance(error, TrackerError) or not str(error):
                self.broken.append(f"a sync ended with {type(error).__name__}: {error}")
            return None
        except Exception:  # noqa: BLE001 - a traceback is what must not be
            self.broken.append(f"a traceback: {traceback.format_exc(limit=-6)}")
            return None
        self.exits[5 if result.refused else 0] += 1
        return result

    def until_quiet(self, most: int = 14) -> Plan | None:
        """Sync, with time between, until a sync does nothing and leaves nothing but what people must do.

        What was cut off a short while ago is left for a time too: two syncs after another that do nothing
        leave what no sync will do.
        """
        plan, quiets = None, 0
        for _ in range(most):
            self.time.wait(self.settle_s * 0.7 + 5)
            before = len(self.twin.journal)
            result = self.sync()
            plan = result.left if result else None
            is_quiet = len(self.twin.journal) == before and result is not None
            quiets = quiets + 1 if is_quiet else 0
            if plan is None or any(action.effect == "wait" for action in plan.actions):
                continue
            if quiets > 1 or (quiets and not plan.actions):
                break
        return plan

    def second_half(self) -> None:
        """More people say it, and something new comes up."""
        self.bench.now = self.twin.now
        self.bench.take(_linked([*theme("bag", 26, first=30, days=4), *theme("legroom", 14, days=3)]))
        self.bench.run()

    def ours(self) -> list[Any]:
        """Issues that our account made and that are still there."""
        made = {e.issue_id for e in self.twin.journal if e.kind == "create" and e.actor == self.us}
        return [one for one in self.twin.issues() if one.id in made and not one.deleted]

    def meddle(self, rng: random.Random, *, times: int = 3) -> None:
        """People edit summaries, descriptions and labels of some issues of ours."""
        alive = [one for one in self.ours() if not one.archived and not self._is_gone(one)]
        for n in range(times if alive else 0):
            issue = self.twin.issue(rng.choice(alive).id)
            edit(
                self,
                issue,
                rng.choice(("summary", "outside", "inside", "label")),
                f"Ann{n}x{rng.randrange(9999)}",
            )

    def _is_gone(self, issue: Any) -> bool:
        return bool(self.twin.site.home(issue).gone)

    def plan(self) -> Plan | None:
        """What a sync would do now."""
        result = self.sync(dry_run=True)
        return result.plan if result else None


def edit(world: World, issue: Any, what: str, word: str) -> None:
    """Let Ann edit an issue, and keep in mind what she wrote."""
    ann = world.twin.as_person("ann")
    if what == "summary":
        ann.edit(issue, summary=f"{word} knows better")
        world.human[issue.id, "summary"] = word
    elif what == "label":
        ann.add_label(issue, word)
        world.human[issue.id, f"label {word}"] = word
    elif what == "figure":
        number = 100_000 + sum(map(ord, word))
        ann.edit(issue, customfield_10100=number)
        world.human[issue.id, "figure"] = str(number)
    else:
        was = world.twin.issue(issue.id).fields["description"]
        ann.edit_description(issue, described(was, word, what))
        for gone in ("outside", "inside", "cut") if what == "whole" else ():
            world.human.pop((issue.id, gone), None)
        world.human[issue.id, what] = word


def described(was: Any, word: str, what: str) -> Any:
    """Return a description with a word of Ann's: outside our block, inside, instead, or without our lines."""
    if isinstance(was, dict):
        said = {"type": "paragraph", "content": [{"type": "text", "text": f"{word} decides"}]}
        content = list(was.get("content", []))
        if what == "cut":
            content = [node for node in content if BEGIN not in str(node) and END not in str(node)]
        places = {"outside": [*content, said], "inside": [*content[:1], said, *content[1:]], "whole": [said]}
        return {**was, "content": places.get(what, [said, *content])}
    lines = [
        line
        for line in str(was or "").split("\n")
        if what != "cut" or (BEGIN not in line and END not in line)
    ]
    said_line = f"{word} decides"
    spots = {
        "outside": [*lines, "", said_line],
        "inside": [*lines[:1], said_line, *lines[1:]],
        "whole": [said_line],
    }
    return "\n".join(spots.get(what, [said_line, *lines]))


# --- the judges ---


def judge(world: World, *, doubled: bool = False) -> list[str]:
    """Return what was promised and not kept; `doubled`: the wire sent requests twice on its own account."""
    found = list(world.broken)
    found += [f"the server: {said[-200:]}" for said in world.twin.errors[:2]]
    found += [f"specification: {said}" for said in world.twin.violations[:3]]
    if not doubled:
        found += [*_two_issues(world), *_two_comments(world)]
    found += [*_overwritten(world), *_links_twice(world), *_live(world)]
    return found


def _two_issues(world: World) -> Iterator[str]:
    made: Counter[str] = Counter()
    for effect in world.twin.journal:
        if effect.kind == "create" and effect.actor == world.us:
            made.update(label for label in effect.detail["labels"] if MARKER.fullmatch(label))
    yield from (f"{count} issues with {marker}" for marker, count in made.items() if count > 1)
    known = [key for (key,) in world.bench.query("SELECT remote_id FROM ticket WHERE remote_id IS NOT NULL")]
    yield from (f"issue {key} has {n} tickets" for key, n in Counter(known).items() if n > 1)


def op_of(comment: Any) -> str | None:
    """Return the op of a comment of ours."""
    value = comment.properties.get("feedback-bridge.op")
    return value.get("op") if isinstance(value, dict) else None


def _two_comments(world: World) -> Iterator[str]:
    for issue in world.twin.issues():
        ops = Counter(op for one in issue.comments if (op := op_of(one)))
        yield from (f"{issue.key}: {n} comments with op {op}" for op, n in ops.items() if n > 1)


def _overwritten(world: World) -> Iterator[str]:
    fmt = world.tracker.format
    for (issue_id, what), word in world.human.items():
        issue, wanted = world.twin.issue(issue_id), word
        if what == "summary":
            stands = str(issue.fields.get("summary"))
            wanted = str(_last_by_people(world, issue_id, "summary") or word)
        elif what.startswith("label"):
            stands = " ".join(issue.labels)
        elif what == "figure":
            stands = str(int(issue.fields.get("customfield_10100") or 0))
        elif what.startswith("comment"):
            continue
        else:
            stands = fmt.plain(issue.fields.get("description"))
            if word not in fmt.plain(_last_by_people(world, issue_id, "description")):
                continue  # it was gone already when they edited last
        if wanted not in stands:
            yield f"{issue.key}: the {what} {wanted!r} of a person is gone: {stands[:60]!r}"


def _last_by_people(world: World, issue_id: str, field: str) -> Any:
    """Return what people last wrote into a field."""
    said = [
        effect.detail["fields"][field]
        for effect in world.twin.journal
        if effect.kind == "update" and effect.issue_id == issue_id and effect.actor != world.us
        if field in effect.detail.get("fields", {})
    ]
    return said[-1] if said else None


def _links_twice(world: World) -> Iterator[str]:
    for issue in world.twin.issues():
        names = Counter(link.global_id for link in issue.remote_links)
        yield from (f"{issue.key}: {n} links {name}" for name, n in names.items() if n > 1)
        ends = [tuple(sorted((link.source, link.target))) for link in issue.links if link.type == "Relates"]
        pairs = Counter(ends)
        yield from (f"{issue.key}: {n} times {pair}" for pair, n in pairs.items() if n > 1)


def _live(world: World) -> Iterator[str]:
    touched = {issue_id for issue_id, what in world.human if what not in {"summary", "figure"}}
    for issue in world.ours():
        texts = [one.body for one in issue.comments if one.author.name == world.us]
        texts += [] if issue.id in touched else [issue.fields.get("description")]
        for text in texts:
            if isinstance(text, dict):
                yield from (f"{issue.key}: {fault}" for fault in adf_faults(text))
            elif isinstance(text, str):
                inner = "\n".join(line for line in text.split("\n") if BEGIN not in line and END not in line)
                live = {one for kind, said in read_wiki(inner) for one in _live_in(kind, said)}
                if live and not MARKER.search(inner):
                    yield f"{issue.key}: live {live}"


def _live_in(kind: str, said: str) -> set[str]:
    """Return what is live in a block of wiki markup; bold words are our own, but in quotes."""
    found = set(re.findall(r"⟦([^⟧]*)⟧", said))
    return found if kind == "quote" else found - {"emphasis"}


def judge_end(world: World, plan: Plan | None, *, fits: str, mended: bool) -> list[str]:
    """Return what is wrong with the end: evidence that is lost, work left without a person who must do it."""
    if plan is None:
        return ["the last sync was no sync"]
    asked = {person.topic: f"{person.reason}; {person.next_step}" for person in plan.needs_person}
    found = [
        f"left: {action.effect} of T-{action.topic} {action.op_key} ({action.reason})"
        for action in plan.actions
        if action.topic not in asked and (mended or action.effect != "wait")
    ]
    waiting = set() if mended else {action.topic for action in plan.actions if action.effect == "wait"}
    if not fits:
        found += [f"a person is asked without need: {said}" for said in asked.values()]
    else:
        found += [f"not fitting: {said}" for said in asked.values() if not re.search(fits, said)]
    return [*found, *_evidence_lost(world, waiting | set(asked))]


def _evidence_lost(world: World, asked: set[int]) -> Iterator[str]:
    fmt = world.tracker.format
    rows = world.bench.query(
        "SELECT t.topic, t.state, t.remote_id FROM ticket t JOIN topic o ON o.number = t.topic"
        " WHERE o.root = o.number"
    )
    for topic, state, remote_id in rows:
        if topic in asked or state == "done":
            continue
        if remote_id is None:
            yield f"T-{topic} is {state} and has no issue"
            continue
        issue = world.twin.issue(remote_id)
        texts = [
            issue.fields.get("description"),
            *(c.body for c in issue.comments if c.author.name == world.us),
        ]
        said = letters(" ".join(fmt.plain(text) for text in texts))
        links = {link.global_id for link in issue.remote_links}
        for text, name, source, url in world.bench.query(
            "SELECT s.text, i.external_id, i.source, i.url FROM evidence e"
            " JOIN statement s ON s.id = e.statement_id JOIN item i ON i.id = s.item_id"
            " WHERE e.topic = ? AND e.rank <= 7",
            topic,
        ):
            if letters(text) not in said:
                yield f"T-{topic} {issue.key}: a quote is lost: {text[:50]!r}"
            if url and f"1:T-{topic}:{source}/{name}" not in links:
                yield f"T-{topic} {issue.key}: no link to {name}"


# --- the faults ---

Detail = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A fault with its variants; `fits`: what a person may be told while the site is as the fault left it."""

    name: str
    variants: Sequence[Detail] = ({},)
    routes: Sequence[str | None] = (None,)
    fits: str = ""
    fits_mended: str = ""
    most: int = 4


REASONS = (
    "jira-burst-based",
    "jira-per-issue-on-write",
    "jira-quota-global-based",
    "jira-quota-tenant-based",
)
ANY = (*WRITES, *READS, None)
CASES = (
    Case(
        "throttle",
        [{"reason": r, "retry_after": a} for r in REASONS for a in (1, 30, None, "http-date", 1847)],
        ANY,
    ),
    Case("unavailable", [{}, {"retry_after": 3}, {"committed": True}], ANY, most=6),
    Case("reset-before", routes=ANY),
    Case("reset-after", routes=WRITES),
    Case("commit-then-silence", [{"seconds": 3.0}], WRITES, most=1),
    Case("commit-then-stall", [{"seconds": 3.0}], WRITES, most=1),
    Case("truncated", routes=ANY),
    Case("proxy-html", [{}, {"status": 504}, {"committed": True}], ANY),
    Case("login-page", [{}, {"committed": True}], ANY),
    Case("slow", [{"seconds": 2.5}, {"seconds": 0.05}], WRITES, most=2),
    Case("stale-index", [{"seconds": 200}, {"seconds": 400}], ("POST /issue", None)),
    Case("unauthorised", [{"body": b} for b in ("json", "plain", "html")], ANY),
    Case("expired-anonymous", routes=(*ANY, "search")),
    Case(
        "permission-lost",
        [
            {},
            {"permissions": ["EDIT_ISSUES"]},
            {"permissions": ["ADD_COMMENTS"]},
            {"permissions": ["CREATE_ISSUES"]},
            {"permissions": ["LINK_ISSUES"]},
            {"permissions": ["BROWSE_PROJECTS"]},
        ],
        fits=r"project|refuses|permission|may not|can't be seen|type",
    ),
    Case("deleted", routes=("PUT /issue/{id}", None), fits="can't be seen", fits_mended="can't be seen"),
    Case("moved", routes=("PUT /issue/{id}", None)),
    Case("archived", routes=("PUT /issue/{id}", None), fits="archived|can't be seen", fits_mended="archived"),
    Case("required-field", [{}, {"project": "APP"}], ("POST /issue", None), fits="required|Severity"),
    Case(
        "field-off-screen",
        [{"field": "labels"}, {"field": "customfield_10100"}],
        (None, "POST /issue"),
    ),
    Case(
        "transition-gone",
        [{"mode": m} for m in ("removed", "renamed", "resolution", "conflict")],
        ("POST /issue/{id}/transitions", None),
    ),
    Case(
        "person-edits",
        [
            {"fields": {"summary": "Changed by hand"}},
            {"comment": "Said by hand"},
            {"close": True},
            {"close": "Duplicate"},
            {"add_label": "mine"},
            {"remove_label": "customer-feedback"},
        ],
        ("PUT /issue/{id}", None),
    ),
    Case("second-bridge", routes=("POST /issue",), fits="duplicate", fits_mended="duplicate"),
    Case("limit-413", routes=WRITES),
    Case(
        "project-gone",
        [{"project": "APP"}, {"project": "WEB"}, {"project": "WEB", "key": "NEW"}],
        fits=r"project|can't be seen",
        most=1,
    ),
    Case("page-token", [{"mode": "expired"}, {"mode": "repeating"}], ("search",)),
    Case("clock-skew", [{"seconds": s} for s in (3600, -3600, 86400)], most=1),
    Case("webhook", [{"mode": m} for m in ("duplicate",)]),
    Case(
        "replayed-post",
        [{"answer": "second"}, {"answer": "first"}],
        WRITES,
        fits="duplicate",
        fits_mended="duplicate",
    ),
    Case("conflict", routes=WRITES),
)
SITE = {
    "permission-lost",
    "deleted",
    "archived",
    "moved",
    "required-field",
    "field-off-screen",
    "transition-gone",
}


def strike(world: World, case: Case, rng: random.Random, **rest: Any) -> None:
    """Script one fault of a case."""
    detail = dict(rng.choice(case.variants))
    route = rng.choice(case.routes)
    if route == "search":
        route = rng.choice(SEARCHES[world.twin.flavour])
    if case.name in {"slow", "commit-then-silence", "commit-then-stall"}:
        world.patience = 2.0  # real seconds
    times = {"times": rng.randint(1, case.most), "nth": rng.choice((None, None, 2, 4)), **rest}
    if world.twin.flavour == "dc" and detail.get("reason"):
        detail["reason"] = ""
    world.twin.fault(case.name, route=route, **times, **detail)


def mend(world: World) -> None:
    """Make the site whole again: rights, fields, projects."""
    world.twin.clear_faults()
    for key, project in list(world.twin.site.projects.items()):
        project.denied.clear()
        project.gone = project.archived = False
        world.twin.project(key, required={}, hidden=set())
        if key == "NEW":
            from jira_twin import changes
            from jira_twin.records import By

            with world.twin.site.lock:
                changes.rename_project(
                    world.twin.site, By(world.twin.site.user("ann"), "mend"), project, "WEB"
                )


def play(world: World, cases: Sequence[Case], rng: random.Random) -> list[str]:
    """Play one trial to its end, and return what went wrong."""
    mixture = len(cases) > 1
    rest: dict[str, Any] = {"probability": 0.15, "times": 6, "nth": None} if mixture else {}
    for case in cases:
        strike(world, case, rng, **rest)
    world.sync()
    world.time.wait(rng.choice((30, 300, 700)))
    if rng.random() < 0.7:
        world.meddle(rng)
    world.second_half()
    for case in cases:
        if case.name not in {"transition-gone", "project-gone"}:
            strike(world, case, rng, **rest)
    if rng.random() < 0.6:
        _dying(world, rng)
    world.sync()
    world.die = lambda *_: False
    world.time.wait(rng.choice((30, 300, 700)))
    world.meddle(rng, times=2)
    world.sync()
    world.twin.clear_faults()
    names = {case.name for case in cases}
    doubled = "replayed-post" in names
    plan = world.until_quiet()
    fits = "|".join(case.fits for case in cases if case.fits)
    found = (
        [f"before mending: {said}" for said in judge_end(world, plan, fits=fits, mended=False)]
        if not mixture
        else []
    )
    mend(world)
    plan = world.until_quiet()
    done = _person_closed(world)
    after = "|".join(case.fits_mended for case in cases if case.fits_mended)
    after = "|".join(filter(None, [after, "duplicate of" if done else ""]))
    found += [f"at the end: {said}" for said in judge_end(world, plan, fits=after, mended=True)]
    return [*judge(world, doubled=doubled), *found]


def _person_closed(world: World) -> bool:
    return any(one.resolution == "Duplicate" for one in world.twin.issues())


def _dying(world: World, rng: random.Random) -> None:
    """Let the process die at one of its next requests, right after or right before it."""
    route = rng.choice(("issue", "issue", "issue/{id}", "issue/{id}/comment", "issue/{id}/remotelink"))
    method = "PUT" if route == "issue/{id}" else "POST"
    left, after = [rng.randint(1, 2)], rng.random() < 0.8

    def die(its_method: str, its_route: str, done: bool) -> bool:
        if (its_method, its_route, done) != (method, route, after):
            return False
        left[0] -= 1
        return left[0] == 0

    world.die = die


# --- the trials ---


def _linked(messages: Sequence[Any]) -> list[Any]:
    return [dataclasses.replace(m, url=f"https://reviews.example/{m.external_id}") for m in messages]


def first_half(root: Path) -> Bench:
    """Return a store with half of the data in topics."""
    bench = Bench(root)
    said = [*theme("bag", 14, days=9), *theme("app", 16, days=8)]
    said += [item(text, f"hostile-{n}", by=f"bad_{n}", days=6) for n, text in enumerate(HOSTILE)]
    bench.take(_linked(said))
    bench.run()
    return bench


@contextmanager
def world_of(base: Bench, flavour: str, seed: int, **rest: Any) -> Iterator[World]:
    """Give a fresh world with the store of the base."""
    contracts = Path(CONTRACTS) if CONTRACTS else None
    lag = random.Random(seed).choice((0.0, 0.0, (0.0, 200.0)))
    with (
        tempfile.TemporaryDirectory() as folder,
        Twin(flavour=flavour, seed=seed, contracts=contracts, index_lag=lag, fake_clock=True) as twin,
    ):
        bench = copy_store(base, Path(folder))
        yield World(bench, twin, **rest)
        bench.database.close() if hasattr(bench.database, "close") else None


def trial(base: Bench, flavour: str, cases: Sequence[Case], seed: int) -> list[str]:
    """Play one trial in a world of its own."""
    rng = random.Random(seed)
    with world_of(base, flavour, seed) as world:
        try:
            return play(world, cases, rng)
        except Exception:  # noqa: BLE001 - one bad trial must not hide the others
            return [f"the trial broke: {traceback.format_exc(limit=-5)}"]


def chosen(rng: random.Random, name: str) -> list[Case]:
    """Return the case of a name, or a mixture of two to four."""
    if name != "mixture":
        return [case for case in CASES if case.name == name]
    wire = [case for case in CASES if case.name not in SITE | {"project-gone", "replayed-post", "clock-skew"}]
    return rng.sample(wire, rng.randint(2, 4))


def prove(names: Sequence[str], flavours: Sequence[str], trials: int, seed: int) -> int:
    """Play all trials, print the table, return how many broke a promise."""
    logging.disable(logging.WARNING)
    failed: list[str] = []
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        hurry(patch)
        base = first_half(Path(folder))
        print(f"{'fault':<22}{'flavour':<9}{'trials':>7}{'broken':>8}{'seconds':>9}")
        for name in names:
            for flavour in flavours:
                started, bad = time.perf_counter(), 0
                for n in range(trials):
                    own = seed * 10_000 + n
                    wrong = trial(base, flavour, chosen(random.Random(own), name), own)
                    bad += bool(wrong)
                    failed += [f"{name} {flavour} seed {own}: {said}" for said in wrong[:4]]
                took = time.perf_counter() - started
                print(f"{name:<22}{flavour:<9}{trials:>7}{bad:>8}{took:>9.1f}", flush=True)
    for said in failed:
        print(said)
    print(f"specification: {'checked' if CONTRACTS else 'NOT checked, JIRA_CONTRACTS is not set'}")
    return len(failed)


def main() -> int:
    """Read the options and prove."""
    told = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    told.add_argument("--trials", type=int, default=3, help="trials a fault and flavour")
    told.add_argument("--seed", type=int, default=1)
    told.add_argument("--only", default="", help="names of faults, with commas; also: mixture")
    told.add_argument("--flavour", choices=("cloud", "dc"))
    asked = told.parse_args()
    names = asked.only.split(",") if asked.only else [*(case.name for case in CASES), "mixture"]
    flavours = [asked.flavour] if asked.flavour else ["cloud", "dc"]
    return 1 if prove(names, flavours, asked.trials, asked.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
