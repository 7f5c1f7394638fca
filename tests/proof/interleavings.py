"""Do people's edits survive ours, whenever they come, and do we keep quiet between two words of ours?

    python tests/proof/interleavings.py [--trials 1000] [--seed 1] [--only cloud]

Each trial goes on with a store and a Jira that syncs have made: people edit summaries, descriptions (inside
our block, outside, without its delimiters, all of it), labels, a figure's field, our comments, move and link
issues, some of it right before our own write of the same issue; more people speak; topics merge; days pass.
Then syncs run until nothing changes. Judged at the end: every field that a person edited last stands as they
left it, our comments on an issue are a window apart, and no issue was made that wasn't there before. Exits
with 1 on any violation.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import pytest
from builders import Bench, theme
from jira_faults import World, edit, first_half, judge, world_of
from quick import hurry

WINDOW = timedelta(days=7)
EDITS = ("summary", "outside", "outside", "inside", "cut", "whole", "label", "label", "figure")
PER_WORLD = 6
"""Trials that go on in one store and one Jira, before a new one is made."""


@dataclasses.dataclass(slots=True)
class Tally:
    """What came of the trials."""

    trials: int = 0
    edits: int = 0
    races: int = 0  # edits between our read and our write
    overwritten: int = 0
    too_soon: int = 0
    more_issues: int = 0
    other: int = 0
    failing: list[str] = dataclasses.field(default_factory=list)

    @property
    def violations(self) -> int:
        """How often a promise wasn't kept."""
        return self.overwritten + self.too_soon + self.more_issues + self.other


class People:
    """Those who work on the issues of one world."""

    def __init__(self, world: World, rng: random.Random, tally: Tally) -> None:
        self.world, self.rng, self.tally = world, rng, tally
        self.words = 0

    def word(self) -> str:
        """Return a word that was never said before."""
        self.words += 1
        return f"Ann{self.words}x{self.rng.randrange(10_000)}"

    def some(self) -> Any:
        """Return one of our issues."""
        return self.world.twin.issue(self.rng.choice(self.world.ours()).id)

    def edit(self, issue: Any, what: str) -> None:
        """Edit a field."""
        self.tally.edits += 1
        edit(self.world, issue, what, self.word())

    def act(self) -> None:
        """Do something."""
        what = self.rng.choice((*EDITS, "comment", "edit comment", "delete comment", "move", "link"))
        issue, ann = self.some(), self.world.twin.as_person("ann")
        own = [c for c in issue.comments if c.author.name == self.world.us]
        if what in EDITS:
            self.edit(issue, what)
        elif what == "comment":
            ann.comment(issue, self.word())
        elif what == "edit comment" and own:
            word = self.word()
            ann.edit_comment(issue, own[-1].id, word)
            self.world.human[issue.id, f"comment {own[-1].id}"] = word
        elif what == "delete comment" and own:
            ann.delete_comment(issue, own[-1])
            self.world.human.pop((issue.id, f"comment {own[-1].id}"), None)
        elif what == "move":
            self.rng.choice((ann.start, ann.close, ann.reopen))(issue)
        elif what == "link":
            other = self.some()
            if other.id != issue.id:
                ann.link(issue, other, "Blocks")

    def race(self, call: Any) -> None:
        """Edit the issue that we are about to write to."""
        issue = self.world.twin.issue(call.params["id"])
        self.tally.races += 1
        self.edit(issue, self.rng.choice(("summary", "outside", "inside", "figure", "whole")))


def more(world: World, rng: random.Random, start: int) -> None:
    """More people speak of one theme or all."""
    name = rng.choice(("bag", "app"))
    count = rng.choice((1, 2, 3, 8, 20))
    said = theme(name, count, first=start, days=0)
    moved = [
        dataclasses.replace(
            one, said_at=world.twin.now - timedelta(minutes=5 * n), external_id=f"{one.external_id}-{start}"
        )
        for n, one in enumerate(said)
    ]
    world.bench.now = world.twin.now
    world.bench.take(moved, once=False)
    world.bench.run()


def rename(world: World, rng: random.Random) -> None:
    """A person gives a topic another name, so that the summary is to be written."""
    topics = [n for (n,) in world.bench.query("SELECT number FROM topic WHERE root = number")]
    with world.bench.deciding() as verbs:
        verbs.rename(rng.choice(topics), f"A name {rng.randrange(10_000)}")


def merge(world: World, rng: random.Random) -> None:
    """A person merges two topics."""
    topics = [
        n for (n,) in world.bench.query("SELECT number FROM topic WHERE root = number AND state = 'tracked'")
    ]
    if len(topics) > 2:
        with world.bench.deciding() as verbs:
            verbs.merge(*rng.sample(topics, 2))
        world.bench.run(first="label")


