"""Titles of topics whose members share no subject."""

from __future__ import annotations

from typing import Final

from topics.records import Kind

_WORDS: Final = ("General", "Mixed", "Various", "Assorted", "Miscellaneous")
_NAMES: Final = {
    Kind.PROBLEM: "complaints",
    Kind.REQUEST: "requests",
    Kind.QUESTION: "questions",
    Kind.PRAISE: "praise",
    Kind.OTHER: "remarks",
}


def general_titles(kind: Kind) -> list[str]:
    """Return the titles for topics of a kind that have no subject, the first topic's first."""
    return [f"{word} {_NAMES[kind]}" for word in _WORDS]


def last_title(kind: Kind) -> str:
    """Return what is left when all of those are taken."""
    return f"{kind.capitalize()} in a few words"


def is_general(title: str) -> bool:
    """Say whether a machine's title is one of these: "General complaints"."""
    return title.casefold() in _ALL


_ALL: Final = frozenset(
    line.casefold() for kind in Kind for line in (*general_titles(kind), last_title(kind))
)
