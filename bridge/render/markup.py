"""From Markdown to blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from bridge.render.document import Block, Break, Bullets, Heading, Inline, Link, Paragraph, Quote, Rule, Text
from bridge.render.links import safe_href

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

KNOWN = "headings, paragraphs, quotes, bullets, rules, **strong**, *emphasis*, [links](…) and line breaks"
_NAMES = {
    "ordered_list": "a numbered list",
    "fence": "code",
    "code_inline": "code",
    "image": "a picture",
}
_PARAGRAPH = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_NEW_PARAGRAPH = "\v"  # never in a value: `visible` makes a new line of it


class UnknownMarkup(Exception):  # noqa: N818 - internal, becomes a SettingsError
    """Markdown that no ticket can show; `line` counts from 0."""

    def __init__(self, kind: str, line: int) -> None:
        super().__init__(f"{_NAMES.get(kind, kind)} can't be shown in a ticket; known are {KNOWN}")
        self.line = line


@dataclass(frozen=True, slots=True)
class _Style:
    strong: bool = False
    em: bool = False
    href: str | None = None


def blocks_of(markdown: str, opened: Callable[[str], str]) -> tuple[Block, ...]:
    """Return the blocks of a Markdown text; `opened` turns what stands for values into the values.

    Raises `UnknownMarkup` for what a document can't hold.
    """
    from markdown_it.tree import SyntaxTreeNode

    tree = SyntaxTreeNode(_parser().parse(markdown))
    return _blocks(tree.children, opened)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 100})
    parser.disable(["code", "html_block", "html_inline", "reference"])
    for name, judge in (("normalizeLink", str), ("normalizeLinkText", str), ("validateLink", bool)):
        setattr(parser, name, judge)  # addresses are wrapped values here; `safe_href` judges them later
    return parser


def _blocks(nodes: list[SyntaxTreeNode], opened: Callable[[str], str]) -> tuple[Block, ...]:
    return tuple(block for node in nodes for block in _block(node, opened))


def _block(node: SyntaxTreeNode, opened: Callable[[str], str]) -> list[Block]:
    match node.type:
        case "paragraph":
            return [Paragraph(part) for part in _paragraphs(_inlines(node, opened))]
        case "heading":
            parts = _paragraphs(_inlines(node, opened), one_line=True)
            return [Heading(int(node.tag[1]), part) for part in parts]
        case "blockquote":
            inner = _blocks(node.children, opened)
            return [Quote(inner)] if inner else []
        case "bullet_list":
            items = tuple(_blocks(item.children, opened) for item in node.children)
            return [Bullets(kept)] if (kept := tuple(item for item in items if item)) else []
        case "hr":
            return [Rule()]
        case _:
            raise UnknownMarkup(node.type, node.map[0] if node.map else 0)


def _inlines(node: SyntaxTreeNode, opened: Callable[[str], str]) -> list[Inline]:
    line = node.map[0] if node.map else 0
    found: list[Inline] = []
    for inline in node.children:
        for child in inline.children:
            _add(found, child, _Style(), opened, line)
    return found


def _add(
    found: list[Inline], node: SyntaxTreeNode, style: _Style, opened: Callable[[str], str], line: int
) -> None:
    inner = style
    match node.type:
        case "text" | "text_special":
            found.extend(_styled(opened(node.content), style))
        case "softbreak":
            found.extend(_styled(" ", style))
        case "hardbreak":
            found.append(Break())
        case "strong":
            inner = replace(style, strong=True)
        case "em":
            inner = replace(style, em=True)
        case "link":
            inner = replace(style, href=safe_href(opened(str(node.attrs.get("href", "")))))
        case _:
            raise UnknownMarkup(node.type, line)
    for child in node.children:
        _add(found, child, inner, opened, line)


def _styled(text: str, style: _Style) -> list[Inline]:
    if style.href is not None:
        return [Link(" ".join(text.split("\n")), style.href)]
    found: list[Inline] = []
    for number, line in enumerate(_PARAGRAPH.sub(f"\n{_NEW_PARAGRAPH}\n", text).split("\n")):
        if number:
            found.append(Break())
        if line:
            found.append(Text(line, style.strong, style.em))
    return found


def _paragraphs(inlines: list[Inline], *, one_line: bool = False) -> list[tuple[Inline, ...]]:
    """Split at the blank lines of values, join what is alike, and leave out what says nothing."""
    parts: list[list[Inline]] = [[]]
    for inline in inlines:
        if isinstance(inline, Text) and inline.text == _NEW_PARAGRAPH:
            parts.append([])
        elif isinstance(inline, Break):
            parts[-1].append(Text(" ") if one_line else inline)
        else:
            parts[-1].append(inline)
    joined = [[i for part in parts for i in part]] if one_line else parts
    return [tidy for part in joined if (tidy := _tidy(part))]


def _tidy(inlines: list[Inline]) -> tuple[Inline, ...]:
    tidy: list[Inline] = []
    for inline in inlines:
        last = tidy[-1] if tidy else None
        match last, inline:
            case Text(text, strong, em), Text() if (strong, em) == (inline.strong, inline.em):
                tidy[-1] = replace(inline, text=text + inline.text)
            case Link(text, href), Link() if href == inline.href:
                tidy[-1] = Link(text + inline.text, href)
            case _:
                tidy.append(inline)
    while tidy and _is_blank(tidy[0]):
        del tidy[0]
    while tidy and _is_blank(tidy[-1]):
        del tidy[-1]
    return tuple(tidy)


def _is_blank(inline: Inline) -> bool:
    return isinstance(inline, Break) or not inline.text.strip()
