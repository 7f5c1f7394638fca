from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.access.origin import Proxies, house, is_own, next_page

URL = "https://feedback.example.org"
HERE = "127.0.0.1:8765"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.5", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.5", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.5", ["1.1.1.1", "198.51.100.1, 10.0.0.7"], "198.51.100.1"),
        ("::ffff:10.0.0.5", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.5", ["1.1.1.1, rubbish"], "10.0.0.5"),
        ("10.0.0.5", [], "10.0.0.5"),
        ("10.0.0.5", ["10.0.0.6"], "10.0.0.5"),
        (None, ["1.1.1.1"], ""),
    ],
)
def test_the_address_that_asks_is_the_last_one_that_is_no_proxy_of_ours(
    peer: str | None, forwarded: list[str], client: str
):
    assert Proxies(["10.0.0.0/24"]).client(peer, forwarded) == client


def test_no_proxy_is_trusted_unless_it_is_listed():
    assert not Proxies([]).trust("127.0.0.1")
    assert not Proxies(["10.0.0.5"]).trust("10.0.0.50")
    assert not Proxies(["10.0.0.5"]).trust("not an address")
    assert Proxies(["fd00::/8"]).trust("fd00::1")


@pytest.mark.parametrize(
    ("origin", "site", "own"),
    [
        (None, None, True),
        (None, "same-origin", True),
        (URL, "same-origin", True),
        (f"http://{HERE}", None, True),
        (URL, "cross-site", False),
        (None, "none", False),
        ("null", None, False),
        ("http://feedback.example.org", None, False),
        ("https://feedback.example.org.evil.example", None, False),
        ("https://feedback.example.org/x", None, False),
        ("file://127.0.0.1:8765", None, False),
        ("", None, False),
    ],
)
def test_only_our_own_page_may_send_a_change(origin: str | None, site: str | None, own: bool):
    assert is_own(origin, site, HERE, URL) is own


@given(st.text(max_size=30) | st.from_regex(r"[/\\]{1,3}[a-z.:@%/\\?#]{0,20}", fullmatch=True))
def test_a_browser_never_leaves_our_host_for_the_next_page(text: str):
    there = urljoin(URL, next_page(text))

    assert urlsplit(there).netloc == "feedback.example.org"
    assert urlsplit(there).scheme == "https"
    assert next_page(text).isprintable()


def test_all_addresses_of_a_subscriber_count_as_one():
    assert house("2001:db8::1") == house("2001:db8::ffff:1")
    assert house("2001:db8::1") != house("2001:db8:0:1::1")
    assert house("fe80::1%eth0") == "fe80::/64"
    assert house("") == "unknown"
