from __future__ import annotations

import pytest
from builders import NOW, Bench

from bridge.store import pages


def found(bench: Bench, words: str, limit: int) -> set[str]:
    with bench.database.reading() as session:
        said = pages.holding(session, words, NOW, limit=limit)
    assert [one.said_at for one in said] == sorted((one.said_at for one in said), reverse=True)
    assert len(said) <= limit
    return {one.item for one in said}


def all_with(bench: Bench, word: str) -> list[str]:
    """Return the items of all statements that hold a word, the latest first, read row by row."""
    rows = bench.query(
        "SELECT item.external_id, statement.text FROM statement JOIN item ON item.id = statement.item_id"
        " ORDER BY statement.sort_key DESC"
    )
    return [name for name, text in rows if word in text.lower()]


@pytest.mark.parametrize("recent", [1, 10_000], ids="of the {} latest".format)
@pytest.mark.parametrize("limit", [3, 500])
def test_the_latest_with_a_word_are_found_wherever_they_lie(
    in_topics: Bench, monkeypatch: pytest.MonkeyPatch, recent: int, limit: int
):
    monkeypatch.setattr(pages, "RECENT", recent)
    expected = all_with(in_topics, "bag")
    assert 3 < len(expected) < len(all_with(in_topics, ""))

    assert found(in_topics, "BAG", limit) == set(expected[:limit])
    assert found(in_topics, "bag nowhere", limit) == set()
    assert found(in_topics, "", limit) == set(all_with(in_topics, "")[:limit])
