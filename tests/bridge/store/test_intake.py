from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from builders import NOW, Bench, Interrupted, copy_store, gone, item, sixty, store

from bridge.store import intake
from connectors import Author, Checkpoint, Gap, Rejected, Upsert
from connectors.errors import ConnectorError
from connectors.testing import Canned

CANARY = "Zebulon Quixwhistle"
ADDRESS = "zebulon@quix.example"


def counted(pulled) -> tuple[int, int, int, int, int]:
    c = pulled.counts
    return (c.read, c.new, c.changed, c.unchanged, c.rejected)


def texts(bench: Bench) -> dict[str, str]:
    """Return the raw text that stands for each item."""
    return dict(
        bench.query(
            "SELECT i.external_id, r.text FROM item i JOIN item_revision r ON r.item_id = i.id"
            " AND r.revision = i.revision"
        )
    )


def test_a_pull_counts_new_changed_unchanged_and_rejected(bench: Bench):
    bench.take([item("the wifi is slow", "a"), item("the food was cold", "b")])

    pulled = bench.take(
        [
            item("the wifi is slow", "a"),
            item("the food was warm", "b"),
            item("no plug", "c"),
            Rejected("row 4", "no text", "x"),
        ]
    )

    assert counted(pulled) == (4, 1, 1, 1, 1)
    assert texts(bench) == {"a": "the wifi is slow", "b": "the food was warm", "c": "no plug"}


def test_the_same_items_again_change_nothing(bench: Bench):
    bench.take(sixty())
    before = bench.tables("run", "source", "item")

    pulled = bench.take(sixty())

    assert counted(pulled) == (60, 0, 0, 60, 0)
    assert bench.tables("run", "source", "item") == before


@pytest.mark.parametrize(
    "way",
    [
        "shuffled",
        *(
            pytest.param(way, marks=pytest.mark.slow)
            for way in ("twice", "halves", "overlapping", "backwards")
        ),
    ],
)
def test_items_and_topics_are_the_same_however_they_came_in(tmp_path: Path, quick: None, way: str):
    said = sixty()
    mixed = Random(7).sample(said, len(said))  # noqa: S311 - an order, no secret
    ways = {
        "twice": [said, said],
        "halves": [said[:30], said[30:]],
        "overlapping": [said[20:], said[:40]],
        "shuffled": [mixed],
        "backwards": [said[::-1]],
    }
    benches = []
    for name, pulls in (("straight", [said]), (way, ways[way])):
        (tmp_path / name).mkdir()
        bench = Bench(tmp_path / name)
        bench.database.close()
        benches.append(bench)
        if name != "straight":
            same_secret(benches[0], bench)
        for pull in pulls:
            bench.take(pull)
        bench.run()

    assert benches[1].picture() == benches[0].picture()


def same_secret(one: Bench, other: Bench) -> None:
    (secret,) = one.query("SELECT secret FROM workspace")[0]
    other.query("UPDATE workspace SET secret = ?", secret)


@pytest.mark.parametrize("order", list(permutations(["first", "second", "third"])))
def test_of_two_texts_for_one_id_in_one_pull_the_newer_stands_in_any_order(
    bench: Bench, order: tuple[str, ...]
):
    days = {"first": 3, "second": 2, "third": 1}
    said = [item(f"the {name} text", "a", days=days[name]) for name in order]

    bench.take(said)
    first = (texts(bench), bench.query("SELECT conflict FROM item"))
    again = bench.take(said)

    assert first == ({"a": "the third text"}, [(1,)])
    assert counted(again) == (3, 0, 0, 3, 0)
    assert texts(bench) == {"a": "the third text"}


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_of_two_texts_of_one_time_the_greater_revision_stands(bench: Bench, order: str):
    bench.take([item(f"text {name}", "x", revision=name) for name in order])

    assert texts(bench) == {"x": "text b"}


@pytest.mark.parametrize("order", ["old first", "new first"])
def test_a_later_pull_with_the_stored_and_another_text_is_a_conflict_in_any_order(bench: Bench, order: str):
    old, new = item("the old text", "a", days=2), item("the new text", "a", days=1)
    bench.take([old])

    bench.take([old, new] if order == "old first" else [new, old])

    assert texts(bench) == {"a": "the new text"}


