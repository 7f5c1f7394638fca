from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlmodel import select

from bridge.models import EngineState, Statement, Vector


def test_what_is_like_an_item_comes_best_first_on_the_page_and_in_the_twins(full: Any, strictly: Any):
    tell_apart(full)
    browser = full.browser()

    page = browser.get("/items?like=reviews:x1")
    rows = browser.get("/items.json?like=reviews:x1").json()
    lines = browser.get("/items.csv?like=reviews:x1").text.splitlines()

    strictly(page.text)
    assert "Said much like it" in page.text
    assert [row["item"] for row in rows] == ["x2", "x3", "x4"]
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert all(row["topic"] == "T-1" for row in rows)
    assert page.text.index(f"like it {rows[0]['score']:.2f}") < page.text.index(
        f"like it {rows[1]['score']:.2f}"
    )
    assert lines[0].split(",") == list(rows[0])
    assert len(lines) == len(rows) + 1
    assert "/items?like=reviews%3Ax2%231" in page.text


def test_a_page_of_what_is_like_an_item_asks_a_dozen_queries_at_most(full: Any):
    tell_apart(full)
    browser = full.browser()
    browser.get("/items?like=reviews:x1")

    with full.counting_queries() as asked:
        browser.get("/items?like=reviews:x1")

    assert len(asked) <= 12


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("like=reviews:nobody", 404, "there is no item"),
        (f"like=reviews:x1%23{'9' * 25}", 404, "there is no item"),
        ("like=reviews:x1&q=bag", 400, "asked together"),
        ("like=reviews:x1", 200, "Nobody said anything like it yet"),
    ],
)
def test_without_anything_alike_the_page_says_what_to_do(full: Any, query: str, status: int, says: str):
    answer = full.browser().get(f"/items?{query}")

    assert answer.status_code == status
    assert says in answer.text


def tell_apart(company: Any):
    """Give the first four items vectors that lie ever further from the first one's, the fifth one far off."""
    with company.database.writing() as session:
        hashes = session.exec(select(Statement.text_hash).order_by(Statement.id)).all()[:5]
        for place, name in enumerate(hashes):
            vector = np.array([1.0, 0.3 * place if place < 4 else -9.0, 0.0], "<f4")
            session.add(Vector(text_hash=name, model="m@1", data=vector.tobytes()))
        state = EngineState(model="m@1", data={"seen": 1}, mean=np.array([0.0, 0.0, 0.1]).tobytes())
        session.add(state)
