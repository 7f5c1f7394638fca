"""The Atlassian Document Format of Jira Cloud; of its many nodes these eight: see `NODES`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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
from bridge.render.format import BEGIN, END, defused, is_delimiter, settled, units

Node = dict[str, Any]

NODES = frozenset(
    ["doc", "paragraph", "heading", "blockquote", "bulletList", "listItem", "rule", "text", "hardBreak"]
)
MARKS = frozenset(["strong", "em", "link"])


@dataclass(frozen=True, slots=True)
class Adf:
    """Documents as trees of nodes; what a customer wrote stands in text nodes only."""

    name: str = "adf"

    def write(self, document: Document) -> Node:
        """Return the document as a tree."""
        return _doc(_blocks(defused(document).blocks))

    def wrap(self, document: Document) -> Node:
        """Return a whole description: the managed block between its delimiters."""
        inner: list[Node] = self.write(document)["content"]
        return _doc([_line(BEGIN), *inner, _line(END)])

    def block(self, description: Any) -> str | None:
        """Return the canonical text between the delimiters; None if there is no single well-formed block."""
        place = _inside(description)
        return None if place is None else _canonical(description["content"][place[0] : place[1]])

    def replace(self, description: Any, document: Document) -> Node:
        """Return the description with only the nodes inside the block replaced."""
        place = _inside(description)
        if place is None:
            raise ValueError("the description has no single block of ours; look at `block` first")
        content = description["content"]
        inner: list[Node] = self.write(document)["content"]
        return {**description, "content": [*content[: place[0]], *inner, *content[place[1] :]]}

    def canonical(self, document: Document) -> str:
        """Return what `block` reads back when nobody has changed what was written."""
        return _canonical(self.write(document)["content"])

    def plain(self, value: Any) -> str:
        """Return what a reader sees of a tree, a line for a line."""
        return "\n".join(_plain(value)) if isinstance(value, dict) else ""

    def size(self, value: Any) -> int:
        """Return the length of the tree as JSON."""
        return units(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _doc(content: list[Node]) -> Node:
    return {"version": 1, "type": "doc", "content": content}


def _line(text: str) -> Node:
    return {"type": "paragraph", "content": [{"type": "text", "text": text, "marks": [{"type": "em"}]}]}


def _blocks(blocks: Iterable[Block]) -> list[Node]:
    return [node for block in blocks for node in _block(block)]


def _block(block: Block) -> list[Node]:
    match block:
        case Heading(level, inlines):
            attrs = {"level": min(max(level, 1), 6)}
            return [{"type": "heading", "attrs": attrs, "content": n} for n in [_inlines(inlines)] if n]
        case Paragraph(inlines):
            return [{"type": "paragraph", "content": n} for n in [_inlines(inlines)] if n]
        case Quote(blocks):
            return [{"type": "blockquote", "content": n} for n in [_plain_blocks(blocks)] if n]
        case Bullets(items):
            filled = [n for item in items if (n := _plain_blocks(item))]
            found = [{"type": "listItem", "content": n} for n in filled]
            return [{"type": "bulletList", "content": found}] if found else []
        case Rule():
            return [{"type": "rule"}]


def _plain_blocks(blocks: Iterable[Block]) -> list[Node]:
    """Return what may stand in quotes and items: paragraphs and lists; other blocks are turned into them."""
    found: list[Node] = []
    for block in blocks:
        match block:
            case Heading(_, inlines):
                strong = tuple(Text(i.text, strong=True) if isinstance(i, Text) else i for i in inlines)
                found += _block(Paragraph(strong))
            case Quote(inner):
                found += _plain_blocks(inner)
            case Paragraph() | Bullets():
                found += _block(block)
    return found


def _inlines(inlines: tuple[Inline, ...]) -> list[Node]:
    found: list[Node] = []
    for number, line in enumerate(lines(inlines)):
        if number:
            found.append({"type": "hardBreak"})
        for piece in line:
            _append(found, piece)
    return found


def _append(found: list[Node], piece: Text | Link) -> None:
    """Add a text node, or go on with the last one if its marks are the same."""
    text = visible(piece.text).replace("\n", " ").replace("\t", " ")
    if not text:
        return
    marks: list[Node] = []
    if isinstance(piece, Link):
        marks = [{"type": "link", "attrs": {"href": piece.href}}]
    else:
        marks = [{"type": name} for name in ("strong", "em") if getattr(piece, name)]
    last = found[-1] if found else {}
    if last.get("type") == "text" and last.get("marks", []) == marks:
        last["text"] += text
    else:
        found.append({"type": "text", "text": text} | ({"marks": marks} if marks else {}))


def _inside(description: Any) -> tuple[int, int] | None:
    if not isinstance(description, dict) or not isinstance(description.get("content"), list):
        return None
    said = ["\n".join(_plain(n)) if _is(n, "paragraph") else "" for n in description["content"]]
    begins = [n + 1 for n, text in enumerate(said) if is_delimiter(text, BEGIN)]
    ends = [n for n, text in enumerate(said) if is_delimiter(text, END)]
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        return None
    return begins[0], ends[0]


def _is(node: Any, kind: str) -> bool:
    return isinstance(node, dict) and node.get("type") == kind


def _children(node: Any) -> list[Any]:
    content = node.get("content") if isinstance(node, dict) else None
    return content if isinstance(content, list) else []


def _plain(node: Node) -> list[str]:
    """Return the lines of a node."""
    content = _children(node)
    if any(_is(child, "text") for child in content):
        pieces = [str(c.get("text", "")) if _is(c, "text") else _stand_in(c) for c in content]
        return "".join(pieces).split("\n")
    return [line for child in content for line in _plain(child)]


def _stand_in(node: Any) -> str:
    if _is(node, "hardBreak"):
        return "\n"
    attrs = node.get("attrs") if isinstance(node, dict) else None
    return str(attrs.get("text", attrs.get("url", ""))) if isinstance(attrs, dict) else ""


_OURS = {"paragraph": "", "blockquote": "> ", "listItem": "* ", "bulletList": "", "doc": ""}


def _canonical(nodes: list[Any]) -> str:
    return settled("\n".join(line for node in nodes for line in _told(node)))


def _told(node: Any) -> list[str]:
    """Return a node's lines with what it is, but nothing that servers add on their own account."""
    if not isinstance(node, dict):
        return [repr(node)]
    kind, content = str(node.get("type")), _children(node)
    if kind in {"paragraph", "heading"}:
        level = (node.get("attrs") or {}).get("level", 1) if kind == "heading" else 0
        return [f"{'#' * int(level)} {line}" for line in _marked(content).split("\n") if line.strip()]
    inner = [line for child in content for line in _told(child)]
    if kind in _OURS:
        return [f"{_OURS[kind]}{line}" for line in inner]
    attrs = node.get("attrs") if isinstance(node.get("attrs"), dict) else {}
    told = {key: value for key, value in sorted((attrs or {}).items()) if key != "localId"}
    return [f"<{kind} {json.dumps(told)} {node.get('text', '')}>", *inner]


def _marked(content: list[Any]) -> str:
    """Return inlines as text with signs for their marks; blanks carry none, so they may move over an edge."""
    found, open_marks = "", ""
    for node in content:
        if not _is(node, "text"):
            found += "\n" if _is(node, "hardBreak") else " ".join(_told(node))
            continue
        marks = _marks(node)
        for character in str(node.get("text", "")):
            if not character.isspace() and marks != open_marks:
                found, open_marks = f"{found}{{{marks}}}", marks
            found += character
    return found


def _marks(node: Node) -> str:
    marks = [mark for mark in node.get("marks") or [] if isinstance(mark, dict)]
    found = sorted(str(mark.get("type")) for mark in marks if mark.get("type") != "link")
    hrefs = [str((m.get("attrs") or {}).get("href", "")) for m in marks if m.get("type") == "link"]
    text = str(node.get("text", ""))
    return " ".join(found + [href for href in hrefs if href.rstrip("/") != text.strip().rstrip("/")])
