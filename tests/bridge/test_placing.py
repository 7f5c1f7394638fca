from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest
from builders import Bench, theme

from bridge.errors import InputError
from bridge.proposals import proposals, split_off, suggestion
from bridge.recluster import apply, compare

COUNTED_ON = "workspace"  # the next topic's number is never given back
MADE_ANEW = ("written", "topic_figures")  # what is kept for pages


@pytest.fixture
def done(in_topics: Bench):
    """Sixty items in topics, nothing decided."""
    return in_topics


def state(bench: Bench) -> dict[str, Any]:
    """Return all tables, without the books and which topics are still to be looked at."""
    found = bench.tables("audit", "decision", "run", COUNTED_ON, *MADE_ANEW)
    found["topic"] = bench.query(
        "SELECT number, root, merged_into, title, state, split_from FROM topic ORDER BY 1"
    )
    return found


def home(bench: Bench, name: str) -> int:
    return int((bench.topic_of(name) or "T-0")[2:])


def members(bench: Bench, topic: int) -> list[str]:
    here = [row["item"] for row in bench.rows() if row["topic"] == f"T-{topic}"]
    return [name for name in here if not name.startswith("repost")]


def decide(bench: Bench, verb: str, *args: Any, **options: Any) -> Any:
    with bench.deciding() as verbs:
        return getattr(verbs, verb)(*args, **options)


def more(bench: Bench, first: int = 40) -> None:
    bench.take(
        [*theme("legroom", 8, first=first), *theme("bag", 8, first=first), *theme("app", 8, first=first)]
    )
    bench.run()


def recluster(bench: Bench) -> dict[str, int]:
    return apply(bench.context(), compare(bench.context()))


def test_what_is_not_of_a_topic_never_comes_back_to_it(done: Bench):
    name, topic = "legroom-003", home(done, "legroom-003")

    count = decide(done, "remove", topic, ["reviews:legroom-003"])
    gone = done.topic_of(name)
    seen = []
    for first in (40, 60, 80):
        more(done, first)
        seen.append(done.topic_of(name))
    recluster(done)
    seen.append(done.topic_of(name))

    assert (count, gone) == (1, None)
    assert f"T-{topic}" not in seen
    assert done.reports()[f"T-{topic}"]["mentions"] > 14


def test_it_would_have_come_back_without_the_bar(done: Bench):
    name, topic = "legroom-003", home(done, "legroom-003")
    decide(done, "remove", topic, [name])
    done.query("DELETE FROM barred")

    more(done)

    assert done.topic_of(name) == f"T-{topic}"


def test_a_bar_holds_for_every_topic_that_is_merged_with_it(done: Bench):
    name, topic, bag = "legroom-003", home(done, "legroom-003"), home(done, "bag-004")
    decide(done, "remove", topic, [name])
    done.query(
        "UPDATE assignment SET topic = ?, status = 'published' WHERE statement_id ="
        " (SELECT statement_id FROM barred)",
        bag,
    )
    placed = state(done)

    decide(done, "merge", topic, bag)
    merged = done.topic_of(name)
    more(done)
    after = done.topic_of(name)
    decide(done, "undo", topic)

    assert placed["assignment"] != state(done)["assignment"]  # the new ones
    assert (merged, after) == (None, None)
    assert done.topic_of(name) == f"T-{bag}"


def test_a_later_move_is_the_last_word(done: Bench):
    name, topic = "legroom-003", home(done, "legroom-003")
    decide(done, "remove", topic, [name])
    before = state(done)

    decide(done, "move", "reviews", name, topic)
    more(done)

    assert done.topic_of(name) == f"T-{topic}"
    assert done.query("SELECT count(*) FROM barred") == [(0,)]
    decide(done, "undo", topic)
    assert state(done)["barred"] == before["barred"]


def test_a_statement_that_is_no_longer_looked_at_is_tried_again(done: Bench):
    name, topic = "legroom-003", home(done, "legroom-003")
    done.query("DELETE FROM position")
    before = state(done)

    decide(done, "remove", topic, [name])
    waiting = done.query("SELECT count(*) FROM statement WHERE stage = 2")
    decide(done, "undo", topic)

    assert waiting == [(1,)]
    assert state(done) == before


