"""How good topics are against labels, and how well they keep their identity while batches arrive.

A *snapshot* says where every statement so far is after a batch: `{(item, statement number): topic or
None}`. A stream is its snapshots in order. Labels are by item; each of its statements bears the item's label.
A statement whose item has no label (it is out of scope, or was dropped) takes part in the stream but is not
scored; a labelled item without a statement counts as one without a topic. A *ticket* is a topic with at least
five scored statements; its label is the commonest among them (of equally common ones the first by name).

>>> labels = {"a": "bag", "b": "bag", "c": "app"}
>>> first = {("a", 1): "T-1", ("b", 1): "T-1"}
>>> found = measure([first, {**first, ("c", 1): None}], labels)
>>> found.ari, found.f1, found.churn_mean
(1.0, 1.0, 0.0)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Place: TypeAlias = tuple[str, int]
"""An item's id and the number of a statement in it."""
Snapshot: TypeAlias = Mapping[Place, str | None]

TICKET = 5  # statements that make a topic a ticket
PURE = 0.7  # share of its commonest label below which a ticket is mixed


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How the topics of one snapshot stand to the labels. Shares are 0–1.

    `ari` is the adjusted Rand index (Hubert and Arabie 1985), `precision`, `recall` and `f1` are B-cubed
    (Bagga and Baldwin 1998); for both, a statement without a topic is a topic of its own. `duplicates` is the
    share of tickets whose label a larger ticket has already; `mixed` the share of tickets whose own label is
    below 70 % of them; `found` the share of all labels that are some ticket's; `unassigned` the share of
    scored statements without a topic; `strays` the share of unscored statements inside topics of at least
    five statements, scored or not (None when all are scored).
    """

    items: int
    labels: int
    tickets: int
    ari: float
    precision: float
    recall: float
    f1: float
    duplicates: float
    mixed: float
    found: float
    unassigned: float
    strays: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures(Quality):
    """Quality at the end of a stream, and how steady the topics were on the way.

    In each batch, churn is the share of the statements with a topic at any earlier time that now have another
    than their last one (also when they had none in between), or have just lost it; coming back to the last
    one is none. All statements count, scored or not. `churn_mean` and `churn_max` are over the batches from
    the second on. `orphans` are topics that were tickets after some batch and are none at the end.
    `survival` is, over the tickets of every earlier batch (one that lives through ten counts ten times), the
    share that at the end are tickets of the same id and the same label; `survival_worst` is that of the worst
    batch; None without an earlier ticket. `flips` counts tickets of the end whose label was another when they
    first were tickets. `returned` is the share of the labels that fell silent and had a ticket then, most of
    whose later statements with a topic are in such a ticket (None when no label did).
    """

    churn_mean: float
    churn_max: float
    orphans: int
    survival: float | None
    survival_worst: float | None
    flips: int
    returned: float | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Labels that are not heard after batch `last` until batch `back` (batches count from 1)."""

    labels: frozenset[str]
    last: int
    back: int


def quality(snapshot: Snapshot, labels: Mapping[str, str]) -> Quality:
    """Return the measures of one snapshot."""
    spoken = {item for item, _ in snapshot}
    rows = [
        *_rows(snapshot, labels),
        *((None, label) for item, label in labels.items() if item not in spoken),
    ]
    cells = Counter((topic, label) for topic, label in rows if topic is not None)
    sizes = Counter(topic for topic, _ in rows if topic is not None)
    by_label = Counter(label for _, label in rows)
    alone = len(rows) - sizes.total()
    precision, recall = _b_cubed(cells, sizes, by_label, rows)
    tickets = _tickets(cells)
    pure = sum(cells[ticket, label] >= PURE * sizes[ticket] for ticket, label in tickets.items())
    named = len(set(tickets.values()))
    return Quality(
        items=len(rows),
        labels=len(by_label),
        tickets=len(tickets),
        ari=_adjusted_rand(cells, sizes, by_label),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        duplicates=(len(tickets) - named) / max(len(tickets), 1),
        mixed=(len(tickets) - pure) / max(len(tickets), 1),
        found=named / max(len(by_label), 1),
        unassigned=alone / max(len(rows), 1),
        strays=_strays(snapshot, labels),
    )


def measure(
    stream: Iterable[Snapshot], labels: Mapping[str, str], silence: Silence | None = None
) -> Measures:
    """Return the measures of a stream; reads it once and holds two snapshots at a time."""
    watch = _Watch(labels, silence)
    for snapshot in stream:
        watch.see(snapshot)
    return watch.end()


