"""A person who decides at random, and takes everything back again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from builders import NOW, Bench

from bridge.editing import edit
from bridge.errors import InputError
from bridge.verbs import Verbs

BOOKS = ("audit", "decision", "run", "workspace", "written", "topic_figures")  # and what is made anew
NEW: Mapping[str, str] = {"tracker": "local", "project": "FB", "type_": "Bug"}
VERBS = (
    *("approve", "reject", "ignore", "snooze", "rename", "edit"),
    *("merge", "apart", "split", "remove", "move", "not-feedback", "pin", "unpin"),
)


def state(bench: Bench) -> dict[str, Any]:
    """Return all tables, without which topics are still to be looked at."""
    found = bench.tables(*BOOKS)
    found["topic"] = bench.query(
        "SELECT number, root, merged_into, split_from, title, title_by, keywords, kind, state, state_until,"
        " state_until_reach, state_before, confidence, labelled_mentions, centroid FROM topic ORDER BY number"
    )
    return found


@dataclass
class Walk:
    """So many random decisions. `kept` are those that stand, each with what was before it."""

    bench: Bench
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    kept: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)  # noqa: S311 - a seeded draw, no secret

    def go(self, steps: int) -> None:
        """Decide so often; half of it is taken back at once."""
        while self.done.total() < steps:
            verb, before = self.draw.choice(VERBS), state(self.bench)
            try:
                about = self._decide(verb)
            except InputError:
                self.refused[verb] += 1
                self._same(f"{verb} was refused", before)
                continue
            self.done[verb] += 1
            self.kept.append((verb, about, before))
            if self.draw.random() < 0.5:
                self.take_back()

    def take_back(self) -> None:
        """Undo the latest that stands, and compare."""
        verb, about, before = self.kept.pop()
        with self.bench.deciding() as verbs:
            said = verbs.undo(about)
        if said != STORED.get(verb, verb):
            self.faults.append(f"undo took {said} back, not {verb}")
        self._same(f"{verb} was undone", before)

    def _same(self, when: str, before: dict[str, Any]) -> None:
        now = state(self.bench)
        different = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
        if different:
            self.faults.append(f"seed {self.seed}, after {self.done.total()} decisions: {when}: {different}")

    def _decide(self, verb: str) -> int:
        """Decide something; return the number of the topic that its undo is asked of."""
        topics = [number for (number,) in self.bench.query("SELECT number FROM topic ORDER BY number")]
        one, other = self.draw.choice(topics), self.draw.choice(topics)
        with self.bench.deciding() as verbs:
            return DO[verb](verbs, self, one, other)

    def items(self, topic: int) -> list[str]:
        """Return some items of a topic."""
        rows = self.bench.query(
            "SELECT DISTINCT item.external_id FROM item JOIN statement ON statement.item_id = item.id"
            " JOIN assignment ON assignment.statement_id = statement.id WHERE assignment.topic = ?"
            " ORDER BY item.external_id",
            topic,
        )
        names = [name for (name,) in rows]
        return self.draw.sample(names, min(len(names), self.draw.randint(1, 4)))

    def item(self) -> str:
        """Return any item."""
        return str(self.draw.choice(self.bench.query("SELECT external_id FROM item ORDER BY id"))[0])


def _snooze(verbs: Verbs, walk: Walk, one: int, _: int) -> int:
    until = walk.draw.choice([NOW + timedelta(days=7), None])
    verbs.snooze(one, until=until, until_reach=None if until else 99)
    return one


def _edit(verbs: Verbs, walk: Walk, one: int, _: int) -> int:
    written = {
        "title": f"Ours {walk.draw.random()}",
        "description": f"**{walk.draw.random()}**",
        "type": walk.draw.choice(["Task", "Bug"]),
    }
    some = walk.draw.sample(sorted(written), walk.draw.randint(1, 3))
    edit(verbs._session, "ana", NOW, one, wanted={name: written[name] for name in some})
    return one


def _move(verbs: Verbs, walk: Walk, one: int, _: int) -> int:
    verbs.move("reviews", walk.item(), one)
    return one


def _not_feedback(verbs: Verbs, walk: Walk, one: int, _: int) -> int:
    named = walk.items(one)
    if not named:
        raise InputError("an empty topic")
    verbs.move("reviews", named[0], None)
    return one


def _one_item(name: str) -> Callable[[Verbs, Walk, int, int], int]:
    def do(verbs: Verbs, walk: Walk, one: int, _other: int) -> int:
        named = walk.items(one)
        if not named:
            raise InputError("an empty topic")
        getattr(verbs, name)(one, named[0])
        return one

    return do


def _plain(name: str, *, place: bool = False) -> Callable[[Verbs, Walk, int, int], int]:
    def do(verbs: Verbs, _walk: Walk, one: int, _other: int) -> int:
        getattr(verbs, name)(one, **(NEW if place else {}))
        return one

    return do


def _with(name: str) -> Callable[[Verbs, Walk, int, int], int]:
    def do(verbs: Verbs, _walk: Walk, one: int, other: int) -> int:
        getattr(verbs, name)(one, other)
        return one

    return do


def _of_items(name: str) -> Callable[[Verbs, Walk, int, int], int]:
    def do(verbs: Verbs, walk: Walk, one: int, _other: int) -> int:
        getattr(verbs, name)(one, walk.items(one))
        return one

    return do


def _rename(verbs: Verbs, walk: Walk, one: int, _: int) -> int:
    verbs.rename(one, f"Ours {walk.draw.random()}")
    return one


DO: Mapping[str, Callable[[Verbs, Walk, int, int], int]] = {
    "approve": _plain("approve", place=True),
    "reject": _plain("reject", place=True),
    "ignore": _plain("ignore"),
    "snooze": _snooze,
    "rename": _rename,
    "edit": _edit,
    "merge": _with("merge"),
    "apart": _with("apart"),
    "split": _of_items("split"),
    "remove": _of_items("remove"),
    "move": _move,
    "not-feedback": _not_feedback,
    "pin": _one_item("pin"),
    "unpin": _one_item("unpin"),
}
STORED = {"not-feedback": "move"}
