"""Reposts and near-duplicates: fingerprints to find candidates by, and whether one post joins another.

The bands are MinHash with locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman, Ullman: Mining of
Massive Datasets, chapter 3). With 6 bands of 4 rows two texts share a band with probability 1 - (1 - s^4)^6:
0.998 for similarity s = 0.9, 0.96 for 0.8, 0.05 for 0.3. All hashes are fixed: the same on every machine and
in every run.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_BANDS = 6
_ROWS = 4
_MIN_BAND_WORDS = 8
_LONG_TEXT_WORDS = 12
_SAME_AUTHOR = 0.8
_OTHER_AUTHOR = 0.9
_QUOTED = 0.8
_QUOTED_OF_NAMED = 0.5  # a mark that names the author needs less of the text
_MIN_QUOTED_WORDS = 4
_OWN_WORDS = 6  # a repost with more words of its own than this is a statement of its own
_CHUNK = 4096  # pairs at a time, so that a long text does not need much memory
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_SIGNED_64_BIT = 0x7FFF_FFFF_FFFF_FFFF


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What to look near-duplicates up by; each number fits a signed 64-bit column."""

    exact: int  # equal for equal words, whatever case and punctuation
    bands: tuple[int, ...]  # two texts that share one are candidates; none for texts under 8 words


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What `is_repost` looks at."""

    plain: str  # normalise.plain of its text
    author: str | None = None  # the handle or any other fixed name; None if unknown
    repost_of: str | None = None  # as in normalise.Clean


def fingerprints(plain_text: str) -> Fingerprints:
    """Return the fingerprints of a text in the form for models; linear in its length."""
    words = _words(plain_text)
    return Fingerprints(_exact(words, plain_text), _bands(words) if len(words) >= _MIN_BAND_WORDS else ())


def exact(plain_text: str) -> int:
    """Return `Fingerprints.exact` of a text alone, which costs little."""
    return _exact(_words(plain_text), plain_text)


def similarity(a: str, b: str) -> float:
    """Return how alike two texts are: the Jaccard index of their word pairs, 0–1, symmetric.

    A text of one word has no pairs; it is only like the same word. Texts without words are like nothing.
    """
    return _jaccard(_words(a), _words(b))


def is_repost(later: Post, original: Post) -> str | None:
    """Say why the later post joins the earlier one, in words; None if it stands for itself.

    Two people who write the same short thing are two people. Which of the two is earlier the caller knows.
    """
    words, source = _words(later.plain), _words(original.plain)
    if not words or not source:
        return None
    if reason := _marked(later, original, words, source):
        return reason
    likeness = _jaccard(words, source)
    if _is_same(later.author, original.author):
        return f"the same author again, similarity {likeness:.2f}" if likeness >= _SAME_AUTHOR else None
    is_long = min(len(words), len(source)) >= _LONG_TEXT_WORDS
    if is_long and likeness >= _OTHER_AUTHOR:
        return f"a copied text of {len(words)} words, similarity {likeness:.2f}"
    return None


def _exact(words: list[str], plain_text: str) -> int:
    return _hash(" ".join(words) if words else plain_text.strip())


def _marked(later: Post, original: Post, words: list[str], source: list[str]) -> str | None:
    """Decide on a post that says itself that it repeats another."""
    if later.repost_of is None or (Counter(words) - Counter(source)).total() > _OWN_WORDS:
        return None
    pairs, source_pairs = _pairs(words), _pairs(source)
    shared = len(pairs & source_pairs)
    quoted = shared / len(source_pairs)
    is_named = _is_same(later.repost_of, original.author)
    # the quote may have been cut off, so what is left of it must lie in the original
    is_cut = len(words) >= _MIN_QUOTED_WORDS and shared / len(pairs) >= _QUOTED
    if is_named and (quoted >= _QUOTED_OF_NAMED or is_cut):
        return f"a repost that names the author and quotes {quoted:.0%} of the text"
    if len(source) >= _MIN_QUOTED_WORDS and quoted >= _QUOTED:
        return f"marked as a repost and quotes {quoted:.0%} of the text"
    return None


def _is_same(a: str | None, b: str | None) -> bool:
    return a is not None and b is not None and a.lstrip("@").casefold() == b.lstrip("@").casefold()


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _pairs(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Return the pairs of neighbouring words; a single word stands for itself."""
    return frozenset(pairwise(words)) or frozenset({tuple(words)})


def _jaccard(a: Sequence[str], b: Sequence[str]) -> float:
    if not a or not b:
        return 0.0
    pairs, others = _pairs(a), _pairs(b)
    return len(pairs & others) / len(pairs | others)


def _hash(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") & _SIGNED_64_BIT


def _bands(words: Sequence[str]) -> tuple[int, ...]:
    import numpy as np

    pairs = {f"{first} {second}" for first, second in pairwise(words)}
    hashes = np.fromiter(
        (zlib.crc32(pair.encode("utf-8", "surrogatepass")) for pair in pairs), dtype=np.uint64
    )
    factors, offsets = _permutations()
    smallest = np.full(_BANDS * _ROWS, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(hashes), _CHUNK):
        permuted = hashes[start : start + _CHUNK, None] * factors + offsets  # modulo 2^64
        smallest = np.minimum(smallest, (permuted >> np.uint64(32)).min(axis=0))
    mixed = (smallest * factors + offsets).reshape(_BANDS, _ROWS).sum(axis=1) >> np.uint64(1)
    return tuple(mixed.tolist())


@cache
def _permutations() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Return odd factors and offsets of the 24 hash functions (multiply-shift, Dietzfelbinger 1997)."""
    import numpy as np

    drawn = [_hash(f"feedback-bridge near {n}") for n in range(2 * _BANDS * _ROWS)]
    half = _BANDS * _ROWS
    return np.array([n | 1 for n in drawn[:half]], dtype=np.uint64), np.array(drawn[half:], dtype=np.uint64)
