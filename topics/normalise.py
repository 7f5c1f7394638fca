"""Raw text in, clean text out: what people see and quote, and the plainer form that models read.

Every pattern here is linear: what repeats is bounded, or is followed by something it cannot match. Mail is
cut with our own line rules, because the pattern of mail-parser-reply for "On … wrote:" needs quadratic time
on one long line (1.9 s for 8,000 characters).
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_MAX_ROUNDS = 8  # mends that uncover each other; honest text needs two
_MAX_NESTING = 2_000  # the HTML parser needs quadratic time for nested blocks
_RAW_FACTOR = 20  # mark-up may be this much longer than the text in it
_ENTITY_TAIL = 33  # the longest entity name is 31 characters

_INVISIBLE = re.compile(
    # what steers a terminal, whole: a colour or a move of the cursor, a title or a link
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d\n]{0,2000}(?:\x07|\x1b\\|\x9c)"
    r"|[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000\ud800-\udfff]"
    # a joiner has a use inside an emoji and between letters of scripts that join
    r"|(?<![\u00a9\u00ae\u0600-\u1cff\u203c-\u3299\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]"
    r"|[\u200c\u200d](?![\u0600-\u1cff\u203c-\u3299\U0001f000-\U0001faff])"
    # a variation selector belongs to a symbol or a key cap, a tag to a flag
    r"|(?<![#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])[\ufe00-\ufe0f]"
    r"|(?<=[#*0-9])[\ufe00-\ufe0f](?!\u20e3)"
    r"|(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0001-\U000e007f]"
    r"|[\U000e0080-\U000e0fff]"
)
_LINE_END = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANK = re.compile(r"[^\S\n]+|\u2800+")
_BLANK_LINES = re.compile(r"\n{3,}")

_HANDLE = re.compile(r"(?<![A-Za-z0-9_/@&])[@\uff20]([A-Za-z0-9_]{1,30})(?![A-Za-z0-9_])")
_URL = re.compile(r"(?:https?://|(?<![A-Za-z0-9@.])www\.)[^\s<>\"]{1,2000}", re.IGNORECASE)
_URL_TAIL = ".,;:!?)]}'\u2019\u201d\u00bb\u2026*"
_REPOST = re.compile(
    r"\s*(?:[^\s@]{1,30}\s+){0,3}?[\"\u201c]?(?:RT|MT)\s{0,2}:?\s{0,2}@([A-Za-z0-9_]{1,30})|[\"\u201c]@([A-Za-z0-9_]{1,30}):"
)
_VIA = re.compile(r"\b(?:via|by way of)\s@([A-Za-z0-9_]{1,30})[\s.!)\]\"\u201d]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """What people see and quote of one item, and what stands in it."""

    text: str  # with handles, links and hashtags, so that quotes are literal; an empty line parts paragraphs
    handles: tuple[str, ...]  # accounts named in it: lower case, without @, each once, in order
    urls: tuple[str, ...]  # as written, each once, in order
    repost_of: str | None  # the handle after "RT" or "via"
    truncated: bool  # the text was longer than allowed


def normalise(raw: str, *, is_html: bool = False, is_mail: bool = False, max_chars: int = 100_000) -> Clean:
    """Clean one text; never fails, linear in its length, and does nothing to a text it has cleaned before.

    Mojibake is repaired, entities are resolved, characters nobody sees go, white space is folded. `is_html`
    turns mark-up into text, `is_mail` drops quoted replies and signatures. `max_chars` limits the result.
    """
    raw_limit = max_chars * (_RAW_FACTOR if is_html else 2)
    text = raw[:raw_limit]
    if is_html:
        text = _from_html(text, is_mail=is_mail)
    if is_mail:
        text = _newest_part(_LINE_END.sub("\n", text))
    text = _settle(text)
    truncated = len(raw) > raw_limit or len(text) > max_chars
    if len(text) > max_chars:
        text = _settle(text[:max_chars])
    return Clean(
        text=text,
        handles=_handles(text),
        urls=_urls(text),
        repost_of=_repost_of(text),
        truncated=truncated,
    )


def _settle(text: str) -> str:
    """Clean until nothing changes, because one mend may uncover the next."""
    for _ in range(_MAX_ROUNDS):
        before, text = text, _clean_once(text)
        if text == before:
            break
    return text


def _clean_once(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFC", _repair(text))
    text = _INVISIBLE.sub("", _LINE_END.sub("\n", text))
    if "&" in text:
        text = _LINE_END.sub("\n", _unescape(text))
    text = _BLANK.sub(" ", text).replace(" \n", "\n").replace("\n ", "\n")
    return _BLANK_LINES.sub("\n\n", text).strip()


def _repair(text: str) -> str:
    """Mend mojibake and split surrogates; leave quotes, ligatures and widths as the person wrote them."""
    import ftfy

    config = ftfy.TextFixerConfig(
        unescape_html=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        replace_lossy_sequences=False,
        normalization=None,
        remove_control_chars=False,
    )
    return ftfy.fix_text(text, config)


def _unescape(text: str) -> str:
    """Resolve entities such as &amp;, doubly escaped ones too, in one pass from semicolon to semicolon."""
    first, *pieces = text.split(";")
    done, tail = [first[:-_ENTITY_TAIL]], first[-_ENTITY_TAIL:]
    for piece in pieces:
        tail = _resolve(tail) + piece
        done.append(tail[:-_ENTITY_TAIL])
        tail = tail[-_ENTITY_TAIL:]
    return "".join([*done, tail])


def _resolve(tail: str) -> str:
    """Turn "… &name", whose semicolon was just read, into "… value"; all else gets its semicolon back."""
    head, ampersand, name = tail.rpartition("&")
    if not ampersand or not (name.lstrip("#").isalnum() and name.isascii()):
        return tail + ";"
    value = html.unescape(f"&{name};")
    if value.endswith(";"):
        return tail + ";"
    return head + _INVISIBLE.sub("", value)


_HIDDEN = "script, style, head, title, noscript, template, svg, object, iframe"
_OLDER_MAIL = "blockquote[type=cite], .gmail_quote, .yahoo_quoted, #divRplyFwdMsg, .moz-cite-prefix"
_PARAGRAPHS = frozenset(
    ["p", "table", "ul", "ol", "blockquote", "pre", "hr", *(f"h{n}" for n in range(1, 7))]
)
_BLOCKS = ", ".join(["div, br, li, tr, section, article, dd, dt", *sorted(_PARAGRAPHS)])
_LINE_MARK = "\v"  # between blocks that are lines, not paragraphs; two of them are one
_LINE_MARKS = re.compile(r"\v[ \v]*")
_SOURCE_BREAK = re.compile(r"[\r\n\v]")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_OPENING = re.compile(r"<(/?)[a-z]", re.IGNORECASE)


def _from_html(source: str, *, is_mail: bool) -> str:
    """Return the words of a page; blocks become lines. What nests too deep loses its tags unparsed."""
    if "<pre" not in source:
        source = _SOURCE_BREAK.sub(" ", source)
    if _nesting(source) > _MAX_NESTING:
        return html.unescape(_TAG.sub("\n", source))
    text = _text_of(source, f"{_HIDDEN}, {_OLDER_MAIL}" if is_mail else _HIDDEN)
    if is_mail and not text.strip():  # a bare forward
        text = _text_of(source, _HIDDEN)
    return _BLANK.sub(" ", _LINE_MARKS.sub("\n", text))


def _text_of(source: str, left_out: str) -> str:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(source.encode("utf-8", "replace").decode("utf-8"))
    for node in tree.css(left_out):
        node.decompose()
    if tree.body is None:
        return ""
    for node in tree.body.css(_BLOCKS):
        gap = "\n\n" if node.tag in _PARAGRAPHS else _LINE_MARK
        node.insert_before(gap)
        node.insert_after(gap)
    return tree.body.text(deep=True)


def _nesting(source: str) -> int:
    """Return how deep the tags could nest at most, were nothing closed by itself."""
    depth = deepest = 0
    for match in _OPENING.finditer(source):
        depth += -1 if match[1] else 1
        deepest = max(deepest, depth)
    return deepest


_QUOTED = re.compile(r"\s*>")
_WROTE = re.compile(
    r"\s*(?:On\b.{1,200}\bwrote|Am\b.{1,200}\bschrieb\b.{0,120}|Le\b.{1,200}\ba \u00e9crit"
    r"|El\b.{1,200}\bescribi\u00f3"
    r"|(?:Em|A|No dia)\b.{1,200}\bescreveu)\s?:\s*",
    re.IGNORECASE,
)
_WROTE_START = re.compile(r"\s*(?:On|Am|Le|El|Em|A|No dia)\b.{0,120}\d", re.IGNORECASE)
_DIVIDER = re.compile(
    r"\s*(?:_{20,}\s*|[-_*]{2,20}\s{0,3}(?:Original Message|Forwarded message|Urspr\u00fcngliche Nachricht"
    r"|Weitergeleitete Nachricht|Message d'origine|Message transf\u00e9r\u00e9|Mensaje original"
    r"|Mensaje reenviado"
    r"|Mensagem original|Mensagem encaminhada)\s{0,3}[-_*]{2,20}\s*|Begin forwarded message:\s*)",
    re.IGNORECASE,
)
_FROM = re.compile(r"\s{0,9}\*?(?:From|Von|De)\s?:\*?\s{0,9}\S", re.IGNORECASE)
_SUBJECT = re.compile(r"\s{0,9}\*?(?:Subject|Betreff|Objet|Asunto|Assunto)\s?:", re.IGNORECASE)
_SIGNATURE = re.compile(r"(?:--|__)\s?")
_DEVICE = re.compile(
    r"\s*(?:Sent from (?:my|mail|yahoo|outlook)\b|Get Outlook for\b|(?:Von meinem|Gesendet von)\b"
    r"|Envoy\u00e9 (?:de|depuis) mon\b"
    r"|Enviado (?:desde|do|de) (?:mi|meu)\b).{0,60}",
    re.IGNORECASE,
)
_REGARDS = re.compile(
    r"\s*(?:(?:with )?(?:best|kind|warm|many)?\s?(?:regards|wishes)|best|sincerely"
    r"|yours (?:sincerely|faithfully|truly)|cheers"
    r"|mit (?:freundlichen|besten) gr\u00fc\u00dfen|(?:viele|beste|liebe|freundliche) gr\u00fc\u00dfe|mfg"
    r"|(?:bien )?cordialement"
    r"|salutations(?: distingu\u00e9es)?|(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente"
    r"|atenciosamente|cumprimentos)"
    r"\s?[,.!]?\s*",
    re.IGNORECASE,
)
_POSTSCRIPT = re.compile(r"\s*P\.?\s?S\b", re.IGNORECASE)
_SIGNATURE_LINES = 12
_SIGNATURE_WIDTH = 80
_HEADER_LINES = 6


def _newest_part(mail: str) -> str:
    """Return what the sender wrote now; the whole mail if nothing else is left (a bare forward, say)."""
    lines = mail.split("\n")
    own: list[str] = []
    at = 0
    while at < len(lines):
        skip = _announcement(lines, at)
        if skip and not _is_quoted(lines, at + skip):
            break  # an older mail without quote marks goes on to the end
        if not skip and not _QUOTED.match(lines[at]) and not _DEVICE.fullmatch(lines[at]):
            own.append(lines[at])
        at += skip or 1
    own = _without_signature(own)
    return "\n".join(own) if any(line.strip() for line in own) else mail


def _announcement(lines: list[str], at: int) -> int:
    """Return how many lines here announce an older mail ("On … wrote:", "From: … Sent: …"); 0 for none."""
    if _DIVIDER.fullmatch(lines[at]):
        return 1
    if _FROM.match(lines[at]):
        header = lines[at : at + _HEADER_LINES]
        return next((n for n, line in enumerate(header, 1) if _SUBJECT.match(line)), 0)
    for count in (1, 2, 3):
        if _WROTE.fullmatch(" ".join(line[:300] for line in lines[at : at + count])):
            return count
        if not _WROTE_START.match(lines[at]):
            break
    return 0


def _is_quoted(lines: list[str], at: int) -> bool:
    """Say whether the next written line carries a quote mark, so that unmarked lines are the sender's own."""
    following = next((line for line in lines[at : at + 5] if line.strip()), "")
    return _QUOTED.match(following) is not None


