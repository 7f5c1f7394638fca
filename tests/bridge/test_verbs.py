from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import NOW, Bench, theme

from bridge.errors import InputError
from bridge.verbs import Verbs, topic_number

NEW = {"tracker": "local", "project": "FB", "type_": "Bug"}
BOOKS = ("audit", "decision", "run", "written", "topic_figures")  # the story, and what is made anew


@pytest.fixture
def done(in_topics: Bench):
    """Sixty items in topics, nothing decided."""
    assert {"T-1", "T-2", "T-3"} <= in_topics.reports().keys()
    return in_topics


def state(bench: Bench) -> dict[str, Any]:
    """Return all tables, without which topics are still to be looked at."""
    found = bench.tables(*BOOKS)
    found["topic"] = bench.query(
        "SELECT number, root, merged_into, title, title_by, keywords, kind, state, state_until,"
        " state_until_reach,"
        " state_before, confidence, labelled_mentions, centroid FROM topic ORDER BY number"
    )
    return found


def decide(bench: Bench, verb: str, *args: Any, **options: Any) -> Any:
    with bench.deciding() as verbs:
        return getattr(verbs, verb)(*args, **options)


VERBS: dict[str, Callable[[Verbs], object]] = {
    "approve": lambda v: v.approve(1, **NEW),
    "reject": lambda v: v.reject(1, **NEW),
    "ignore": lambda v: v.ignore(1),
    "snooze": lambda v: v.snooze(1, until=NOW + timedelta(days=7), until_reach=None),
    "snooze until it grows": lambda v: v.snooze(1, until=None, until_reach=99),
    "rename": lambda v: v.rename(1, "  Lost   suitcases "),
    "merge": lambda v: v.merge(2, 1),
    "move in": lambda v: v.move("reviews", "app-003", 1),
}


@pytest.mark.parametrize("name", VERBS)
def test_every_decision_undone_leaves_everything_as_it_was(done: Bench, name: str):
    before = state(done)

    with done.deciding() as verbs:
        VERBS[name](verbs)
    between = state(done)
    said = decide(done, "undo", 1)

    assert between != before
    assert name.startswith(said)
    assert state(done) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", VERBS)
def test_a_decision_that_was_undone_leaves_no_trace_after_the_next_runs(done: Bench, name: str):
    done.run()
    before = state(done), done.picture()

    with done.deciding() as verbs:
        VERBS[name](verbs)
    done.run()
    decide(done, "undo", 1)
    done.run()

    assert (state(done), done.picture()) == before


def test_a_merge_counts_both_and_new_items_of_either_go_to_the_one(done: Bench):
    one, two = done.reports()["T-1"], done.reports()["T-2"]

    decide(done, "merge", 2, 1)
    done.run()
    merged = done.reports()
    done.take([*theme("bag", 5, first=40), *theme("app", 5, first=40)])
    done.run()

    assert merged["T-1"]["mentions"] == one["mentions"] + two["mentions"]
    assert merged["T-1"]["reach"] == one["reach"] + two["reach"]
    assert "T-2" not in done.reports()
    assert "T-2" not in {row["topic"] for row in done.rows()}


def test_decisions_are_undone_the_latest_first(done: Bench):
    decide(done, "merge", 1, 2)
    decide(done, "merge", 2, 3)

    with pytest.raises(InputError, match="undo the later decision about T-2 first: merge"):
        decide(done, "undo", 1)
    undone = [decide(done, "undo", 3), decide(done, "undo", 2)]

    assert undone == ["merge", "merge"]
    with pytest.raises(InputError, match="nobody has decided anything about T-1 that is not undone yet"):
        decide(done, "undo", 1)


def test_two_merges_into_one_topic_can_be_undone_in_any_order(done: Bench):
    before = done.reports()
    decide(done, "merge", 1, 3)
    decide(done, "merge", 2, 3)

    decide(done, "undo", 1)
    decide(done, "undo", 2)
    done.run()

    assert done.reports() == before


def test_a_moved_item_stays_where_a_person_put_it(done: Bench):
    moved = "legroom-003"
    home = int((done.topic_of(moved) or "")[2:])
    target = next(int(name[2:]) for name in done.reports() if name != f"T-{home}")
    decide(done, "move", "reviews", moved, target)
    decide(done, "move", "reviews", "bag-008", None)

    done.take([*theme("legroom", 10, first=40), *theme("bag", 10, first=40)])
    done.run()
    from bridge.recluster import apply, compare

    apply(done.context(), compare(done.context()))
    done.run()

    rows = {row["item"]: row for row in done.rows()}
    assert rows[moved]["topic"] == f"T-{target}"
    assert rows[moved]["reason"] == "put here by ana"
    assert (rows["bag-008"]["topic"], rows["bag-008"]["reason"]) == (None, "taken out by ana")
    assert done.query("SELECT count(*) FROM assignment WHERE pinned") == [(2,)]


def test_an_ignored_topic_stays_hidden_and_keeps_what_is_said_later(done: Bench):
    topic = int((done.topic_of("legroom-003") or "")[2:])
    decide(done, "ignore", topic)

    done.take(theme("legroom", 8, first=40))
    done.run("sync")

    assert f"T-{topic}" not in done.reports()
    said = [row for row in done.rows() if row["topic"] == f"T-{topic}"]
    assert sum("legroom-04" in row["item"] for row in said) >= 4
    assert topic not in [number for (number,) in done.query("SELECT topic FROM ticket")]


