"""Queries: nothing that a customer wrote may act in one."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bridge.tracker.jira import jql


@given(st.text())
def test_a_quoted_value_is_one_literal(value: str):
    literal = jql.quoted(value)

    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', literal)
    assert "\n" not in literal


def test_quotes_and_backslashes_are_escaped():
    assert jql.quoted('a"b\\c') == '"a\\"b\\\\c"'


@given(st.lists(st.text(), max_size=20))
def test_words_are_letters_and_digits_in_small_and_few(words: list[str]):
    kept = jql.searchable(words)

    assert all(word and word.isalnum() and len(word) <= 40 for word in kept)
    assert len(kept) <= 12
    assert len(set(kept)) == len(kept)


def test_operators_among_words_are_words():
    query = jql.alike("WEB", ['export" OR project = SECRET', "NOT", "*", "pdf~"])

    assert query == (
        'project = "WEB" AND statusCategory != Done AND text ~ "export or project secret not pdf"'
    )


def test_no_words_make_no_query():
    assert jql.alike("WEB", ["!!!", ""]) == ""


def test_a_label_is_asked_for_to_the_letter_the_oldest_first():
    assert jql.with_label("fbb-0a") == 'labels = "fbb-0a" ORDER BY id ASC'
