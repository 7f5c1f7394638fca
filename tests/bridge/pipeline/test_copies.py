from __future__ import annotations

import pytest
from builders import Bench, item, theme

WORDS = "the app crashes every single time"


def said(count: int, start: int = 0) -> list:
    return [item(WORDS, f"same-{n:05}", by=f"p{n}") for n in range(start, start + count)]


def topics_of_copies(bench: Bench) -> set[str | None]:
    return {row["topic"] for row in bench.rows() if row["item"].startswith("same")}


@pytest.mark.parametrize("count", [5, 40, 300])
def test_what_many_say_in_the_very_same_words_is_one_topic_with_all_of_them(bench: Bench, count: int):
    bench.take([*theme("bag", 12), *said(count)])

    bench.run("discover")

    (topic,) = topics_of_copies(bench)
    assert topic is not None
    assert len([row for row in bench.rows() if row["topic"] == topic]) == count


def test_it_is_one_topic_also_when_nothing_else_is_said(bench: Bench):
    bench.take(said(40))

    bench.run("discover")

    (topic,) = topics_of_copies(bench)
    assert topic is not None


def test_those_who_come_later_join_and_say_why(bench: Bench):
    bench.take([*theme("bag", 12), *said(40)])
    bench.run("discover")

    bench.take(said(40, start=40))
    bench.run("discover")

    (topic,) = topics_of_copies(bench)
    assert topic is not None
    (last,) = [row for row in bench.rows() if row["item"] == "same-00079"]
    assert last["reason"] == f"says the very same as others in {topic}"
