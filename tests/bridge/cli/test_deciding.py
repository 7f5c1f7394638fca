"""The commands that decide about what belongs together."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from builders import THEMES
from command import Desk


@pytest.fixture(scope="module")
def _prepared(tmp_path_factory: pytest.TempPathFactory):
    from quick import hurry

    root = tmp_path_factory.mktemp("decided")
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        prepare(Desk(root, patch))
    return root


def prepare(cli: Desk):
    lines = ["id,text,author"]
    for theme in ("app", "legroom"):
        one, other, endings = THEMES[theme]
        for n in range(16):
            text = f"{one if n % 2 else other} {endings[n % 7]} {endings[(n // 7 + n + 1) % 7]}"
            lines.append(f"{theme}-{n},{text},p{theme}{n}")
    cli.write("said.csv", "\n".join(lines))
    assert cli("import", "said.csv", "--source", "reviews").code == 0
    assert cli("run", "--until", "track").code == 0


@pytest.fixture
def full(_prepared: Path, cli: Desk):
    """Two themes, and one said in two ways."""
    shutil.copytree(_prepared, cli.root, dirs_exist_ok=True)
    return cli


def topics(desk: Desk) -> dict[str, str]:
    return {row["item"]: row["topic"] for row in desk("export", "assignments").lines}


def test_an_item_leaves_its_topic_and_undo_brings_it_back(full: Desk):
    item, topic = next((item, topic) for item, topic in topics(full).items() if topic)

    removed = full("topics", "remove", topic, item, "--who", "ana")
    without = topics(full)[item]
    undone = full("topics", "undo", topic)

    assert (removed.code, undone.code) == (0, 0)
    assert removed.err.strip() == f"1 statements are not of {topic}"
    assert without is None
    assert topics(full)[item] == topic


def test_a_topic_is_split_by_items_and_taken_back(full: Desk):
    before = topics(full)
    topic = next(topic for topic in before.values() if topic)
    members = [item for item, where in before.items() if where == topic]

    done = full(
        "topics", "split", topic, "--into", ",".join(members[:2]), "--only", "--title", "Two", "--json"
    )
    after = topics(full)
    listed = {row["id"]: row["title"] for row in full("topics", "list", "--json").data}
    full("topics", "undo", done.data["into"])

    assert done.data == {"topic": topic, "into": done.data["into"], "statements": 2, "followed": []}
    assert [after[item] for item in members[:3]] == [done.data["into"]] * 2 + [topic]
    assert listed[done.data["into"]] == "Two"
    assert topics(full) == before


def test_groups_are_suggested_and_one_can_be_taken(full: Desk):
    topic = topics(full)["app-4"] or ""

    shown = full("topics", "split", topic)
    groups = full("topics", "split", topic, "--json").data["groups"]

    assert shown.code == 0
    assert shown.out.startswith(f"{topic}: ")
    if groups:
        taken = full("topics", "split", topic, "--group", "1")
        assert taken.out.startswith("T-")
        assert f"{groups[0]['statements']} statements" in taken.out


def test_two_topics_are_kept_apart(full: Desk):
    one, other = sorted({topic for topic in topics(full).values() if topic})[:2]

    assert full("topics", "apart", one, other).code == 0
    shown = full("topics", "show", one, "--json").data["history"]
    assert full("topics", "undo", other).code == 0

    assert shown[-1]["what"] == f"apart {other}"


def test_proposals_are_asked_and_change_nothing(full: Desk):
    before = topics(full)

    asked = full("topics", "proposals")
    as_json = full("topics", "proposals", "--json").data

    assert asked.code == 0
    assert asked.out.count("may be") == len(as_json["merge"]) + len(as_json["split"])
    assert topics(full) == before


def test_a_recluster_is_undone_as_a_whole(full: Desk):
    before = topics(full)

    full("recluster")
    undone = full("topics", "undo", "--recluster")

    assert undone.code == 0
    assert undone.err.startswith("undone: recluster")
    assert topics(full) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["undo"], "name a topic, such as T-12, or write --recluster"),
        (["undo", "T-1", "--recluster"], "name a topic, such as T-12, or write --recluster"),
        (["undo", "--recluster"], "there is no recluster that is not undone yet"),
        (["remove", "T-1", "nobody"], "'nobody' has no statement in T-1"),
        (["split", "T-1", "--group", "99"], "T-1 falls into"),
        (["split", "T-1", "--group", "1", "--into", "app-1"], "name one of --into ITEM,… and --group N"),
        (["split", "T-99"], "there is no topic T-99"),
        (["apart", "T-1", "T-1"], "can't be kept apart from itself"),
    ],
)
def test_what_makes_no_sense_is_said_in_words(full: Desk, words: list[str], said: str):
    ended = full("topics", *words)

    assert ended.code == 2
    assert said in ended.err
