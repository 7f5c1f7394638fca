from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from builders import NOW, Bench, gone, item, store, theme

from bridge.models import Statement
from bridge.store import alike, places


def near(bench: Bench, texts: alike.Texts, name: str) -> list[tuple[str, float]]:
    with bench.database.reading() as session:
        rows = [session.get_one(Statement, row.statement_id) for row in places.meant(session, name)]
        scores = texts.near(session, [row.text_hash for row in rows], 20)
        shown = alike.shown_for(session, scores, {row.item_id for row in rows}, NOW)
    names = dict(bench.query("SELECT s.id, i.external_id FROM statement s JOIN item i ON i.id = s.item_id"))
    return [(names[key], score) for key, score in shown.items()]


def test_what_is_most_like_comes_first_by_the_very_cosine_and_never_itself(in_topics: Bench):
    found = near(in_topics, alike.Texts(), "reviews:bag-004")
    vectors = {
        name: np.frombuffer(data, "<f4").astype(float)
        for name, data in in_topics.query(
            "SELECT i.external_id, v.data FROM statement s JOIN item i ON i.id = s.item_id"
            " JOIN embedding v ON v.text_hash = s.text_hash"
        )
    }
    ((mean, data),) = in_topics.query("SELECT mean, data FROM engine_state")
    shift = np.frombuffer(mean, "<f8") / json.loads(data)["seen"]
    wanted = vectors["bag-004"] - shift
    by_hand = {
        name: float((v - shift) @ wanted / np.linalg.norm(v - shift) / np.linalg.norm(wanted))
        for name, v in vectors.items()
    }

    assert len(found) >= 10
    assert "bag-004" not in dict(found)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert {name: pytest.approx(by_hand[name], abs=2e-4) for name, _ in found} == dict(found)
    assert all(name.startswith(("bag", "anon")) for name, _ in found[:10])


def test_reposts_and_the_same_words_stand_once(in_topics: Bench):
    in_topics.take(
        [item("my suitcase was lost at baggage claim again", f"same-{n}", by=f"s{n}") for n in range(3)]
    )
    in_topics.run()

    found = [name for name, _ in near(in_topics, alike.Texts(), "bag-001")]

    assert len([name for name in found if name.startswith("same")]) == 1
    assert [name for name in found if name.startswith("repost")] == []


def test_what_comes_in_later_is_found_and_what_is_deleted_is_not(in_topics: Bench):
    texts = alike.Texts()
    first = near(in_topics, texts, "bag-004")
    store(in_topics, gone(first[0][0]))
    in_topics.take(theme("bag", 3, first=60))
    in_topics.run()

    found = dict(near(in_topics, texts, "bag-004"))

    assert first[0][0] not in found
    assert {"bag-060", "bag-061", "bag-062"} & found.keys()
    assert found == dict(near(in_topics, alike.Texts(), "bag-004"))


def test_what_has_no_vector_yet_is_like_nothing(in_topics: Bench):
    in_topics.take([item("my suitcase was lost at baggage claim", "late-1", by="late")])
    in_topics.run(until="dedupe")

    assert near(in_topics, alike.Texts(), "reviews:late-1") == []


def test_with_more_texts_than_fit_the_newest_are_compared(in_topics: Bench, monkeypatch: Any):
    monkeypatch.setattr(alike, "MOST", 10)
    monkeypatch.setattr(alike, "_ROOM", 11)
    texts = alike.Texts()
    few = near(in_topics, texts, "bag-004")
    in_topics.take(theme("bag", 8, first=60, days=3.5))
    in_topics.run()

    found = near(in_topics, texts, "bag-004")

    assert len(few) <= 10
    assert {name for name, _ in found} <= {f"bag-0{n}" for n in range(60, 68)} | {"anon-1"}
    assert len(found) >= 4
