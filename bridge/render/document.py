"""What a ticket or a note says, in no tracker's format.

A document is a tuple of blocks, a block holds inlines or further blocks. Whoever writes a format turns every
text into something inert: here a text is only what a reader shall see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Literal characters on one line, strong or emphasised."""

    text: str
    strong: bool = False
    em: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Literal characters that lead to an address, which was found safe."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Break:
    """A new line inside a paragraph."""


Inline = Text | Link | Break


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, of level 1 to 6."""

    level: int
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together."""

    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody said."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; each item is a tuple of blocks."""

    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""


Block = Heading | Paragraph | Quote | Bullets | Rule


@dataclass(frozen=True, slots=True)
class Document:
    """Blocks from top to bottom."""

    blocks: tuple[Block, ...]


def leaves(blocks: tuple[Block, ...]) -> Iterator[Heading | Paragraph | Rule]:
    """Yield the headings, paragraphs and rules of all blocks in reading order, out of quotes and lists."""
    for block in blocks:
        match block:
            case Quote(inner):
                yield from leaves(inner)
            case Bullets(items):
                for item in items:
                    yield from leaves(item)
            case _:
                yield block


def lines(inlines: tuple[Inline, ...]) -> list[tuple[Text | Link, ...]]:
    """Return the inlines of each line, without lines that are blank."""
    found: list[list[Text | Link]] = [[]]
    for inline in inlines:
        if isinstance(inline, Break):
            found.append([])
        elif inline.text:
            found[-1].append(inline)
    return [tuple(line) for line in found if "".join(piece.text for piece in line).strip()]


def plain_text(blocks: tuple[Block, ...]) -> str:
    """Return what a reader sees, without its form: a line for a line, a blank line between blocks."""
    said = [
        "\n".join("".join(piece.text for piece in line) for line in lines(leaf.inlines))
        for leaf in leaves(blocks)
        if not isinstance(leaf, Rule)
    ]
    return "\n\n".join(text for text in said if text)
