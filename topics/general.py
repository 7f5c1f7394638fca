"""Titles of topics whose members share no subject, as far as a machine can tell."""

from __future__ import annotations

import re
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
_NUMBER: Final = re.compile(r" \d+$")


def general_titles(kind: Kind) -> list[str]:
    """Return the titles for topics of a kind that have no subject, the first topic's first.

    When all are taken, a number at the end tells further ones apart.
    """
    return [f"{word} {_NAMES[kind]}" for word in _WORDS]


def unread_title(kind: Kind) -> str:
    """Return the title for members whose words can't be told apart, so that nobody knows what they share."""
    return f"{_NAMES[kind].capitalize()} in another script"


def is_general(title: str) -> bool:
    """Say whether a machine's title tells that there is no subject: "General complaints"."""
    return _NUMBER.sub("", title.casefold()) in _ALL


_ALL: Final = frozenset(
    line.casefold()
    for kind in Kind
    for line in (*general_titles(kind), f"{kind} in a few words")  # the last: in stores of older versions
)
