from __future__ import annotations

from dataclasses import replace

import numpy as np
from clouds import BLOCKS, DIMENSION, cloud, in_topics, seen

from topics.assign import GATE
from topics.discover import BULK, MIN_BIRTH, Settings, cluster, discover, tune
from topics.graph import BULK_TIE, COLD_TIE
from topics.resolution import SMALL

PICKED = Settings(resolution=1.0, picked_at=30, cold=True)


def test_communities_that_nobody_owns_are_born_the_earliest_first():
    working, _ = seen(np.concatenate([cloud(2, 10), cloud(0, 12), cloud(1, 11)]))

    births = discover(working, PICKED)

    assert [birth.keys[0] for birth in births] == [1, 11, 23]
    assert [len(birth.keys) for birth in births] == [10, 12, 11]
    assert all(0.6 <= birth.coherence <= 1 for birth in births)


def test_what_a_topic_owns_is_not_born_again():
    working, _ = seen(np.concatenate([cloud(0, 12), cloud(1, 11)]))
    working = in_topics(working, *[4] * 12, *[0] * 11)

    births = discover(working, PICKED)

    assert [set(birth.keys) for birth in births] == [set(range(13, 24))]


def test_a_topic_is_born_of_something_new():
    working, _ = seen(np.concatenate([cloud(0, 12), cloud(1, 11)]))

    assert discover(working, PICKED, fresh=0) == []
    assert [set(birth.keys) for birth in discover(working, PICKED, fresh=1)] == [set(range(13, 24))]
    assert len(discover(working, PICKED, fresh=23)) == 2


def test_too_few_make_no_topic():
    working, _ = seen(np.concatenate([cloud(0, MIN_BIRTH - 1), cloud(1, 12)]))

    (birth,) = discover(working, PICKED)
    assert set(birth.keys) <= set(range(MIN_BIRTH, MIN_BIRTH + 12))


def test_what_a_person_took_out_is_in_no_birth():
    working, _ = seen(np.concatenate([cloud(0, 12), cloud(1, 12)]))
    working = replace(working, pinned=np.isin(working.keys, [3, 4]))

    (first, _) = discover(working, PICKED)

    assert set(first.keys) == set(range(1, 13)) - {3, 4}


def test_before_a_resolution_is_picked_and_without_statements_nothing_is_born():
    working, _ = seen(cloud(0, 12))

    assert discover(working, Settings()) == []
    assert discover(working.take(np.zeros(12, bool)), PICKED) == []


def test_the_resolution_is_picked_first_and_in_a_cold_start_again_at_each_doubling():
    working, mean = seen(np.concatenate([cloud(0, 30), cloud(1, 30)]))

    first = tune(Settings(), working, mean, BLOCKS, granularity="auto")
    same = tune(first, working, replace(mean, count=119), BLOCKS, granularity="auto")
    again = tune(first, working, replace(mean, count=120), BLOCKS, granularity="auto")

    assert first.resolution is not None
    assert (first.picked_at, first.cold, first.tie) == (60, True, COLD_TIE)
    assert same == first
    assert again.picked_at == 120


def test_a_backlog_is_no_cold_start_and_keeps_its_resolution():
    working, mean = seen(np.concatenate([cloud(0, 30), cloud(1, 30)]))

    bulk = tune(Settings(), working, replace(mean, count=BULK), BLOCKS, granularity="auto")
    later = tune(bulk, working, replace(mean, count=100 * BULK), BLOCKS, granularity="auto")

    assert (bulk.cold, bulk.tie) == (False, BULK_TIE)
    assert later == bulk


def test_a_handful_picks_nothing():
    working, mean = seen(cloud(0, MIN_BIRTH))

    assert tune(Settings(), working, mean, BLOCKS, granularity="auto") == Settings()


def test_clusters_are_blind_to_topics_and_leave_out_the_few():
    working, _ = seen(np.concatenate([cloud(0, 12), cloud(1, 12), cloud(7, 2)]))

    blind = cluster(working, 1.0)
    knowing = cluster(in_topics(working, *[9] * 26), 1.0)

    assert (blind == knowing).all()
    assert len(set(blind[:12].tolist())) == len(set(blind[12:24].tolist())) == 1
    assert blind[24:].tolist() == [-1, -1]


def test_what_is_new_beside_a_topic_is_born_though_its_community_is_that_topics():
    lean = np.zeros((16, DIMENSION), np.float32)
    lean[:, 2] = 0.7
    working, _ = seen(np.concatenate([cloud(1, 6), cloud(1, 16, seed=2) + lean, cloud(9, 30)]))
    working = in_topics(working, *[5] * 6, *[0] * 16, *[3] * 30)
    coarse = Settings(resolution=0.1, picked_at=30, cold=False)

    (birth,) = discover(working, coarse)

    assert set(birth.keys) <= set(range(7, 23))
    assert len(birth.keys) >= 12
    assert birth.coherence >= GATE
    assert discover(working, coarse, fresh=0) == []
    assert discover(working, replace(coarse, cold=True)) == []
    assert len(discover(working, replace(coarse, cold=True), seen=SMALL)) == 1
    assert discover(replace(working, pinned=working.topics == 0), coarse) == []


def test_what_lies_scattered_among_a_topics_members_is_not_born():
    working, _ = seen(cloud(1, 40))
    working = in_topics(working, *[5, 5, 5, 0] * 10)

    assert discover(working, Settings(resolution=0.1, picked_at=30, cold=False)) == []
