"""How one point becomes a post, a review, a letter, a ticket or a call; and how people type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from random import Random

from bridge.demo.library import Section, Text, sections
from bridge.demo.people import Person, happens

POST_LIMIT = 280
"""The longest short post, in characters."""

_SWAPS = (
    ("I am ", "I'm "), ("don't", "do not"), ("can't", "cannot"), ("doesn't", "does not"), ("isn't", "is not"),
    ("it's", "it is"), ("I've", "I have"), (" and ", " & "), ("please", "pls"),
    ("because", "cause"), ("Why ", "So why "),
    ("you", "u"), ("your", "ur"), ("wasn't", "was not"), ("didn't", "did not"),
    ("Nobody", "No one"), ("nobody", "no one"),
)  # fmt: skip
_SLOPPY = frozenset({" & ", "pls", "cause", "u", "ur"})
_NEIGHBOURS = {
    "a": "s",
    "e": "r",
    "i": "o",
    "o": "p",
    "n": "m",
    "t": "r",
    "s": "d",
    "r": "t",
    "u": "i",
    "l": "k",
}
_INFORMAL = re.compile(r"[@#]|[\U0001F000-\U0001FFFF\u2600-\u27BF]|\b[A-Z]{4,}\b|[a-z ]\.\.\.$|\?\?|!!")
_OPEN_END = re.compile(r"(?<![@#\w])\w+$")
_STARS = {"problem": (1, 1, 1, 2, 2), "request": (3, 3, 4), "question": (3, 4), "praise": (5, 5, 4)}


@dataclass(frozen=True, slots=True)
class Said:
    """The finished words of one item."""

    text: str
    is_html: bool = False
    rating: float | None = None  # 0–1


@dataclass(frozen=True, slots=True)
class Speaker:
    """One person about to make one point about one subject."""

    rng: Random
    person: Person
    section: Section
    text: Text
    values: Mapping[str, str]
    is_repeat: bool = False  # somebody else has said this already: say it differently
    channel: str = "post"

    def core(self) -> str:
        """Return the point itself, with slots filled, typed as this person types."""
        return self._put(self.text)

    def details(self, most: int) -> list[str]:
        """Return up to `most` sentences that go with the point, in the same language."""
        fitting = [detail for detail in self.section.details if self._goes_with(detail)]
        if self.text.lang != "en" or self.text.form == "loud" or re.search(r"#\w+$", self.text.text):
            return []
        count = max(self.rng.randrange(most + 1), int(self.is_repeat))
        chosen = self.rng.sample(fitting, min(count, len(fitting)))
        return [self._put(detail) for detail in chosen]

    def dressing(self, name: str, chance: float) -> str:
        """Return an opening, a greeting, a closing … or nothing; only in the person's language."""
        kinds, lang = {"other", self.text.kinds[0]}, self.person.lang
        texts = sections("dressing")[name].texts
        fitting = [text.text for text in texts if text.lang == lang and text.kinds[0] in kinds]
        picked = self.rng.choice(fitting) if fitting else ""
        return fill(picked, self.values) if self.rng.random() < chance else ""

    def subject(self) -> str:
        """Return a subject line for the point, if there is one in the person's language."""
        if not self.section.subjects or self.person.lang != "en":
            return ""
        return fill(self.rng.choice(self.section.subjects), self.values)

    def _put(self, text: Text) -> str:
        filled = fill(text.text, self.values)
        if self.channel == "call":
            return filled
        return habits(self.rng, self.person, filled, is_careful=self.channel == "mail")

    def _goes_with(self, detail: Text) -> bool:
        fits = detail.kinds[0] in {"any", *self.text.kinds} and not (detail.form and self.text.form)
        mine, theirs = set(_slot_names(detail.text)), set(_slot_names(self.text.text))
        return fits and not mine & theirs


def post(speaker: Speaker) -> Said:
    """Write a short post: to the point, perhaps with the brand's handle, never over the limit."""
    rng, body = speaker.rng, [speaker.core(), *speaker.details(1)]
    if len(" ".join(body)) > POST_LIMIT - 15:
        body = body[:1]
    if "ternwing" not in body[0].lower():
        prefix, suffix = rng.choices(
            (("@ternwing", ""), ("", "#ternwing"), ("", "@ternwing"), ("", "")), (40, 8, 7, 45)
        )[0]
        body = [prefix, *body, suffix]
    return Said(_joined(speaker, body)[:POST_LIMIT])


def review(speaker: Speaker) -> Said:
    """Write a review: often a title, then the point; with stars."""
    stars = speaker.rng.choice(_STARS[speaker.text.kinds[0]]) if len(speaker.text.kinds) == 1 else 3
    title = speaker.subject() if happens(speaker.rng, 0.55) else ""
    if happens(speaker.rng, 0.08):
        title = "★" * stars + "☆" * (5 - stars) + (f" {title}" if title else "")
    body = _joined(speaker, [speaker.core(), *speaker.details(2)])
    return Said("\n".join(filter(None, (title, body))), rating=(stars - 1) / 4)


def letter(speaker: Speaker) -> Said:
    """Write an e-mail: greeting, the matter, a signature, sometimes the brand's last mail quoted below."""
    if speaker.text.form == "mail":
        body = [speaker.core()]
    else:
        point = " ".join(_sentences([speaker.core(), *speaker.details(2)]))
        opening, closing = speaker.dressing("opening", 0.35), speaker.dressing("closing", 0.7)
        body = [speaker.dressing("greeting", 0.95), *_paragraphs(speaker.rng, opening, point), closing]
    name = speaker.person.display if happens(speaker.rng, 0.75) else speaker.person.first
    sign = "\n".join(filter(None, (speaker.dressing("farewell", 0.9), name, speaker.person.account)))
    foot = speaker.dressing("mail-foot", 0.3)
    body += [sign, f"--\n{foot}" if foot else ""]
    paragraphs, quotation = [paragraph for paragraph in body if paragraph], _quotation(speaker)
    if happens(speaker.rng, 0.3):
        return Said(_html(paragraphs, quotation), is_html=True)
    quoted = [f"{quotation[0]}\n> {quotation[1]}\n>\n> Ternwing Customer Care"] if quotation else []
    return Said("\n\n".join(paragraphs + quoted))


