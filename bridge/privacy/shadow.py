"""A text as those read it who hide data in it: one spelling for each character, and where each came from."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_CODED = re.compile(
    r"%(?:25){0,8}([0-9A-Fa-f]{2})|&#(\d{1,7});?|&#[xX]([0-9A-Fa-f]{1,6});?|\\u([0-9A-Fa-f]{4})"
    r"|&(commat|period|plus|lowbar|hyphen|nbsp|colon|sol|lpar|rpar);"
)
_NAMES = {"commat": "@", "period": ".", "plus": "+", "lowbar": "_", "hyphen": "-", "nbsp": " "}
_NAMES |= {"colon": ":", "sol": "/", "lpar": "(", "rpar": ")"}
_SAME = {
    ".": "\u3002\uff0e\uff61\u2024\u2027\u2219\u22c5\u00b7\u2022",
    "/": "\u2044\u2215\u29f8\uff0f",
    "-": "\u2212\u207b\u02d7",
    "\n": "\u2028\u2029\x85",
    "": "\u115f\u1160\u3164\uffa0\u2800",
}
_READ = {character: same for same, characters in _SAME.items() for character in characters}
_GONE = frozenset(["Mn", "Me", "Cf", "Cc", "Cs", "Co"])
_CODES = "%&\\\uff05\uff06\uff3c\ufe6a\ufe60\ufe68"
_FIRST_ASCII, _PAST_ASCII, _LAST = 0x20, 0x7F, 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)


@dataclass(frozen=True, slots=True)
class Shadow:
    """A text in one spelling; `starts` and `ends` say from which characters each of its characters came."""

    text: str
    starts: list[int] | None
    ends: list[int] | None
    length: int

    @classmethod
    def of(cls, text: str, *, decode: bool) -> Shadow:
        """Return the shadow of a text; `decode` reads percent codes and HTML's character codes."""
        coded = decode and any(sign in text for sign in _CODES)
        if text.isascii() and not coded and (text.isprintable() or not _has_controls(text)):
            return cls(text, None, None, len(text))
        spelled = [_spelled(character) for character in text]
        starts = [n for n, seen in enumerate(spelled) for _ in seen]
        shadow = cls("".join(spelled), starts, [n + 1 for n in starts], len(text))
        return shadow._decoded() if decode and _CODED.search(shadow.text) else shadow

    def _decoded(self) -> Shadow:
        """Return the shadow with each code read as its character."""
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        old_starts, old_ends = self.starts or [], self.ends or []
        for code in (*_CODED.finditer(self.text), None):
            till = code.start() if code else len(self.text)
            pieces.append(self.text[at:till])
            starts += old_starts[at:till]
            ends += old_ends[at:till]
            if code:
                seen = _spelled(_character(code))
                pieces.append(seen)
                starts += [old_starts[till]] * len(seen)
                at = code.end()
                ends += [old_ends[at - 1]] * len(seen)
        return Shadow("".join(pieces), starts, ends, self.length)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the text behind a span of the shadow, with what is invisible after it."""
        if self.starts is None or self.ends is None:
            return start, end
        last = self.starts[end] if end < len(self.starts) else self.length
        return self.starts[start], max(self.ends[end - 1], last)


def _has_controls(text: str) -> bool:
    return any(not c.isprintable() and c not in "\n\t" for c in text)


def _character(code: re.Match[str]) -> str:
    """Return the character of a code; bytes past ASCII stay as they are written."""
    if code[5]:
        return _NAMES[code[5]]
    number = int(code[2]) if code[2] else int(code[1] or code[3] or code[4], 16)
    if code[1]:
        return chr(number) if _FIRST_ASCII <= number < _PAST_ASCII or number == ord("\n") else code[0]
    return chr(number) if number <= _LAST and not _SURROGATES[0] <= number <= _SURROGATES[1] else code[0]


@lru_cache(maxsize=8192)
def _spelled(raw: str) -> str:
    """Return how a character is read: ASCII for digits, dashes and dots, nothing for the invisible."""
    if len(raw) != 1:
        return raw
    if raw.isascii():
        return raw if raw.isprintable() or raw == "\n" else _blank(raw)
    category = unicodedata.category(raw)
    if raw in _READ or category in _GONE:
        return _READ.get(raw, "")
    if (digit := unicodedata.digit(raw, None)) is not None:
        return str(digit)
    if category in {"Zs", "Pd"}:
        return " " if category == "Zs" else "-"
    same = unicodedata.normalize("NFKC", raw)
    return same if len(same) == 1 or same.isascii() else raw


def _blank(raw: str) -> str:
    return " " if raw == "\t" else "\n" if raw in "\r\v\f" else ""
