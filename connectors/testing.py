"""For whoever writes a connector: a reference source, and the tests every connector must pass.

In a test module of your own:

    from connectors.testing import conformance

    TestGuestbook = conformance(lambda: Guestbook(token="s3cret", …), secrets=["s3cret"])
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import ClassVar

from connectors import (
    JSON,
    Checkpoint,
    Event,
    Health,
    Info,
    Message,
    Rejected,
    Source,
    Tombstone,
    Upsert,
)
from connectors.errors import ConnectorError

KILLS = 60
"""Long pulls are killed at so many places, evenly spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """A source that says what it was told to say, and fails where it was told to: the reference.

    `pull` yields `events` in order with a checkpoint of its own after every `page` of them and at the end.
    With `fail_at = n` it raises `failure` instead of the event with index n.
    """

    info: ClassVar[Info] = Info(
        channel="canned", title="Canned", summary="Says what it was told to say; for tests."
    )

    events: Sequence[Event] = ()
    page: int = 2
    fail_at: int | None = None
    failure: Exception = field(default_factory=lambda: ConnectorError("canned failure"))
    health: Health = field(default_factory=lambda: Health(ok=True, message="ready"))

    def check(self) -> Health:
        """Return the health it was given."""
        return self.health

    def pull(self, cursor: JSON | None) -> Iterator[Event]:
        """Yield the events after the cursor."""
        done = cursor["next"] if isinstance(cursor, dict) else 0
        for index, event in islice(enumerate(self.events), done, None):
            if index == self.fail_at:
                raise self.failure
            yield event
            if (index + 1) % self.page == 0:
                yield Checkpoint({"v": 1, "next": index + 1})
        yield Checkpoint({"v": 1, "next": max(done, len(self.events))})


def conformance(make_source: Callable[[], Source], *, secrets: Sequence[str] = ()) -> type[Conformance]:
    """Return a class of tests for pytest; bind it to a name that begins with Test.

    `make_source` returns a fresh source each time, over the same content, with at least one message to pull;
    `secrets` are values of its settings that must never show.
    """
    body = {"make_source": staticmethod(make_source), "secrets": tuple(secrets)}
    return type("TestConformance", (Conformance,), body)


