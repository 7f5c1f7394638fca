from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topics.evidence import Candidate, choose

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TEXT = "The seat map freezes on the last booking step, number {}"


def candidate(key: int, **changed: object) -> Candidate:
    """Return a good candidate of its own person, with its own direction."""
    vector = np.zeros(64, dtype=np.float32)
    vector[key % 64] = 1
    given_ = {
        "text": TEXT.format(key),
        "vector": vector,
        "person": f"p{key}",
        "source": "mail",
        "said_at": NOW,
        "strength": 0.8,
        "kind_score": 0.8,
    }
    return Candidate(key=key, **{**given_, **changed})


def keys(candidates: list[Candidate], limit: int = 7) -> list[int]:
    return [chosen.key for chosen in choose(candidates, limit=limit)]


def test_the_strongest_comes_first():
    assert keys([candidate(1, strength=0.3), candidate(2, strength=0.9), candidate(3, strength=0.6)]) == [
        2,
        3,
        1,
    ]


def test_there_are_never_two_quotes_of_one_person():
    assert keys([candidate(1, person="ana"), candidate(2, person="ana"), candidate(3)]) == [1, 3]


def test_unknown_people_are_each_their_own():
    assert keys([candidate(1, person=None), candidate(2, person=None)]) == [1, 2]


def test_near_identical_quotes_come_once():
    same = candidate(1).vector
    words = candidate(3, text=TEXT.format(1).upper() + "!!")

    assert keys([candidate(1), candidate(2, vector=same), words]) == [1]


def test_a_different_quote_beats_a_slightly_stronger_one_that_says_the_same():
    alike = np.zeros(64, dtype=np.float32)
    alike[[1, 2]] = (0.9, np.sqrt(1 - 0.81))

    pool = [candidate(1, strength=0.95), candidate(2, vector=alike, strength=0.9), candidate(3, strength=0.7)]

    assert keys(pool, limit=2) == [1, 3]


def test_tiny_statements_and_walls_of_text_give_way():
    pool = [
        candidate(1, text="ugh", strength=1.0),
        candidate(2, text="so long " * 400, strength=1.0),
        candidate(3),
    ]

    assert keys(pool) == [3]


def test_the_only_statement_is_shown_however_small():
    assert keys([candidate(1, text="ugh")]) == [1]


def test_a_short_readable_quote_beats_a_long_one():
    long = "The seat map freezes and I have to start over again. " * 20

    assert keys([candidate(1, text=long), candidate(2)], limit=1) == [2]


def test_another_source_is_heard():
    pool = [candidate(i, strength=0.8) for i in range(6)] + [candidate(9, source="reviews", strength=0.7)]

    assert 9 in keys(pool, limit=3)


def test_recent_and_older_are_both_shown_when_there_is_a_span():
    old = candidate(9, said_at=NOW - timedelta(days=100), strength=0.5)
    pool = [candidate(i, strength=0.95) for i in range(6)] + [old]

    assert 9 in keys(pool, limit=3)


def test_without_a_span_the_weaker_older_one_is_not_needed():
    old = candidate(9, said_at=NOW - timedelta(days=3), strength=0.5)
    pool = [candidate(i, strength=0.95) for i in range(6)] + [old]

    assert 9 not in keys(pool, limit=3)


def test_each_choice_says_why_and_what_it_is_worth():
    chosen = choose([candidate(1, strength=0.9), candidate(2, source="reviews")])

    assert chosen[0].reason == "strongest"
    assert "another source" in chosen[1].reason
    assert chosen[0].score == pytest.approx(0.55 * 0.9 + 0.15 * 0.8 + 0.30)


def test_nothing_to_choose_from_gives_nothing():
    assert choose([]) == []


def test_a_text_without_spaces_can_be_a_quote():
    text = "座位图在预订的最后一步总是卡住而且无法继续付款请尽快修复这个问题我们已经试过三次了但是每次都失败"

    assert keys([candidate(1, text=text)]) == [1]


POOLS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["mail", "reviews"]),
        st.integers(0, 90),
        st.floats(0, 1),
        st.integers(0, 5),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(POOLS, st.randoms(), st.integers(1, 7))
def test_order_does_not_matter_and_rules_always_hold(
    pool: list[tuple[str | None, str, int, float, int]], random: Random, limit: int
):
    built = [
        candidate(
            key,
            person=who,
            source=where,
            said_at=NOW - timedelta(days=days),
            strength=fit,
            vector=candidate(to).vector,
        )
        for key, (who, where, days, fit, to) in enumerate(pool)
    ]
    shuffled = list(built)
    random.shuffle(shuffled)

    found = choose(built, limit=limit)

    assert found == choose(shuffled, limit=limit)
    assert len(found) <= limit
    people = [built[chosen.key].person for chosen in found if built[chosen.key].person]
    assert len(people) == len(set(people))
    assert all(0 <= chosen.score <= 1 for chosen in found)
    assert bool(found) == bool(built)
