from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.measures import Silence, measure, quality

LABELS = {f"{label}{n}": label for label in "abc" for n in range(10)}


def placed(**topics: str | None) -> dict[tuple[str, int], str | None]:
    """Put each item's one statement into a topic."""
    return {(name, 1): topic for name, topic in topics.items()}


def group(
    letter: str, topic: str | None, first: int = 0, count: int = 10
) -> dict[tuple[str, int], str | None]:
    """Put items of one label into a topic."""
    return {(f"{letter}{n}", 1): topic for n in range(first, first + count)}


def perfect() -> dict[tuple[str, int], str | None]:
    return {**group("a", "T-1"), **group("b", "T-2"), **group("c", "T-3")}


def test_topics_that_are_the_labels_are_perfect():
    found = quality(perfect(), LABELS)

    assert (found.items, found.labels, found.tickets) == (30, 3, 3)
    assert (found.ari, found.precision, found.recall, found.f1, found.found) == (1, 1, 1, 1, 1)
    assert (found.duplicates, found.mixed, found.unassigned) == (0, 0, 0)
    assert found.strays is None


def test_a_label_in_two_tickets_is_one_duplicate():
    found = quality({**perfect(), **group("a", "T-4", first=5, count=5)}, LABELS)

    assert found.tickets == 4
    assert found.duplicates == 1 / 4
    assert (found.mixed, found.found) == (0, 1)
    assert found.recall == pytest.approx((20 + 10 * 0.5) / 30)
    assert found.precision == 1


def test_a_ticket_is_mixed_below_seven_in_ten_and_not_at_it():
    seven = {**group("a", "T-1", count=7), **group("b", "T-1", count=3)}
    six = {**group("a", "T-1", count=6), **group("b", "T-1", count=4)}

    assert quality(seven, LABELS).mixed == 0
    assert quality(six, LABELS).mixed == 1
    assert quality(six, LABELS).found == 1 / 3


def test_a_topic_of_four_is_no_ticket():
    found = quality({**group("a", "T-1", count=4), **group("b", "T-2", count=5)}, LABELS)

    assert found.tickets == 1
    assert found.found == 1 / 3


def test_a_statement_without_a_topic_is_a_topic_of_its_own():
    labels = {"x": "one", "y": "one"}

    apart = quality(placed(x=None, y=None), labels)
    together = quality(placed(x="T-1", y="T-1"), labels)

    assert apart.unassigned == 1
    assert (apart.precision, apart.recall) == (1, 0.5)
    assert (apart.ari, together.ari) == (0, 1)


def test_a_labelled_item_without_a_statement_is_without_a_topic():
    found = quality(group("a", "T-1"), {**LABELS, "lost": "a"})

    assert found.items == 31
    assert found.unassigned == 21 / 31


def test_statements_of_one_item_bear_its_label():
    found = quality({("a0", 1): "T-1", ("a0", 2): "T-2", ("b0", 1): "T-2"}, {"a0": "a", "b0": "b"})

    assert found.items == 3
    assert found.precision == pytest.approx((1 + 0.5 + 0.5) / 3)


def test_what_is_not_scored_counts_as_stray_inside_a_ticket_and_nowhere_else():
    with_strays = {
        **perfect(),
        ("noise1", 1): "T-1",
        ("noise2", 1): None,
        ("noise3", 1): "T-9",
        ("noise4", 1): "T-2",
    }

    found = quality(with_strays, LABELS)

    assert found.strays == 2 / 4
    assert (found.ari, found.mixed, found.items) == (1, 0, 30)


rows = st.lists(
    st.tuples(st.sampled_from(["T-1", "T-2", "T-3", None]), st.sampled_from("xyz")), min_size=2, max_size=60
)


@given(rows)
def test_the_measures_are_those_of_the_textbook(pairs: list[tuple[str | None, str]]):
    snapshot = {(str(n), 1): topic for n, (topic, _) in enumerate(pairs)}
    labels = {str(n): label for n, (_, label) in enumerate(pairs)}
    alone = [topic or f"alone {n}" for n, (topic, _) in enumerate(pairs)]
    truth = [label for _, label in pairs]

    found = quality(snapshot, labels)

    same = [
        [(a == b, x == y) for b, y in zip(alone, truth, strict=True)]
        for a, x in zip(alone, truth, strict=True)
    ]
    pairs_of = Counter(cell for row, cells in enumerate(same) for cell in cells[:row])
    a, b, c, d = (pairs_of[cell] for cell in ((True, True), (True, False), (False, True), (False, False)))
    below = (a + b) * (b + d) + (a + c) * (c + d)
    assert found.ari == pytest.approx(2 * (a * d - b * c) / below if below else 1)
    precision = [sum(t and y for t, y in row) / sum(t for t, _ in row) for row in same]
    recall = [sum(t and y for t, y in row) / sum(y for _, y in row) for row in same]
    assert found.precision == pytest.approx(sum(precision) / len(pairs))
    assert found.recall == pytest.approx(sum(recall) / len(pairs))