def one(world: World, people: People, rng: random.Random, number: int) -> None:
    """Play one trial."""
    if rng.random() < 0.7:
        people.act()
    if rng.random() < 0.9:
        more(world, rng, 1000 + 100 * number)
    if rng.random() < 0.7:
        rename(world, rng)
    if rng.random() < 0.03:
        merge(world, rng)
    hook = None
    if rng.random() < 0.6:
        hook = world.twin.before("PUT /issue/{id}", people.race, times=rng.randint(1, 2))
    world.sync()
    if hook:
        hook.remove()
    if rng.random() < 0.4:
        people.act()
    world.sync()
    world.time.wait(rng.choice((3600, 86_400, 2 * 86_400, 4 * 86_400)))


def check(world: World, count: int, tally: Tally) -> list[str]:
    """Judge a world, and count what was not kept."""
    found = judge(world)
    lost = [said for said in found if "of a person is gone" in said]
    lost += comments_lost(world)
    soon = too_soon(world)
    grown = (
        len({e.issue_id for e in world.twin.journal if e.kind == "create" and e.actor == world.us}) - count
    )
    tally.overwritten += len(lost)
    tally.too_soon += len(soon)
    tally.more_issues += max(grown, 0)
    other = [said for said in found if said not in lost]
    tally.other += len(other)
    return [*lost, *soon, *other, *([f"{grown} issues more"] if grown else [])]


def comments_lost(world: World) -> list[str]:
    """Return comments of ours that a person edited, and that we wrote over."""
    found = []
    for (issue_id, what), word in world.human.items():
        if what.startswith("comment "):
            body = [
                c.body for c in world.twin.issue(issue_id).comments if c.id == what.removeprefix("comment ")
            ]
            if body and word not in str(body[0]):
                found.append(f"{issue_id}: the comment {word!r} of a person is gone")
    return found


def too_soon(world: World) -> list[str]:
    """Return comments of ours that came less than a window after another one on the same issue."""
    found, last = [], dict[str, Any]()
    for effect in world.twin.journal:
        if effect.kind != "comment" or effect.actor != world.us:
            continue
        before = last.get(effect.issue_id)
        if before and effect.at - before.at < WINDOW - timedelta(seconds=5):
            found.append(f"{effect.issue_id}: comments at {before.at} and {effect.at}")
        last[effect.issue_id] = effect
    return found


def play(base: Bench, flavour: str, seed: int, trials: int, tally: Tally) -> None:
    """Play some trials in one world."""
    rng = random.Random(seed)
    with world_of(
        base, flavour, seed, settle_s=0.0, more="comment_every_days = 7\nreopen_within_days = 60"
    ) as world:
        world.twin.index_lag = 0.0
        world.sync()
        people, count = People(world, rng, tally), len(world.ours())
        for number in range(trials):
            one(world, people, rng, number)
            world.broken += world.twin.errors
            tally.trials += 1
        world.until_quiet(4)
        wrong = check(world, count, tally)
        print(f"  {flavour} {tally.trials}: {tally.races} races, {tally.violations} violations", flush=True)
        tally.failing += [f"{flavour} seed {seed}: {said}" for said in wrong[:6]]


def prove(trials: int, seed: int, flavours: list[str], per_world: int = PER_WORLD) -> Tally:
    """Play all trials and print the table."""
    import logging

    logging.disable(logging.WARNING)
    total = Tally()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        hurry(patch)
        base = first_half(Path(folder))
        print(
            f"{'flavour':<9}{'trials':>7}{'edits':>7}{'races':>7}{'overwritten':>13}"
            f"{'too soon':>10}{'issues':>8}{'other':>7}{'s':>7}"
        )
        for flavour in flavours:
            tally, started = Tally(), time.perf_counter()
            for n in range(0, trials // len(flavours), per_world):
                play(base, flavour, seed * 10_000 + n, min(per_world, trials), tally)
            row = (
                tally.trials,
                tally.edits,
                tally.races,
                tally.overwritten,
                tally.too_soon,
                tally.more_issues,
                tally.other,
            )
            widths = (7, 7, 7, 13, 10, 8, 7)
            print(
                f"{flavour:<9}"
                + "".join(f"{v:>{w}}" for v, w in zip(row, widths, strict=True))
                + f"{time.perf_counter() - started:>7.0f}",
                flush=True,
            )
            for name in ("trials", "edits", "races", "overwritten", "too_soon", "more_issues", "other"):
                setattr(total, name, getattr(total, name) + getattr(tally, name))
            total.failing += tally.failing
    for said in total.failing:
        print(said)
    kinds = Counter(said.split(": ")[0] for said in total.failing)
    print(f"seeds that failed: {', '.join(kinds) or 'none'}")
    return total


def main() -> int:
    """Read the options and prove."""
    told = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    told.add_argument("--trials", type=int, default=1000)
    told.add_argument("--seed", type=int, default=1)
    told.add_argument("--only", choices=("cloud", "dc"))
    asked = told.parse_args()
    tally = prove(asked.trials, asked.seed, [asked.only] if asked.only else ["cloud", "dc"])
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