def test_a_corrected_text_in_a_later_pull_wins_and_so_does_the_older_one_after_it(bench: Bench):
    first, second = item("the seat is blue", "a"), item("the seat is red", "a")

    seen = []
    for said in (first, second, first):
        bench.take([said])
        seen.append(texts(bench)["a"])

    assert seen == ["the seat is blue", "the seat is red", "the seat is blue"]
    assert bench.query("SELECT count(*) FROM item_revision") == [(2,)]


def test_a_correction_settles_a_conflict_and_can_be_corrected_back(bench: Bench):
    one, two, right = (item(f"text {name}", "a", revision=name) for name in "abc")
    bench.take([one, two])

    bench.take([right])
    settled = texts(bench)["a"], bench.query("SELECT conflict FROM item")
    bench.take([one])

    assert settled == ("text c", [(0,)])
    assert texts(bench)["a"] == "text a"


def test_a_tombstone_takes_text_statements_and_counts_away(in_topics: Bench):
    bench = in_topics
    topic = bench.topic_of("bag-005")
    before = bench.reports()[topic]

    counts = bench.take([gone("bag-005")]).counts
    bench.run()

    assert counts.removed == 1
    assert "bag-005" not in [row["item"] for row in bench.rows()]
    after = bench.reports()[topic]
    assert (after["mentions"], after["reach"]) == (before["mentions"] - 1, before["reach"] - 1)
    (left,) = bench.query(
        "SELECT text, mentions_handles, url, removed_reason FROM item WHERE external_id = 'bag-005'"
    )
    assert left == ("", "", None, "deleted by its author")
    assert not bench.query(
        "SELECT * FROM item_revision r JOIN item i ON i.id = r.item_id WHERE external_id = 'bag-005'"
    )


def test_the_reposts_of_what_was_taken_away_stand_for_themselves(in_topics: Bench):
    bench = in_topics
    bench.take([gone("bag-003")])

    bench.run()

    rows = {row["item"]: row for row in bench.rows()}
    assert rows["repost-0"]["topic"] is not None
    assert "neighbourhood" in rows["repost-0"]["reason"]
    assert bench.query(
        "SELECT count(*) FROM item WHERE repost_of = (SELECT id FROM item WHERE external_id = 'bag-003')"
    ) == [(0,)]


def test_events_are_taken_in_their_order(bench: Bench):
    store(bench, Upsert(item("gone soon", "a")), gone("a"), Upsert(item("and back", "a")))
    store(bench, gone("b"), Upsert(item("never there before", "b")), gone("b"))

    assert bench.query("SELECT external_id, removed_at IS NULL FROM item ORDER BY 1") == [("a", 1), ("b", 0)]


def test_nul_and_lone_surrogates_are_stored_as_the_sign_for_the_unreadable(bench: Bench):
    hostile = item(
        "half a \ud83d pair and a \x00 in it",
        "id-\udc80\x00",
        by=Author(handle="h\ud800", display="d\x00"),
        thread="\x00",
    )

    bench.take([hostile, item("fine", "b")])
    bench.run()

    assert texts(bench)["id-\ufffd\ufffd"] == "half a \ufffd pair and a \ufffd in it"
    assert len(bench.rows()) == 2
    assert bench.take([hostile]).counts.unchanged == 1


def test_a_pull_goes_on_from_the_cursor_of_its_last_checkpoint(bench: Bench):
    said = [Upsert(item(f"text {n}", f"{n}")) for n in range(10)]
    failing = Canned(events=said, page=3, fail_at=7, failure=ConnectorError("the line is dead"))

    first = intake_of(bench, failing)
    second = intake_of(bench, Canned(events=said, page=3))

    assert "the line is dead" in (first.error or "")
    assert (first.counts.new, second.counts.new, second.counts.unchanged) == (6, 4, 0)
    assert bench.query("SELECT state, failures, cursor FROM source") == [("ok", 0, '{"v": 1, "next": 10}')]