def test_a_repost_that_is_taken_out_stays_out(done: Bench):
    topic = home(done, "repost-1")

    decide(done, "remove", topic, ["repost-1"])
    more(done)

    assert done.topic_of("repost-1") is None
    assert done.topic_of("repost-2") == f"T-{topic}"


def test_a_split_makes_a_topic_that_stays_apart(done: Bench):
    app, legroom = home(done, "app-004"), home(done, "legroom-004")
    done.query("UPDATE assignment SET topic = ? WHERE topic = ?", app, legroom)
    ticked = [f"reviews:legroom-{n:03}" for n in range(4, 8)]

    made = decide(done, "split", app, ticked, title="  No  legroom ")
    more(done)
    counts = recluster(done)
    done.run()

    assert {home(done, f"legroom-{n:03}") for n in range(4, 8)} == {made}
    assert done.query("SELECT split_from, root, title, title_by FROM topic WHERE number = ?", made) == [
        (app, made, "No legroom", "person")
    ]
    assert done.query("SELECT count(*) FROM assignment WHERE pinned") == [(4,)]
    assert counts["merged"] == 0
    assert home(done, "legroom-043") != home(done, "app-043")


def test_followers_go_with_what_was_ticked_and_come_back_with_undo(done: Bench):
    app, legroom = home(done, "app-004"), home(done, "legroom-004")
    done.query("UPDATE assignment SET topic = ? WHERE topic = ?", app, legroom)
    before = state(done)

    made = split_off(done.context(), "ana", app, ["legroom-004", "legroom-005", "legroom-006"])
    rows = {row["item"]: row for row in done.rows()}
    said = decide(done, "undo", made.into)

    followed = {row["item"].split(":")[1].split("#")[0] for row in made.followed}
    assert (made.statements, said) == (3, "split")
    assert followed
    assert all(name.startswith("legroom") for name in followed)
    assert all(rows[name]["topic"] == f"T-{made.into}" for name in followed)
    assert all(rows[name]["reason"] == f"nearer to what ana split from T-{app}" for name in followed)
    assert state(done) == before


def test_undoing_a_split_brings_home_what_came_into_it_since(done: Bench):
    app, legroom = home(done, "app-004"), home(done, "legroom-004")
    done.query("UPDATE assignment SET topic = ? WHERE topic = ?", app, legroom)
    made = decide(done, "split", app, [f"legroom-{n:03}" for n in range(3, 12)])
    done.run()
    more(done)

    decide(done, "undo", app)
    done.run()

    assert f"T-{made}" not in done.reports()
    assert made not in {home(done, row["item"]) for row in done.rows()}
    assert home(done, "legroom-005") == app
    assert done.query("SELECT count(*) FROM evidence WHERE topic = ?", made) == [(0,)]


def test_what_was_decided_about_a_new_topic_is_undone_before_its_split(done: Bench):
    app = home(done, "app-004")
    made = decide(done, "split", app, members(done, app)[:2])
    decide(done, "rename", made, "Tablets")

    with pytest.raises(InputError, match=f"undo the later decision about T-{made} first: rename"):
        decide(done, "undo", app)
    undone = [decide(done, "undo", made), decide(done, "undo", made)]

    assert undone == ["rename", "split"]


def test_a_topic_that_the_tracker_knows_is_not_unmade(done: Bench):
    app = home(done, "app-004")
    made = decide(done, "split", app, members(done, app)[:2])
    decide(done, "approve", made, tracker="local", project="FB", type_="Bug")
    done.sync()

    with pytest.raises(InputError, match="is in the tracker already"):
        decide(done, "undo", made)


def test_a_split_passes_the_bars_of_a_topic_on(done: Bench):
    app = home(done, "app-004")
    decide(done, "remove", app, members(done, app)[-1:])
    key = done.query("SELECT statement_id FROM barred")[0][0]

    made = decide(done, "split", app, members(done, app)[:2])
    inherited = done.query("SELECT topic FROM barred WHERE statement_id = ? ORDER BY 1", key)
    decide(done, "undo", made)

    assert inherited == [(app,), (made,)]
    assert done.query("SELECT topic FROM barred") == [(app,)]


