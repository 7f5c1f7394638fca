from __future__ import annotations

from typing import Any

from builders import Bench, theme

from bridge.pipeline import mapping
from bridge.recluster import apply, compare


def places(bench: Bench) -> dict[int, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in bench.query("SELECT topic, x, y, together FROM map_place")}


def test_a_run_gives_each_topic_a_place_and_later_runs_and_reclusters_move_none(in_topics: Bench):
    first = places(in_topics)

    in_topics.take([*theme("bag", 5, first=40), *theme("app", 5, first=40)])
    in_topics.run()
    apply(in_topics.context(), compare(in_topics.context(), granularity="finer"))
    in_topics.run()
    later = places(in_topics)

    assert {1, 2, 3} <= first.keys()
    assert {number: later[number] for number in first} == first


def test_a_topic_that_is_split_off_comes_beside_the_others_and_undo_takes_its_place_away(in_topics: Bench):
    first = places(in_topics)
    names = [row["item"] for row in in_topics.rows() if row["topic"] == "T-1"][:6]
    with in_topics.deciding() as verbs:
        made = verbs.split(1, [f"reviews:{name}" for name in names])
    in_topics.run()
    after = places(in_topics)

    with in_topics.deciding() as verbs:
        verbs.undo(1)
    in_topics.run()

    assert after.keys() == {*first, made}
    assert not after[made][2]  # beside the others
    assert places(in_topics) == first


def test_a_merge_and_its_undo_leave_all_places_as_they_were(in_topics: Bench):
    first = places(in_topics)

    for verb, values in (("merge", (2, 1)), ("undo", (2,))):
        with in_topics.deciding() as verbs:
            getattr(verbs, verb)(*values)
        in_topics.run()

    assert places(in_topics) == first


def test_when_most_topics_were_placed_one_by_one_all_are_laid_out_anew(in_topics: Bench):
    count = len(places(in_topics))
    in_topics.query("UPDATE map_place SET together = ? WHERE topic > 1", False)
    in_topics.query("DELETE FROM map_place WHERE topic = 3")

    told = mapping.draw(in_topics.database)

    assert told == {"mapped_afresh": count}
    assert all(together for _, _, together in places(in_topics).values())
    assert mapping.draw(in_topics.database) == {}
