from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW, Bench, Hears, KeyRange, item, sixty, theme

from bridge.pipeline.run import run
from bridge.store.tabs import in_tab
from bridge.store.views import Shelves
from connectors import Author


def recount(bench: Bench) -> dict[str, tuple[int, int]]:
    """Count mentions and people of each topic from the export, joined with what was put in."""
    who = {
        (source, name): person or f"item:{key}"
        for source, name, person, key in bench.query("SELECT source, external_id, person_key, id FROM item")
    }
    said: dict[str, list[str]] = defaultdict(list)
    for row in bench.rows():
        if row["topic"]:
            said[row["topic"]].append(who[row["source"], row["item"]])
    return {topic: (len(people), len(set(people))) for topic, people in said.items()}


def counted(bench: Bench) -> dict[str, tuple[int, int]]:
    return {name: (report["mentions"], report["reach"]) for name, report in bench.reports().items()}


def test_a_second_run_does_nothing(bench: Bench):
    bench.take(sixty())
    bench.run("sync")
    before, seen = bench.tables("run"), bench.query("SELECT name, mark FROM written")

    result = bench.run("sync")

    assert bench.tables("run") == before
    assert bench.query("SELECT name, mark FROM written") == seen  # so no page is made anew
    assert all(
        not value
        for step in result.steps.values()
        for name, value in step.items()
        if name not in ("seconds", "topics")
    )


def test_steps_one_by_one_end_as_one_run(bench: Bench, tmp_path: Path):
    from builders import copy_store

    bench.take(sixty())
    (tmp_path / "other").mkdir()
    other = copy_store(bench, tmp_path / "other")

    bench.run()
    for step in (
        "normalise",
        "statements",
        "roles",
        "dedupe",
        "classify",
        "embed",
        "discover",
        "label",
        "evidence",
        "track",
    ):
        other.run(step, first="assign" if step == "discover" else step)

    assert other.picture() == bench.picture()


def test_two_disjoint_key_ranges_end_as_one_run_whichever_goes_first(bench: Bench, tmp_path: Path):
    from builders import copy_store

    bench.take(sixty())
    (tmp_path / "other").mkdir()
    other = copy_store(bench, tmp_path / "other")
    middle = bench.query("SELECT sort_key FROM item ORDER BY 1 LIMIT 1 OFFSET 30")[0][0]

    bench.run()
    for step in ("normalise", "statements", "roles", "dedupe", "classify", "embed"):
        for keys in (KeyRange(after=middle), KeyRange(until=middle)):
            other.run(step, first=step, keys=keys)
    other.run()

    assert without_words(other) == without_words(bench)


def without_words(bench: Bench) -> dict[str, object]:
    """Leave out why a repost is one: a copy of a copy may be recognised by the copy."""
    return {
        **bench.picture(),
        "rows": [{k: v for k, v in row.items() if k != "reason"} for row in bench.rows()],
    }


def test_counts_equal_a_recount_and_each_person_counts_once(bench: Bench):
    loud = [
        item(m.text, f"loud-{n}", by=f"loud_{n % 2}", days=m_days)
        for n, (m, m_days) in enumerate(zip(theme("bag", 6, first=40), range(3, 9), strict=True))
    ]
    bench.take([*sixty(), *loud, *theme("app", 6, first=30, people=False)])
    bench.run()

    assert counted(bench) == recount(bench)
    assert any(mentions > reach for mentions, reach in counted(bench).values())
    with bench.deciding() as verbs:
        verbs.merge(2, 1)
    assert counted(bench) == recount(bench)
    assert "T-2" not in counted(bench)


def test_items_without_an_author_count_as_one_person_each(bench: Bench):
    bench.take([*theme("legroom", 9, people=False), *theme("bag", 12)])
    bench.run()

    mentions, reach = counted(bench)[bench.topic_of("legroom-001") or ""]

    assert mentions == reach > 3


def test_an_edited_item_keeps_the_places_of_what_it_still_says(in_topics: Bench):
    bench = in_topics
    before = bench.query(
        "SELECT s.id, a.topic, a.score FROM statement s JOIN assignment a ON a.statement_id ="
        " s.id JOIN item i ON i.id = s.item_id WHERE i.external_id = 'bag-004'"
    )
    said = next(m for m in sixty() if m.external_id == "bag-004")

    bench.take([item(said.text, "bag-004", by="somebody_else", days=2)])
    bench.run()

    assert before == bench.query(
        "SELECT s.id, a.topic, a.score FROM statement s JOIN assignment a ON a.statement_id ="
        " s.id JOIN item i ON i.id = s.item_id WHERE i.external_id = 'bag-004'"
    )
    assert before[0][1] is not None
    assert counted(bench) == recount(bench)


def test_an_edited_text_is_placed_anew(in_topics: Bench):
    bench = in_topics
    bag, legroom = bench.topic_of("bag-004"), bench.topic_of("legroom-004")

    bench.take(
        [
            item(
                "tall passengers get no legroom in these seats at all in economy",
                "bag-004",
                by="bag_4",
                days=20,
            )
        ]
    )
    bench.run()

    assert bag != legroom
    assert bench.topic_of("bag-004") == legroom
    assert counted(bench) == recount(bench)


