"""Long lists in pages of a fixed size, with links to the next and the previous one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.web.errors import NotFound

SIZE: Final = 50
"""Rows on a page."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page stands in its list; `path` may have a query of its own."""

    path: str
    page: int
    total: int
    size: int = SIZE

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(-(-self.total // self.size), 1)

    @property
    def skipped(self) -> int:
        """Rows on the pages before."""
        return (self.page - 1) * self.size

    @property
    def previous(self) -> str | None:
        """Address of the page before."""
        return self._address(self.page - 1) if self.page > 1 else None

    @property
    def next(self) -> str | None:
        """Address of the page after."""
        return self._address(self.page + 1) if self.page < self.pages else None

    @property
    def shown(self) -> str:
        """Which rows are on this page, in words."""
        last = min(self.skipped + self.size, self.total)
        return f"{self.skipped + 1:,}–{last:,} of {self.total:,}" if self.total else "none"

    def _address(self, page: int) -> str:
        return f"{self.path}{'&' if '?' in self.path else '?'}page={page}"


def paging(path: str, page: int, total: int, size: int = SIZE) -> Paging:
    """Return the place of a page; raises NotFound beyond the last one."""
    found = Paging(path, page, total, size)
    if page > found.pages:
        raise NotFound(f"there is no page {page} of {path}; the last one is {found.pages}")
    return found
