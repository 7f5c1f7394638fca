"""Slices that are tried with care: what ends its step each time is found and set aside; the rest goes on.

Each try is written down before the work begins, so that a slice that ends the whole process is noticed by the
next start. After three tries the slice is halved until the culprit stands alone. What is set aside is
believed to be at fault only as long as others go well: five in a row, and the step itself is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from sqlmodel import Session

from bridge.errors import BridgeError
from bridge.models import Attempt
from bridge.pipeline.faults import kind_and_place
from bridge.store import slices, tries
from connectors.errors import ConnectorError
from topics.errors import TopicsError

if TYPE_CHECKING:
    from bridge.pipeline.context import Context

TRIES = 3
"""How often a slice is tried as a whole before it is halved."""
MOST_IN_A_ROW = 5
"""How many may be set aside with nothing going well between them; then it is not they that are at fault."""
DIED = "the process ended while it was at work on this"
_OURS = (BridgeError, ConnectorError, TopicsError, OSError)
"""Faults of the machine, the settings or a service: no item's doing."""


@dataclass(slots=True)
class Trial:
    """How a step stands to a slice: what is suspected, how much of it is tried at once, how often so far."""

    suspects: list[int] = field(default_factory=list)
    size: int = 0
    tries: int = 0
    streak: int = 0

    @property
    def slice(self) -> list[int]:
        """What is tried now."""
        return self.suspects[: self.size]

    def take(self, ids: list[int]) -> None:
        """Begin with a fresh slice."""
        self.suspects, self.size, self.tries = ids, len(ids), 0

    def keep(self, still: list[int]) -> None:
        """Go on with those of the suspects that still wait."""
        self.suspects, self.size = still, min(max(self.size, 1), len(still))

    def passed(self) -> None:
        """Note that the slice went well; what follows it is tried in larger parts again."""
        self.suspects, self.streak = self.suspects[self.size :], 0
        self.size = min(2 * self.size, len(self.suspects))

    def failed(self) -> int | None:
        """Note that the slice failed; return the culprit if it was tried often enough, and alone.

        The suspects are halved until then.
        """
        if self.tries < TRIES:
            return None
        if self.size > 1:
            self.size = (self.size + 1) // 2
            return None
        if self.streak >= MOST_IN_A_ROW:
            self.tries, self.size = 0, len(self.suspects)
            return None
        self.streak += 1
        culprit = self.suspects.pop(0)
        self.size = min(1, len(self.suspects))
        return culprit

    @property
    def goes_on(self) -> bool:
        """Whether the step may go on at once after a failure, with less or without the culprit."""
        return self.tries >= TRIES


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for a step: items or statements at a stage."""

    step: str
    of: Literal["item", "statement"]
    stage: int
    most: int  # rows that are claimed at once

    def claim(self, session: Session, context: Context) -> list[int]:
        """Return the next rows."""
        find = slices.items_at if self.of == "item" else slices.statements_at
        return find(session, self.stage, context.keys.after, context.keys.until, self.most)

    def still(self, session: Session, ids: list[int]) -> list[int]:
        """Return which of these rows still wait."""
        find = tries.still_items if self.of == "item" else tries.still_statements
        return find(session, ids, self.stage)

    def total(self, session: Session) -> int:
        """Return how many rows wait."""
        find = slices.count_items_at if self.of == "item" else slices.count_statements_at
        return find(session, self.stage)


class Tried:
    """One try of a slice: ``with`` gives its ids; a fault inside is counted, and held back if it may be."""

    def __init__(self, ids: list[int], over: Callable[[BaseException | None], bool]) -> None:
        self._ids, self._over = ids, over
        self.went_well = False

    def __enter__(self) -> list[int]:
        return self._ids

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None
    ) -> bool:
        self.went_well = fault is None
        return self._over(fault)


def slices_of(context: Context, queue: Queue) -> Iterator[Tried]:
    """Yield tries until nothing waits; the step moves the rows on inside the ``with``."""
    with context.database.reading() as session:
        total = queue.total(session)
    tried, done = _Trying(context, queue), 0
    while ids := tried.next():
        one = Tried(ids, tried.over)
        yield one
        if one.went_well:
            done += len(ids)
            context.progress.step(queue.step, done, total)
    tried.close()


class _Trying:
    """Keeps the trial of a step in the store."""

    def __init__(self, context: Context, queue: Queue) -> None:
        self._context, self._queue = context, queue
        with context.database.reading() as session:
            row = tries.attempt(session, queue.step, context.lane)
        self._known = row is not None
        self._trial = Trial()
        if row is not None:
            self._trial = Trial(list(row.suspects), row.size, row.tries, row.streak)
            if row.at_work and self._still_waits():
                self._blame(DIED)

    def _still_waits(self) -> bool:
        """Say whether a slice that was at work is not done: one that is done was cut off after its work."""
        at_work = self._trial.slice
        with self._context.database.reading() as session:
            return bool(at_work) and self._queue.still(session, at_work) == at_work

    def next(self) -> list[int]:
        """Return the next slice, and note that it is tried."""
        trial = self._trial
        with self._context.database.reading() as session:
            trial.keep(self._queue.still(session, trial.suspects) if trial.suspects else [])
            if not trial.suspects:
                trial.take(self._queue.claim(session, self._context))
        if trial.suspects:
            trial.tries += 1
            self._write(at_work=True)
        return trial.slice

    def over(self, fault: BaseException | None) -> bool:
        """Note how a try went; say whether its fault is held back."""
        if fault is None:
            self._trial.passed()
            return False
        if not isinstance(fault, Exception) or isinstance(fault, _OURS):
            self._trial.tries -= 1
            self._write(at_work=False)
            return False
        self._blame(f"unexpected fault: {kind_and_place(fault)}")
        return self._trial.goes_on

    def close(self) -> None:
        """Forget the trial, unless what was set aside was all there was."""
        if not self._known:
            return
        if self._trial.streak:
            self._write(at_work=False)
            return
        with self._context.database.writing() as session:
            row = tries.attempt(session, self._queue.step, self._context.lane)
            if row is not None:
                session.delete(row)

    def _blame(self, reason: str) -> None:
        """Note a failure, and set the culprit aside if it is known, in one transaction."""
        tried = self._trial.tries
        culprit = self._trial.failed()
        put = tries.set_item_aside if self._queue.of == "item" else tries.set_statement_aside
        with self._context.database.writing() as session:
            if culprit is not None:
                put(session, culprit, self._queue.step, tried, reason, self._context.now)
            self._keep(session, at_work=False)

    def _write(self, *, at_work: bool) -> None:
        with self._context.database.writing() as session:
            self._keep(session, at_work=at_work)

    def _keep(self, session: Session, *, at_work: bool) -> None:
        queue, trial = self._queue, self._trial
        row = tries.attempt(session, queue.step, self._context.lane)
        row = row or Attempt(step=queue.step, lane=self._context.lane)
        row.suspects, row.size, row.tries = list(trial.suspects), trial.size, trial.tries
        row.streak, row.at_work = trial.streak, at_work
        session.add(row)
        self._known = True
