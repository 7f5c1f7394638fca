from __future__ import annotations

import pytest

from topics.general import general_titles, is_general, unread_title
from topics.records import Kind


@pytest.mark.parametrize("kind", Kind)
def test_the_titles_for_want_of_a_subject_are_known_as_such(kind: Kind):
    titles = general_titles(kind)

    assert len(set(titles)) == len(titles) >= 5
    assert all(map(is_general, titles))
    assert is_general(titles[0].upper())
    assert is_general(f"{titles[0]} 12")
    assert is_general(f"{kind.capitalize()} in a few words")  # in stores of older versions


@pytest.mark.parametrize("kind", Kind)
def test_what_could_not_be_read_may_have_a_subject(kind: Kind):
    assert not is_general(unread_title(kind))


@pytest.mark.parametrize("title", ["Lost luggage", "Complaints", "General complaints desk is closed", ""])
def test_others_are_not(title: str):
    assert not is_general(title)
