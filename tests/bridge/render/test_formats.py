from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bridge.render.adf import Adf
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
from bridge.render.format import BEGIN, END, Format
from bridge.render.markdown import Markdown
from bridge.render.wiki import Wiki

ADF, WIKI, MARKDOWN = Adf(), Wiki(), Markdown()
FORMATS: list[Format] = [ADF, WIKI, MARKDOWN]
every_format = pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)


def says(*lines: str) -> Document:
    return Document(tuple(Paragraph((Text(line),)) for line in lines))


FULL = Document(
    (
        Heading(2, (Text("Head"),)),
        Paragraph((Text("a "), Text("bold", strong=True), Text(" c"), Break(), Text("d"))),
        Quote((Paragraph((Text("said"),)), Paragraph((Text("— "), Link("where", "https://e.example/1"))))),
        Bullets(
            (
                (Paragraph((Text("one"),)),),
                (Paragraph((Text("two"),)), Bullets(((Paragraph((Text("in"),)),),))),
            )
        ),
        Rule(),
        Paragraph((Text("em", em=True),)),
    )
)


@every_format
def test_what_was_written_is_read_back_as_canonical(fmt: Format):
    assert fmt.block(fmt.wrap(FULL)) == fmt.canonical(FULL)
    assert fmt.canonical(FULL) != fmt.canonical(says("else"))


@every_format
def test_a_line_that_reads_like_a_delimiter_does_not_end_the_block(fmt: Format):
    document = says(END, BEGIN, f"_{END}_", f"  {END} ")

    assert fmt.block(fmt.wrap(document)) == fmt.canonical(document)


def test_every_block_in_wiki_markup():
    assert WIKI.write(FULL).split("\n\n") == [
        "h2. Head",
        "a *bold* c\nd",
        "{quote}\nsaid",
        "— [where|https://e.example/1]\n{quote}",
        "* one\n* two\n** in",
        "----",
        "_em_",
    ]


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("[~admin]", r"\[\~admin\]"),
        ("{noformat}", r"\{noformat\}"),
        ("!http://e.example!", r"\!http&#58;//e.example\!"),
        ("FB-12 and 2026-03-01 and e-mail", r"FB\-12 and 2026-03-01 and e-mail"),
        ("h1. x", "h1&#46; x"),
        (" bq. x", "bq&#46; x"),
        ("a\\b &lt; Q & A", "a&#92;b &#38;lt; Q & A"),
        (":) (y) ;)", "&#58;) &#40;y) &#59;)"),
        ("a_-b- c", r"a\_\-b\- c"),
        ("----", r"\-\-\-\-"),
        ("|| a ||", r"\|\| a \|\|"),
        ("www.e.example mailto:x", "www&#46;e.example mailto&#58;x"),
        ("really? (no) at 14:30: yes", "really? &#40;no) at 14:30: yes"),
    ],
)
def test_wiki_markup_in_a_text_is_inert(text: str, raw: str):
    assert WIKI.write(says(text)) == raw
    assert WIKI.plain(raw) == text.strip()


def test_an_address_can_not_leave_its_link_in_wiki_markup():
    document = Document((Paragraph((Link("a|b]", "https://e.example/x|y]{z}!"),)),))

    assert WIKI.write(document) == r"[a\|b\]|https://e.example/x%7Cy%5D%7Bz%7D%21]"


def test_emphasis_that_would_touch_a_letter_is_left_out():
    glued = Document((Paragraph((Text("a"), Text("b", strong=True), Text("c"))),))

    assert WIKI.write(glued) == MARKDOWN.write(glued) == "abc"


def _nodes(tree: Any):
    yield tree
    for child in tree.get("content", []):
        yield from _nodes(child)


def test_quotes_and_items_of_adf_hold_only_what_the_schema_lets_them():
    inner = (Heading(1, (Text("h"),)), Rule(), Quote((Paragraph((Text("q"),)),)))
    tree = ADF.write(Document((Quote(inner), Bullets((inner,)))))

    assert [node["type"] for node in _nodes(tree)] == (
        [
            "doc",
            "blockquote",
            "paragraph",
            "text",
            "paragraph",
            "text",
            "bulletList",
            "listItem",
            "paragraph",
            "text",
            "paragraph",
            "text",
        ]
    )


def _as_a_server_keeps_it(node: Any) -> Any:
    """Add local ids, and split texts in two."""
    if node["type"] == "text" and len(node["text"]) > 2:
        return [{**node, "text": node["text"][:2]}, {**node, "text": node["text"][2:]}]
    kept = {**node}
    if node["type"] not in {"text", "doc"}:
        kept["attrs"] = {**node.get("attrs", {}), "localId": "x-1"}
    content: list[Any] = []
    for child in node.get("content", []):
        found = _as_a_server_keeps_it(child)
        content += found if isinstance(found, list) else [found]
    return {**kept, "content": content} if "content" in node else kept


def test_adf_that_a_server_tidied_is_unchanged():
    tree = _as_a_server_keeps_it(ADF.wrap(FULL))
    tree["content"].insert(2, {"type": "paragraph", "content": []})

    assert tree != ADF.wrap(FULL)
    assert ADF.block(tree) == ADF.canonical(FULL)