@given(rows, st.integers(0, 99))
def test_the_order_of_items_and_the_names_of_topics_do_not_matter(
    pairs: list[tuple[str | None, str]], seed: int
):
    labels = {str(n): label for n, (_, label) in enumerate(pairs)}
    one = {(str(n), 1): topic for n, (topic, _) in enumerate(pairs)}
    mixed = list(one)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - an order, no secret
    names = {"T-1": "T-77", "T-2": "T-5", "T-3": "T-600"}
    other = {place: names.get(one[place] or "") for place in mixed}

    found, again = quality(one, labels), quality(other, labels)

    assert found.ari == pytest.approx(again.ari)
    assert (found.duplicates, found.mixed, found.found) == (again.duplicates, again.mixed, again.found)


def test_nobody_who_stays_is_churn():
    found = measure([group("a", "T-1"), {**group("a", "T-1"), **group("b", None)}, perfect()], LABELS)

    assert (found.churn_mean, found.churn_max, found.orphans, found.flips) == (0, 0, 0, 0)
    assert found.survival == 1


def test_another_topic_is_churn_of_those_who_had_one():
    before = {**group("a", "T-1"), **group("b", None)}

    found = measure([before, before, {**before, ("a0", 1): "T-2", ("b0", 1): "T-2"}], LABELS)

    assert found.churn_max == 1 / 10
    assert found.churn_mean == 1 / 20


@pytest.mark.parametrize(
    ("way", "shares"),
    [
        (["T-1", None, "T-2"], [1, 1]),
        (["T-1", None, "T-1"], [1, 0]),
        (["T-1", None, None], [1, 0]),
        (["T-1", None, None, "T-2"], [1, 0, 1]),
        ([None, "T-1", "T-1"], [0, 0]),
        (["T-1", "T-2", "T-1"], [1, 1]),
    ],
)
def test_a_gap_hides_no_churn(way: list[str | None], shares: list[int]):
    found = measure([placed(a0=topic) for topic in way], LABELS)

    assert found.churn_mean == pytest.approx(sum(shares) / len(shares))
    assert found.churn_max == max(shares)


def test_a_ticket_that_withers_is_an_orphan_and_does_not_survive():
    later = {**perfect(), **group("a", "T-9", count=6)}

    found = measure([perfect(), later], LABELS)

    assert found.orphans == 1
    assert found.survival == 2 / 3


def test_a_ticket_that_comes_to_mean_something_else_flips_and_does_not_survive():
    first = group("a", "T-1", count=5)
    middle = {**first, **group("c", "T-3")}

    found = measure([first, middle, {**middle, **group("b", "T-1")}], LABELS)

    assert found.flips == 1
    assert found.orphans == 0
    assert found.survival == 1 / 3
    assert found.survival_worst == 0


def silent_stream(returns_to: str) -> list[dict[tuple[str, int], str | None]]:
    """Batches: a and b; b alone; a again, in this topic."""
    start = {**group("a", "T-1", count=5), **group("b", "T-2", count=5)}
    quiet = {**start, **group("b", "T-2", first=5, count=5)}
    return [start, quiet, {**quiet, **group("a", returns_to, first=5, count=5)}]


@pytest.mark.parametrize(("topic", "share"), [("T-1", 1.0), ("T-7", 0.0), ("T-2", 0.0)])
def test_a_label_that_returns_is_looked_for_in_the_tickets_it_had(topic: str, share: float):
    found = measure(silent_stream(topic), LABELS, Silence(frozenset("ac"), 1, 3))

    assert found.returned == share


def test_a_ticket_that_came_up_in_the_silence_is_not_the_old_one():
    start, _, _ = silent_stream("T-1")
    moved = {**start, **group("a", "T-9", count=5)}

    found = measure(
        [start, moved, {**moved, **group("a", "T-9", first=5, count=5)}],
        LABELS,
        Silence(frozenset("a"), 1, 3),
    )

    assert found.returned == 0


def test_without_a_silence_nothing_returns():
    assert measure(silent_stream("T-1"), LABELS).returned is None
    assert measure(silent_stream("T-1")[:2], LABELS, Silence(frozenset("a"), 1, 3)).returned is None


def test_one_batch_has_no_earlier_ones():
    found = measure([perfect()], LABELS)

    assert (found.churn_mean, found.survival, found.survival_worst) == (0, None, None)
    assert Counter(LABELS.values()).total() == found.items


def test_nothing_at_all_has_measures_too():
    found = measure([], {})

    assert (found.items, found.tickets, found.duplicates, found.found) == (0, 0, 0, 0)