def _without_signature(lines: list[str]) -> list[str]:
    """Cut from "--", or from a lone greeting, when only short lines follow; a postscript below stays."""
    for at in range(max(0, len(lines) - _SIGNATURE_LINES - 1), len(lines)):
        is_short = all(len(line) <= _SIGNATURE_WIDTH for line in lines[at + 1 :])
        if _SIGNATURE.fullmatch(lines[at]) or (is_short and _REGARDS.fullmatch(lines[at])):
            later = (n for n in range(at + 1, len(lines)) if _POSTSCRIPT.match(lines[n]))
            return lines[:at] + lines[next(later, len(lines)) :]
    return lines


def _handles(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match[1].lower() for match in _HANDLE.finditer(text)))


def _urls(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match[0].rstrip(_URL_TAIL) for match in _URL.finditer(text)))


def _repost_of(text: str) -> str | None:
    """Return whom "RT @x" (after three words at most), an opening "“@x:" or a closing "via @x" names."""
    mark = _REPOST.match(text) or _VIA.search(_URL.sub("", text[-_VIA_REACH:]))
    return mark[mark.lastindex or 1].lower() if mark else None


_VIA_REACH = 300
_MAIL_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,8}"
)
_REPOST_MARK = re.compile(r"(?:\b(?:RT|MT)\s?:?\s?|\bvia\s)(?=@)")
_HASHTAG = re.compile(r"#(\w{1,100})")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|_")
_PHONE = re.compile(r"(?<![\w.])\+?\(?[0-9][0-9\-. ()/]{6,18}[0-9](?!\w)")
_CODE = re.compile(r"(?<!\w)#?([A-Za-z]*[0-9][A-Za-z0-9]*)(?!\w)")
_FLIGHT = re.compile(r"[A-Za-z]{2}[0-9]{3,4}")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_EMOJI = re.compile(r"[\u231a-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\u200d\ufe0f\u20e3]+")
_ELONGATED = re.compile(r"([^\W\d_])\1{2,}")
_REPEATED = re.compile(r"([^\w\s.])\1+|(\.)\.{3,}")
_SPACE = re.compile(r"\s+")
_STRAIGHT = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_PHONE_DIGITS = 7
_SHORT_NUMBER = 3
_BOOKING_LENGTH = 6
_ID_LENGTH = 9
_EMOJI_WORDS = 3
_ASKED_AGAIN = 1_000  # characters: longer texts are rare, and too large to be kept


