"""Keywords: the terms that set a topic apart from the others, by BERTopic's class-based TF-IDF."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topics.terms import commonest, phrases, stem

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_Stems = tuple[str, ...]
_SMALL_TOPIC = 3  # up to so many statements, a term said once still counts
_LEAST_SHARE = 0.05  # of a topic's statements; what fewer say is chance
_KIN_LETTERS = 4
_REMEMBERED = 16_384
_POOL = 6  # candidates looked at for each keyword wanted


@dataclass(frozen=True, slots=True)
class Keyword:
    """A term of one or two words, lower-case, and its weight: 1 for the topic's best, then falling to 0."""

    term: str
    weight: float


def keywords(
    topics: Mapping[int, Sequence[str]], *, top: int = 10, banned: frozenset[str] = frozenset()
) -> dict[int, list[Keyword]]:
    """Return up to `top` keywords for each topic's statements, best first.

    Weighted by c-TF-IDF (BERTopic's ClassTfidfTransformer) over the given topics: the more of them are
    given, the better the contrast. A statement counts a term once; in topics of more than three statements
    a term must be in two and in 5 %, so that no one's private words get out. Forms of one word count
    together and show as the most frequent form; no term repeats a better one's words. Stop words (en, de,
    fr, es, pt; found per statement), lower-case `banned` words, numbers and codes are left out. A topic
    without words gets an empty list. The order of statements does not matter.
    """
    counts = {number: _count(topics[number], banned) for number in sorted(topics)}
    vocabulary = sorted({term for count, _ in counts.values() for term in count})
    if not vocabulary:
        return {number: [] for number in topics}
    weights = _ctfidf([count for count, _ in counts.values()], vocabulary)
    found: dict[int, list[Keyword]] = {}
    for row, (number, (count, forms)) in enumerate(counts.items()):
        cells = weights.getrow(row)
        scored = {vocabulary[i]: float(w) for i, w in zip(cells.indices, cells.data, strict=True)}
        found[number] = _chosen(_lifted(scored, count), forms, top)
    return {number: found[number] for number in topics}


def _count(
    statements: Sequence[str], banned: frozenset[str]
) -> tuple[Counter[_Stems], dict[_Stems, Counter[str]]]:
    """Count in how many statements each term is, by its stems, and how often each of its forms."""
    count: Counter[_Stems] = Counter()
    forms: dict[_Stems, Counter[str]] = defaultdict(Counter)
    for statement in statements:
        for stems, form in _terms(statement, banned):
            count[stems] += 1
            forms[stems][form] += 1
    least = 1 if len(statements) <= _SMALL_TOPIC else max(2, _LEAST_SHARE * len(statements))
    return Counter(
        {stems: n for stems, n in count.items() if n >= least and len(set(stems)) == len(stems)}
    ), forms


@lru_cache(maxsize=_REMEMBERED)
def _terms(statement: str, banned: frozenset[str]) -> tuple[tuple[_Stems, str], ...]:
    """Return a statement's terms with the form of each; most statements are asked for again and again."""
    seen = {tuple(map(stem, phrase)): " ".join(phrase) for phrase in sorted(phrases(statement, banned))}
    return tuple(seen.items())


def _ctfidf(counts: Sequence[Counter[_Stems]], vocabulary: Sequence[_Stems]) -> csr_matrix:
    """Return the topics by terms matrix of class-based TF-IDF weights."""
    from scipy.sparse import csr_matrix

    column = {term: i for i, term in enumerate(vocabulary)}
    cells = [(row, column[term], n) for row, count in enumerate(counts) for term, n in sorted(count.items())]
    rows, columns, values = zip(*cells, strict=True)
    matrix = csr_matrix((values, (rows, columns)), shape=(len(counts), len(vocabulary)), dtype=float)
    if len(vocabulary) == 1:  # BERTopic cannot weigh a lone term, and need not
        return matrix
    weighted: csr_matrix = _transformer()().fit_transform(matrix).tocsr()
    return weighted


@cache
def _transformer() -> Any:
    """Return BERTopic's ClassTfidfTransformer, read from its own file.

    Importing the package costs 8 s and 600 MB for models that nobody here asks for; this class needs none.
    Where the file is not found, the package is imported after all.
    """
    package = find_spec("bertopic")
    homes = (package and package.submodule_search_locations) or ()
    for path in (Path(home, "vectorizers", "_ctfidf.py") for home in homes):
        spec = spec_from_file_location("_bertopic_ctfidf", path) if path.is_file() else None
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.ClassTfidfTransformer
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its dependencies miss, we do not need
        from bertopic.vectorizers import ClassTfidfTransformer
    return ClassTfidfTransformer


def _lifted(weights: Mapping[_Stems, float], count: Mapping[_Stems, int]) -> dict[_Stems, float]:
    """Give a pair that mostly comes together its words' sum, times the part of the commoner one's."""
    lifted = dict(weights)
    for stems in weights:
        if len(stems) > 1:
            commoner = max(count.get((word,), count[stems]) for word in stems)
            together = sum(weights.get((word,), 0.0) for word in stems) * count[stems] / commoner
            lifted[stems] = max(weights[stems], together)
    return lifted


def _chosen(weights: Mapping[_Stems, float], forms: Mapping[_Stems, Counter[str]], top: int) -> list[Keyword]:
    """Take the heaviest terms that say something new; weights relative to the best."""
    ranked = sorted(weights, key=lambda stems: (-weights[stems], -len(stems), stems))[: top * _POOL]
    chosen: list[_Stems] = []
    for stems in ranked:
        if len(chosen) < top and not any(_says_same(stems, other) for other in chosen):
            chosen.append(stems)
    best = max((weights[stems] for stems in chosen), default=0.0) or 1.0
    return [Keyword(commonest(forms[stems]), round(weights[stems] / best, 4)) for stems in chosen]


def _says_same(one: _Stems, other: _Stems) -> bool:
    """Say whether the words of one term are all in the other: bag, lost bag; auto, automatic."""
    return any(
        all(any(_is_kin(word, w) for w in more) for word in less)
        for less, more in ((one, other), (other, one))
    )


def _is_kin(one: str, other: str) -> bool:
    """Say whether one stem begins the other."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _KIN_LETTERS and long.startswith(short))
