"""What a format of a tracker can do with a document."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from bridge.render.document import Block, Break, Bullets, Document, Heading, Inline, Paragraph, Quote, Text

BEGIN = "Feedback Bridge keeps what stands between these two lines up to date"
"""The line above what is ours in a description."""

END = "End of what Feedback Bridge keeps up to date"
"""The line below what is ours in a description."""


class Format(Protocol):
    """A way to write documents, and to find what we wrote again among what people wrote.

    A description is a dict for ADF and a str else; None and "" are empty ones.
    """

    @property
    def name(self) -> str:
        """`adf`, `wiki` or `markdown`."""
        ...

    def write(self, document: Document) -> Any:
        """Return a document without delimiters, as for a comment."""
        ...

    def wrap(self, document: Document) -> Any:
        """Return a whole description: the managed block between its delimiters."""
        ...

    def block(self, description: Any) -> str | None:
        """Return the canonical text between the delimiters; None if there is no single well-formed block."""
        ...

    def replace(self, description: Any, document: Document) -> Any:
        """Return the description with only the inside of the block replaced; `ValueError` without a block."""
        ...

    def canonical(self, document: Document) -> str:
        """Return what `block` reads back when nobody has changed what was written from the document."""
        ...

    def plain(self, value: Any) -> str:
        """Return what a reader sees of a value of this format, without its form."""
        ...

    def size(self, value: Any) -> int:
        """Return what counts towards the tracker's limit, in UTF-16 units as Java counts them."""
        ...


def units(text: str) -> int:
    """Return the length of a text as Java counts it: an emoji is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def is_delimiter(line: str, wanted: str) -> bool:
    """Whether a line of a description is one of ours, whatever blanks and emphasis stand around it."""
    return " ".join(line.strip(" \t\r\n\xa0_*").split()) == wanted


def defused(document: Document) -> Document:
    """Return the document with a full stop after every line that reads like a delimiter."""
    return Document(tuple(_defused(block) for block in document.blocks))


def _defused(block: Block) -> Block:
    match block:
        case Heading() | Paragraph():
            return replace(block, inlines=_stopped(block.inlines))
        case Quote(blocks):
            return Quote(tuple(_defused(inner) for inner in blocks))
        case Bullets(items):
            return Bullets(tuple(tuple(_defused(inner) for inner in item) for item in items))
    return block


def _stopped(inlines: tuple[Inline, ...]) -> tuple[Inline, ...]:
    found: list[Inline] = []
    line = ""
    for inline in (*inlines, Break()):
        if not isinstance(inline, Break):
            line += inline.text
        else:
            if is_delimiter(line, BEGIN) or is_delimiter(line, END):
                found.append(Text("."))
            line = ""
        found.append(inline)
    return tuple(found[:-1])


def inside(description: str) -> tuple[int, int] | None:
    """Return where the inside of the block starts and ends in a text; None without one well-formed block."""
    begins: list[int] = []
    ends: list[int] = []
    at = 0
    for line in description.splitlines(keepends=True):
        if is_delimiter(line, BEGIN):
            begins.append(at + len(line))
        elif is_delimiter(line, END):
            ends.append(at)
        at += len(line)
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        return None
    return begins[0], ends[0]


def settled(text: str) -> str:
    """Return a text as it reads after a server has tidied it: line ends, blanks and blank lines are one."""
    return "\n".join(line for raw in text.splitlines() if (line := " ".join(raw.split())))
