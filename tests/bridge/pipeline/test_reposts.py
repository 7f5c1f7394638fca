from __future__ import annotations

import pytest
from builders import Bench, item, theme

from bridge.pipeline import themes


@pytest.mark.parametrize("page", [1, 2, 5000])
def test_each_statement_of_a_repost_follows_the_one_of_its_number_else_the_first(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, page: int
):
    monkeypatch.setattr(themes, "REPOSTS", page)
    bench.whole = False
    one, two, three = (
        theme(name, 1, first=50)[0].text.capitalize() + "." for name in ("bag", "app", "legroom")
    )
    filler = "It took us a very long time to write all of this down for you, so please read the whole of it."
    bench.take(
        [
            item(f"{one}\n\n{two}\n\n{filler}", "first", by="a", days=3),
            item(f"{one}\n\n{two}\n\n{three}\n\n{filler}", "again", by="b", is_repost=True, parent="first"),
        ]
    )
    bench.run()
    bench.query(
        "UPDATE assignment SET status = 'published', topic = 40 + (SELECT ordinal FROM statement WHERE id ="
        " statement_id) WHERE statement_id IN (SELECT s.id FROM statement s JOIN item i ON i.id = s.item_id"
        " WHERE i.external_id = 'first')"
    )

    themes.settle_reposts(bench.context())

    topics = dict(
        bench.query(
            "SELECT s.ordinal, a.topic FROM assignment a JOIN statement s ON s.id = a.statement_id"
            " JOIN item i ON i.id = s.item_id WHERE i.external_id = 'again'"
        )
    )
    own = bench.query(
        "SELECT max(ordinal) FROM statement s JOIN item i ON i.id = s.item_id WHERE i.external_id = 'first'"
    )[0][0]
    assert len(topics) > own >= 2
    assert topics == {n: 40 + n if n <= own else 41 for n in topics}