def plain(text: str) -> str:
    """Return the form for models: one line, no handles, links or numbers that would outweigh the words.

    Hashtags and emoji become words, e-mail addresses and telephone numbers a word each, booking, flight and
    order numbers go, elongations are folded. Never empty if the text has a letter.
    """
    return _plain_short(text) if len(text) <= _ASKED_AGAIN else _plain(text)


@lru_cache(maxsize=8_192)
def _plain_short(text: str) -> str:
    """Return what `plain` does: several steps of a run ask it of the same items."""
    return _plain(text)


def _plain(text: str) -> str:
    words = unicodedata.normalize("NFKC", text).translate(_STRAIGHT)
    words = _URL.sub(" ", _MAIL_ADDRESS.sub(" email ", words))
    words = _HANDLE.sub(" ", _REPOST_MARK.sub("", words))
    words = _PHONE.sub(_phone, _HASHTAG.sub(_hashtag, words))
    words = _EMOJI.sub(_emoji, _CODE.sub(_code, words))
    words = _REPEATED.sub(r"\1\2", _ELONGATED.sub(r"\1\1", words))
    words = _SPACE.sub(" ", words).strip()
    return words if _has_letters(words) else _SPACE.sub(" ", f"{words} {_letters_of(text)}").strip()


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def _letters_of(text: str) -> str:
    """Return the bare words of a text that is only handles, links or codes."""
    return "".join(character if character.isalpha() else " " for character in text)


