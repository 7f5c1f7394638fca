from __future__ import annotations

import pytest
from builders import Bench, theme

from bridge.errors import InputError
from bridge.recluster import apply, as_json, compare


@pytest.fixture
def done(in_topics: Bench):
    in_topics.sync()
    return in_topics


def number_of(bench: Bench, name: str) -> int:
    return int((bench.topic_of(name) or "T-0")[2:])


def test_a_comparison_reads_only_and_counts_what_it_shows(done: Bench):
    before = done.tables()

    shown = as_json(compare(done.context()))

    assert done.tables() == before
    assert list(shown) == ["statements", "continued", "born", "split", "merged", "dormant", "unseen"]
    assert shown["statements"] == 50
    assert shown["continued"]
    for row in shown["continued"]:
        assert row["stay"] + row["join"] <= row["statements"]
        assert 1 <= len(row["quotes"]) <= 3


def test_no_id_decision_or_ticket_is_lost_when_it_is_applied(done: Bench):
    with done.deciding() as verbs:
        verbs.rename(1, "Lost suitcases")
    topics = {number for (number,) in done.query("SELECT number FROM topic")}
    kept = {name: done.tables()[name] for name in ("ticket", "decision", "intent", "item", "statement")}

    apply(done.context(), compare(done.context(), granularity="finer"))

    after = done.tables()
    assert topics <= {number for (number,) in done.query("SELECT number FROM topic")}
    for name in ("ticket", "intent", "item", "statement"):
        assert after[name] == kept[name]
    assert set(map(repr, kept["decision"])) <= set(map(repr, after["decision"]))
    assert done.query("SELECT title FROM topic WHERE number = 1") == [("Lost suitcases",)]
    assert done.query("SELECT count(*) FROM assignment") == [(60,)]


def test_free_statements_join_the_topic_of_their_cluster(done: Bench):
    name = "legroom-004"
    topic = number_of(done, name)
    done.query(
        "UPDATE assignment SET topic = NULL, status = 'unsure' WHERE statement_id = (SELECT"
        " s.id FROM statement s JOIN item i ON i.id = s.item_id WHERE external_id = ?)",
        name,
    )

    counts = apply(done.context(), compare(done.context()))

    assert counts["joined"] >= 1
    assert number_of(done, name) == topic


def test_two_topics_of_one_theme_are_merged_and_each_merge_can_be_undone(done: Bench):
    members = [
        key
        for (key,) in done.query(
            "SELECT a.statement_id FROM assignment a WHERE topic = ? ORDER BY 1",
            number_of(done, "legroom-004"),
        )
    ]
    old = number_of(done, "legroom-004")
    done.query("DELETE FROM ticket")
    new = done.query("SELECT max(number) + 1 FROM topic")[0][0]
    columns = (
        "workspace_id, merged_into, split_from, title, title_by, keywords, kind, state, confidence, born_at,"
        " labelled_mentions, touched, centroid_model, born_cold"
    )
    done.query(
        f"INSERT INTO topic (number, root, {columns}) SELECT {new}, {new}, {columns} FROM topic"
        f" WHERE number = {old}"
    )
    done.query(
        f"UPDATE assignment SET topic = {new} WHERE statement_id IN ({','.join(map(str, members[::2]))})"
    )
    found = compare(done.context())

    counts = apply(done.context(), found)
    merged = done.query("SELECT root FROM topic WHERE number = ?", new)
    with done.deciding() as verbs:
        verbs.undo(new)
    again = apply(done.context(), compare(done.context()))

    assert (old, new) in found.lineage.merged.values()
    assert counts["merged"] == 1
    assert merged == [(old,)]
    assert (again["merged"], again["kept apart"]) == (0, 1)
    assert done.query("SELECT root FROM topic WHERE number = ?", new) == [(new,)]


def test_what_a_person_put_together_is_not_split(done: Bench):
    bag, legroom = number_of(done, "bag-004"), number_of(done, "legroom-004")
    with done.deciding() as verbs:
        verbs.merge(legroom, bag)
    done.run()
    found = compare(done.context())

    counts = apply(done.context(), found)

    assert bag in found.lineage.split
    assert counts["kept together"] >= 1
    assert number_of(done, "legroom-004") == number_of(done, "bag-004") == bag


def test_an_ignored_topic_is_not_brought_back_in_parts(done: Bench):
    bag, legroom = number_of(done, "bag-004"), number_of(done, "legroom-004")
    done.query("UPDATE assignment SET topic = ? WHERE topic = ?", bag, legroom)
    with done.deciding() as verbs:
        verbs.ignore(bag)
    topics = done.query("SELECT count(*) FROM topic")

    counts = apply(done.context(), compare(done.context()))

    assert counts["split"] == 0
    assert counts["kept together"] >= 1
    assert done.query("SELECT count(*) FROM topic") == topics
    assert number_of(done, "legroom-004") == bag


def test_a_topic_of_two_themes_is_split_and_keeps_its_number(done: Bench):
    app, legroom = number_of(done, "app-004"), number_of(done, "legroom-004")
    done.query("UPDATE assignment SET topic = ? WHERE topic = ?", app, legroom)

    counts = apply(done.context(), compare(done.context()))
    done.run()

    assert counts["split"] >= 1
    assert number_of(done, "app-004") != number_of(done, "legroom-004")
    born = done.query("SELECT number, split_from FROM topic WHERE split_from IS NOT NULL")
    assert born[0][1] == app
    assert all(topic["title"] for topic in done.reports().values())


def test_one_topic_can_be_looked_into_and_a_time_can_be_set(done: Bench):
    topic = number_of(done, "legroom-004")

    inside = compare(done.context(), topic=topic)
    later = compare(done.context(), since=done.now)

    assert set(inside.topics.values()) == {topic}
    assert later.looked_at == 0
    with pytest.raises(InputError, match="there is no topic T-99"):
        compare(done.context(), topic=99)


def test_an_empty_store_has_nothing_to_compare(bench: Bench):
    assert as_json(compare(bench.context()))["statements"] == 0
    bench.take(theme("bag", 1))
    bench.run()
    assert as_json(compare(bench.context()))["born"] == []