def test_two_topics_that_a_person_keeps_apart_stay_two(done: Bench):
    old = home(done, "legroom-004")
    new = _halved(done, old)
    before = state(done)

    decide(done, "apart", old, new)
    counts = recluster(done)

    assert (counts["merged"], counts["kept apart"]) == (0, 1)
    assert done.query("SELECT root FROM topic WHERE number = ?", new) == [(new,)]
    decide(done, "undo", new)
    assert state(done)["topic"] == before["topic"]
    assert recluster(done)["merged"] == 1


def test_topics_that_an_item_was_moved_between_stay_two(done: Bench):
    old = home(done, "legroom-004")
    new = _halved(done, old)
    there = home(done, "legroom-004")

    decide(done, "move", "reviews", "legroom-004", new if there == old else old)

    assert recluster(done)["merged"] == 0


def test_a_recluster_is_not_taken_back_as_a_decision_about_a_topic(done: Bench):
    _halved(done, home(done, "legroom-004"))
    recluster(done)
    before = state(done)

    with pytest.raises(InputError, match="nobody has decided anything about T-0"):
        decide(done, "undo", 0)

    assert state(done) == before


def test_a_topic_that_a_person_named_is_not_merged_away(done: Bench):
    old = home(done, "legroom-004")
    new = _halved(done, old)
    decide(done, "rename", new, "Seats for tall people")

    recluster(done)

    assert done.query("SELECT root, title FROM topic WHERE number = ?", new) == [
        (new, "Seats for tall people")
    ]


def _halved(bench: Bench, old: int) -> int:
    """Put every other statement of a topic into another one, as if two had been born of one theme."""
    bench.query("DELETE FROM ticket")
    new: int = bench.query("SELECT last_topic + 1 FROM workspace")[0][0]
    bench.query("UPDATE workspace SET last_topic = ?", new)
    columns = (
        "workspace_id, merged_into, split_from, title, title_by, keywords, kind, state, confidence, born_at,"
        " labelled_mentions, touched, centroid_model, born_cold, grown, shown_mentions"
    )
    bench.query(
        f"INSERT INTO topic (number, root, {columns}) SELECT {new}, {new}, {columns} FROM topic"
        f" WHERE number = {old}"
    )
    members = bench.query("SELECT statement_id FROM assignment WHERE topic = ? ORDER BY 1", old)
    for (key,) in members[::2]:
        bench.query("UPDATE assignment SET topic = ? WHERE statement_id = ?", new, key)
    return new


def test_a_whole_recluster_is_undone_at_once(done: Bench):
    app, legroom, bag = (home(done, f"{name}-004") for name in ("app", "legroom", "bag"))
    done.query("UPDATE assignment SET topic = ? WHERE topic = ?", app, legroom)
    _halved(done, bag)
    done.query(
        "UPDATE assignment SET topic = NULL, status = 'unsure' WHERE statement_id IN (SELECT s.id FROM"
        " statement s JOIN item i ON i.id = s.item_id WHERE external_id IN ('bag-006', 'bag-007'))"
    )
    before = state(done)

    counts = recluster(done)
    changed = state(done)
    back = decide(done, "undo_recluster")

    assert counts["split"] >= 1
    assert counts["merged"] == 1
    assert counts["joined"] >= 1
    assert changed != before
    assert back > 0
    assert state(done) == before
    assert recluster(done) == counts  # nobody refused its merges one by one
    decide(done, "undo_recluster")
    with pytest.raises(InputError, match="there is no recluster that is not undone yet"):
        decide(done, "undo_recluster")


def test_a_later_decision_stands_on_a_recluster(done: Bench):
    app, legroom = home(done, "app-004"), home(done, "legroom-004")
    done.query("UPDATE assignment SET topic = ? WHERE topic = ?", app, legroom)
    decide(done, "move", "reviews", "bag-004", app)
    recluster(done)
    made = done.query("SELECT max(number) FROM topic")[0][0]
    decide(done, "rename", made, "No legroom")

    with pytest.raises(InputError, match=f"undo the later decision about T-{made} first: rename"):
        decide(done, "undo_recluster")


