"""The words of a topic, marked in what people say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from bridge.web.words import legible

_LEAST = 3  # letters of a word that is worth marking
_MOST = 12


def marked(text: str, keywords: Sequence[str]) -> Markup:
    """Return a text with a topic's words in it marked; all else is escaped."""
    stems = [re.escape(word) for term in keywords[:_MOST] for word in term.split() if len(word) >= _LEAST]
    text = legible(text)
    if not stems:
        return escape(text)
    longest = sorted(set(stems), key=len, reverse=True)
    words = re.compile(rf"\b(?:{'|'.join(longest)})\w{{0,3}}\b", re.IGNORECASE)
    parts, end = [], 0
    for found in words.finditer(text):
        parts += [escape(text[end : found.start()]), Markup("<mark>"), escape(found[0]), Markup("</mark>")]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])
