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
ASIDES = frozenset(
    {"indeed", "really", "actually", "just", "even", "ever", "literally", "seriously", "simply", "basically"}
    | {"apparently", "clearly", "obviously", "definitely", "totally", "absolutely", "probably", "also", "so"}
    | {"completely", "honestly", "truly", "quite", "now", "yet", "currently", "already", "once", "instead"}
)  # adverbs that colour a clause and tell nothing
_ASKING = frozenset({"WRB", "WP", "WDT", "WP$"})
_IFS = frozenset({"if", "whether"})
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
    asides = frozenset(token.i for token in doc if token.dep_ == "advmod" and token.lower_ in ASIDES)
    kept = every - _unshared(doc, is_shared) - asides
    starts = (kept, every - asides, every, *_told(doc, asides))
    forms = {_said(doc, form): None for start in starts for form in (start, *_cut(doc, start))}
    forms.pop(_said(doc, every), None)
    return sorted((form for form in forms if len(form.split()) >= _LEAST_WORDS), key=lambda f: (-len(f), f))


def _told(doc: Any, asides: frozenset[int]) -> list[frozenset[int]]:
    """Return what a clause tells that says who says so: "bag is lost" of "told them that bag is lost"."""
    root = next(token for token in doc if token.dep_ == "ROOT")
    if any(token.dep_ == "neg" for token in root.children):
        return []
    facts = [
        token for token in root.children if token.dep_ == "ccomp" and token.i > root.i and _is_fact(token)
    ]
    return [frozenset(token.i for token in fact.subtree if token.dep_ != "mark") - asides for fact in facts]


def _is_fact(verb: Any) -> bool:
    """Say whether a side clause has a subject and asks nothing: no "if", no "where"."""
    starts = [
        token for token in verb.children if token.dep_ in {"mark", "advmod", "dobj"} and token.i < verb.i
    ]
    has_subject = any(
        token.dep_ in {"nsubj", "nsubjpass"} and token.pos_ != "PRON" for token in verb.children
    )
    return has_subject and all(token.tag_ not in _ASKING and token.lower_ not in _IFS for token in starts)


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
