from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import Bench, item, theme

HERE = Path(__file__).parent
NAMES = ("blind", "blind_draw", "blind_score", "blind_page")
TEXT = "the bag never came"


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch):
    """Let the scripts be imported, and forget them afterwards."""
    monkeypatch.syspath_prepend(str(HERE))
    yield
    for name in NAMES:
        sys.modules.pop(name, None)


def pool(engine: str, first: int, sizes: list[int]) -> Any:
    from blind_draw import Found, Pool, Said

    topics = []
    for place, size in enumerate(sizes):
        keys = range(first + place * 100, first + place * 100 + size)
        members = tuple(Said(key=k, item=f"i{k}", text=f"{TEXT} {k}", plain=TEXT) for k in keys)
        topics.append(
            Found(name=str(place), title=f"title {place}", phrase=f"phrase {place}", members=members)
        )
    return Pool(engine, tuple(topics))


def entries(count: int = 4) -> list[dict[str, Any]]:
    from blind_draw import OURS, THEIRS

    return [
        {
            "number": n,
            "engine": OURS if n % 2 else THEIRS,
            "topic": str(n),
            "title": f"Title {n}",
            "phrase": f"Phrase {n}",
            "statements": list(range(10)),
            "items": [f"i{n}-{place}" for place in range(10)],
        }
        for n in range(1, count + 1)
    ]


def verdicts(belonging: int, *, title: bool, odd: bool | None = None) -> dict[int, dict[str, Any]]:
    """Return the same verdict for all of four topics; `odd`: another verdict on ours' titles."""
    belongs = [True] * belonging + [False] * (10 - belonging)
    return {
        n: {"belongs": belongs, "title": odd if odd is not None and n % 2 else title} for n in range(1, 5)
    }


def test_thirty_topics_of_each_engine_are_drawn_mixed_and_numbered():
    from blind_draw import shuffled

    ours, theirs = pool("one", 0, [12] * 40), pool("two", 100_000, [12] * 20 + [9] * 30)

    drawn = shuffled([ours, theirs], 1)

    engines = [entry["engine"] for entry in drawn]
    assert (engines.count("one"), engines.count("two")) == (30, 20)
    assert engines != sorted(engines)
    assert [entry["number"] for entry in drawn] == list(range(1, 51))


