from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clouds import cloud, in_topics, seen

from topics.proposals import followers, parts_of, possible_merges, possible_splits
from topics.working import Working


def several(*topics: int, each: int = 14) -> Working:
    """Return one cloud of statements for each of these topics; a number that comes twice is one topic."""
    working, _ = seen(np.concatenate([cloud(axis, each) for axis in range(len(topics))]))
    return in_topics(working, *(number for number in topics for _ in range(each)))


def halved() -> Working:
    """T-2 and T-7 share a cloud, T-3 and T-4 have their own."""
    working, _ = seen(np.concatenate([cloud(0, 24), cloud(1, 14), cloud(2, 14)]))
    return in_topics(working, *[7, 2] * 12, *[3] * 14, *[4] * 14)


def test_two_halves_of_one_theme_are_proposed_as_one_and_nothing_else_is():
    (merge,) = possible_merges(halved())

    assert merge.topics == (2, 7)
    assert 0.5 < merge.score <= 1
    assert "of the links that leave T-" in merge.why


def test_the_statements_that_show_it_are_the_most_alike_of_the_two():
    working = halved()

    (merge,) = possible_merges(working)

    two, seven = (int(np.flatnonzero(working.keys == key)[0]) for key in merge.alike)
    assert (working.topics[two], working.topics[seven]) == (2, 7)
    strongest = max(
        float(weight)
        for row in range(24)
        for key, weight in zip(working.neighbours[row], working.weights[row], strict=True)
        if key > 0 and working.topics[working.keys == key][0] != working.topics[row]
    )
    linked = [
        working.weights[a][working.neighbours[a] == working.keys[b]] for a, b in ((two, seven), (seven, two))
    ]
    assert max(float(w) for found in linked for w in found) == pytest.approx(strongest)


def test_what_people_keep_apart_is_not_proposed():
    assert possible_merges(replace(halved(), apart=frozenset({(2, 7)}))) == []
    assert possible_merges(halved(), apart=[(2, 7)]) == []


def test_a_topic_of_two_clouds_is_proposed_to_be_split():
    (split,) = possible_splits(several(5, 5, 8))

    assert split.topic == 5
    assert sorted(len(part) for part in split.parts) == [14, 14]
    assert {tuple(sorted(part)) for part in split.parts} == {tuple(range(1, 15)), tuple(range(15, 29))}
    assert split.why.startswith("parts of 14 and 14 statements; links between them are ")


def test_what_is_to_stay_whole_is_not_proposed():
    assert possible_splits(several(5, 5, 8), whole={5}) == []


def test_one_theme_is_not_proposed_to_be_split():
    assert possible_splits(several(1, 2, 3)) == []


def test_groups_can_be_asked_for_where_none_are_proposed():
    assert parts_of(several(1, 2, 3), 9) is None
    assert parts_of(several(1, 1, 3, each=5), 1) is not None


def test_nothing_is_proposed_of_nothing():
    empty = Working.empty(4)

    assert possible_merges(empty) == possible_splits(empty) == []
    assert possible_merges(several(1, each=8)) == []


def test_the_order_does_not_depend_on_the_order_of_the_rows():
    working, _ = seen(np.concatenate([cloud(0, 24), cloud(1, 24), cloud(2, 24)]))
    working = in_topics(working, *[1, 2] * 12, *[3, 4] * 12, *[5] * 24)
    mixed = working.take(np.random.default_rng(3).permutation(len(working)))

    found = possible_merges(working)

    assert [m.topics for m in found] == [m.topics for m in possible_merges(mixed)]
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
    assert {(1, 2), (3, 4)} == {m.topics for m in found}


def test_those_follow_that_are_nearer_to_what_goes():
    space = np.concatenate([cloud(0, 10), cloud(1, 10)])
    chosen = np.isin(np.arange(20), [11, 12])

    rows, shares = followers(space, chosen)

    assert set(rows.tolist()) == {10, *range(13, 20)}
    assert ((shares > 0.5) & (shares <= 1)).all()


def test_nobody_follows_when_all_or_none_are_chosen():
    space = cloud(0, 6)

    assert followers(space, np.ones(6, bool))[0].tolist() == []
    assert followers(space, np.zeros(6, bool))[0].tolist() == []
