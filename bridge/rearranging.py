"""What a recluster does to the lasting topics, as one decision that can be undone as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from sqlmodel import Session

from bridge.decision import Change, bar, keep
from bridge.models import Assignment, Topic
from bridge.pipeline.context import Context
from bridge.store import decided, key_quotes, places, slices, working
from bridge.store import topics as store
from bridge.store.audit import record
from bridge.store.decided import MACHINE
from bridge.verbs import Verbs

if TYPE_CHECKING:
    from bridge.recluster import Reclustering

COUNTS = ("joined", "born", "split", "merged", "kept apart", "kept together")


class Rearranging:
    """What a recluster is about to do, gathered first, so that it is kept as one decision."""

    def __init__(self, session: Session, found: Reclustering, rows: Mapping[int, Assignment]) -> None:
        self._session = session
        self._found = found
        self._rows = rows
        self._barred = decided.barred(session)
        self._joins: list[tuple[list[Assignment], int]] = []
        self._parts: list[tuple[list[Assignment], int | None]] = []
        self._done = dict.fromkeys(COUNTS, 0)
        apart = decided.apart(session)
        self.disputed = {
            number
            for number, topics in found.lineage.merged.items()
            if any(pair in apart for pair in combinations(sorted(topics), 2))
        }

    @classmethod
    def of(cls, session: Session, found: Reclustering) -> Rearranging:
        """Look at the statements as they are now; those that changed since are left alone."""
        roots, shown = decided.roots(session), key_quotes.statements(session)
        rows = {
            key: row
            for key, row in slices.assignments(session, list(found.topics)).items()
            if not row.pinned and key not in shown and roots.get(row.topic or 0, 0) == found.topics[key]
        }
        return cls(session, found, rows)

    def count(self, name: str) -> None:
        """Count one more."""
        self._done[name] += 1

    def join(self, keys: Sequence[int], topic: int) -> None:
        """Let the free ones of these join a topic."""
        rows = [self._rows[k] for k in self._of(keys, (0,)) if (k, topic) not in self._barred]
        self._joins.append((rows, topic))
        self._done["joined"] += len(rows)

    def part(self, keys: Sequence[int], parent: int | None) -> None:
        """Let a topic be made of these, as far as they are free or of its parent, and of several people."""
        rows = [self._rows[k] for k in self._of(keys, (0, parent)) if (k, parent) not in self._barred]
        if len({row.speaker for row in rows}) > 1:
            self._parts.append((rows, parent))
            self.count("split" if parent else "born")

    def _of(self, keys: Sequence[int], topics: Sequence[int | None]) -> list[int]:
        return [key for key in keys if key in self._rows and self._found.topics[key] in topics]

    def do(self, context: Context) -> dict[str, int]:
        """Do it, and return the counts."""
        session = self._session
        numbers = working.next_topic_numbers(session, len(self._parts))
        bars = [
            (key, number)
            for (_, parent), number in zip(self._parts, numbers, strict=True)
            for key, _ in places.inherited_bars(session, parent or 0, number)
        ]
        rows = [row for rows, _ in (*self._joins, *self._parts) for row in rows]

        def change() -> None:
            for joined, topic in self._joins:
                _put(session, joined, topic, "recluster: joins its cluster's topic")
            for (members, parent), number in zip(self._parts, numbers, strict=True):
                _make(context, session, members, number, parent)
            bar(session, bars)

        wanted = Change(verb=MACHINE, topic=0, do=change, assignments=rows, bars=bars, made=numbers)
        whole = keep(session, wanted, MACHINE, context.now)
        for topics in self._found.lineage.merged.values():
            for topic in topics[1:]:
                merged = _merge(context, session, topic, topics[0], whole.id)
                self.count("merged" if merged else "kept apart")
        record(session, context.now, MACHINE, MACHINE, MACHINE, {"decision": whole.id, **self._done})
        return self._done


def _put(session: Session, rows: Sequence[Assignment], topic: int, reason: str) -> None:
    slices.touch(session, [topic, *(row.topic for row in rows if row.topic)])
    for row in rows:
        row.topic, row.status, row.reason = topic, "published", reason
        row.score = row.runner_up_score if row.score is None else row.score


def _make(
    context: Context, session: Session, rows: Sequence[Assignment], number: int, parent: int | None
) -> None:
    """Make a topic of these statements."""
    newest = max(row.said_at for row in rows)
    session.add(Topic(number=number, root=number, born_at=newest, split_from=parent, born_run=context.run_id))
    session.flush()
    _put(session, rows, number, "recluster: split off" if parent else "recluster: a new topic")


def _merge(context: Context, session: Session, topic: int, into: int, together: int | None) -> bool:
    """Merge unless both have a ticket, one is ignored, a person named it, or people keep the two apart."""
    tickets = store.tickets(session, [topic, into])
    ends = [store.topic(session, number) for number in (topic, into)]
    both = all(n in tickets and tickets[n].state != "rejected" for n in (topic, into))
    changed = any(end is None or end.state == "ignored" or end.root != end.number for end in ends)
    named = ends[0] is not None and ends[0].title_by == "person"  # its title would be seen no more
    if both or changed or named or (min(topic, into), max(topic, into)) in decided.apart(session):
        return False
    Verbs(session, MACHINE, context.now, together=together).merge(topic, into)
    return True
