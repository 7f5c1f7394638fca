from __future__ import annotations

from typing import Any

import pytest
from builders import NOW, Bench, gone, item, store

from bridge.drafting import gather, links_of, text_of
from bridge.errors import InputError
from bridge.recluster import apply, compare
from bridge.report import topic_detail, topic_reports

BOOKS = ("audit", "decision", "run", "topic", "written", "topic_figures")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_kind(request: pytest.FixtureRequest) -> str:
    """Both kinds of database."""
    return str(request.param)


@pytest.fixture
def done(in_topics: Bench):
    """Sixty items in topics, nothing decided."""
    return in_topics


def decide(bench: Bench, verb: str, *args: Any) -> Any:
    with bench.deciding() as verbs:
        return getattr(verbs, verb)(*args)


def evidence(bench: Bench, number: int) -> list[str]:
    with bench.database.reading() as session:
        detail = topic_detail(session, NOW, number)
    assert detail is not None
    shown = [quote["item"] for quote in detail["evidence"]]
    assert shown[: len(detail["key_quotes"])] == detail["key_quotes"]
    return shown


def pinned(bench: Bench, number: int) -> list[str]:
    with bench.database.reading() as session:
        detail = topic_detail(session, NOW, number) or {"key_quotes": []}
    return list(detail["key_quotes"])


def members(bench: Bench, number: int) -> list[str]:
    return [
        row["item"]
        for row in bench.rows()
        if row["topic"] == f"T-{number}" and not row["item"].startswith("repost")
    ]


def left_out(bench: Bench, number: int) -> list[str]:
    shown = evidence(bench, number)
    return [name for name in members(bench, number) if name not in shown]


def test_a_key_quote_stands_first_at_once_and_in_the_ticket_as_in_topics_show(done: Bench):
    first, second = left_out(done, 1)[:2]

    decide(done, "pin", 1, f"reviews:{first}")
    decide(done, "pin", 1, second)
    shown = evidence(done, 1)
    with done.database.reading() as session:
        reports = topic_reports(session, NOW, [1])
        material = gather(session, NOW, [1], reports)
        ticket = text_of(reports[0], material, done.settings)
        links = links_of(reports[0], material, done.settings)

    assert shown[:2] == [first, second]
    assert len(shown) <= 7
    assert [quote.item for quote in ticket.quotes] == shown
    assert len(links) <= 20


def test_key_quotes_stay_first_through_runs_and_a_recluster(done: Bench):
    name = left_out(done, 1)[-1]
    decide(done, "pin", 1, f"reviews:{name}")

    done.run()
    after_run = evidence(done, 1)
    done.take(
        [item(f"my suitcase was lost at baggage claim day {n}", f"more-{n}", by=f"m{n}") for n in range(9)]
    )
    done.run()
    apply(done.context(), compare(done.context(), granularity="finer"))
    done.run()

    assert after_run[0] == evidence(done, 1)[0] == name
    assert len(after_run) > 1


def test_what_is_chosen_beside_a_key_quote_is_of_other_people_and_other_words(done: Bench):
    shown = evidence(done, 1)
    decide(done, "pin", 1, f"reviews:{left_out(done, 1)[0]}")

    done.run()
    after = evidence(done, 1)

    assert len(after) == len(set(after)) <= len(shown) + 1


def test_undo_restores_exactly_whatever_was_pinned(done: Bench):
    names = left_out(done, 1)
    before = done.tables(*BOOKS), evidence(done, 1)
    decide(done, "pin", 1, names[0])
    between = done.tables(*BOOKS)
    decide(done, "unpin", 1, names[0])

    decide(done, "undo", 1)
    again = done.tables(*BOOKS)
    decide(done, "undo", 1)

    assert again == between != before[0]
    assert (done.tables(*BOOKS), evidence(done, 1)) == before


def test_an_undone_pin_leaves_no_trace_after_the_next_runs(done: Bench):
    done.run()
    before = done.tables(*BOOKS), done.picture()

    decide(done, "pin", 1, left_out(done, 1)[0])
    done.run()
    decide(done, "undo", 1)
    done.run()

    assert (done.tables(*BOOKS), done.picture()) == before


def test_a_pin_follows_a_merge_and_comes_back_with_it(done: Bench):
    mine, other = members(done, 1)[-1], members(done, 2)[-1]
    decide(done, "pin", 1, mine)
    decide(done, "pin", 2, other)

    decide(done, "merge", 2, 1)
    merged = pinned(done, 1)
    done.run()
    after_run = pinned(done, 1)
    decide(done, "undo", 2)

    assert merged == after_run == [mine, other]
    assert (pinned(done, 1), pinned(done, 2)) == ([mine], [other])


def test_what_moves_away_is_a_key_quote_no_longer_until_it_comes_back(done: Bench):
    name = members(done, 1)[0]
    decide(done, "pin", 1, name)

    decide(done, "move", "reviews", name, 2)
    away = pinned(done, 1), pinned(done, 2)
    decide(done, "move", "reviews", name, 1)

    assert away == ([], [])
    assert pinned(done, 1) == [name]


def test_what_its_author_deletes_is_gone_with_its_pin_and_undo_does_not_bring_it_back(done: Bench):
    name, other = members(done, 1)[:2]
    decide(done, "pin", 1, other)
    decide(done, "pin", 1, name)
    decide(done, "unpin", 1, name)

    store(done, gone(name))
    decide(done, "undo", 1)
    done.run()

    assert pinned(done, 1) == [other]
    assert len(done.query("SELECT 1 FROM key_quote")) == 1


def test_an_edited_item_is_pinned_no_longer_because_its_words_are_others(done: Bench):
    name = members(done, 1)[0]
    decide(done, "pin", 1, name)

    done.take([item("something else altogether, with no bag in it", name, by="bag_0", revision="r2")])
    done.run()

    assert pinned(done, 1) == []


def test_seven_are_the_most_and_the_error_says_what_to_do(done: Bench):
    names = members(done, 1)
    for name in names[:7]:
        decide(done, "pin", 1, name)

    with pytest.raises(InputError, match=r"T-1 has 7 key quotes, and 7 is the most; unpin one first"):
        decide(done, "pin", 1, names[7])

    assert evidence(done, 1) == names[:7]
    done.run()
    assert evidence(done, 1) == names[:7]


def test_two_topics_of_seven_make_one_that_shows_seven(done: Bench):
    for number in (1, 2):
        for name in members(done, number)[:7]:
            decide(done, "pin", number, name)
    first = pinned(done, 1)

    decide(done, "merge", 2, 1)
    done.run()

    assert evidence(done, 1) == first


@pytest.mark.parametrize(
    ("verb", "number", "name", "says"),
    [
        ("pin", 1, "reviews:nobody", "has no statement in T-1"),
        ("pin", 99, "reviews:bag-001", "there is no topic T-99"),
        ("pin", 1, "reviews:repost-0", "pin the original"),
        ("unpin", 1, "{member}", "no key quote of T-1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(done: Bench, verb: str, number: int, name: str, says: str):
    home = int((done.topic_of("repost-0") or "T-0")[2:])
    number = home if "repost" in name else number

    with pytest.raises(InputError, match=says.replace("T-1", f"T-{number}")):
        decide(done, verb, number, name.format(member=f"reviews:{members(done, 1)[0]}"))

    assert done.query("SELECT count(*) FROM key_quote") == [(0,)]


def test_pinning_twice_is_refused(done: Bench):
    name = members(done, 1)[0]
    decide(done, "pin", 1, name)

    with pytest.raises(InputError, match="is a key quote of T-1 already"):
        decide(done, "pin", 1, f"reviews:{name}#1")
