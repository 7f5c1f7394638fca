from __future__ import annotations

import re
from typing import Any

from bridge.models import MapPlace

XY = {1: (0.0, 0.0), 2: (1.0, 0.2), 3: (0.1, -0.8)}


def placed(company: Any) -> Any:
    company.add(*(MapPlace(topic=n, x=x, y=y, together=True) for n, (x, y) in XY.items()))
    return company.browser()


def test_the_map_its_list_and_its_twins_say_the_same(full: Any, strictly: Any):
    browser = placed(full)

    text = browser.get("/map").text
    rows = browser.get("/map.json").json()
    lines = browser.get("/map.csv").text.splitlines()

    strictly(text)
    assert {row["topic"]: (row["x"], row["y"]) for row in rows} == {f"T-{n}": xy for n, xy in XY.items()}
    assert [row["people"] for row in rows] == sorted((row["people"] for row in rows), reverse=True)
    assert rows[0] == {
        "topic": "T-1", "title": "Bags arrive late", "kind": "problem", "people": 6, "x": 0.0, "y": 0.0,
        "near": ["T-3", "T-2"],
    }  # fmt: skip
    assert lines[0] == "topic,title,kind,people,x,y,near"
    assert lines[1] == "T-1,Bags arrive late,problem,6,0.0,0.0,T-3 T-2"
    for row in rows:
        assert f'aria-label="{row["topic"]} {row["title"]}, {row["kind"]}' in text
        assert f'<tr data-topic="{row["topic"]}">' in text
    assert len(re.findall("<circle class=.problem", text)) >= 3


def test_the_area_of_a_mark_is_its_people_and_its_form_the_kind(full: Any):
    text = placed(full).get("/map").text

    sizes = sorted(float(size) for size in re.findall(r'<circle class="problem" [^>]*r="([0-9.]+)"', text))

    assert abs((sizes[-1] / 30) ** 2 - 1) < 0.01
    assert any(abs((size / 30) ** 2 - 1 / 6) < 0.01 for size in sizes)  # T-3: one person of T-1's six


def test_a_topic_without_a_place_yet_is_counted_and_without_any_the_page_says_what_to_do(full: Any):
    before = full.browser().get("/map").text
    full.add(MapPlace(topic=1, x=0.0, y=0.0, together=True))

    after = full.browser().get("/map").text

    assert "none has its place yet" in before
    assert "feedback-bridge run" in before
    assert "2 get a place at the next run" in after


def test_a_map_of_nothing_says_how_to_begin(empty: Any):
    assert "There is no feedback yet" in empty.browser().get("/map").text


def test_a_title_is_never_markup_on_the_map(full: Any, strictly: Any):
    full.topic(9, "</text><script>alert(1)</script>\u202e\x07")
    full.said(topic=9)
    full.add(MapPlace(topic=9, x=0.0, y=0.0, together=True))

    text = full.browser().get("/map").text

    strictly(text)
    assert "<script>alert" not in text


def test_the_map_asks_a_dozen_queries_at_most(full: Any):
    browser = placed(full)

    with full.counting_queries() as asked:
        browser.get("/map")

    assert len(asked) <= 12