class _Watch:
    """What must be remembered of earlier batches."""

    def __init__(self, labels: Mapping[str, str], silence: Silence | None) -> None:
        self._labels, self._silence = labels, silence
        self._now: Snapshot = {}
        self._before_return: frozenset[Place] = frozenset()
        self._last: dict[Place, str] = {}  # the last topic of each statement that had one
        self._churn: list[float] = []
        self._tickets: list[dict[str, str]] = []  # after each batch, ticket → label
        self._first: dict[str, str] = {}  # ticket → its label when it first was one

    def see(self, snapshot: Snapshot) -> None:
        """Take in the snapshot after the next batch."""
        if self._tickets:
            self._churn.append(self._moved(snapshot) / max(len(self._last), 1))
        self._last.update((place, topic) for place, topic in snapshot.items() if topic is not None)
        cells = Counter((topic, label) for topic, label in _rows(snapshot, self._labels) if topic is not None)
        self._tickets.append(_tickets(cells))
        self._first = {**self._tickets[-1], **self._first}
        if self._silence is not None and len(self._tickets) == self._silence.back - 1:
            self._before_return = frozenset(snapshot)
        self._now = snapshot

    def _moved(self, snapshot: Snapshot) -> int:
        before = self._now
        return sum(
            topic != known if (topic := snapshot.get(place)) is not None else before.get(place) is not None
            for place, known in self._last.items()
        )

    def end(self) -> Measures:
        """Return the measures of all that was seen."""
        at_end = self._tickets[-1] if self._tickets else {}
        each = [sum(at_end.get(t) == label for t, label in b.items()) for b in self._tickets[:-1]]
        shares = [kept / len(b) for kept, b in zip(each, self._tickets, strict=False) if b]
        count = sum(len(batch) for batch in self._tickets[:-1])
        state = quality(self._now, self._labels)
        return Measures(
            **{name: getattr(state, name) for name in Quality.__slots__},
            churn_mean=sum(self._churn) / max(len(self._churn), 1),
            churn_max=max(self._churn, default=0.0),
            orphans=len(self._first.keys() - at_end.keys()),
            survival=sum(each) / count if count else None,
            survival_worst=min(shares, default=None),
            flips=sum(at_end.get(ticket, label) != label for ticket, label in self._first.items()),
            returned=self._returned(),
        )

    def _returned(self) -> float | None:
        """Return the share of silent labels most of whose late statements are in a ticket they had before."""
        if self._silence is None or len(self._tickets) < self._silence.back:
            return None
        old: dict[str, set[str]] = {}
        for ticket, label in self._tickets[self._silence.last - 1].items():
            if label in self._silence.labels:
                old.setdefault(label, set()).add(ticket)
        late: dict[str, Counter[str]] = {label: Counter() for label in old}
        for place, topic in self._now.items():
            label = self._labels.get(place[0], "")
            if topic is not None and label in late and place not in self._before_return:
                late[label][topic] += 1
        kept = sum(bool(c) and c.most_common(1)[0][0] in old[label] for label, c in late.items())
        return kept / len(old) if old else None


def _rows(snapshot: Snapshot, labels: Mapping[str, str]) -> Iterator[tuple[str | None, str]]:
    """Yield topic and label of each scored statement."""
    for (item, _), topic in snapshot.items():
        if (label := labels.get(item)) is not None:
            yield topic, label


def _tickets(cells: Mapping[tuple[str, str], int]) -> dict[str, str]:
    """Return the label of each ticket."""
    members: dict[str, Counter[str]] = {}
    for (topic, label), count in cells.items():
        members.setdefault(topic, Counter())[label] += count
    return {
        topic: min(found, key=lambda label: (-found[label], label))
        for topic, found in members.items()
        if found.total() >= TICKET
    }


def _strays(snapshot: Snapshot, labels: Mapping[str, str]) -> float | None:
    out = [topic for (item, _), topic in snapshot.items() if item not in labels]
    sizes = Counter(topic for topic in snapshot.values() if topic is not None)
    return sum(sizes[topic] >= TICKET for topic in out if topic) / len(out) if out else None


def _b_cubed(
    cells: Mapping[tuple[str, str], int],
    sizes: Mapping[str, int],
    by_label: Mapping[str, int],
    rows: Iterable[tuple[str | None, str]],
) -> tuple[float, float]:
    alone = Counter(label for topic, label in rows if topic is None)
    every = max(sum(by_label.values()), 1)
    precision = sum(n * n / sizes[topic] for (topic, _), n in cells.items()) + alone.total()
    recall = sum(n * n / by_label[label] for (_, label), n in cells.items())
    recall += sum(n / by_label[label] for label, n in alone.items())
    return precision / every, recall / every


def _adjusted_rand(
    cells: Mapping[tuple[str, str], int], sizes: Mapping[str, int], by_label: Mapping[str, int]
) -> float:
    both, one, other = (_pairs(counts.values()) for counts in (cells, sizes, by_label))
    every = _pairs([sum(by_label.values())])
    chance = one * other / every if every else 0.0
    most = (one + other) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)


def _pairs(counts: Iterable[int]) -> float:
    return sum(count * (count - 1) / 2 for count in counts)
