"""What is similar: topics by their centroids, texts such as reports and tickets by meaning and words.

A text's first line is its title. Vectors know that "grinds to a halt" is "keeps pausing"; words know that
`nsIMsgFolder` or "error 0x80004005" is the same thing twice. Either alone finds fewer duplicates.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_BLOCK_CELLS = 8_000_000  # similarities held at once: 32 MB of float32
_DECIMALS = 5  # float32 noise below this would make ties depend on the machine
_FORM_SHARE, _FORM_LEAST = 0.01, 5  # a line in more texts than both is a form's, nobody's own words
_MEAN_OF_FEW = (
    50  # vectors that say "no common direction" beside those there are: few have no mean to speak of
)
_TITLE_COUNTS = 2  # a word of the title counts as often as so many in the body

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[^\W_]+(?:['’._:/@-]+[^\W_]+)*")
_PART = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")


def nearest(
    centroids: NDArray[np.float32],
    numbers: Sequence[int],
    *,
    top: int = 5,
    of: int | None = None,
) -> dict[int, list[tuple[int, float]]]:
    """Return for each topic, or for `of` alone, the `top` most similar others as (number, cosine).

    The most similar comes first.
    `centroids` has one row for each of `numbers`, of any length but 0; a row of zeros or with a value that is
    not finite is like no other (cosine 0). Cosines are rounded to five decimals; equal ones come lower number
    first, so the order of the rows does not matter. Memory is bounded: no matrix of all pairs is made.
    """
    if centroids.ndim != 2 or len(centroids) != len(numbers):  # noqa: PLR2004 - rows and columns
        raise ValueError(
            f"centroids have shape {centroids.shape}; expected one row for each of {len(numbers)} topics"
        )
    order = np.argsort(np.asarray(numbers, dtype=np.int64), kind="stable")
    table = units(centroids[order]) if len(numbers) else centroids
    found = nearest_units(table, [int(numbers[i]) for i in order], top=top, of=of)
    return {int(number): found[int(number)] for number in numbers if int(number) in found}


def nearest_units(
    units: NDArray[np.float32], ascending: Sequence[int], *, top: int = 5, of: int | None = None
) -> dict[int, list[tuple[int, float]]]:
    """Return what `nearest` does, for rows that `units` made, in ascending order of their numbers."""
    found: dict[int, list[tuple[int, float]]] = {}
    block = max(1, _BLOCK_CELLS // max(1, len(ascending)))
    wanted = [place for place, number in enumerate(ascending) if of in (None, number)]
    for start in range(0, len(wanted), block):
        some = wanted[start : start + block]
        cosines = np.round(units[some] @ units.T, _DECIMALS)
        for row, place in enumerate(some):
            cosines[row, place] = -np.inf
            best = _best(cosines[row], top)
            found[ascending[place]] = [(ascending[i], float(cosines[row, i])) for i in best]
    return found


def own_words(texts: Sequence[str]) -> list[str]:
    """Return the texts without the lines that a form or a program put there; the title stays.

    Such a line occurs, digits apart, in at least 5 of the texts and in 1 % of them: "Steps to reproduce:",
    the name of a browser. Vectors for `nearest_texts` are best made of what this returns.
    """
    shapes = [[_shape(line) for line in text.split("\n")] for text in texts]
    found = Counter(shape for lines in shapes for shape in {*lines[1:]} if shape)
    many = max(_FORM_LEAST, _FORM_SHARE * len(texts))
    kept = []
    for text, lines in zip(texts, shapes, strict=True):
        title, *body = text.split("\n")
        own = [line for line, shape in zip(body, lines[1:], strict=True) if shape and found[shape] < many]
        kept.append("\n".join([title, *own]))
    return kept


def nearest_texts(
    texts: Sequence[str],
    views: Sequence[NDArray[np.float32]],
    *,
    of: Iterable[int] | None = None,
    top: int = 5,
) -> list[list[tuple[int, float]]]:
    """Return for each of the rows `of` (else every one) its `top` most similar texts as (row, likeness).

    `views` are tables of vectors with a row for each text, say one of titles and one of whole texts; without
    any, words decide alone. Likeness, 0–1, is the mean of two cosines: that of the vectors, each view
    less its mean and the views averaged, and that of the words weighted by TF-IDF (the logarithm of the count
    plus one, times the logarithm of the inverse share of texts). Most similar first, equal ones in the order
    of the texts. Memory follows the number of rows `of`, in blocks. Raise ValueError for a table with too few
    or too many rows, IndexError for a row that isn't there.
    """
    tables = [_from_mean(view, len(texts)) for view in views]
    words = _word_table(texts)
    rows = list(range(len(texts))) if of is None else [range(len(texts))[row] for row in of]
    found: list[list[tuple[int, float]]] = []
    block = max(1, _BLOCK_CELLS // max(1, len(texts)))
    for start in range(0, len(rows), block):
        some = rows[start : start + block]
        alike = _likeness(tables, words, some)
        for row, line in zip(some, alike, strict=True):
            line[row] = -np.inf
            found.append([(place, float(line[place])) for place in _best(line, top)])
    return found


def _likeness(
    tables: Sequence[NDArray[np.float32]], words: csr_matrix, rows: Sequence[int]
) -> NDArray[np.float32]:
    """Return the likeness of some rows to all, a line for each."""
    by_words: NDArray[np.float32] = (words[rows] @ words.T).toarray().astype(np.float32)
    if not tables:
        return np.round(by_words, _DECIMALS)
    by_vectors = np.mean([table[rows] @ table.T for table in tables], axis=0)
    both: NDArray[np.float32] = np.round((by_words + np.maximum(by_vectors, 0)) / 2, _DECIMALS)
    return both


def _from_mean(view: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the rows as directions from their mean."""
    if view.ndim != 2 or len(view) != count:  # noqa: PLR2004 - rows and columns
        raise ValueError(f"a view has shape {view.shape}; expected one row for each of {count} texts")
    table = units(view)
    present = np.any(table, axis=1, keepdims=True)
    shift = table.sum(axis=0) / (len(table) + _MEAN_OF_FEW)
    return units(np.where(present, table - shift, 0))


