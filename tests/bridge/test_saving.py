"""Which addresses are kept as a view: a list of ours and its query, and never a way out."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.errors import InputError
from bridge.saving import PAGES, address

pieces = st.lists(
    st.sampled_from(
        [
            "/",
            "//",
            "\\",
            "/topics",
            "evil.example",
            "http:",
            "javascript:",
            "@",
            "?",
            "#",
            "&",
            "=",
            "q",
            "\t",
            "%2f",
            "ä",
        ]
    ),
    max_size=8,
).map("".join)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://evil.example/topics",
            "//evil.example/topics",
            "/\\evil.example",
            "/topics\\@evil.example",
        ),
        *(
            "javascript:alert(1)",
            "\t/topics",
            "/topics\n",
            "topics",
            "/topics/T-1",
            "/settings",
            "/logout",
            "",
        ),
        *(
            "http:/topics",
            "/topics/../settings",
            "//[/topics",
            "/topics?" + "q=1&" * 30,
            "/topics?q=" + "x" * 2000,
        ),
    ],
)
def test_what_is_no_list_of_ours_is_refused(url: str):
    with pytest.raises(InputError, match="can't be saved as a view"):
        address(url)


@given(text=pieces | st.text(max_size=40))
@example(text="/topics?next=//evil.example")
def test_whatever_is_kept_stays_on_our_own_pages(text: str):
    try:
        kept = address(text)
    except InputError:
        return

    parts = urlsplit(kept)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("", "", "")
    assert parts.path in PAGES
    assert kept.isascii()
    assert address(kept) == kept


def test_what_a_form_left_empty_and_where_one_stood_are_no_part_of_a_view():
    assert address("/topics?state=&kind=problem&q=&sort=&page=4&done=7#x") == "/topics?kind=problem"