def test_statements_of_an_edited_item_that_stay_keep_their_rows(tmp_path: Path, quick: None):
    bench = Bench(tmp_path)
    bench.whole = False
    one, two, three = (
        theme(name, 1, first=50)[0].text.capitalize() + "." for name in ("bag", "app", "legroom")
    )
    filler = "It took us a very long time to write all of this down for you, so please read the whole of it."
    bench.take([item(f"{one}\n\n{two}\n\n{filler}", "x", by="x")])
    bench.run("embed")
    before = dict(bench.query("SELECT text, id FROM statement"))

    bench.take([item(f"{three}\n\n{two}\n\n{filler}", "x", by="x", days=0.5)])
    bench.run("embed")

    after = dict(bench.query("SELECT text, id FROM statement"))
    assert len(before) >= 2
    assert after[two] == before[two]
    assert three in after
    assert one not in after
    assert [n for (n,) in bench.query("SELECT ordinal FROM statement ORDER BY 1")] == list(
        range(1, len(after) + 1)
    )


def test_a_brand_named_in_the_settings_is_taken_out_and_comes_back(in_topics: Bench):
    bench = in_topics
    before = bench.topic_of("bag-006")

    bench.set('brand.accounts = ["@BAG_6"]')
    bench.run()
    out = next(row for row in bench.rows() if row["item"] == "bag-006")
    recounted = counted(bench) == recount(bench)
    bench.set("")
    bench.run()

    assert before is not None
    assert (out["topic"], out["reason"], out["role"]) == (None, "role:brand", "brand")
    assert recounted
    assert bench.topic_of("bag-006") == before


def test_staff_and_brands_never_have_a_topic(bench: Bench):
    bench.set('brand.accounts = ["care"]')
    staff = [
        item(m.text, f"staff-{n}", by=Author(handle="sam", is_staff=True))
        for n, m in enumerate(theme("bag", 3, first=60))
    ]
    bench.take([*sixty(), *staff])
    bench.run()

    reasons = {row["item"]: (row["topic"], row["reason"]) for row in bench.rows()}

    assert {reasons[f"staff-{n}"] for n in range(3)} == {(None, "role:employee")}
    assert {reasons[f"care-{n}"] for n in range(3)} == {(None, "role:brand")}


def test_a_repost_bears_its_originals_topic_also_after_it_moved(in_topics: Bench):
    bench = in_topics
    first = bench.topic_of("bag-003"), bench.topic_of("repost-1")
    other = int((bench.topic_of("legroom-003") or "")[2:])
    with bench.deciding() as verbs:
        verbs.move("reviews", "bag-003", other)
    bench.run()
    moved = bench.topic_of("bag-003"), bench.topic_of("repost-1")
    with bench.deciding() as verbs:
        verbs.move("reviews", "bag-003", None)
    bench.run()

    assert first[0] == first[1] is not None
    assert moved == (f"T-{other}", f"T-{other}")
    assert (bench.topic_of("bag-003"), bench.topic_of("repost-1")) == (None, None)


def test_a_repost_that_came_before_its_original_joins_it_later(bench: Bench):
    said = sixty()
    original = next(m for m in said if m.external_id == "bag-003")
    rest = [m for m in said if m is not original]
    flagged = item("look at this", "flagged", by="far", days=1, is_repost=True, parent="bag-003")
    bench.take([*rest, flagged])
    bench.run()

    bench.take([original])
    bench.run()

    reposts = bench.query(
        "SELECT r.external_id FROM item r JOIN item o ON o.id = r.repost_of WHERE o.external_id"
        " = 'bag-003' ORDER BY 1"
    )
    assert [name for (name,) in reposts] == ["flagged", "repost-0", "repost-1", "repost-2"]
    assert bench.topic_of("repost-0") == bench.topic_of("flagged") == bench.topic_of("bag-003") is not None
    before = bench.tables("run")
    bench.run()
    assert bench.tables("run") == before


def test_reposts_of_a_repost_follow_to_the_first_original(bench: Bench):
    long = "after four hours in line nobody at the desk could tell us when our flight to Porto would leave"
    bench.take([item(long, "copy-1", by="a", days=3), item(f"{long}!", "copy-2", by="b", days=2)])
    bench.run()
    bench.take([item(f"{long}.", "first", by="c", days=5)])

    bench.run()

    found = bench.query(
        "SELECT r.external_id, o.external_id FROM item r JOIN item o ON o.id = r.repost_of ORDER BY 1"
    )
    assert found == [("copy-1", "first"), ("copy-2", "first")]


def test_reposts_of_a_text_that_was_rewritten_stand_for_themselves(in_topics: Bench):
    bench = in_topics

    bench.take([item("tall passengers get no legroom in these seats, sadly", "bag-003", by="bag_3", days=20)])
    bench.run()

    rows = {row["item"]: row for row in bench.rows()}
    assert "neighbourhood" in rows["repost-0"]["reason"]
    assert rows["repost-0"]["topic"] != rows["bag-003"]["topic"]
    assert counted(bench) == recount(bench)


