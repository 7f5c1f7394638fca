"""What the formats that are plain text have in common: where the block stands, and what it reads back as."""

from __future__ import annotations

from typing import ClassVar, Protocol

from bridge.render.document import Document
from bridge.render.format import BEGIN, END, inside, settled, units


class TextFormat(Protocol):
    """A format whose documents are text; a subclass says how one is written, and what a reader sees of it."""

    emphasis: ClassVar[str]

    def write(self, document: Document) -> str:
        """Return the document as markup."""
        ...

    def wrap(self, document: Document) -> str:
        """Return a whole description: the managed block between its delimiters."""
        mark = self.emphasis
        return f"{mark}{BEGIN}{mark}\n\n{self.write(document)}\n\n{mark}{END}{mark}"

    def block(self, description: str | None) -> str | None:
        """Return the canonical text between the delimiters; None if there is no single well-formed block."""
        place = inside(description or "")
        return None if place is None or description is None else settled(description[slice(*place)])

    def replace(self, description: str, document: Document) -> str:
        """Return the description with only the inside of the block replaced."""
        place = inside(description)
        if place is None:
            raise ValueError("the description has no single block of ours; look at `block` first")
        return f"{description[: place[0]]}\n{self.write(document)}\n\n{description[place[1] :]}"

    def canonical(self, document: Document) -> str:
        """Return what `block` reads back when nobody has changed what was written."""
        return settled(self.write(document))

    def size(self, value: str) -> int:
        """Return the number of characters."""
        return units(value)
