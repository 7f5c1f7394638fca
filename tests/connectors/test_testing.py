"""The conformance kit finds what it is there to find."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest

from connectors import JSON, Checkpoint, Event, Health, Info, Message, Source, Upsert
from connectors.errors import Transient
from connectors.testing import Canned, conformance

SAID = datetime(2026, 2, 1, tzinfo=UTC)
ONE = Message(external_id="1", text="The door sticks.", said_at=SAID, revision="a")
TWO = replace(ONE, external_id="2", text="Cold soup.")


@dataclass(frozen=True)
class Wrong:
    """A source of fixed events that ignores its cursor."""

    info: ClassVar[Info] = Info(channel="wrong", title="Wrong", summary="Breaks a promise.")
    events: tuple[Event, ...]

    def check(self) -> Health:
        return Health(ok=True, message="ready")

    def pull(self, cursor: JSON | None) -> Iterator[Event]:
        yield from self.events if cursor is None else (Checkpoint(cursor),)


def broken(make_source: Callable[[], Source], secrets: Sequence[str] = ()):
    """Return the names of the promises that are broken."""
    tests = conformance(make_source, secrets=secrets)()
    found = []
    for name in (name for name in dir(tests) if name.startswith("test_")):
        try:
            getattr(tests, name)()
        except (AssertionError, TypeError, ValueError):
            found.append(name.removeprefix("test_"))
    return found


def test_a_good_source_breaks_nothing():
    assert broken(lambda: Canned(events=[Upsert(ONE), Upsert(TWO)])) == []


def test_a_source_without_a_last_checkpoint_is_found():
    found = broken(lambda: Wrong((Checkpoint({}), Upsert(ONE))))

    assert "a_pull_from_nothing_yields_messages_and_ends_with_a_checkpoint" in found


def test_a_source_that_checkpoints_too_early_loses_messages_and_is_found():
    found = broken(lambda: Wrong((Upsert(ONE), Checkpoint({"n": 2}), Upsert(TWO), Checkpoint({"n": 2}))))

    assert found == ["killed_anywhere_and_resumed_it_yields_the_same"]


def test_a_source_that_repeats_itself_is_found():
    class Repeats(Wrong):
        def pull(self, cursor: Any):  # noqa: ARG002 - the fault it is made for
            yield from self.events

    found = broken(lambda: Repeats((Upsert(ONE), Checkpoint({"n": 1}))))

    assert found == ["a_pull_from_the_last_cursor_yields_nothing_new"]


def test_a_cursor_that_json_changes_is_found():
    found = broken(lambda: Wrong((Upsert(ONE), Checkpoint({"ids": (1, 2)}))))

    assert "every_cursor_survives_json" in found


@pytest.mark.parametrize(
    ("message", "promise"),
    [
        (replace(ONE, said_at=SAID.replace(tzinfo=None)), "times_are_aware_and_utc"),
        (replace(ONE, said_at=SAID.astimezone(timezone(timedelta(hours=1)))), "times_are_aware_and_utc"),
        (replace(ONE, external_id=" "), "ids_and_revisions_are_texts_that_mean_one_content"),
        (replace(ONE, rating=4.0), "values_are_on_our_scales"),
        (replace(ONE, lang="english"), "values_are_on_our_scales"),
    ],
)
def test_a_wrong_value_is_found(message: Any, promise: str):
    assert broken(lambda: Canned(events=[Upsert(message)])) == [promise]


def test_one_key_for_two_texts_is_found():
    found = broken(lambda: Canned(events=[Upsert(ONE), Upsert(replace(ONE, text="Else."))]))

    assert found == ["ids_and_revisions_are_texts_that_mean_one_content"]


def test_a_revision_by_chance_is_found():
    counter = itertools.count()

    found = broken(lambda: Canned(events=[Upsert(replace(ONE, revision=str(next(counter))))]))

    assert "two_pulls_yield_equal_messages" in found


def test_a_secret_in_the_cursor_is_found():
    found = broken(lambda: Wrong((Upsert(ONE), Checkpoint({"token": "hush"}))), secrets=["hush"])

    assert found == ["secrets_never_show"]


def test_a_source_that_can_be_changed_is_found():
    @dataclass
    class Loose(Wrong.__mro__[1]):
        info: ClassVar[Info] = Wrong.info
        check = Wrong.check
        pull = Wrong.pull
        events: tuple[Event, ...] = (Upsert(ONE), Checkpoint({}))

    assert broken(Loose) == ["it_is_a_frozen_record_that_says_what_it_is"]


def test_canned_fails_where_it_was_told_to_and_goes_on_from_its_cursor():
    source = Canned(events=[Upsert(ONE), Upsert(TWO)], page=1, fail_at=1, failure=Transient("down"))
    seen = []

    with pytest.raises(Transient):
        seen.extend(source.pull(None))
    pull = source.pull(None)
    first = [next(pull), next(pull)]
    rest = list(Canned(events=source.events, page=1).pull(first[-1].cursor))

    assert first == [Upsert(ONE), Checkpoint({"v": 1, "next": 1})]
    assert rest[0] == Upsert(TWO)
