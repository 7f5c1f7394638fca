from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.web.words import age, author, counted, excerpt, legible, own_or_safe_link, safe_link

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=59), "59 seconds ago"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=61), "2 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(minutes=-12), "in 12 minutes"),
    ],
)
def test_age_in_words(back: timedelta, words: str):
    assert age(NOW - back, NOW) == words


def test_counts_have_the_right_noun():
    assert counted(1, "person", "people") == "1 person"
    assert counted(0, "topic") == "0 topics"
    assert counted(1204, "person", "people") == "1,204 people"


@given(st.text(max_size=200))
def test_a_safe_link_is_untouched_and_is_http(url: str | None):
    assert safe_link(url) in (None, url)
    assert safe_link(url) is None or url.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        " https://a.example",
        "https://a.example/\n",
        "java\tscript:x",
        "//a.example",
        "http://[::1",
        'https://a.example/"onx="',
        "https:///x",
        "vbscript:x",
        "file:///etc/passwd",
        "http:a",
    ],
)
def test_other_addresses_are_no_links(url: str | None):
    assert safe_link(url) is None


def test_plain_addresses_are_links():
    for url in ("https://a.example/b?c=d&e=f#g", "http://a.example:81/", "HTTPS://A.example/ü"):
        assert safe_link(url) == url


def test_our_own_backlog_is_a_link_too():
    assert own_or_safe_link("/backlog/FB-1") == "/backlog/FB-1"
    assert own_or_safe_link("//evil.example") is None
    assert own_or_safe_link("/backlog/../x") is None


def test_a_very_long_text_is_cut_with_a_word_about_it():
    cut = excerpt("a" * 5000)

    assert len(cut) < 1300
    assert cut.endswith("[cut here: 5,000 characters]")
    assert excerpt("short") == "short"


@given(st.text(alphabet=st.characters(codec=None)))
def test_legible_text_can_stand_in_a_page(text: str):
    clean = legible(text)

    clean.encode("utf-8")
    assert not any(ord(sign) < 32 and sign not in "\t\n\r" for sign in clean)
    assert legible(clean) == clean


def test_an_author_is_named_by_what_is_known():
    assert author("Ana", "@ana", "k") == "Ana"
    assert author(None, "@ana", "k") == "@ana"
    assert author(None, None, "0123456789") == "person 01234567"
    assert author(None, None, None) == "somebody"
