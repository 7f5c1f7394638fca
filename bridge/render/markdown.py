"""CommonMark, for the embedded backlog and its page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from bridge.render.characters import visible
from bridge.render.document import (
    Block,
    Bullets,
    Document,
    Heading,
    Inline,
    Link,
    Paragraph,
    Quote,
    Rule,
    Text,
    lines,
)
from bridge.render.format import defused
from bridge.render.text import TextFormat

_ALWAYS = re.compile(r"[\\`*_{}\[\]<>~|]")
_ENTITY = re.compile(r"&(?=[#A-Za-z])")
_SCHEME = re.compile(r"(?<=[A-Za-z]):(?=//)|(?<=www)\.", re.IGNORECASE)
_START = re.compile(r"\A(?:([#+=-])|(\d{1,9})([.)]))")
_HREF = {c: f"%{ord(c):02X}" for c in '<>\\ "`*_[]'} | {"&": "&amp;"}


@dataclass(frozen=True, slots=True)
class Markdown(TextFormat):
    """Documents as CommonMark."""

    name: str = "markdown"
    emphasis: ClassVar[str] = "*"

    def write(self, document: Document) -> str:
        """Return the document as Markdown."""
        return "\n\n".join(_blocks(defused(document).blocks))

    def plain(self, value: str | None) -> str:
        """Return what a reader sees, a line for a line."""
        from markdown_it import MarkdownIt

        said: list[str] = []
        for token in MarkdownIt("commonmark").parse(value or ""):
            if token.type == "inline":
                kinds = {"softbreak": "\n", "hardbreak": "\n"}
                said.append("".join(kinds.get(c.type, c.content) for c in token.children or []))
        return "\n".join(said)


def _blocks(blocks: Iterable[Block]) -> list[str]:
    found: list[str] = []
    lists = 0
    for block in blocks:
        lists = lists + 1 if isinstance(block, Bullets) else 0
        if text := _block(block, "-*"[(lists + 1) % 2]):
            found.append(text)
    return found


def _block(block: Block, bullet: str) -> str:
    match block:
        case Heading(level, inlines):
            said = " ".join(_lines(inlines))
            return f"{'#' * min(max(level, 1), 6)} {said}" if said else ""
        case Paragraph(inlines):
            return "\\\n".join(_lines(inlines))
        case Quote(blocks):
            return _indented("\n\n".join(_blocks(blocks)), "> ", "> ")
        case Bullets(items):
            said_items = ["\n\n".join(_blocks(item)) for item in items]
            return "\n".join(_indented(item, f"{bullet} ", "  ") for item in said_items if item)
        case Rule():
            return "---"


def _indented(text: str, first: str, further: str) -> str:
    return first + text.replace("\n", f"\n{further}") if text else ""


def _lines(inlines: tuple[Inline, ...]) -> list[str]:
    return [_line(line) for line in lines(inlines)]


def _line(pieces: tuple[Text | Link, ...]) -> str:
    texts = [" ".join(visible(piece.text).split("\n")) for piece in pieces]
    whole = "".join(texts)
    found, at = "", 0
    for piece, text in zip(pieces, texts, strict=True):
        said, end = inert(text), at + len(text)
        if isinstance(piece, Link):
            found += f"[{said}](<{address(piece.href)}>)"
        else:
            found += _marked(piece, said, _is_edge(whole, at - 1) and _is_edge(whole, end))
        at = end
    return _START.sub(_stopped, found.strip())


def _stopped(start: re.Match[str]) -> str:
    return f"\\{start[1]}" if start[1] else f"{start[2]}\\{start[3]}"


def _marked(piece: Text, said: str, is_free: bool) -> str:
    """Put marks around a text that has blanks or nothing at its sides; elsewhere they could be shown."""
    marks = "*" * (2 * piece.strong + piece.em)
    core = said.strip()
    if not (marks and is_free and core):
        return said
    before, after = said.split(core, 1)
    return f"{before}{marks}{core}{marks}{after}"


def _is_edge(line: str, at: int) -> bool:
    return not 0 <= at < len(line) or line[at].isspace()


def inert(text: str) -> str:
    """Return a text that reads as it is written, wherever in a line it stands but at its start."""
    return _SCHEME.sub(r"\\\g<0>", _ENTITY.sub(r"\\&", _ALWAYS.sub(r"\\\g<0>", text)))


def address(href: str) -> str:
    """Return an address as it may stand in the angle brackets of a link."""
    return "".join(_HREF.get(character, character) for character in href)
