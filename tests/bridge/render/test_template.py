# ruff: noqa: E501 - lists of strings read best in rows

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import SettingsError
from bridge.render.characters import visible
from bridge.render.document import (
    Break,
    Bullets,
    Document,
    Heading,
    Link,
    Paragraph,
    Quote,
    Rule,
    Text,
    plain_text,
)
from bridge.render.links import safe_href
from bridge.render.template import Source, render


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    author: str | None


def only(source: str, **values: object):
    (block,) = render(source, values).blocks
    return block


def test_all_that_a_template_may_use_becomes_a_block():
    source = "## T\n\na **b** *c*\nd\\\ne\n\n> q\n\n- one\n- two\n  - deep\n\n---\n\n[w](https://e.example/)"

    assert render(source, {}) == Document(
        (
            Heading(2, (Text("T"),)),
            Paragraph((Text("a "), Text("b", strong=True), Text(" "), Text("c", em=True), Text(" d"), Break(), Text("e"))),
            Quote((Paragraph((Text("q"),)),)),
            Bullets(
                (
                    (Paragraph((Text("one"),)),),
                    (Paragraph((Text("two"),)), Bullets(((Paragraph((Text("deep"),)),),))),
                )
            ),
            Rule(),
            Paragraph((Link("w", "https://e.example/"),)),
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    "hostile", ["**a** [x](http://e.example)", "# h", "- l", "{{ 7*7 }}", "&amp; <b>", "`c`", "1. x"]
)
def test_a_value_is_never_read_as_markup(hostile: str):
    assert only("{{ x }}", x=hostile) == Paragraph((Text(hostile),))


@pytest.mark.parametrize(
    "source",
    [
        "{% macro m(v) %}**{{ v }}**{% endmacro %}{{ m(x) }}",
        "{% set y %}**{{ x }}**{% endset %}{{ y }}",
        "{% macro m(v) %}{{ v }}{% endmacro %}**{{ m(x) ~ '' }}**",
        "{% macro m() %}**{{ caller() }}**{% endmacro %}{% call m() %}{{ x }}{% endcall %}",
        "**{% for c in [x] %}{{ c }}{% endfor %}**",
        "**{{ [x] | join('') }}**",
    ],
)
def test_macros_and_blocks_keep_the_authors_markup_and_the_values_apart(source: str):
    assert only(source, x="*_hi_*") == Paragraph((Text("*_hi_*", strong=True),))


def test_markup_joined_to_a_value_stays_literal():
    assert only("{{ '**' ~ x ~ '**' }}", x="a") == Paragraph((Text("**a**"),))


def test_lines_of_a_value_are_lines_and_its_blank_lines_part_paragraphs():
    assert only("> {{ x }}", x="a\r\nb\n \n\nc\n") == Quote(
        (Paragraph((Text("a"), Break(), Text("b"))), Paragraph((Text("c"),)))
    )
    assert only("# {{ x }}", x="a\nb") == Heading(1, (Text("a b"),))


def test_an_empty_value_leaves_nothing_behind():
    assert render("**{{ x }}**\n\n> {{ y }}\n\n- {{ x }}", {"x": "", "y": None}).blocks == ()


def test_filters_work_on_real_values():
    values = {
        "d": datetime(2026, 3, 1, 5, tzinfo=UTC),
        "c": {"web": 1234, "app": 2, "x": 1},
        "n": " a\nb ",
        "w": [0, 1],
    }
    source = "{{ d | date }} {{ c | listed(2) }} {{ n | named }} {{ w | sparkline }} {{ 1 | counted('person', 'people') }}"

    assert (
        plain_text(render(source, values).blocks) == "2026-03-01 web 1,234, app 2 and 1 more a b ▁█ 1 person"
    )


def test_numbers_and_days_are_not_taken_for_telephone_numbers_and_texts_are_masked():
    block = only("{{ n }} {{ d }} {{ t }}", n=123456789, d=date(2026, 3, 1), t="123456789 a@b.de")

    assert block == Paragraph((Text("123456789 2026-03-01 [phone] [e-mail]"),))


def test_a_value_as_an_address_makes_a_link_only_if_it_is_safe():
    assert only("[{{ t }}]({{ u }})", t="x]y", u="https://e.example/a?b=(c)") == Paragraph(
        (Link("x]y", "https://e.example/a?b=(c)"),)
    )
    assert only("[{{ t }}]({{ u }})", t="x]y", u="javascript:alert(1)") == Paragraph((Text("x]y"),))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "ftp://e.example", "https://u:p@e.example/", "https://u@e.example/", "https://e.example/\u202ea",
        "https://e.example/\n", "https://e.example/ a", "https://e.example/" + "a" * 2000, "//e.example", "https://", "",
        "https://e.example:x/", "https://e.example/?token=abc", "http:/e.example", "https://[::1", "https://e.example/\u200b",
    ],
)  # fmt: skip
def test_an_unsafe_address_is_no_link(address: str):
    assert safe_href(address) is None


def test_an_ordinary_address_is_a_link():
    for address in (
        "https://e.example/t/1#c-2",
        "http://localhost:8000/topics/T-1",
        "https://bücher.example/ä?x=1&y=2",
    ):
        assert safe_href(address) == address


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a\n{{ foo }}", ("line 2", "foo", "quote, reach")),
        ("a\n\n{% for x in reach %}", ("line 3", "endfor")),
        ("a\n\n1. b", ("line 3", "numbered list", "bullets")),
        ("{% if reach %}\n\n\na `b`\n{% endif %}", ("line 4", "code", "headings")),
        ("![a](b)", ("line 1", "picture")),
        ("{{ quote.texts }}", ("line 1", "texts", "author, text")),
        ("{{ 1 / 0 }}", ("line 1", "division")),
        ("{% include 'x' %}", ("line 1", "loader")),
        ("{{ quote.__class__ }}", ("line 1", "__class__", "author, text")),
        ("{{ reach | nope }}", ("line 1", "nope")),
    ],
)
def test_a_mistake_in_a_template_names_file_line_and_what_is_known(source: str, told: tuple[str, ...]):
    with pytest.raises(SettingsError) as error:
        render(Source(source, "my/ticket.md.j2"), {"reach": 1, "quote": Said("x", None)})

    assert "my/ticket.md.j2" in str(error.value)
    for part in told:
        assert part in str(error.value)


@given(st.text(max_size=60))
def test_any_text_comes_out_as_its_visible_self(text: str):
    document = render("x{{ t }}y", {"t": text})

    shown = " ".join(plain_text(document.blocks).split())
    if not any(c.isdigit() or c == "@" for c in text):
        assert shown == " ".join(f"x{visible(text)}y".split())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u200bb\u202ec\x00d\ufeff\u2066\xad", "abcd"),
        ("\ud800x\uffff\ue000", "x"),
        ("a\r\nb\u2028c\x85d", "a\nb\nc\nd"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f 👍🏽", "👨\u200d👩\u200d👧 ❤\ufe0f 👍🏽"),
        ("🏴\U000e0067\U000e0062\U000e007f a\U000e0061", "🏴\U000e0067\U000e0062\U000e007f a"),
        ("a\u200db", "ab"),
        ("日本 हिन्दी e\u0301", "日本 हिन्दी e\u0301"),
    ],
)
def test_what_nobody_sees_is_gone_and_emoji_stay(text: str, shown: str):
    assert visible(text) == shown
