from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import topics
from topics import Topics, make_encoder

PHONES = ["iPhone", "Pixel", "Galaxy", "Moto", "Xperia", "Nokia"]
MONTHS = ["May", "June", "July", "March", "April", "August"]
LOGINS = [f"the app crashes at login on {phone}" for phone in PHONES]
REFUNDS = [f"still no refund for my {month} order" for month in MONTHS]


def grown() -> Topics:
    found = Topics(encoder="hash")
    found.add(LOGINS + REFUNDS)
    return found


def test_texts_gather_in_topics_with_keywords_and_quotes_of_their_own():
    login, refund = sorted(grown(), key=lambda theme: theme.number)

    assert (login.number, login.size, refund.number, refund.size) == (1, 6, 2, 6)
    assert set(login.quotes) <= set(LOGINS)
    assert len(set(login.quotes)) == 3
    assert any("login" in word or "crash" in word for word in login.keywords)
    assert any("refund" in word for word in refund.keywords)


def test_numbers_stay_while_texts_keep_coming():
    found = grown()
    before = [found.place(number).topic for number in range(12)]

    for number in range(5):
        found.add([f"the app crashes at login on phone {number}", f"still no refund for my order {number}"])

    assert [found.place(number).topic for number in range(12)] == before
    assert len(found) == 2


def test_something_new_becomes_a_topic_with_a_new_number():
    found = grown()

    places = found.add(
        [
            f"the crew lost my bag between Rome and {city}"
            for city in ["Oslo", "Lima", "Bonn", "Nice", "Kyiv", "Graz"]
        ]
    )

    assert {place.topic for place in places} == {3}
    assert all("of its neighbourhood is in T-3" in place.reason for place in places)


def test_what_is_like_nothing_is_unsure_and_what_has_no_words_says_so():
    found = grown()

    odd, empty, emoji = found.add(["pineapple", "", "🙂🙂"])

    assert odd.topic is None
    assert odd.reason.startswith("unsure")
    assert (empty.topic, empty.reason, emoji.reason) == (None, "no words", "no words")
    assert found.add([]) == []


def test_a_merge_holds_for_what_comes():
    found = grown()

    found.merge(2, into=1)
    (place,) = found.add(["still no refund for my December order"])

    assert place.topic == 1
    assert [(theme.number, theme.size) for theme in found] == [(1, 13)]


def test_a_text_that_was_moved_or_removed_stays_so():
    found = grown()

    found.move(0, 2)
    found.remove(1, 1)
    for number in range(8):
        found.add([f"the app crashes at login on phone {number}"])

    assert found.place(0).topic == 2
    assert found.place(1).topic != 1


def test_a_text_that_was_removed_may_be_moved_back():
    found = grown()

    found.remove(1, 1)
    found.move(1, 1)

    assert found.place(1).topic == 1


def test_the_same_texts_give_the_same_topics():
    assert [(t.number, t.size, t.quotes, t.keywords) for t in grown()] == [
        (t.number, t.size, t.quotes, t.keywords) for t in grown()
    ]


def test_the_nearest_topics_are_the_others():
    ((other, cosine),) = grown().nearest(1)

    assert other == 2
    assert -1 <= cosine <= 1


def test_a_wrong_name_says_which_there_are():
    with pytest.raises(ValueError, match="no topic 9; topics: 1, 2"):
        grown().merge(9, into=1)
    with pytest.raises(ValueError, match="'fine'; it must be one of: finer, auto, coarser"):
        Topics(encoder="hash", granularity="fine")
    with pytest.raises(AttributeError, match="it has: Encoder"):
        _ = topics.Cluster


def test_every_public_name_is_there():
    for name in topics.__all__:
        assert getattr(topics, name) is not None


@pytest.mark.parametrize("count", [5, 40, 300])
def test_copies_of_one_text_are_one_topic_with_all_of_them(count: int):
    found = Topics(encoder="hash")

    found.add([*LOGINS, *REFUNDS, *["my suitcase was sent to Lima"] * count])

    sizes = {theme.quotes[0]: theme.size for theme in found}
    assert sizes["my suitcase was sent to Lima"] == count


def test_wrong_texts_are_refused_and_leave_nothing_behind():
    found = grown()

    with pytest.raises(TypeError, match=r"write add\(\[text\]\)"):
        found.add("hello")
    with pytest.raises(TypeError, match="one of them is 3, a int"):
        found.add(["good", 3])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="no text 99; texts: 0 to 11"):
        found.place(99)
    with pytest.raises(ValueError, match="no text -1"):
        found.move(-1, 1)
    assert found.add(text for text in ["the app crashes at login on tablets"])[0].topic == 1


def test_an_encoder_that_returns_nonsense_is_refused_and_leaves_nothing_behind():
    class Broken:
        def __init__(self) -> None:
            self.good = make_encoder("hash", cache=Path("unused"))
            self.model_id, self.revision, self.blocks = "broken", "1", self.good.blocks
            self.dimension, self.languages = self.good.dimension, None

        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return np.full((len(texts), self.dimension), np.nan, np.float32)

    found = Topics(encoder=Broken())

    with pytest.raises(ValueError, match="Nothing was added"):
        found.add(["one", "two"])
    with pytest.raises(ValueError, match="no text 0"):
        found.place(0)