def _shape(line: str) -> str:
    return _DIGITS.sub("0", " ".join(line.split()).casefold())


def _words(text: str) -> list[str]:
    """Return the words in lower case; an identifier or a path counts whole and in its parts."""
    found = []
    for word in _WORD.findall(text):
        parts = [part for part in _PART.split(word) if part]
        found += [word.casefold(), *(part.casefold() for part in parts if len(parts) > 1)]
    return found


def _word_table(texts: Sequence[str]) -> csr_matrix:
    """Return the TF-IDF weights of the words, a unit row for each text; a text without words is zeros."""
    from scipy.sparse import csr_matrix, diags

    vocabulary: dict[str, int] = {}
    rows, columns, values = [], [], []
    for row, text in enumerate(texts):
        title, _, body = text.partition("\n")
        counts = Counter(_words(body))
        for word in _words(title):
            counts[word] += _TITLE_COUNTS
        rows += [row] * len(counts)
        columns += [vocabulary.setdefault(word, len(vocabulary)) for word in counts]
        values += [1 + math.log(count) for count in counts.values()]
    table = csr_matrix((values, (rows, columns)), shape=(len(texts), len(vocabulary)))
    present = np.bincount(table.indices, minlength=len(vocabulary))
    table = table @ diags(np.log((1 + len(texts)) / present))
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    return (diags(1 / np.maximum(lengths, 1e-12)) @ table).tocsr()


def _best(cosines: NDArray[np.float32], top: int) -> list[int]:
    """Return the places of the `top` highest finite values, equal ones in order of place."""
    wanted = min(top, len(cosines) - 1)
    if wanted <= 0:
        return []
    least = np.partition(cosines, -wanted)[-wanted]
    places = np.flatnonzero(cosines >= least)
    return [int(i) for i in places[np.argsort(-cosines[places], kind="stable")][:wanted]]


def units(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows at length 1; those that cannot be, as zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if vectors.dtype == np.float32 and np.isfinite(lengths).all() and lengths.all():
        short: NDArray[np.float32] = vectors / lengths
        return short
    clean = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, 0).astype(np.float32)
    lengths = np.linalg.norm(clean, axis=1, keepdims=True)
    long: NDArray[np.float32] = np.divide(clean, lengths, out=np.zeros_like(clean), where=lengths > 0)
    return long