class Conformance:
    """What every connector promises; see `conformance`."""

    make_source: Callable[[], Source]
    secrets: tuple[str, ...] = ()

    def test_it_is_a_frozen_record_that_says_what_it_is(self) -> None:
        """Settings never change under a running pull, and lists can show the connector."""
        source = self.make_source()

        _require(dataclasses.is_dataclass(source), "a source is a dataclass: its fields are its settings")
        params = getattr(source, "__dataclass_params__", None)
        _require(bool(params and params.frozen), "the dataclass is frozen=True")
        _require(isinstance(source, Source), "it has info, check() and pull(cursor)")
        words = (source.info.channel, source.info.title, source.info.summary)
        _require(all(words), "info has channel, title and summary")

    def test_check_answers_with_health_and_words(self) -> None:
        """A check never raises: what is wrong is its answer."""
        health = self.make_source().check()

        _require(isinstance(health, Health), f"check() returns Health, not {type(health).__name__}")
        _require(bool(health.message.strip()), "the answer says something")

    def test_a_pull_from_nothing_yields_messages_and_ends_with_a_checkpoint(self) -> None:
        """Else the last events would never be committed."""
        events = self._pulled()

        _require(any(isinstance(event, Upsert) for event in events), "make_source has a message to pull")
        _require(isinstance(events[-1], Checkpoint), f"the last event is a Checkpoint, not {events[-1]!r}")

    def test_every_cursor_survives_json(self) -> None:
        """Cursors are stored as JSON, so tuples, dates and NaN would come back as something else."""
        for cursor in self._cursors():
            again = json.loads(json.dumps(cursor, allow_nan=False))
            _require(again == cursor, f"the cursor {cursor!r} comes back from JSON as {again!r}")

    def test_a_pull_from_the_last_cursor_yields_nothing_new(self) -> None:
        """Each tick pulls again; what was committed must not come twice."""
        events = list(self.make_source().pull(_through_json(self._cursors()[-1])))

        news = [event for event in events if not isinstance(event, Checkpoint)]
        _require(not news, f"nothing but checkpoints comes from the last cursor, not {news[:1]!r}")
        _require(bool(events), "even then the pull ends with a Checkpoint")

    def test_killed_anywhere_and_resumed_it_yields_the_same(self) -> None:
        """The runner commits up to the last checkpoint; what came after it must come again."""
        whole = self._pulled()

        for stop in _spread(len(whole)):
            committed, cursor = _committed(islice(self.make_source().pull(None), stop))
            rest = list(self.make_source().pull(_through_json(cursor)))
            _require(
                _content([*committed, *rest]) == _content(whole),
                f"killed after {stop} of {len(whole)} events and resumed, it yields something else",
            )

    def test_a_pull_can_be_closed_at_any_event(self) -> None:
        """The runner closes the generator when it is told to stop; files and connections go with it."""
        for stop in _spread(len(self._pulled())):
            pull = self.make_source().pull(None)
            list(islice(pull, stop))
            close = getattr(pull, "close", None)
            _require(close is not None, "pull is a generator")
            if close:
                close()

    def test_two_pulls_yield_equal_messages(self) -> None:
        """A revision changes exactly when the content changes; nothing depends on chance or the clock."""
        _require(_content(self._pulled()) == _content(self._pulled()), "two pulls yield the same messages")

    def test_ids_and_revisions_are_texts_that_mean_one_content(self) -> None:
        """(external id, revision) is the key under which a message is stored."""
        by_key: dict[tuple[str, str], Message] = {}
        for message in self._messages():
            for name in ("external_id", "revision"):
                value = getattr(message, name)
                _require(isinstance(value, str) and bool(value.strip()), f"{name} is a text, not {value!r}")
            key = (message.external_id, message.revision)
            _require(by_key.setdefault(key, message) == message, f"{key} stands for two different messages")

    def test_times_are_aware_and_utc(self) -> None:
        """One clock for all channels."""
        for message in self._messages():
            times = [message.said_at, *([message.edited_at] if message.edited_at else [])]
            _require(all(map(_is_utc, times)), f"{message.external_id}: times are aware and UTC, not {times}")
        for event in self._pulled():
            if isinstance(event, Tombstone):
                _require(_is_utc(event.at), f"{event.external_id}: its time is aware and UTC, not {event.at}")

    def test_values_are_on_our_scales(self) -> None:
        """Ratings run from 0 to 1, languages are ISO 639-1, rejected input is cut."""
        for message in self._messages():
            name = message.external_id
            _require(isinstance(message.text, str), f"{name}: the text is a str")
            _require(message.rating is None or 0 <= message.rating <= 1, f"{name}: rating {message.rating}")
            lang = message.lang
            known = lang is None or (len(lang) == 2 and lang.islower())  # noqa: PLR2004 - ISO 639-1
            _require(known, f"{name}: lang {lang!r} is not ISO 639-1")
        for event in self._pulled():
            if isinstance(event, Rejected):
                _require(bool(event.where and event.reason), "a rejected input says where and why")
                _require(len(event.raw) <= 2000, "rejected input is cut to 2,000 characters")  # noqa: PLR2004 - the contract's figure

    def test_secrets_never_show(self) -> None:
        """Cursors, events and the record's own text end up in databases, logs and bug reports."""
        source = self.make_source()
        shown = [repr(source), str(source), repr(list(source.pull(None))), source.check().message]

        for secret in self.secrets:
            _require(not any(secret in text for text in shown), "a secret shows in repr, events or health")

    def _pulled(self) -> list[Event]:
        return list(self.make_source().pull(None))

    def _messages(self) -> list[Message]:
        return [event.message for event in self._pulled() if isinstance(event, Upsert)]

    def _cursors(self) -> list[JSON]:
        return [event.cursor for event in self._pulled() if isinstance(event, Checkpoint)]


def _require(holds: bool, promise: str) -> None:
    if not holds:
        raise AssertionError(promise)


def _is_utc(time: datetime) -> bool:
    return time.utcoffset() == timedelta(0)


def _through_json(cursor: JSON | None) -> JSON | None:
    again: JSON | None = json.loads(json.dumps(cursor))
    return again


def _committed(events: Iterable[Event]) -> tuple[list[Event], JSON | None]:
    """Return what a runner would have committed of these events, and the cursor with it."""
    committed: list[Event] = []
    waiting: list[Event] = []
    cursor: JSON | None = None
    for event in events:
        waiting.append(event)
        if isinstance(event, Checkpoint):
            committed, waiting, cursor = committed + waiting, [], event.cursor
    return committed, cursor


def _content(events: Iterable[Event]) -> list[str]:
    """Return what is kept of events, each once, in an order of its own; gaps are remarks, not content."""
    kept = {repr(event) for event in events if isinstance(event, Upsert | Tombstone | Rejected)}
    return sorted(kept)


def _spread(count: int) -> Iterable[int]:
    return range(0, count + 1, max(1, count // KILLS))