def test_each_drawn_topic_has_ten_different_statements_of_its_own():
    from blind_draw import shuffled

    for entry in shuffled([pool("one", 0, [25] * 5)], 1):
        keys = entry["statements"]

        assert len(set(keys)) == 10
        assert {key // 100 for key in keys} == {int(entry["topic"])}
        assert entry["items"] == [f"i{key}" for key in keys]


def test_a_seed_draws_the_same_and_another_draws_others():
    from blind_draw import shuffled

    pools = [pool("one", 0, [30] * 40)]

    assert shuffled(pools, 1) == shuffled(pools, 1)
    assert shuffled(pools, 1) != shuffled(pools, 2)


def test_a_sheet_says_nothing_of_engines_or_topic_ids():
    from blind import _sheet
    from blind_draw import OURS, THEIRS, shuffled

    drawn = shuffled([pool(OURS, 0, [10] * 3), pool(THEIRS, 1000, [10] * 3)], 1)

    sheet = _sheet(drawn, {key: TEXT for entry in drawn for key in entry["statements"]}, "title")

    assert sheet.count(TEXT) == 60
    assert OURS not in sheet
    assert THEIRS not in sheet
    assert "T-" not in sheet
    assert "Title: **Title 0**" in sheet


def test_shares_are_counted_by_engine_and_judge():
    from blind_draw import OURS, THEIRS
    from blind_score import figures

    found = figures(entries(), "title", [verdicts(9, title=False, odd=True), verdicts(7, title=False)])

    ours, theirs = found["engines"][OURS], found["engines"][THEIRS]
    assert ours["belongs"] == {"judges": [0.9, 0.7], "mean": 0.8, "interval": [0.8, 0.8], "both": 0.7}
    assert ours["title"]["judges"] == [1.0, 0.0]
    assert ours["title"]["both"] == 0.0
    assert theirs["title"]["mean"] == 0.0


def test_kappa_is_one_when_judges_agree_nought_by_chance_and_none_when_they_say_one_thing():
    from blind_score import kappa

    assert kappa([True, False], [True, False]) == 1.0
    assert kappa([True, True, False, False], [True, False, True, False]) == 0.0
    assert kappa([True, True], [True, True]) is None


def test_an_interval_is_wider_where_topics_differ():
    from blind_score import interval

    even = interval([[True, False]] * 30)
    uneven = interval([[True, True], [False, False]] * 15)

    assert even == [0.5, 0.5]
    assert uneven[0] < 0.4
    assert uneven[1] > 0.6


@pytest.mark.parametrize(
    "verdict",
    [
        None,
        {"belongs": [True] * 9, "title": True},
        {"belongs": [True] * 9 + ["yes"], "title": True},
        {"belongs": [True] * 10, "title": "yes"},
    ],
)
def test_a_judge_with_a_gap_is_refused_by_number(tmp_path: Path, verdict: Any):
    from blind_score import JudgeError, read_judge

    whole: dict[str, Any] = {str(n): v for n, v in verdicts(10, title=True).items()}
    file = tmp_path / "a.json"
    file.write_text(json.dumps({**whole, "3": verdict}), encoding="utf-8")

    with pytest.raises(JudgeError, match="no whole verdict for 3;"):
        read_judge(file, entries())


def files(folder: Path, *judges: dict[int, dict[str, Any]]) -> list[str]:
    """Write a key and judges' files; return the options that name them."""
    key = {"seed": 1, "day": "2026-11-22", "statements": 100, "entries": entries()}
    sizes = {"topics": 5, "large": 4, "drawn": 2, "placed": 60}
    key["engines"] = [{"engine": name, **sizes} for name in ("Feedback Bridge", "BERTopic")]
    (folder / "key.json").write_text(json.dumps(key), encoding="utf-8")
    for name, judge in zip("ab", judges, strict=True):
        noted = {str(n): {**found, "note": f"{TEXT} again"} for n, found in judge.items()}
        (folder / f"{name}.json").write_text(json.dumps(noted), encoding="utf-8")
    options = {"--page": "page.md", "--results": "found.json", "--key": "key.json", "--judges": "a.json"}
    return [part for name, file in options.items() for part in (name, str(folder / file))] + [
        str(folder / "b.json")
    ]


def test_the_page_shows_every_row_and_no_note_of_a_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from blind import main
    from blind_page import INSTRUCTIONS

    options = files(tmp_path, verdicts(9, title=False, odd=True), verdicts(8, title=False, odd=True))
    monkeypatch.setattr(sys, "argv", ["blind.py", "score", *options])

    assert main() == 0

    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    items = " ".join(f"i1-{place}" for place in range(10))
    row = "| 1 | Feedback Bridge | Title 1 | " + items + " | yyyyyyyyyn, title y | yyyyyyyynn, title y |"
    assert row in page
    assert "| texts that belong | ≥ 85 % | ≥ 92 % | 85.0 % | 85.0 % | must | **no** |" in page
    assert "| titles acceptable | ≥ 85 % | ≥ 92 % | 100.0 % | 0.0 % | stretch | yes |" in page
    assert all(line in page for line in INSTRUCTIONS.splitlines())
    assert TEXT not in page + (tmp_path / "found.json").read_text(encoding="utf-8")


def test_a_faulty_judge_ends_without_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from blind import main

    options = files(tmp_path, verdicts(9, title=True), verdicts(9, title=True))
    (tmp_path / "b.json").write_text("not JSON", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["blind.py", "score", *options])

    assert main() == 2

    assert "b.json" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


def test_a_store_gives_published_statements_under_their_lasting_topic(tmp_path: Path):
    from blind_draw import store_pool

    bench = Bench(tmp_path)
    bench.take([*theme("bag", 14), *theme("app", 12), item("I love this airline", "praise-1", by="fan")])
    bench.run()
    bag, app = bench.topic_of("bag-000") or "", bench.topic_of("app-000") or ""
    with bench.deciding() as verbs:
        verbs.merge(int(app[2:]), int(bag[2:]))
    before = bench.tables()

    found, statements = store_pool(bench.path)

    topics = {topic.name: topic for topic in found.topics}
    published = {row["item"] for row in bench.rows() if row["topic"] == bag}
    assert bag != app
    assert app not in topics
    assert topics[bag].title == bench.reports()[bag]["title"]
    assert {said.item for said in topics[bag].members} == published
    assert {"bag-000", "app-000"} <= published
    assert "praise-1" not in {said.item for said in statements}
    assert bench.tables() == before