def _phone(match: re.Match[str]) -> str:
    digits = sum(map(str.isdigit, match[0]))
    return " phone " if digits >= _PHONE_DIGITS else match[0]


def _hashtag(match: re.Match[str]) -> str:
    tag = match[1]
    spaced = _HUMPS.sub(" ", tag)
    return f" {spaced if tag.isupper() else spaced.lower()} "


def _code(match: re.Match[str]) -> str:
    """Drop flight, booking and order numbers; keep "2", "2015", "A320", "4G", "100mb"."""
    code = match[1]
    digits = sum(map(str.isdigit, code))
    if digits == len(code):
        is_kept = len(code) <= _SHORT_NUMBER or _YEAR.fullmatch(code) is not None
    else:
        is_booking = len(code) == _BOOKING_LENGTH and code.isupper() and not code[:4].isalpha()
        is_id = len(code) >= _ID_LENGTH and digits >= _SHORT_NUMBER
        is_kept = not (is_booking or is_id or _FLIGHT.fullmatch(code))
    return match[0] if is_kept else " "


def _emoji(match: re.Match[str]) -> str:
    """Say a run of emoji in words, each sign once."""
    said = dict.fromkeys(_emoji_word(sign) for sign in match[0])
    return f" {' '.join(word for word in said if word)} "


