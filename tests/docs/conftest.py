from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the documentation, with its fenced blocks and its code spans."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    def blocks(self, language: str, *, below: str = "") -> list[str]:
        """Return the fenced blocks in a language, all or those below a heading (up to the next one)."""
        part = self.text
        if below:
            found = re.search(
                rf"^#+ {re.escape(below)}\n(.*?)(?=^#+ |\Z)", _blind(part), re.DOTALL | re.MULTILINE
            )
            assert found, f"{self.name} has no heading {below!r}"
            part = part[found.start(1) : found.end(1)]
        return re.findall(rf"^```{language}\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)

    def spans(self) -> Iterator[str]:
        """Yield the code spans outside fenced blocks."""
        prose = re.sub(r"^```.*?^```$", "", self.text, flags=re.DOTALL | re.MULTILINE)
        yield from re.findall(r"`([^`\n]+)`", prose)


def _blind(text: str) -> str:
    """Blank out comments in fenced blocks, so that none looks like a heading; keep all places."""
    return re.sub(r"^```.*?^```$", lambda m: m[0].replace("#", "-"), text, flags=re.DOTALL | re.MULTILINE)


def read(name: str) -> Page:
    path = ROOT / name
    return Page(path, path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pages() -> dict[str, Page]:
    """All pages by their names, such as `docs/rules.md`."""
    names = [*OURS, *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
    return {name: read(name) for name in names}