def ticket(speaker: Speaker) -> Said:
    """Write a help-desk ticket: subject, the matter, often a line of facts."""
    subject, close = speaker.subject(), speaker.dressing("ticket-close", 0.55)
    point = " ".join(_sentences([speaker.core(), *speaker.details(3)]))
    return Said("\n\n".join(filter(None, (subject, point, close))))


def thread(speaker: Speaker) -> Said:
    """Write a forum post: sometimes a title, the point, a word to the others."""
    title = speaker.subject() if happens(speaker.rng, 0.4) else ""
    close = speaker.dressing("forum-close", 0.35)
    body = _joined(speaker, [speaker.core(), *speaker.details(2), close])
    return Said("\n\n".join(filter(None, (title, body))))


def call(speaker: Speaker) -> Said:
    """Transcribe what a caller said."""
    opening = "" if speaker.text.form == "call" else speaker.dressing("call-open", 0.85)
    point = [speaker.core(), *speaker.details(2)]
    return Said(" ".join(_sentences([opening, *point, speaker.dressing("call-close", 0.6)])))


FORMS: Mapping[str, Callable[[Speaker], Said]] = {
    "post": post,
    "review": review,
    "mail": letter,
    "ticket": ticket,
    "forum": thread,
    "call": call,
}
"""Kind of channel → how a point is put there."""


def suits(text: Text, channel: str) -> bool:
    """Say whether a text could have been written in that kind of channel."""
    if text.form in {"mail", "call"}:
        return text.form == channel
    match channel:
        case "post":
            return len(text.text) <= POST_LIMIT - 20
        case "call":
            return text.lang == "en" and _is_careful(text.text) and len(text.text) > 40  # noqa: PLR2004 - in letters; callers say more
        case "mail" | "ticket":
            return _is_careful(text.text)
        case _:
            return "@ternwing" not in text.text and "#ternwing" not in text.text


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values into the text's slots."""
    filled = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)
    return re.sub(r"(?<!\.)\.\.(?!\.)", ".", filled)  # a date such as 3.4. at the end of a sentence


def habits(rng: Random, person: Person, text: str, *, is_careful: bool = False) -> str:
    """Type a text as that person does: short forms, slips, lower case; the last two only if not careful."""
    if person.lang == "en":
        text = _swap(rng, text, is_sloppy=person.casing == "lower" and not is_careful)
    text = re.sub(r"(?<![@#\w/.])[a-zà-ü]{5,}(?![\w/.@])", lambda match: _slip(rng, person, match[0]), text)
    if is_careful:
        return text
    if person.is_bare:
        text = text.replace("n't", "nt")
    if person.casing == "lower" and "\n" not in text:
        return text.lower()
    if person.casing == "shout" and len(text) < 120:  # noqa: PLR2004 - nobody shouts for long
        return text.upper() if "http" not in text else text
    return text


def _joined(speaker: Speaker, parts: list[str]) -> str:
    text = " ".join(_sentences(parts))
    return text.removesuffix(".") if speaker.person.is_bare else text


def _sentences(parts: list[str]) -> list[str]:
    said = [part for part in parts if part]
    ended = [
        f"{part}." if _OPEN_END.search(part) and after[0] not in "@#" else part
        for part, after in pairwise(said)
    ]
    return [*ended, *said[-1:]]


def _swap(rng: Random, text: str, *, is_sloppy: bool) -> str:
    for old, new in _SWAPS:
        if happens(rng, 0.25) and (is_sloppy or new not in _SLOPPY):
            pattern = re.escape(old) if " " in old else rf"\b{re.escape(old)}\b(?!')"
            text = re.sub(pattern, new, text, count=1)
    return text


def _slip(rng: Random, person: Person, word: str) -> str:
    if rng.random() >= person.typos:
        return word
    at = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + _NEIGHBOURS.get(word[at], word[at]) + word[at + 1 :],
        )
    )


def _paragraphs(rng: Random, opening: str, point: str) -> list[str]:
    if happens(rng, 0.5):
        return [" ".join(filter(None, (opening, point)))]
    return [opening, point]


def _quotation(speaker: Speaker) -> tuple[str, str] | None:
    quoted = fill(speaker.rng.choice(sections("dressing")["quoted"].texts).text, speaker.values)
    if not happens(speaker.rng, 0.28) or speaker.person.lang != "en":
        return None
    return f"On {speaker.values['date']}, Ternwing Customer Care <care@ternwing.example> wrote:", quoted


def _html(paragraphs: list[str], quotation: tuple[str, str] | None) -> str:
    blocks = "".join(f"<p>{_escaped(paragraph)}</p>\n" for paragraph in paragraphs)
    if quotation:
        head, quoted = map(_escaped, quotation)
        blocks += f"<div>{head}<blockquote>{quoted}<br><br>Ternwing Customer Care</blockquote></div>\n"
    return f'<html><body style="font-family: Arial">\n{blocks}</body></html>'


def _escaped(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>\n")


def _is_careful(text: str) -> bool:
    return not text[0].islower() and not _INFORMAL.search(text) and " pls" not in text


def _slot_names(text: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", text)
