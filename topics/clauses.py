"""Clauses: the pieces of a statement that could stand as a title, cleaned and made impersonal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from topics.records import Kind
from topics.terms import language_of, words

HOLE = "\x00"  # stands where something was taken out

_NAME = r"[A-Z\u00c0-\u00dd][a-z\u00e0-\u00ff]+"
_HOLES = (
    re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+|(?<!\w)[@\uff20]\w+|<\w+>|\[\w+\]|&\w+;"),
    re.compile(
        r"\b(?:[Ii]'m|[Ii] am|[Mm]y name is|[Tt]his is|[Nn]ame's|Mrs?\.?|Ms\.?|Herr|Frau|[Ii]ch bin"
        r"|[Jj]e suis|"
        rf"[Ss]oy|[Ss]ou)\s+{_NAME}(?:\s+{_NAME})?"
    ),
    re.compile(
        r"(?i:\b(?:code|confirmation|reference|ref|pnr|locator|case|booking|ticket)\b\W{0,3}"
        r"(?:(?:no|number|is|code)\b\W{0,3}){0,2})(?:[A-Z0-9]{5,8}\b|\d{4,}\b)"
    ),
    re.compile(
        r"\b(?=\w*\d)(?=\w*[A-Z])[A-Z0-9]{6,8}\b|\b[A-Z]{2}\s?\d{2,4}\b|\+?\d[\d\s().\-/]{5,}\d|\b\d{5,}\b"
    ),
    re.compile(r"#\w+"),
)
_FLIGHT = re.compile(
    r"\b(flight|flt|vuelo|vol|flug|voo)\s*(?:no\.?|number|#)?\s*#?\s?[A-Z]{0,2}\s?\d{1,5}\b", re.IGNORECASE
)
_INLINE_TAG = re.compile(r"#(\w+)(?=\s+[a-z])")
_SENTENCE = re.compile(
    r"[.!?;:\u2026|]+(?=\s|$)|\.{2,}|[\n()\[\]\"\u201c\u201d\u00ab\u00bb\u2022*\u00bf\u00a1>]+"
    r"|\s[-\u2013\u2014/~\u2190-\u21ff]+\s|(?<=\w)-\s|\u2014"
)
_PART = re.compile(
    r",\s+|\s+(?:but|because|cuz|bc|since|however|although|though|so|aber|weil|mais|parce que|pero"
    r"|porque|mas)\s+"
    r"|\s+(?:and|&)\s+(?=(?:i|we|you|it|they|now|then|still|the|my|no|am|have|had|was)\b)",
    re.IGNORECASE,
)
_SLANG = {
    "u": "you", "ur": "your", "r": "are", "pls": "please", "plz": "please", "im": "I'm", "ive": "I've",
    "cant": "can't", "dont": "don't", "didnt": "didn't", "doesnt": "doesn't", "wont": "won't",
    "isnt": "isn't",
    "couldnt": "couldn't", "wasnt": "wasn't", "havent": "haven't", "hasnt": "hasn't",
    "w/o": "without", "w/": "with", "b/c": "because", "thru": "through",
}  # fmt: skip
_WISH = (
    r"(?:it )?would be (?:so |really |very )?(?:nice|great|good|cool|awesome|helpful|useful|better|lovely)"
    r"(?: (?:to have|to|if (?:you|we|i|they|it) (?:could|can|would|had)|if there (?:was|were|is)|if|for))?"
    r"|(?:(?:i|we)(?:'d| would)?|would) (?:really |much rather )?(?:like|love|want|need|wish|have"
    r"|try|tried|wanna)"
    r"(?: to| for you to| it if| you to) (?:(?:know|ask|understand|say|find out|see|have)\b)?"
    r"|(?:i|we)(?:'d| would) (?:really )?(?:like|love)"
    r"|(?:i|we)(?: really)? (?:want|need|wish|hope)(?: (?:for|there (?:was|were)))?"
    r"|(?:you|they|u)(?: guys| all| really| also)* (?:should|could|need to|must|have to)(?: really"
    r"| also)?(?: have)?"
    r"|is there (?:a way|any way|anyway|an option|a possibility)(?: to| for me to| i can| of)?"
    r"|let (?:us|me|people)|(?:can|could|will|would) (?:you|someone|anyone)(?: please| guys)?"
    r"(?: help(?: me| us)?(?: to| with)?| tell (?:me|us)| explain(?: to me)?)?"
)
_THOUGHT = (
    r"(?:i|we) (?:just |really |also |even |always |only |still )?(?:think|guess|believe|feel|hope|mean)"
    r"(?: that| like)?"
    r"|(?:i|we) (?:just |also |even |always |only |still )?(?:know|see|noticed?|find|found|realized"
    r"|saw|heard)"
    r"(?: out)?(?: that)?(?! my| the| your| an?\b| out)"
    r"|let me know|help (?:me|us)(?: to| with)?|tell me|explain(?: to me)?|do you know|any idea"
    r"|told(?: it| me| us)"
    r"|what (?:do|can|should) (?:i|we) do (?:if|when)|(?:i )?wonder(?:ing)?(?: if)?|the fact that"
)
_FILLER = (
    r"hi|hello|hey|dear|good (?:morning|evening|afternoon|day)|thank(?:s| you)(?: so much)?(?: for)?"
    r"|please|ok|okay"
    r"|yes|yeah|well|so|and|but|or|also|because|cause|then|now|just|wow|omg|lol|seriously|really"
    r"|honestly|literally"
    r"|basically|unfortunately|apparently|sorry|ugh|um|guys|folks|team|anyway|btw|fyi|however|plus"
    r"|since|again"
    r"|today|yesterday|overall|actually|sir|madam|everyone|no,|oh|yo|as|exactly|usually|suggestion"
    r"|other th[ae]n"
    r"|there(?:'s| is| are| was| were| has been| have been)|there|ridiculous that"
    r"|why(?= (?:so|no|not|the|this)\b)|how come(?= (?:my|the|our|i|you|we|it|your)\b)"
    r"|great news(?: that)?|may i"
)
_GOT = (
    r"(?:have|has|had|got)(?: got)?(?= (?:no|an?|any|the)\b)|(?:has|have|had) to be(?= an?\b)"
    r"|been(?= \w+ed\b)"
    r"|(?:is|are|was|were)(?= (?:about|no|not|an?)\b)|continu(?:es|ing) to be(?= the\b)|(?:flt"
    r"|flight)(?= no\b)"
)
_I_AM = (
    r"(?:i|we)(?:'m| am|'re| are| was| were|'ve been| have been|'d been| had been)(?: just| also)?(?= \w+)"
    r"|(?:i|we)(?:'ve| have| had|'d)(?: just| also)?(?= (?:not|never|already|always|\w+ed|lost|sent"
    r"|got|been|tried|"
    r"paid|made|bought|found|seen|taken|done|put|forgotten)\b)|(?:i|we|you|u)(?: guys)?(?= \w+)"
)
_OPENERS = {
    "en": rf"{_WISH}|{_THOUGHT}|{_FILLER}|{_GOT}|{_I_AM}|my|our|your|the|this|an?|these|those|some|his|her",
    "de": r"hallo|hi|hey|guten (?:tag|morgen|abend)|liebes? team|bitte|danke|und|aber|oder|also"
    "|leider|warum|wieso|ja"
    r"|ich|wir|ihr|mein(?:e[nmrs]?)?|unser(?:e[nmrs]?)?|eure?|die|der|das|den|dem",
    "fr": r"bonjour|bonsoir|salut|s'il vous pla[i\u00ee]t|svp|merci|et|mais|ou|donc|alors|pourquoi"
    "|malheureusement"
    r"|je|nous|on|mon|ma|mes|notre|nos|votre|vos|le|la|les",
    "es": r"hola|buenos d[i\u00ed]as|buenas(?: tardes| noches)?|por favor|gracias|y|pero|o|entonces"
    "|por qu[e\u00e9]"
    r"|porque|yo|nosotros|mi|mis|nuestr[oa]s?|el|la|los|las|su|sus",
    "pt": r"ol[a\u00e1]|oi|bom dia|boa (?:tarde|noite)|por favor|obrigad[oa]|e|mas|ou|ent[a\u00e3]o"
    "|por que|porque"
    r"|eu|n[o\u00f3]s|meus?|minhas?|noss[oa]s?|o|a|os|as",
}
_HOW_ABOUT = re.compile(r"^how (?:do|can|could|should) (?:i|we|you) go about (?=\w+ing)", re.IGNORECASE)
_HOW_TO = re.compile(r"^how (?:(?:do|can|could|would|should|am|did) (?:i|we|you|one))\b", re.IGNORECASE)
_CAN_I = re.compile(r"^can (?:i|we) (?:please |also )?", re.IGNORECASE)
_ASKED = re.compile(
    r"(?:where|when|what|which|who|why|how (?!to\b)|can|could|is|are|was|were|do|does|did|has|have"
    r"|will|would|"
    r"should|\w+n't (?:my|our|your|the|i|we)\b)\b(?!')",
    re.IGNORECASE,
)
_OBJECT = re.compile(
    r"\b(charged|told|sent|gave|asked|put|hung up on|offered|promised|left|kept|made) (?:me|us)\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:my|our|your) (?!own\b)(?=[\w-]+)", re.IGNORECASE)
_AFTERTHOUGHT = re.compile(
    r"(?:[\s,]+(?:either|too|though|anyway|as well|so far|lol|please|thanks|thank you|again and again))+$",
    re.IGNORECASE,
)
_LONG_NAME = 6
_LAST_LETTERS = 0x2000  # pictures come after it
_EDGES = " \t,.;:!?'`\u2019-\u2013\u2014/&+_=~^" + HOLE


def clauses(text: str, *, kind: Kind, banned: frozenset[str] = frozenset()) -> list[str]:
    """Return the sentences of `text` and their parts, impersonal and without what has no place in a title.

    Left out: links, handles, addresses, hashtags, emoji, greetings, someone's numbers and codes, names after
    "I'm", `banned` words (lower-case; a brand's name). A piece with a hole in its middle is not returned.
    Case and order are kept; a piece comes once.
    """
    found: dict[str, None] = {}
    language = language_of(words(text))
    for piece in _pieces(_scrubbed(text, banned)):
        plain = impersonal(piece, kind, language)
        if plain and HOLE not in plain:
            found.setdefault(plain)
    return list(found)


def impersonal(clause: str, kind: Kind = Kind.PROBLEM, language: str | None = None) -> str:
    """Return `clause` without greeting, first person and filler at its start: "I can't pay" is "can't pay".

    A question with how, where, what or when stays one: "how do I pay" is "how to pay".
    """
    language = language or language_of(words(clause))
    clause = " ".join(_SLANG.get(word.lower(), word) for word in clause.split())
    before = ""
    while before != clause:
        before = clause
        clause = _opener(language).sub("", clause.strip(_EDGES), count=1)
    clause = _AFTERTHOUGHT.sub("", _neutral(clause, kind)) if language == "en" else clause
    return re.sub(r"\s+", " ", clause).strip(_EDGES)


def without_owner(clause: str) -> str:
    """Return an English clause without "my", "our" and "your"."""
    return _OWN.sub("", clause)


def _neutral(clause: str, kind: Kind) -> str:
    """Take the first person out of the rest of an English clause."""
    clause = _HOW_TO.sub("how to", _HOW_ABOUT.sub("", clause))
    if kind is not Kind.QUESTION:
        clause = _CAN_I.sub("", clause)
    if not _ASKED.match(clause):
        clause = without_owner(clause)
    return _OBJECT.sub(r"\1", clause)


@lru_cache(maxsize=8)
def _opener(language: str) -> re.Pattern[str]:
    """Return what is taken off the start of a clause, again and again."""
    return re.compile(rf"^(?:{_OPENERS[language]})(?![\w'-])[,\s]*", re.IGNORECASE)


def _scrubbed(text: str, banned: frozenset[str]) -> str:
    """Return `text` in plain quotes, with holes for what has no place in a title; emoji end a sentence."""
    text = text.replace("\u2019", "'").replace("\u2018", "'").replace("`", "'").replace("&amp;", "&")
    text = "".join(" . " if _is_picture(char) else char for char in text)
    text = _INLINE_TAG.sub(r"\1", _FLIGHT.sub(r"\1", text))
    for pattern in _HOLES:
        text = pattern.sub(HOLE, text)
    if not banned:
        return text
    text = _naming(banned).sub(HOLE, text)
    return re.sub(
        rf"(?i)\b(?:with|on|by|from|at|for|to|of|via|using)\s+(?:the\s+)?{HOLE}(?=\s*(?:[.,!?;:]|$))",
        HOLE,
        text,
    )


@lru_cache(maxsize=8)
def _naming(banned: frozenset[str]) -> re.Pattern[str]:
    """Return what finds each of the banned words, longest first."""
    names = "|".join(_spaced(name) for name in sorted(banned, key=lambda name: (-len(name), name)))
    return re.compile(rf"\b(?:{names})(?:'s|s')?(?!\w)", re.IGNORECASE)


def _spaced(name: str) -> str:
    """Return a pattern for a name that people may write in two words: "jetblue" is "Jet Blue" too."""
    if len(name) < _LONG_NAME:
        return re.escape(name)
    return r"\s?".join(re.escape(char) for char in name)


def _is_picture(char: str) -> bool:
    """Say whether `char` is an emoji or another picture, or joins such."""
    return ord(char) > _LAST_LETTERS and unicodedata.category(char) in {"So", "Sk", "Cs", "Co", "Cf"}


def _pieces(text: str) -> Iterator[str]:
    """Yield each sentence and, where it has several, its parts."""
    for sentence in _SENTENCE.split(text):
        yield sentence.strip(_EDGES)
        parts = [part.strip(_EDGES) for part in _PART.split(sentence)]
        if len(parts) > 1:
            yield from parts
