"""What people decide about what belongs together: merge, apart, split, move, remove.

A merge is a pointer: the statements stay where they are, and counts follow the pointer. What was decided is
read by the topic engine at each round (`bridge.store.decided`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, select

from bridge.decision import Change, bar, keep, touch
from bridge.errors import InputError
from bridge.models import WORKSPACE, Assignment, Barred, Position, Statement, Topic
from bridge.store import figures, slices, working
from bridge.store import places as where
from bridge.store import topics as store
from bridge.store.audit import record

MOST_DIGITS = 9


def topic_number(text: str) -> int:
    """Read "T-12" (or "12")."""
    digits = text.strip().upper().removeprefix("T-")
    if not digits.isdecimal() or len(digits) > MOST_DIGITS:
        raise InputError(f"{text!r} is no topic; write T-12, see: feedback-bridge topics list")
    return int(digits)


def existing(session: Session, number: int) -> Topic:
    """Return a topic, and say what to do if there is none or it was merged."""
    topic = store.topic(session, number)
    if topic is None:
        raise InputError(f"there is no topic T-{number}; see: feedback-bridge topics list")
    if topic.root != number:
        raise InputError(f"T-{number} was merged into T-{topic.root}; name T-{topic.root} instead")
    return topic


class Placing:
    """Decisions of one person at one time, in one transaction, about what belongs together."""

    def __init__(self, session: Session, who: str, at: datetime, *, together: int | None = None) -> None:
        self._session = session
        self._who = who
        self._at = at
        self._together = together

    def merge(self, number: int, into: int) -> None:
        """Let one topic be part of another from now on, without what a person said is not of both."""
        topic = existing(self._session, number)
        existing(self._session, into)
        if number == into:
            raise InputError(f"T-{number} can't be merged into itself; name another topic")
        family = self._session.exec(
            select(Topic).where(Topic.workspace_id == WORKSPACE, Topic.root == number)
        ).all()
        strangers = where.strangers(self._session, number, into)

        def do() -> None:
            figures.forget(self._session, [number, into])
            for member in family:
                member.root = into
            topic.merged_into = into
            for row in strangers:
                self._let_go(row, f"unsure: not of T-{into}, as a person said")
            touch(self._session, number)
            touch(self._session, into)

        self._decide(
            Change(
                verb="merge", topic=number, do=do, other=into, topics=[topic, *family], assignments=strangers
            )
        )

    def apart(self, number: int, other: int) -> None:
        """Say that two topics are two: no machine makes them one, and none proposes it."""
        topic = existing(self._session, number)
        existing(self._session, other)
        if number == other:
            raise InputError(f"T-{number} can't be kept apart from itself; name another topic")
        self._decide(Change(verb="apart", topic=number, do=lambda: None, other=other, topics=[topic]))

    def move(self, source: str, external_id: str, to: int | None) -> int:
        """Put all statements of an item into a topic, or out of all; return how many there are."""
        if to is not None:
            existing(self._session, to)
        rows = where.of_item(self._session, source, external_id)
        if not rows:
            raise InputError(f"there is no item {external_id!r} in source {source!r}; see: items search")
        number = to or next((row.topic for row in rows if row.topic), None)
        topic = store.topic(self._session, number) if number else None
        lifted = where.bars_of(self._session, rows, to)

        def do() -> None:
            for row in rows:
                self._place(row, to)
            for key, barred in lifted:
                self._session.delete(self._session.get_one(Barred, (key, barred)))
            touch(self._session, to)

        self._decide(
            Change(
                verb="move",
                topic=number or 0,
                do=do,
                topics=[topic] if topic else [],
                assignments=rows,
                bars=lifted,
                after={"to": to},
            )
        )
        return len(rows)

    def remove(self, number: int, items: Sequence[str]) -> int:
        """Say that statements are not of a topic: no machine puts them there again, but elsewhere it may.

        `items` are written `SOURCE:ID`, or `ID` where one source alone knows it, with `#n` for the n-th
        statement alone. A repost is taken out of all topics, because its original's place is no news. Return
        how many statements there were.
        """
        topic = existing(self._session, number)
        rows = where.named(self._session, number, items, suggested=True)
        bars = {(row.statement_id, n) for row in rows for n in (number, row.topic) if n}

        def do() -> None:
            for row in rows:
                if row.status == "repost":
                    self._place(row, None)
                else:
                    self._let_go(row, f"unsure: not of T-{number}, says {self._who}")
            bar(self._session, bars)
            touch(self._session, number)

        self._decide(Change(verb="remove", topic=number, do=do, topics=[topic], assignments=rows, bars=bars))
        return len(rows)

    def split(
        self,
        number: int,
        items: Sequence[str],
        *,
        followers: Mapping[int, float] | None = None,
        title: str = "",
    ) -> int:
        """Make a topic of some of a topic's statements, where they are pinned; return its number.

        `items` are written as in `remove`. `followers` are other statements of the topic that go with them,
        each with its score there; they are not pinned. No machine makes the two topics one again.
        """
        topic = existing(self._session, number)
        rows = where.named(self._session, number, items)
        along = followers or {}
        keys = {row.statement_id for row in rows}
        members = where.members(self._session, number)
        follow = [row for row in members if row.statement_id in along and row.statement_id not in keys]
        if not [row for row in members if row.statement_id not in keys | along.keys()]:
            raise InputError(f"nothing would be left in T-{number}; name fewer items, or rename it")
        (made,) = working.next_topic_numbers(self._session, 1)
        bars = where.inherited_bars(self._session, number, made)

        def do() -> None:
            self._make(made, topic, rows, title)
            for row in rows:
                self._place(row, made)
            for row in follow:
                touch(self._session, row.topic)
                row.topic, row.score = made, round(along[row.statement_id], 4)
                row.reason = f"nearer to what {self._who} split from T-{number}"
            bar(self._session, bars)

        self._decide(
            Change(
                verb="split",
                topic=number,
                do=do,
                other=made,
                topics=[topic],
                assignments=[*rows, *follow],
                bars=bars,
                made=[made],
            )
        )
        return made

    def _let_go(self, row: Assignment, reason: str) -> None:
        """Take a statement out of its topic; the engine may put it elsewhere."""
        touch(self._session, row.topic)
        row.topic, row.status, row.pinned = None, "unsure", False
        row.score = row.runner_up = row.runner_up_score = None
        row.reason = reason
        statement = self._session.get(Statement, row.statement_id)
        if statement is not None and self._session.get(Position, row.statement_id) is None:
            statement.stage = slices.EMBEDDED  # it is no longer looked at, so it arrives anew

    def _place(self, row: Assignment, to: int | None) -> None:
        """Pin a statement in a topic, or out of all."""
        touch(self._session, row.topic)
        row.topic, row.status = to, "published" if to else "out"
        row.pinned, row.score = True, 1.0 if to else None
        row.reason = f"put here by {self._who}" if to else f"taken out by {self._who}"

    def _make(self, number: int, parent: Topic, rows: Sequence[Assignment], title: str) -> None:
        words = " ".join(title.split())[:255]
        self._session.add(
            Topic(
                number=number,
                root=number,
                split_from=parent.number,
                title=words,
                title_by="person" if words else "machine",
                kind=parent.kind,
                born_at=max(row.said_at for row in rows),
            )
        )
        touch(self._session, parent.number)
        self._session.flush()

    def _decide(self, change: Change) -> None:
        keep(self._session, change, self._who, self._at, self._together)
        details = {"other": change.other} if change.other else {}
        record(self._session, self._at, self._who, change.verb, f"T-{change.topic}", details)
