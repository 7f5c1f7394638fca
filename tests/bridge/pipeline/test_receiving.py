"""What comes in amid a run is worked on: an edit is never written over by what was read before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import NOW, Bench, item

from bridge.pipeline.receiving import Inbox
from bridge.pipeline.run import run
from connectors import Rejected, Upsert


class AtStep:
    """Another process, which acts as soon as a step reads its first slice."""

    def __init__(self, name: str, do: Callable[[], object]) -> None:
        self._name = name
        self._do: Callable[[], object] | None = do

    def detect(self, text: str) -> tuple[str | None, float]:  # noqa: ARG002 - the shape of the real one
        if self._do is not None:
            do, self._do = self._do, None
            do()
        return "en", 1.0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def inbox(bench: Bench) -> Inbox:
    return Inbox(bench.database, bench.context().settings.paths.data, "desk", "webhook")


def deliver(bench: Bench, text: str, name: str) -> None:
    assert inbox(bench).take([Upsert(item(text, "r1"))], [name], NOW) is not None


def test_an_edit_that_comes_while_the_item_is_read_is_what_stands(bench: Bench):
    deliver(bench, "The suitcase was lost.", "one")
    late = AtStep("normalise", lambda: deliver(bench, "The suitcase was found.", "two"))

    run(bench.context(detector=lambda: late), list, first="normalise", until="track")
    run(bench.context(), list, first="normalise", until="track")

    assert bench.query("SELECT text FROM item") == [("The suitcase was found.",)]
    assert bench.query("SELECT text FROM statement") == [("The suitcase was found.",)]


def test_a_delivery_and_its_names_are_stored_together_and_once(bench: Bench):
    events = [Upsert(item("The app crashes.", "r1")), Rejected("delivery 1 item 2", "text: is empty", "{}")]

    first = inbox(bench).take(events, ["one"], NOW)
    again = inbox(bench).take(events, ["one", "two"], NOW)

    assert first is not None
    assert (first.new, first.rejected, first.stored) == (1, 1, 1)
    assert again is None
    assert bench.query("SELECT id FROM delivery ORDER BY 1") == [("one",), ("two",)]
    assert bench.query("SELECT state, last_ok_at IS NULL FROM source WHERE name = 'desk'") == [("ok", 0)]