def test_proposals_name_the_pair_and_the_mixed_topic_but_not_what_was_refused(done: Bench):
    old = home(done, "legroom-004")
    new = _halved(done, old)

    def asked() -> dict[str, Any]:
        with done.database.reading() as session:
            return proposals(session)

    first = asked()
    decide(done, "apart", old, new)
    second = asked()

    (pair,) = [row for row in first["merge"] if row["topics"] == [f"T-{old}", f"T-{new}"]]
    assert 0 < pair["score"] <= 1
    assert len(pair["quotes"]) == 2
    assert pair["why"]
    assert [f"T-{old}", f"T-{new}"] not in [row["topics"] for row in second["merge"]]


def test_a_mixed_topic_is_proposed_to_be_split_until_somebody_put_it_together(done: Bench):
    app, legroom = home(done, "app-004"), home(done, "legroom-004")
    decide(done, "merge", legroom, app)
    with done.database.reading() as session:
        wanted = suggestion(session, app)
        asked = proposals(session)
    done.query("DELETE FROM decision")
    with done.database.reading() as session:
        anew = proposals(session)

    assert f"T-{app}" not in [row["topic"] for row in asked["split"]]
    assert f"T-{app}" in [row["topic"] for row in anew["split"]]
    assert len(wanted["groups"]) >= 2
    for group in wanted["groups"]:
        assert len({item.split("-")[0] for item in group["items"]}) == 1
        assert group["statements"] == len(group["items"])


@pytest.mark.parametrize(
    ("verb", "args", "words"),
    [
        ("remove", (1, ["nobody"]), "'nobody' has no statement in T-1"),
        ("remove", (1, []), "name the items of T-1 that you mean"),
        ("remove", (99, ["bag-003"]), "there is no topic T-99"),
        ("split", (1, ["nobody"]), "'nobody' has no statement in T-1"),
        ("apart", (1, 1), "T-1 can't be kept apart from itself"),
        ("apart", (1, 99), "there is no topic T-99"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    done: Bench, verb: str, args: tuple[Any, ...], words: str
):
    before = done.tables()

    with pytest.raises(InputError) as caught:
        decide(done, verb, *args)

    assert words in str(caught.value)
    assert done.tables() == before


def test_nothing_may_be_left_behind_by_a_split(done: Bench):
    topic = home(done, "app-004")
    members = [
        row["item"] for row in done.rows() if row["topic"] == f"T-{topic}" and "repost" not in row["reason"]
    ]

    with pytest.raises(InputError, match=f"nothing would be left in T-{topic}"):
        decide(done, "split", topic, members)


def test_an_item_in_two_sources_is_named_with_its_source(done: Bench):
    done.take(theme("bag", 1, first=5), source="forum")
    done.run()

    with pytest.raises(InputError, match="'bag-005' is in several sources; write forum:bag-005 or reviews:"):
        decide(done, "remove", home(done, "bag-004"), ["bag-005"])


def test_one_statement_of_an_item_can_be_named_by_its_place(done: Bench):
    topic = home(done, "bag-004")

    assert decide(done, "remove", topic, ["reviews:bag-004#1"]) == 1
    with pytest.raises(InputError, match="has no statement in"):
        decide(done, "remove", topic, ["reviews:bag-005#2"])


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))])
def test_any_sequence_of_decisions_undone_leaves_everything_as_it_was(done: Bench, seed: int):
    draw = random.Random(seed)  # noqa: S311 - a seeded draw, no secret
    before = state(done)
    touched: list[int] = []

    for _ in range(25):
        topics = [number for (number,) in done.query("SELECT number FROM topic WHERE root = number")]
        one, other = draw.sample(topics, 2)
        said = draw.sample(members(done, one) or ["nobody"], 1)
        choices: dict[str, tuple[Any, ...]] = {
            "merge": (one, other),
            "apart": (one, other),
            "remove": (one, said),
            "split": (one, said),
            "move": ("reviews", said[0], draw.choice([other, None])),
            "rename": (one, f"Named {draw.random()}"),
            "ignore": (one,),
        }
        verb = draw.choice(list(choices))
        with suppress(InputError):  # what makes no sense just now
            decide(done, verb, *choices[verb])
            touched.append(done.query("SELECT topic FROM decision ORDER BY id DESC LIMIT 1")[0][0])
    between = state(done)
    for topic in reversed(touched):
        decide(done, "undo", topic)

    assert len(touched) > 10
    assert between != before
    assert state(done) == before
