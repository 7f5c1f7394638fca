"""The three-way merge: what we wrote last, what stands in the tracker now, what we would write.

A field that stands otherwise than we wrote it was edited by a person: it is theirs for good. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.plan import hashed

if TYPE_CHECKING:
    from bridge.render.document import Document
    from bridge.render.format import Format
    from bridge.tracker import Remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What we would write: the title as it goes out, the document of the block, the figures by our names."""

    title: str
    document: Document
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Merged:
    """What may be written, what was newly found to be theirs, and what will stand as written by us."""

    title: str | None = None
    description: Any = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    theirs: tuple[str, ...] = ()
    written: Mapping[str, Any] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return self.title is None and self.description is None and not self.figures


def merge(
    wanted: Wanted, now: Remote, written: Mapping[str, Any], theirs: Collection[str], fmt: Format
) -> Merged:
    """Say what of `wanted` may be written over what stands `now`."""
    title, title_is_theirs = _title(wanted.title, now.title, written, theirs)
    description, block_is_theirs = _description(wanted.document, now.description, written, theirs, fmt)
    figures, figures_are_theirs = _figures(wanted.figures, now.figures, written, theirs)
    stands = dict(written)
    if title is not None:
        stands["title"] = hashed(title)
    if description is not None:
        stands["description"] = hashed(fmt.canonical(wanted.document))
    stands["figures"] = {**written.get("figures", {}), **figures}
    found = [
        name
        for name, is_theirs in (("title", title_is_theirs), ("description", block_is_theirs))
        if is_theirs
    ]
    return Merged(title, description, figures, (*found, *figures_are_theirs), stands)


def written_at_first(wanted: Wanted, fmt: Format) -> dict[str, Any]:
    """Return what stands as written by us right after a create."""
    return {
        "title": hashed(wanted.title),
        "description": hashed(fmt.canonical(wanted.document)),
        "figures": dict(wanted.figures),
    }


def _title(
    title: str, now: str, written: Mapping[str, Any], theirs: Collection[str]
) -> tuple[str | None, bool]:
    if "title" in theirs:
        return None, False
    if now != title and hashed(now) != written.get("title"):
        return None, True
    return (None if now == title else title), False


def _description(
    document: Document, now: Any, written: Mapping[str, Any], theirs: Collection[str], fmt: Format
) -> tuple[Any, bool]:
    if "description" in theirs:
        return None, False
    block, wanted = fmt.block(now), fmt.canonical(document)
    if block is None or (block != wanted and hashed(block) != written.get("description")):
        return None, True
    return (None if block == wanted else fmt.replace(now, document)), False


def _figures(
    wanted: Mapping[str, Any], now: Mapping[str, Any], written: Mapping[str, Any], theirs: Collection[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the figures to write and the names of those that people have set; only fields that are there."""
    told: Mapping[str, Any] = written.get("figures", {})
    found, edited = {}, []
    for name, value in wanted.items():
        if name not in now or f"figures.{name}" in theirs or _same(now[name], value):
            continue
        untouched = _same(now[name], told[name]) if name in told else now[name] is None
        if untouched:
            found[name] = value
        else:
            edited.append(f"figures.{name}")
    return found, tuple(edited)


def _same(one: Any, other: Any) -> bool:
    """Whether two figures are the same, however a tracker keeps numbers."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return float(one) == float(other)
    return str(one) == str(other)
