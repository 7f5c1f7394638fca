"""The keys of the page: one table that templates, the page of help and the tests read.

A browser may have others in their place, chosen on the page of help: the script puts them in.
The script knows no key by itself: it looks for the element that bears `data-key`, so what can't be seen can't
be pressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or two in a row, and what it does."""

    keys: str  # as `data-key` has it: "a", "g m"
    does: str
    where: str  # everywhere · list · topic
    leads: bool = False  # a digit after it is a part of the key, not of a menu that it opens


KEYS: Final = (
    Key("j", "the next one", "list"),
    Key("k", "the one before", "list"),
    Key("o", "open the topic", "list"),
    Key("a", "approve: its ticket is made at the next sync", "topic"),
    Key("e", "edit title, text and type before the ticket is made", "topic"),
    Key("d", "reject: make no ticket; then 1 to 6 for the reason", "topic"),
    Key("z", "snooze; then 1 for a week, 2 for a month, 3 until it grows", "topic"),
    Key("i", "ignore; then 1 to 6 for the reason", "topic"),
    Key("g m", "merge it into another; then 1 to 5 for one that is like it", "topic"),
    Key("s", "split it; then 1 to 9 for a group", "topic"),
    Key("r", "rename it", "topic"),
    Key("n", "keep apart what was asked to be one", "topic"),
    Key("x", "tick it, to decide about several at once", "list"),
    Key("X", "tick all from the last ticked to here", "list"),
    Key("u", "take back what was just decided", "everywhere"),
    Key("p", "make a quote a key quote, or no longer; then 1 to 9 for which", "topic", leads=True),
    Key("v", "open the source of the first quote", "topic"),
    Key("J", "open its issue in Jira, or in the embedded backlog", "topic"),
    Key("w", "why these belong together", "topic"),
    Key("/", "search", "everywhere"),
    Key("g h", "go to today", "everywhere"),
    Key("g r", "go to review", "everywhere"),
    Key("g t", "go to topics", "everywhere"),
    Key("g w", "go to trends, week by week", "everywhere"),
    Key("g i", "go to items", "everywhere"),
    Key("g n", "go to what fits no topic", "everywhere"),
    Key("g c", "go to what will change in the tracker", "everywhere"),
    Key("g b", "go to the backlog", "everywhere"),
    Key("g s", "go to sources", "everywhere"),
    Key("?", "this help", "everywhere"),
)
OTHERS: Final = (
    ("Ctrl+K", "find a page, a view, a topic or a verb by its words", "everywhere"),
    ("Ctrl+Enter", "send the form that is being written in", "fields"),
    ("Esc", "leave a field, close a menu", "fields and menus"),
)
"""Keys that no element bears: the script handles them, and they stay as they are."""
