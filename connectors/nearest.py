"""The nearest valid name to a mistyped one, for messages that say what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """Return the valid name most like the word, or None if none is like it; case does not count."""
    by_folded = {name.casefold(): name for name in valid}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.55)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest valid name, or nothing if none is near."""
    found = nearest(word, valid)
    return f" Did you mean {found!r}?" if found else ""
