"""Queries in Jira's language, with every value quoted."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_WORD = 40
MOST_WORDS = 12


def quoted(value: str) -> str:
    """Return a value as a literal; what can't be typed in a query becomes a blank."""
    plain = "".join(letter if letter.isprintable() else " " for letter in value)
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def with_label(label: str) -> str:
    """Return the query for the issues that carry a label, oldest first."""
    return f"labels = {quoted(label)} ORDER BY id ASC"


def with_text(text: str) -> str:
    """Return the query for the issues whose text has these characters in a row, oldest first."""
    return f"text ~ {quoted(quoted(text))} ORDER BY id ASC"


def with_ids(ids: Sequence[str]) -> str:
    """Return the query for issues by their numbers."""
    return f"id in ({', '.join(ids)})"


def alike(project: str, words: Sequence[str]) -> str:
    """Return the query for a project's open issues with these words; "" if no word has letters or digits."""
    kept = searchable(words)
    if not kept:
        return ""
    return f"project = {quoted(project)} AND statusCategory != Done AND text ~ {quoted(' '.join(kept))}"


def searchable(words: Sequence[str]) -> list[str]:
    """Return the words as letters and digits only, so that nothing in them is an operator; each once."""
    pieces = [
        piece[:LONGEST_WORD]
        for word in words
        for piece in "".join(c if c.isalnum() else " " for c in word.lower()).split()
    ]
    return list(dict.fromkeys(pieces))[:MOST_WORDS]