@pytest.mark.parametrize(
    "edit",
    [
        lambda node: node.update(text="Else") if node.get("text") == "said" else None,
        lambda node: node.update(marks=[{"type": "em"}]) if node.get("text") == "said" else None,
        lambda node: node.update(attrs={"level": 3}) if node["type"] == "heading" else None,
        lambda node: (
            node["marks"][0]["attrs"].update(href="https://x.example")
            if node.get("text") == "where"
            else None
        ),
        lambda node: (
            node.update(type="panel", attrs={"panelType": "info"}) if node["type"] == "blockquote" else None
        ),
    ],
)
def test_what_a_person_changed_inside_the_block_of_adf_is_seen(edit: Any):
    tree = copy.deepcopy(ADF.wrap(FULL))
    for node in _nodes(tree):
        edit(node)

    assert ADF.block(tree) is not None
    assert ADF.block(tree) != ADF.canonical(FULL)


@pytest.mark.parametrize("fmt", [WIKI, MARKDOWN], ids=lambda fmt: fmt.name)
def test_a_text_with_other_line_ends_and_blanks_is_unchanged_and_an_edit_is_seen(fmt: Format):
    text = fmt.wrap(FULL)
    tidied = text.replace("\n", "\r\n").replace("bold", "bold").replace(" c\r", " c  \r")

    assert fmt.block(tidied) == fmt.canonical(FULL)
    assert fmt.block(text.replace("said", "Said")) != fmt.canonical(FULL)


@pytest.mark.parametrize("fmt", [WIKI, MARKDOWN], ids=lambda fmt: fmt.name)
def test_what_people_wrote_around_the_block_of_a_text_stays_byte_by_byte(fmt: Format):
    above, below = "My notes:\r\n\t* keep  \r\n\r\n", "\r\nand {code}this{code} \r\n"
    old = f"{above}{fmt.wrap(FULL)}{below}"

    new = fmt.replace(old, says("new words"))

    assert new.startswith(f"{above}{fmt.wrap(FULL).splitlines()[0]}\n")
    assert new.endswith(f"{fmt.wrap(FULL).splitlines()[-1]}{below}")
    assert fmt.block(new) == fmt.canonical(says("new words"))
    assert fmt.replace(new, says("new words")) == new


def test_what_people_wrote_around_the_block_of_adf_stays_node_by_node():
    panel = {
        "type": "panel",
        "attrs": {"panelType": "info"},
        "content": [{"type": "paragraph", "content": []}],
    }
    old = {**ADF.wrap(FULL), "content": [panel, *ADF.wrap(FULL)["content"], {"type": "rule"}]}
    before = json.dumps(old)

    new = ADF.replace(old, says("new words"))

    assert new["content"][0] == panel
    assert new["content"][-1] == {"type": "rule"}
    assert ADF.block(new) == ADF.canonical(says("new words"))
    assert json.dumps(old) == before


@every_format
def test_without_a_single_well_formed_block_there_is_none(fmt: Format):
    whole = fmt.wrap(says("x"))
    if fmt.name == "adf":
        first, *inner, last = whole["content"]
        broken: list[Any] = [
            {**whole, "content": content}
            for content in (
                [first, *inner],
                [*inner, last],
                [last, *inner, first],
                [first, first, *inner, last],
            )
        ]
    else:
        first, last = whole.splitlines()[0], whole.splitlines()[-1]
        broken = [
            f"{first}\nx",
            f"x\n{last}",
            f"{last}\nx\n{first}",
            f"{whole}\n{whole}",
            f"{whole}\n{last}",
            "x",
        ]

    for description in (*broken, None, ""):
        assert fmt.block(description) is None
        if description:
            with pytest.raises(ValueError, match="no single block"):
                fmt.replace(description, says("y"))


@every_format
def test_plain_is_what_a_reader_sees(fmt: Format):
    document = says("a *b* {c} [d]", "e_f")

    assert [line for line in fmt.plain(fmt.write(document)).splitlines() if line] == ["a *b* {c} [d]", "e_f"]


def test_size_counts_as_java_does():
    assert WIKI.size("a👍") == 3
    assert ADF.size({"a": "👍"}) == len('{"a":"xx"}')


HOSTILE = st.text(
    alphabet=st.sampled_from("ab1 *_`[]()<>!#+-.=&;:~|\\>/\n\"'{}é👍www"), min_size=1, max_size=40
)


@given(HOSTILE, st.booleans(), st.booleans())
def test_markdown_shows_the_text_and_nothing_else(text: str, strong: bool, quoted: bool):
    lines = [line for line in text.split("\n") if line.strip()]
    inlines = [piece for line in lines for piece in (Text(line, strong=strong), Break())][:-1]
    paragraph = Paragraph(tuple(inlines))
    document = Document((Quote((paragraph,)) if quoted else paragraph,))

    tokens = MarkdownIt("commonmark").parse(MARKDOWN.write(document))

    blocks = {token.type for token in tokens} - {"paragraph_open", "paragraph_close", "inline"}
    assert blocks <= {"blockquote_open", "blockquote_close"}
    inside = {child.type for token in tokens for child in token.children or []}
    assert inside <= {"text", "hardbreak", "text_special", "strong_open", "strong_close"}
    shown = "\n".join(
        " ".join(line.split()) for line in MARKDOWN.plain(MARKDOWN.write(document)).splitlines()
    )
    assert shown == "\n".join(" ".join(line.split()) for line in plain_text(document.blocks).splitlines())