def test_a_snooze_ends_on_its_day(done: Bench):
    decide(done, "snooze", 1, until=NOW + timedelta(days=2), until_reach=None)

    seen = []
    for days in (1, 3):
        done.now = NOW + timedelta(days=days)
        done.sync()
        seen.append(done.query("SELECT count(*) FROM ticket WHERE topic = 1")[0][0])
        done.run()
        seen.append(done.reports()["T-1"]["state"])

    assert seen == [0, "snoozed", 1, "in review"]


def test_a_snooze_ends_when_enough_people_said_it(done: Bench):
    topic = int((done.topic_of("legroom-003") or "")[2:])
    reach = done.reports()[f"T-{topic}"]["reach"]
    decide(done, "snooze", topic, until=None, until_reach=reach + 2)
    done.run()
    before = done.reports()[f"T-{topic}"]["state"]

    done.take(theme("legroom", 8, first=40))
    done.run()

    assert before == "snoozed"
    assert done.reports()[f"T-{topic}"]["state"] == "new"


def test_a_title_of_a_person_is_never_replaced(done: Bench):
    decide(done, "rename", 1, "Lost suitcases")

    done.take(theme("bag", 40, first=40))
    done.run()

    assert done.reports()["T-1"]["title"] == "Lost suitcases"


def test_an_approved_topic_gets_its_ticket_and_a_rejected_one_never(done: Bench):
    decide(done, "approve", 1, **NEW)
    decide(done, "reject", 2, **NEW)

    done.run("sync")
    done.run("sync")

    assert dict(done.query("SELECT topic, state FROM ticket WHERE topic < 3")) == {1: "open", 2: "rejected"}
    assert done.reports()["T-1"]["ticket"] == {"key": "FB-1", "url": "/backlog/FB-1"}
    assert done.reports()["T-2"]["ticket"] is None
    with pytest.raises(
        InputError,
        match="FB-1 is in the tracker already; to take it back there: feedback-bridge tickets undo FB-1",
    ):
        decide(done, "undo", 1)


def test_undoing_a_new_title_leaves_what_became_of_the_topic_since(done: Bench):
    title = done.reports()["T-1"]["title"]
    decide(done, "rename", 1, "Lost suitcases")
    done.set('policy.mode = "automatic"')
    done.sync()

    decide(done, "undo", 1)

    assert done.reports()["T-1"]["state"] == "tracked"
    assert done.reports()["T-1"]["title"] == title


def test_undoing_a_snooze_that_is_over_does_not_change_the_state_of_today(done: Bench):
    decide(done, "snooze", 1, until=NOW + timedelta(days=1), until_reach=None)
    done.now = NOW + timedelta(days=2)
    done.run("sync")

    decide(done, "undo", 1)

    assert done.reports()["T-1"]["state"] == "in review"


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_an_ignored_topic_is_not_brought_back_by_the_way(done: Bench, verb: str):
    decide(done, "ignore", 1)

    with pytest.raises(InputError, match="T-1 is ignored; undo that first: feedback-bridge topics undo T-1"):
        decide(done, verb, 1, **NEW)

    assert done.query("SELECT state FROM topic WHERE number = 1") == [("ignored",)]
    assert done.query("SELECT count(*) FROM ticket") == [(0,)]


@pytest.mark.parametrize(
    ("verb", "args", "words"),
    [
        ("ignore", (99,), "there is no topic T-99; see: feedback-bridge topics list"),
        ("ignore", (2,), "T-2 was merged into T-3; name T-3 instead"),
        ("merge", (1, 1), "T-1 can't be merged into itself; name another topic"),
        ("merge", (3, 2), "T-2 was merged into T-3; name T-3 instead"),
        ("rename", (1, " \t "), "the title is empty; write a few words"),
        (
            "move",
            ("reviews", "nobody", 1),
            "there is no item 'nobody' in source 'reviews'; see: items search",
        ),
        ("move", ("reviews", "bag-003", 99), "there is no topic T-99"),
        ("undo", (1,), "nobody has decided anything about T-1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_changes_nothing(
    done: Bench, verb: str, args: tuple[Any, ...], words: str
):
    decide(done, "merge", 2, 3)
    before = done.tables()

    with pytest.raises(InputError) as caught:
        decide(done, verb, *args)

    assert words in str(caught.value)
    assert done.tables() == before


@pytest.mark.parametrize(("text", "number"), [("T-12", 12), ("t-7", 7), (" 3 ", 3)])
def test_a_topic_can_be_named_in_several_ways(text: str, number: int):
    assert topic_number(text) == number


@pytest.mark.parametrize("text", ["", "T-", "T-x", "twelve", "T--1", "1.5"])
def test_what_is_no_topic_is_refused_with_an_example(text: str):
    with pytest.raises(InputError, match="is no topic; write T-12"):
        topic_number(text)


def test_every_decision_is_in_the_audit_log_with_who_and_when(done: Bench):
    decide(done, "merge", 2, 1)
    decide(done, "undo", 1)

    assert done.query("SELECT actor, verb, subject, details FROM audit WHERE actor = 'ana' ORDER BY id") == [
        ("ana", "merge", "T-2", '{"other": 1}'),
        ("ana", "undo merge", "T-1", '{"decision": 1}'),
    ]