@lru_cache(maxsize=4096)
def _emoji_word(sign: str) -> str:
    """Return what a sign says in a complaint, else the first words of its Unicode name."""
    for word, signs in _SAYINGS.items():
        if sign in signs:
            return word
    names = unicodedata.name(sign, "").lower().replace("-", " ").split()
    words = [name for name in names if name.isalpha() and name not in _EMOJI_NOISE]
    return " ".join(words[:_EMOJI_WORDS]) if unicodedata.category(sign) == "So" else ""


_EMOJI_NOISE = frozenset(["face", "with", "sign", "symbol", "black", "white", "heavy", "emoji", "and"])
_SAYINGS = {
    "angry": "\U0001f620\U0001f621\U0001f92c\U0001f624\U0001f47f\U0001f4a2\U0001f595",
    "sad": "\u2639\U0001f61e\U0001f614\U0001f641\U0001f61f\U0001f615\U0001f62a\U0001f625\U0001f613",
    "crying": "\U0001f62d\U0001f622",
    "annoyed": "\U0001f612\U0001f644\U0001f611\U0001f610\U0001f629\U0001f62b\U0001f926",
    "laughing": "\U0001f602\U0001f923\U0001f606\U0001f605",
    "happy": "\u263a\U0001f600\U0001f601\U0001f603\U0001f604\U0001f60a\U0001f642\U0001f60e\U0001f917",
    "love": "\u2764\u2665\U0001f60d\U0001f618\U0001f495\U0001f496\U0001f497\U0001f499\U0001f49a\U0001f970",
    "heartbroken": "\U0001f494",
    "good": "\U0001f44d\U0001f44c\U0001f4af\u2705\u2714",
    "bad": "\U0001f44e\u274c",
    "please": "\U0001f64f",
    "great": "\U0001f44f\U0001f64c\U0001f389",
    "sick": "\U0001f922\U0001f92e\U0001f637",
    "plane": "\u2708\U0001f6eb\U0001f6ec\U0001f6e9",
}
