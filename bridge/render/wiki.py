r"""The wiki markup of Jira Data Center.

What is literal is made inert character by character: a backslash before `{ } [ ] ! * _ - + ^ ~ ? | #` where
it could mean something, and HTML's number for what a backslash can't stop (`\`, `&`, and `:`, `;`, `(`, `.`
where an address, a smiley or a heading would come of it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape
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

_ALWAYS = frozenset("{}[]!*_+^~|#")
_HREF = {c: f"%{ord(c):02X}" for c in "[]{}|\\!*~^\"<> '"}
_HEADED = re.compile(r"\s*(?:h[1-6]|bq)\Z", re.IGNORECASE)
_SOON_CLOSED = re.compile(r"\([^\s()]{0,10}\)")
_WORD_BEFORE = re.compile(r"\w{1,80}\Z")
_SMILE = frozenset(")-(")


@dataclass(frozen=True, slots=True)
class Wiki(TextFormat):
    """Documents as wiki markup."""

    name: str = "wiki"
    emphasis: ClassVar[str] = "_"

    def write(self, document: Document) -> str:
        """Return the document as markup."""
        return "\n\n".join(_blocks(defused(document).blocks))

    def plain(self, value: str | None) -> str:
        """Return what a reader sees of our markup; markup that we never write stays as it is."""
        return "\n".join(_shown(line) for line in (value or "").splitlines() if line.strip() != "{quote}")


def _blocks(blocks: Iterable[Block]) -> list[str]:
    return [text for block in blocks if (text := _block(block))]


def _block(block: Block) -> str:
    match block:
        case Heading(level, inlines):
            said = _lines(inlines)
            return f"h{min(max(level, 1), 6)}. {' '.join(said)}" if said else ""
        case Paragraph(inlines):
            return "\n".join(_lines(inlines))
        case Quote(blocks):
            inner = "\n\n".join(_flat(blocks))
            return f"{{quote}}\n{inner}\n{{quote}}" if inner else ""
        case Bullets(items):
            return "\n".join(_items(items, "*"))
        case Rule():
            return "----"


def _flat(blocks: Iterable[Block]) -> list[str]:
    """Return what stands in a quote: a quote in it would end it, so its blocks take its place."""
    found: list[str] = []
    for block in blocks:
        found += _flat(block.blocks) if isinstance(block, Quote) else _blocks([block])
    return found


def _items(items: tuple[tuple[Block, ...], ...], stars: str) -> list[str]:
    """Return each item on one line, further lists below it."""
    found: list[str] = []
    for item in items:
        said: list[str] = []
        deeper: list[str] = []
        for block in item:
            match block:
                case Heading(_, inlines) | Paragraph(inlines):
                    said += _lines(inlines)
                case Bullets(inner):
                    deeper += _items(inner, f"{stars}*")
                case Quote(inner_blocks):
                    deeper += _items((inner_blocks,), f"{stars}*")
        if said or deeper:
            found += [f"{stars} {' '.join(said)}".rstrip(), *deeper]
    return found


def _lines(inlines: tuple[Inline, ...]) -> list[str]:
    return [_line(line) for line in lines(inlines)]


def _line(pieces: tuple[Text | Link, ...]) -> str:
    texts = [visible(piece.text).replace("\n", " ") for piece in pieces]
    whole = "".join(texts)
    inert = [_inert(whole, n) for n in range(len(whole))]
    found, at = "", 0
    for piece, text in zip(pieces, texts, strict=True):
        end = at + len(text)
        said = "".join(inert[at:end])
        if isinstance(piece, Link):
            found += f"[{said.strip() or _address(piece.href)}|{_address(piece.href)}]"
        else:
            found += _marked(piece, said, _is_edge(whole, at - 1) and _is_edge(whole, end))
        at = end
    return found.strip()


def _marked(piece: Text, said: str, is_free: bool) -> str:
    """Put marks around a text that has no letter at its sides; elsewhere they would be shown."""
    marks = "*" * piece.strong + "_" * piece.em
    core = said.strip()
    if not (marks and is_free and core):
        return said
    before, after = said.split(core, 1) if core in said else ("", "")
    return f"{before}{marks}{core}{marks[::-1]}{after}"


def _is_edge(line: str, at: int) -> bool:
    return not 0 <= at < len(line) or line[at].isspace() or line[at] in ",.;:"


def _inert(line: str, at: int) -> str:
    """Return a character of a line so that it only shows itself."""
    character = line[at]
    if character.isalnum() or character == " ":
        return character
    before, after = line[at - 1] if at else "", line[at + 1 : at + 2]
    if character in _ALWAYS:
        return f"\\{character}"
    if character == "-":
        return "-" if _joins_words(line, at) else "\\-"
    if character == "?":
        return "\\?" if "?" in {before, after} or "(" in line[max(0, at - 3) : at] else "?"
    return f"&#{ord(character)};" if _is_live(line, at, before, after) else character


def _joins_words(line: str, at: int) -> bool:
    """Whether a hyphen stands in a word or a date; not in what reads like an issue's key."""
    word = _WORD_BEFORE.search(line[max(0, at - 80) : at])
    after = line[at + 1 : at + 2]
    if word is None or not line[at - 1].isalnum() or not after.isalnum():
        return False
    return after.isalpha() or word[0].isdecimal()


def _is_live(line: str, at: int, before: str, after: str) -> bool:
    match line[at]:
        case "\\":
            return True
        case "&":
            return after == "#" or after.isalpha()
        case ":":
            return not (after == "" or after.isspace() or (before.isdigit() and after.isdigit()))
        case ";":
            return after in _SMILE and bool(after)
        case "(":
            return bool(_SOON_CLOSED.match(line, at))
        case ".":
            return bool(_HEADED.match(line[:at]) or line[max(0, at - 3) : at].lower() == "www")
    return False


def _address(href: str) -> str:
    return "".join(_HREF.get(character, character) for character in href)


_LINK = re.compile(r"(?<!\\)\[((?:[^\[\]|\\]|\\.)*)\|[^\]|]*\]")
_START = re.compile(r"\A(?:h[1-6]\. |\*+ (?!\*\s)|----\Z)")
_MARK = re.compile(r"(?<![\\\w])([*_]{1,2})(?=\S)((?:[^\\*_]|\\.)+?)(?<=\S)[*_]{1,2}(?!\w)")
_ESCAPE = re.compile(r"\\([^A-Za-z0-9\s\\])")


def _shown(line: str) -> str:
    text = _MARK.sub(r"\2", _LINK.sub(r"\1", _START.sub("", line)))
    return unescape(_ESCAPE.sub(r"\1", text))