def intake_of(bench: Bench, source: Canned):
    from bridge.pipeline.pulling import pull_source

    return pull_source(bench.context(), "reviews", "canned", source)


def test_items_and_cursor_are_stored_together_or_not_at_all(bench: Bench):
    with pytest.raises(Interrupted), bench.database.writing() as session:  # noqa: PT012 - the transaction is tested
        state = intake.source_state(session, "reviews", "canned")
        pull = intake.Pull(id="p", source="reviews", now=NOW, secret=b"s")
        intake.store_events(session, pull, [Upsert(item("lost", "a"))])
        state.cursor = {"next": 1}
        session.flush()
        raise Interrupted

    assert bench.query("SELECT count(*) FROM item") == [(0,)]
    assert bench.query("SELECT count(*) FROM source") == [(0,)]


def test_gaps_and_rejected_rows_are_kept_with_their_reasons(bench: Bench):
    pulled = bench.take(
        [
            Gap(NOW - timedelta(days=9), NOW, "the channel keeps a week"),
            Rejected("row 2", "no date", "raw words"),
        ]
    )

    assert pulled.gaps == ("the channel keeps a week",)
    assert pulled.rejected_file is not None
    assert '"reason": "no date", "raw": "raw words"' in pulled.rejected_file.read_text(encoding="utf-8")
    assert bench.query("SELECT place, reason FROM rejected_input") == [("row 2", "no date")]
    assert "raw words" not in str(bench.tables())


def test_names_and_addresses_of_people_stand_in_person_alone(bench: Bench):
    bench.set('policy.mode = "automatic"')
    who = Author(id="u-77-zq", handle="zquix", display=CANARY, contact=ADDRESS, account="Quix and Sons")
    said = [
        item(m.text, m.external_id, by=who if n == 3 else m.author, days=20 - n / 24)
        for n, m in enumerate(sixty()[:18])
    ]
    bench.take([*said, item("the staff lost my bag at baggage claim", "s", by=who)])
    bench.run("sync")
    with bench.deciding() as verbs:
        verbs.move("reviews", "s", 1)

    elsewhere = str(bench.tables("person", "backlog_issue"))

    assert CANARY in str(bench.query("SELECT * FROM person"))
    for secret in (CANARY, ADDRESS, "zquix", "u-77-zq", "Quix and Sons"):
        assert secret not in elsewhere


def test_names_are_short_lines_that_steer_no_terminal(bench: Bench):
    who = Author(
        handle="an\x1b[31ma\u202e",
        display="Ana\r\n\x9b2J Ruiz",
        contact="\u2066a@b.example",
        account="x" * 300,
    )

    bench.take([item("my bag is gone", "1", by=who)])

    (found,) = bench.query("SELECT handle, display, contact, account FROM person")
    assert found == ("an[31ma", "Ana 2J Ruiz", "a@b.example", "x" * 200)


def test_an_author_is_one_person_in_one_source_and_nobody_knows_them_by_name(bench: Bench):
    ana = Author(handle="Ana_R", display="Ana")
    bench.take([item("one", "1", by=ana), item("two", "2", by=Author(handle="ana_r"))])
    bench.take([item("three", "3", by=ana)], source="other")

    keys = [key for (key,) in bench.query("SELECT key FROM person")]

    assert len(keys) == 2
    assert all(len(key) == 32 for key in keys)
    assert bench.query("SELECT display FROM person WHERE source = 'reviews'") == [("Ana",)]


def test_a_checkpoint_alone_moves_the_cursor(bench: Bench):
    intake_of(bench, Canned(events=[Checkpoint({"v": 1, "next": 5})], page=1))

    assert bench.query("SELECT cursor FROM source") == [('{"v": 1, "next": 1}',)]


def test_a_copy_of_the_store_goes_on_where_the_first_stood(bench: Bench, tmp_path: Path):
    bench.take(sixty()[:10])
    (tmp_path / "copy").mkdir()

    other = copy_store(bench, tmp_path / "copy")

    assert other.take(sixty()[:12]).counts.new == 2
