from __future__ import annotations

import pytest
from builders import Bench, item, theme

from bridge.errors import InputError
from bridge.placing import topic_number
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
        " labelled_mentions, touched, centroid_model, born_cold, grown, shown_mentions"
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


def free(bench: Bench, *names: str) -> None:
    """Take items out of their topics, as if they were unsure."""
    for name in names:
        bench.query(
            "UPDATE assignment SET topic = NULL, status = 'unsure' WHERE statement_id IN (SELECT"
            " s.id FROM statement s JOIN item i ON i.id = s.item_id WHERE external_id = ?)",
            name,
        )


@pytest.mark.parametrize(("freed", "join"), [(6, True), (9, False)])
def test_free_ones_join_a_topic_only_if_at_least_half_of_their_cluster_is_in_it(
    done: Bench, freed: int, join: bool
):
    topic = number_of(done, "legroom-000")
    free(done, *(f"legroom-{n:03}" for n in range(freed)))
    found = compare(done.context())
    (shown,) = [row for row in as_json(found)["continued"] if row["topic"] == f"T-{topic}"]

    counts = apply(done.context(), found)

    assert shown["statements"] - shown["stay"] >= freed
    assert shown["join"] == counts["joined"] == (freed if join else 0)
    assert done.topic_of("legroom-000") == (f"T-{topic}" if join else None)


def test_what_is_shown_is_what_is_done(done: Bench):
    app, legroom, bag = (number_of(done, f"{name}-004") for name in ("app", "legroom", "bag"))
    done.query("UPDATE assignment SET topic = ? WHERE topic = ?", app, legroom)
    free(done, *(f"bag-{n:03}" for n in range(18)), "app-001")
    found = compare(done.context())
    shown = as_json(found)

    counts = apply(done.context(), found)

    after = dict(done.query("SELECT topic, count(*) FROM assignment WHERE status = 'published' GROUP BY 1"))
    joined = dict(
        done.query(
            "SELECT topic, count(*) FROM assignment WHERE reason LIKE '%joins its cluster%' GROUP BY 1"
        )
    )
    made = done.query("SELECT number, split_from FROM topic WHERE number > ?", max(app, legroom, bag))
    parts = [(None, part) for part in shown["born"]]
    parts += [(int(row["from"][2:]), part) for row in shown["split"] for part in row["into"]]
    assert counts["born"] == len(shown["born"]) > 0
    assert counts["split"] == len(parts) - len(shown["born"]) > 0
    assert counts["joined"] == sum(row["join"] for row in shown["continued"]) > 0
    assert sorted((after[number], parent) for number, parent in made) == sorted(
        (part["statements"], parent) for parent, part in parts
    )
    assert joined == {int(row["topic"][2:]): row["join"] for row in shown["continued"] if row["join"]}


@pytest.mark.parametrize("people", [1, 2])
@pytest.mark.parametrize("of_a_topic", [False, True])
def test_what_one_person_alone_says_is_no_topic(done: Bench, people: int, of_a_topic: bool):
    name = "app" if of_a_topic else "legroom"
    app, legroom = number_of(done, "app-004"), number_of(done, "legroom-004")
    if of_a_topic:
        done.query("UPDATE assignment SET topic = ? WHERE topic = ?", app, legroom)
    else:
        free(done, *(f"legroom-{n:03}" for n in range(14)))
    done.query(
        "UPDATE assignment SET speaker = 'p' || (statement_id / 2 % ?) WHERE statement_id IN (SELECT s.id"
        " FROM statement s JOIN item i ON i.id = s.item_id WHERE i.external_id LIKE ?)",
        people,
        f"{name}-%",
    )
    found = compare(done.context())
    shown = as_json(found)
    parts = [part for row in shown["split"] for part in row["into"]] if of_a_topic else shown["born"]

    counts = apply(done.context(), found)

    several = people > 1
    assert bool([part for part in parts if name in part["quotes"][0]]) == several
    assert counts["split" if of_a_topic else "born"] == len(parts)
    assert (number_of(done, f"{name}-004") > max(app, legroom)) == several


def test_a_topic_that_would_be_one_persons_by_now_is_not_made(done: Bench):
    free(done, *(f"legroom-{n:03}" for n in range(14)))
    found = compare(done.context())
    done.query("UPDATE assignment SET speaker = 'one' WHERE topic IS NULL")

    counts = apply(done.context(), found)

    assert len(found.lineage.born) == 1
    assert counts["born"] == 0


def test_of_many_copies_of_one_text_all_are_in_the_cluster_of_the_first(bench: Bench):
    said = [item("the app crashes every single time", f"same-{n:03}", by=f"p{n}") for n in range(60)]
    bench.take([*theme("bag", 12), *said])
    bench.run("discover")
    copies = {
        key
        for (key,) in bench.query(
            "SELECT s.id FROM statement s JOIN item i ON i.id = s.item_id WHERE i.external_id LIKE 'same-%'"
        )
    }

    found = compare(bench.context())

    (cluster,) = [set(keys) for keys in found.members.values() if copies & set(keys)]
    assert cluster == copies
    assert found.looked_at == 72


def test_vectors_that_are_no_longer_stored_are_made_again(done: Bench):
    before = compare(done.context())
    done.query("DELETE FROM embedding WHERE rowid % 2 = 0")

    assert compare(done.context()) == before


def test_a_topic_number_has_nine_digits_at_most():
    assert topic_number("T-999999999") == 999_999_999
    for text in ("T-1000000000", "9" * 5_000):
        with pytest.raises(InputError, match="is no topic; write T-12"):
            topic_number(text)
