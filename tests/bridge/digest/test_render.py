"""A digest in every form, whatever people wrote into it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from bridge.digest.render import letter, subject, written
from tests.bridge.digest.conftest import BASE, digest

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!channel> <@U012> <https://evil.example|look> &amp;",
    "[look](https://evil.example) ![x](//evil.example/x.png) <https://evil.example>",
    "**bold** _it_ `code` # head | cell ~~gone~~ https://evil.example www.evil.example",
    "{{ 7 * 7 }} {% raw %} {# gone #}",
    "> quoted ``` fence",
    "&" * 220,
    "<" * 220,
)


class _Seen(HTMLParser):
    """What a reader of HTML sees, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.tags, self.links = "", set[str](), set[str | None]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"style", "href", "lang", "charset", "name", "content", "dir"}
        self.links |= {value for name, value in attrs if name == "href"}

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(html: str) -> _Seen:
    reader = _Seen()
    reader.feed(html)
    return reader


def is_ours(link: str | None) -> bool:
    return (link or "").startswith((f"{BASE}/", "https://acme.example/browse/"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_html_shows_every_text_as_it_was_written(text: str):
    found = seen(written(digest(text), "html", "UTC"))

    assert text[:120] in found.text
    assert found.tags & {"script", "img", "svg", "iframe", "form", "link", "object"} == set()
    assert all(is_ours(link) for link in found.links)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_markdown_shows_every_text_as_it_was_written(text: str):
    plain = seen(MarkdownIt("commonmark").render(written(digest(text), "md", "UTC")))
    linkified = seen(MarkdownIt("gfm-like", {"linkify": False}).render(written(digest(text), "md", "UTC")))

    for found in (plain, linkified):
        assert text[:120] in found.text
        assert found.tags <= {"h1", "h2", "p", "ul", "li", "a", "blockquote"}
        assert all(is_ours(link) for link in found.links)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_slack_calls_nobody_and_links_to_nothing_of_theirs(text: str):
    message = letter(digest(text, size=5), "UTC").slack
    blocks = message["blocks"]

    assert len(blocks) <= 50
    for block in blocks[1:]:
        said = block["text"]["text"]
        assert 0 < len(said) <= 3000
        assert block["text"]["verbatim"] is True
        assert all(is_ours(link) for link in re.findall(r"<([^|>]*)", said))
        assert not re.search(r"&(?!amp;|lt;|gt;)", said)
    escaped = text[:120].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert any(escaped in block["text"]["text"] for block in blocks)


def test_text_is_what_a_product_manager_reads_at_a_glance():
    text = written(digest(size=1), "text", "Europe/Berlin")

    assert text.startswith(
        "Feedback Bridge: 3 new, 3 growing, 3 came back, 5 waiting, 2 released or done, 2 failing\n"
        "From 2026-02-28 13:00 to 2026-03-01 13:00 (Europe/Berlin).\n"
        "\n"
        "NEW (3)\n"
        "\n"
        "* T-1 Bags arrive late\n"
        "  41 people (3 people since), 63 mentions · problem · ▲ growing ×3.1\n"
        "  “Bags arrive late” (Bags arrive late)\n"
        "  https://feedback.acme.example/topics/T-1\n"
        "\n"
        "  2 more and 1 told before: https://feedback.acme.example/review\n"
    )
    assert "* 5 to approve or reject: https://feedback.acme.example/review\n" in text
    assert "  12 people asked for it\n" in text
    assert "\n\n\n" not in text


def test_a_quiet_digest_says_so_in_every_form():
    quiet = digest(sections=(), waiting=(), ended=(), failing=(), ended_more=0, failing_more=0)
    made = letter(quiet, "UTC")

    assert subject(quiet) == "Feedback Bridge: nothing new"
    for form in (made.text, made.html, made.md, json.dumps(made.slack)):
        assert "Nothing is new, nothing waits, and every source answers." in form


def test_without_a_public_address_commands_and_paths_stand_for_links():
    from bridge.digest.records import Place

    found = digest()
    first = found.sections[0]
    entry = replace(first.entries[0], place=Place(None, "feedback-bridge topics show T-1"))
    section = replace(first, entries=(entry,), place=Place(None, "the page, /review"))
    made = letter(replace(found, sections=(section,)), "UTC")

    for form in (made.text, made.md, made.html, json.dumps(made.slack)):
        assert "feedback-bridge topics show T-1" in form
        assert "the page, /review" in form
