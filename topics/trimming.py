"""Trimming: shorter forms of a parsed clause, without the details that only one person gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_FREE = frozenset(
    {"prep", "advmod", "advcl", "npadvmod", "acl", "relcl", "appos", "agent", "conj"}
    | {"intj", "parataxis", "dative", "nmod", "predet"}
)  # parts a clause stands without, by their dependency
_AT_END = frozenset({"prep", "advcl", "npadvmod", "relcl", "acl", "advmod", "conj"})
_TELLING = frozenset(
    {"not", "n't", "never", "no", "still", "already", "again", "twice", "out", "off", "down", "back", "up"}
    | {"through", "extra", "longer", "away", "online", "how", "why", "where", "when", "what"}
)  # small words that turn the meaning
_LEAST_WORDS = 2
_CUTS = 3  # parts taken off the end, one after the other
_EDGES = " ,.;:-&/"


def trimmed(doc: Any, is_shared: Callable[[str], bool]) -> list[str]:
    """Return shorter forms of `doc` (spaCy's reading of a clause), each once, longest first.

    First all free parts (prepositional phrases, adverbs, side clauses and the like) around a word that is
    not `is_shared` go; then, from the whole and from that form, the free parts at the end, one by one. What
    negates stays. A form has at least two words.
    """
    every = frozenset(range(len(doc)))
    kept = every - _unshared(doc, is_shared)
    forms = {_said(doc, form): None for start in (kept, every) for form in (start, *_cut(doc, start))}
    forms.pop(_said(doc, every), None)
    return sorted((form for form in forms if len(form.split()) >= _LEAST_WORDS), key=lambda f: (-len(f), f))


def _unshared(doc: Any, is_shared: Callable[[str], bool]) -> set[int]:
    """Return the places of the free parts that hold a word which is not shared, the smallest such parts."""
    gone: set[int] = set()
    for token in doc:
        if token.is_punct or token.is_stop or is_shared(token.text):
            continue
        part = next((t for t in (token, *token.ancestors) if t.dep_ in _FREE), None)
        if part is not None and part.lower_ not in _TELLING:
            gone |= _places(part)
    return gone


def _cut(doc: Any, start: frozenset[int]) -> list[frozenset[int]]:
    """Return what is left of `start` when the free parts at its end go, one after the other."""
    forms: list[frozenset[int]] = []
    kept = start
    for _ in range(_CUTS):
        last = max(kept, default=0)
        part = next((t for t in (doc[last], *doc[last].ancestors) if _ends(t, last)), None)
        if part is None:
            break
        kept = kept - _places(part)
        forms.append(kept)
    return forms


def _ends(token: Any, last: int) -> bool:
    """Say whether `token` heads a free part that ends the clause."""
    is_free = token.dep_ in _AT_END and token.lower_ not in _TELLING and token.right_edge.i >= last
    return is_free and token.left_edge.i > 0


def _places(part: Any) -> frozenset[int]:
    """Return the places of a part with the "and" or the comma before it."""
    places = {token.i for token in part.subtree}
    before = part.left_edge.i - 1
    while before >= 0 and (part.doc[before].dep_ == "cc" or part.doc[before].is_punct):
        places.add(before)
        before -= 1
    return frozenset(places)


def _said(doc: Any, places: Iterable[int]) -> str:
    """Return the words at `places` as they stood."""
    return "".join(doc[i].text_with_ws for i in sorted(places)).strip(_EDGES)
