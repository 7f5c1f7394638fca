"""Corrections drawn from the truth, as a person who knows it would make them, and whether they hold."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, Assignment, Item, Statement, Topic
from bridge.pipeline.context import Context
from bridge.proposals import split_off
from bridge.store import decided, key_quotes
from bridge.store import topics as store
from bridge.verbs import Verbs

KINDS = ("merge", "move", "remove", "split", "rename", "ignore", "pin")
Check = Callable[[Session, Mapping[str, int]], bool]
"""Whether a correction holds, told from the store and the places of the items."""
PINNED = 3
TICKED = 5  # items that a person ticks to split a topic


@dataclass
class Corrector:
    """Somebody who knows the label of each item. `named` are the items that were named in a correction."""

    context: Context
    truth: Mapping[str, str]
    source: str
    seed: int
    named: set[str] = field(default_factory=set)
    made: Counter[str] = field(default_factory=Counter)
    _checks: list[tuple[str, Check]] = field(default_factory=list)
    _busy: set[int] = field(default_factory=set)  # topics that were ignored: nobody corrects them further

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)  # noqa: S311 - a seeded draw, no secret

    def correct(self, count: int, kinds: Sequence[str] = KINDS) -> None:
        """Make so many corrections of random kinds, as far as there is something to correct."""
        left = list(kinds)
        while left and self.made.total() < count:
            kind = self.draw.choice(left)
            if getattr(self, f"_{kind}")():
                self.made[kind] += 1
            else:
                left.remove(kind)

    def violations(self) -> Counter[str]:
        """Return which corrections don't hold now, by kind."""
        with self.context.database.reading() as session:
            places = self.places(session)
            return Counter(kind for kind, holds in self._checks if not holds(session, places))

    def places(self, session: Session | None = None) -> dict[str, int]:
        """Return the topic of each item, 0 for none."""
        if session is None:
            with self.context.database.reading() as reading:
                return self.places(reading)
        rows = session.exec(
            select(Item.external_id, Assignment.status, Topic.root)
            .join(Statement, col(Statement.item_id) == col(Item.id))
            .join(Assignment, col(Assignment.statement_id) == col(Statement.id))
            .outerjoin(
                Topic, (col(Topic.number) == col(Assignment.topic)) & (col(Topic.workspace_id) == WORKSPACE)
            )
        )
        return {name: root if status == "published" and root else 0 for name, status, root in rows}

    def _topics(self) -> dict[int, Counter[str]]:
        """Return the labels in each topic that may be corrected."""
        found: dict[int, Counter[str]] = defaultdict(Counter)
        for name, topic in sorted(self.places().items()):
            if topic and topic not in self._busy:
                found[topic][self.truth[name]] += 1
        return dict(found)

    def _majorities(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for topic, labels in sorted(self._topics().items()):
            found[labels.most_common(1)[0][0]].append(topic)
        return found

    def _decide(self, do: Callable[[Verbs], object]) -> None:
        with self.context.database.writing() as session:
            do(Verbs(session, "ana", self.context.now))

    def _check(self, kind: str, holds: Check) -> None:
        self._checks.append((kind, holds))

    def _merge(self) -> bool:
        with self.context.database.reading() as session:
            apart = decided.apart(session)
        pairs = [
            (one, other)
            for topics in self._majorities().values()
            for one in topics
            for other in topics
            if one < other and (one, other) not in apart
        ]
        if not pairs:
            return False
        one, other = self.draw.choice(pairs)
        self._decide(lambda verbs: verbs.merge(other, one))
        self._check("merge", lambda session, _: _root(session, one) == _root(session, other))
        return True

    def _wrong(self) -> list[tuple[str, int]]:
        """Return the items in topics of another majority, not named yet, with their topics."""
        topics = self._topics()
        return [
            (name, topic)
            for name, topic in sorted(self.places().items())
            if topic in topics
            and name not in self.named
            and topics[topic].most_common(1)[0][0] != self.truth[name]
        ]

    def _move(self) -> bool:
        homes = self._majorities()
        wrong = [(name, topic) for name, topic in self._wrong() if self.truth[name] in homes]
        if not wrong:
            return False
        name, _ = self.draw.choice(wrong)
        to = self.draw.choice(homes[self.truth[name]])
        self._decide(lambda verbs: verbs.move(self.source, name, to))
        self.named.add(name)
        self._check("move", lambda session, places: places[name] == _root(session, to))
        return True

    def _remove(self) -> bool:
        wrong = self._wrong()
        if not wrong:
            return False
        name, topic = self.draw.choice(wrong)
        self._decide(lambda verbs: verbs.remove(topic, [f"{self.source}:{name}"]))
        self.named.add(name)
        self._check("remove", lambda session, places: places[name] != _root(session, topic))
        return True

    def _split(self) -> bool:
        members: dict[tuple[int, str], list[str]] = defaultdict(list)
        topics = self._topics()
        for name, topic in sorted(self.places().items()):
            if topic in topics and name not in self.named:
                members[topic, self.truth[name]].append(name)
        first = {topic: labels.most_common(1)[0][0] for topic, labels in topics.items()}
        ready = [
            key for key, names in sorted(members.items()) if len(names) >= TICKED and first[key[0]] != key[1]
        ]
        if not ready:
            return False
        topic, label = self.draw.choice(ready)
        ticked = self.draw.sample(members[topic, label], TICKED)
        done = split_off(self.context, "ana", topic, [f"{self.source}:{name}" for name in ticked])
        self.named.update(ticked)

        def holds(session: Session, places: Mapping[str, int]) -> bool:
            new = _root(session, done.into)
            return new != _root(session, topic) and all(places[name] == new for name in ticked)

        self._check("split", holds)
        return True

    def _rename(self) -> bool:
        number = self.draw.choice(sorted(self._topics()))
        title = f"Named {self.made['rename']}"
        self._decide(lambda verbs: verbs.rename(number, title))

        def holds(session: Session, _: Mapping[str, int]) -> bool:
            topic = _topic(session, number)
            return topic.title.startswith("Named ") and topic.title_by == "person"

        self._check("rename", holds)
        return True

    def _ignore(self) -> bool:
        if self.made["ignore"] >= 3:
            return False
        number = self.draw.choice(sorted(self._topics()))
        self._decide(lambda verbs: verbs.ignore(number))
        self._busy.add(number)

        def holds(session: Session, _: Mapping[str, int]) -> bool:
            topic = _topic(session, number)
            return topic.state == "ignored" and topic.root == number

        self._check("ignore", holds)
        return True

    def _pin(self) -> bool:
        topics = self._topics()
        free = [(name, topic) for name, topic in sorted(self.places().items()) if topic in topics]
        with self.context.database.reading() as session:
            pinned = key_quotes.of(session, list(topics))
        free = [(name, topic) for name, topic in free if name not in self.named and topic not in pinned]
        if not free or self.made["pin"] >= PINNED:
            return False
        name, number = self.draw.choice(free)
        self._decide(lambda verbs: verbs.pin(number, f"{self.source}:{name}"))

        def holds(session: Session, places: Mapping[str, int]) -> bool:
            root = _root(session, number)
            quotes = store.evidence(session, [root], self.context.now).get(root, [])
            return places[name] != root or name in [quote.item for quote in quotes if quote.pinned]

        self._check("pin", holds)
        return True


def _topic(session: Session, number: int) -> Topic:
    return session.exec(select(Topic).where(Topic.workspace_id == WORKSPACE, Topic.number == number)).one()


def _root(session: Session, number: int) -> int:
    return _topic(session, number).root


def b_cubed(places: Mapping[str, int], truth: Mapping[str, str]) -> float:
    """Return B-cubed F1 (Bagga & Baldwin 1998); an item without a topic stands alone."""
    groups = {name: (topic or f"alone {name}") for name, topic in places.items()}
    sizes, labels = Counter(groups.values()), Counter(truth[name] for name in groups)
    both = Counter((groups[name], truth[name]) for name in groups)
    precision = sum(both[groups[n], truth[n]] / sizes[groups[n]] for n in groups) / len(groups)
    recall = sum(both[groups[n], truth[n]] / labels[truth[n]] for n in groups) / len(groups)
    return 2 * precision * recall / (precision + recall)