def test_languages_that_nobody_set_up_form_no_topics(bench: Bench):
    bench.detector = Hears("de")
    bench.take(theme("bag", 8))
    bench.run()

    assert {row["reason"] for row in bench.rows()} == {"language:de"}


def test_every_kind_forms_topics_only_when_asked(bench: Bench, tmp_path: Path):
    praise = [
        item(f"I love the friendly crew, thank you {word}", f"p-{word}", by=word) for word in "abcdefgh"
    ]
    bench.take([*praise, *theme("legroom", 12)])
    bench.run()
    without = bench.topic_of("p-a")
    (tmp_path / "all").mkdir()
    other = Bench(tmp_path / "all")
    other.take([*praise, *theme("legroom", 12)])
    other.run(all_kinds=True)

    assert without is None
    assert other.reports()[other.topic_of("p-a")]["mentions"] == 8


def test_switching_the_encoder_goes_on_with_the_topics_there_are(in_topics: Bench):
    bench = in_topics
    before = {row["item"]: row["topic"] for row in bench.rows()}

    bench.encoder = type("Renamed", (type(bench.encoder),), {"revision": "2"})()
    bench.take(theme("bag", 4, first=70))
    bench.run()

    after = {row["item"]: row["topic"] for row in bench.rows()}
    assert {name: after[name] for name in before if before[name]} == {
        name: t for name, t in before.items() if t
    }
    assert bench.query("SELECT count(DISTINCT model) FROM embedding") == [(2,)]


def test_a_run_is_kept_with_its_state_and_an_older_unfinished_one_is_noted_as_stopped(bench: Bench):
    bench.take(sixty()[:5])
    bench.classifier = None
    with pytest.raises(AttributeError):
        bench.run()
    bench.query("UPDATE run SET state = 'running'")
    from builders import RuleClassifier

    bench.classifier = RuleClassifier()
    bench.run()

    assert bench.query("SELECT state FROM run ORDER BY id") == [("stopped",), ("ok",)]


def test_a_source_that_fails_leaves_the_run_partial_and_the_rest_done(bench: Bench):
    from bridge.pipeline.pulling import Pulled
    from bridge.store.intake import Counts

    bench.take([*theme("bag", 12), *theme("app", 12)])
    failed = [Pulled(source="far", counts=Counts(), error="far: no answer")]

    result = run(bench.context(), lambda: failed, until="track")

    assert result.errors == ["far: no answer"]
    assert bench.query("SELECT state, errors FROM run") == [("partial", '["far: no answer"]')]
    assert bench.reports()


def test_a_topic_that_went_quiet_is_dormant_until_it_returns(bench: Bench):
    bench.take([*theme("legroom", 12, days=80), *theme("bag", 12)])
    bench.run()
    topic = bench.topic_of("legroom-001") or ""
    quiet = bench.reports()[topic]["state"]

    bench.take(theme("legroom", 6, first=20, days=3))
    bench.run()

    report = bench.reports()[topic]
    assert quiet == "dormant"
    assert report["state"] == "new"
    assert report["recurrence"]["returns"] == 1


def test_a_topic_without_a_subject_is_not_proposed_and_waits_for_a_name(in_topics: Bench):
    bench = in_topics
    bench.query("UPDATE topic SET title = 'General complaints' WHERE number = 1")
    bench.run("decide", first="decide")
    proposed = "SELECT count(*) FROM ticket WHERE topic = 1"
    before = bench.query(proposed), bench.query("SELECT count(*) > 0 FROM ticket")
    with bench.database.reading() as session:
        shelf = Shelves().get(session, bench.now)
        waiting = in_tab(shelf, bench.settings.policy, "low")
        others = bench.settings.policy.model_copy(update={"kinds": ("praise",)})
        no_ticket = in_tab(shelf, others, "low")

    with bench.deciding() as verbs:
        verbs.rename(1, "General complaints")
    bench.run("decide", first="decide")

    assert before == ([(0,)], [(1,)])
    assert [topic.number for topic in waiting] == [1]
    assert no_ticket == []
    assert bench.query(proposed) == [(1,)]


def test_windows_count_back_from_the_clock_that_was_given(bench: Bench):
    bench.take([*theme("bag", 12, days=40), *theme("app", 12, days=40)])
    bench.now = NOW - timedelta(days=30)
    bench.run()
    then = bench.reports()
    bench.now = NOW - timedelta(days=60)

    assert then
    assert bench.reports() == {}


def test_evidence_is_literal_and_never_two_of_one_person(bench: Bench):
    bench.take(
        [
            *theme("bag", 12),
            *theme("app", 12),
            *[item(m.text, f"same-{n}", by="bag_1", days=2) for n, m in enumerate(theme("bag", 4, first=30))],
        ]
    )
    bench.run()

    rows = bench.query(
        "SELECT e.topic, i.person_key, s.text, i.text FROM evidence e JOIN statement s ON s.id"
        " = e.statement_id JOIN item i ON i.id = s.item_id"
    )
    assert len(rows) >= 3
    assert len({(topic, who) for topic, who, _, _ in rows}) == len(rows)
    assert all(quote in text for _, _, quote, text in rows)
