"""Fragments: English clauses that lost what they need to stand alone, by spaCy's reading."""

from __future__ import annotations

from typing import Any

from topics.terms import word_list

_DO = frozenset({"do", "does", "did"})
_HOW_TO_WORDS = 3
_FINITE = frozenset({"VBZ", "VBP", "VBD"})


def is_broken(doc: Any) -> bool:
    """Say whether a parsed clause has lost its subject in a way that shows: "can follows", "is broken"."""
    if any(token.lower_ == "because" and not _gives_reason(token) for token in doc) or _is_left_over(doc):
        return True
    first, second = doc[0], doc[1] if len(doc) > 1 else doc[0]
    if first.lower_ in {"how", "what"} and second.lower_ == "about":
        return True
    if first.lower_ == "how" and second.lower_ == "to":
        return len(doc) < _HOW_TO_WORDS or doc[2].tag_ != "VB"
    if first.lower_ == "not" and second.tag_ in {"VB", "VBP"}:
        return True
    if first.tag_ == "MD" and first.lower_ not in {"ca", "wo", "cannot"} and not _is_negated(doc):
        return not any(token.dep_ in {"nsubj", "nsubjpass", "expl"} for token in doc)
    if any(token.tag_ == "MD" or token.lower_ in _DO for token in doc if token.dep_ != "aux"):
        return True  # "bag did not", "app cannot"
    if any((t.lower_ == "been" and not _has_have(t)) or _is_loose_being(t) for t in doc[1:]):
        return True
    return first.lower_ in {"being", "having"} and second.tag_ in {"VBN", "DT"}


def _is_left_over(doc: Any) -> bool:
    """Say whether a clause is what is left of "I'm able to pay" or "as well as the app" without its start."""
    root = next(token for token in doc if token.dep_ == "ROOT")
    has_subject = any(token.dep_ in {"nsubj", "nsubjpass", "expl", "csubj"} for token in root.children)
    if has_subject:
        return _has_odd_object(root)
    first, second = doc[0], doc[1] if len(doc) > 1 else doc[0]
    if first.lower_ == "no" and second.tag_ in {"VBD", "VBZ", "VBP", "MD"}:
        return True
    holds = {token.dep_ for token in root.children}
    if root.pos_ == "ADJ" and holds & {"xcomp", "ccomp"} and not _is_bad(root.lower_):
        return True
    told = any(token.dep_ == "ccomp" and token.tag_ in _FINITE for token in root.children)
    if root.i == 0 and root.tag_ in {"VBP", "VBD", "VB"} and told:
        return True  # "understand weather is bad"
    joined = [token for token in root.children if token.dep_ == "conj"]
    return root.tag_ == "VBG" and any(t.dep_ in {"aux", "neg"} for conj in joined for t in conj.children)


def _is_bad(adjective: str) -> bool:
    """Say whether an adjective is itself the trouble: "unable to pay" stands, "able to pay" does not."""
    return adjective in word_list("trouble") | {"hard", "difficult"} or adjective.startswith(("un", "im"))


def _is_loose_being(token: Any) -> bool:
    """Say whether a token is "being" without its "is"."""
    before = {other.lower_ for other in token.doc[max(0, token.i - 2) : token.i]}
    return token.lower_ == "being" and before.isdisjoint({"is", "are", "was", "were", "'s", "'re"})


def _has_odd_object(root: Any) -> bool:
    """Say whether a passive verb has a bare thing behind it: "flight was missed connection"."""
    if not any(token.dep_ == "auxpass" for token in root.children):
        return False
    things = [t for t in root.children if t.i == root.i + 1 and t.dep_ in {"dobj", "oprd", "attr"}]
    return any(t.tag_ == "NN" for t in things)


def _gives_reason(because: Any) -> bool:
    """Say whether a verb or "of" comes after "because"."""
    after = because.doc[because.i + 1 :]
    return any(
        token.pos_ in {"VERB", "AUX"} or (token.i == because.i + 1 and token.lower_ == "of")
        for token in after
    )


def _has_have(been: Any) -> bool:
    """Say whether "been" has its "have"."""
    said = [token.lower_ for token in been.doc[: been.i]]
    return any(
        word in {"have", "has", "had", "'ve", "'s", "'d", "not", "n't", "never", "still"} for word in said
    )


def _is_negated(doc: Any) -> bool:
    """Say whether the first verb is negated."""
    return any(token.dep_ == "neg" for token in doc[:3])
