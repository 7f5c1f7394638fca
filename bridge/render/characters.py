"""Which characters of a customer's text a reader gets to see."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NEW_LINES = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f"
_KEPT = re.compile(_FLAG + r"|(?s:.)[\ufe0e\ufe0f]?")
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_NOTHING = (  # variation selectors, tags, and what is no character
    (0xFE00, 0xFE0F),
    (0xE0000, 0xE0FFF),
    (0xFDD0, 0xFDEF),
    *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)),
)
_JOINER = "\u200d"
_FIRST_EMOJI = 0x203C
_EMOJI_CATEGORIES = frozenset(["So", "Sk", "Cn"])
_GONE = frozenset(["Cc", "Cf", "Cs", "Co"])


def visible(text: str) -> str:
    """Return a text without what nobody sees or what makes text lie; emoji stay whole.

    Gone are control, bidi, zero-width and private-use characters, lone surrogates, fillers, and variation
    selectors but the two of emoji. All line ends become a new line; tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    pieces = [p for p in _KEPT.findall(_NEW_LINES.sub("\n", text)) if p == _JOINER or _is_kept(p[0])]
    return "".join(p for n, p in enumerate(pieces) if p != _JOINER or _joins(pieces, n))


def one_line(text: str) -> str:
    """Return what is visible of a text on one line, with single spaces."""
    return " ".join(visible(text).split())


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters of a text, cut at a word with "…" if that leaves half of it."""
    if len(text) <= limit:
        return text
    head = text[: max(limit - 1, 0)]
    if not text[len(head)].isspace():
        at = max(head.rfind(" "), head.rfind("\n"))
        head = head[:at] if at >= limit // 2 else head
    return f"{_whole(head, text).rstrip(' ,;:-')}…"[:limit]


def _whole(head: str, text: str) -> str:
    """Take a half emoji off the end of a cut."""
    following = text[len(head) : len(head) + 1]
    if following in {_JOINER, "\ufe0f", "\ufe0e"} or head.endswith(_JOINER):
        return head.rstrip(_JOINER)[:-1]
    return head


@lru_cache(maxsize=4096)
def _is_kept(character: str) -> bool:
    code = ord(character)
    if character in "\n\t":
        return True
    if character in _FILLERS or any(first <= code <= last for first, last in _NOTHING):
        return False
    return unicodedata.category(character) not in _GONE


def _joins(pieces: list[str], at: int) -> bool:
    """Whether the joiner at this place stands between two emoji."""
    return 0 < at < len(pieces) - 1 and _is_emoji(pieces[at - 1][0]) and _is_emoji(pieces[at + 1][0])


def _is_emoji(character: str) -> bool:
    return ord(character) >= _FIRST_EMOJI and unicodedata.category(character) in _EMOJI_CATEGORIES
