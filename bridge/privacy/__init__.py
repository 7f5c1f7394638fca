"""What leaves the house goes through here: personal data that has a form is masked.

Masked are e-mail addresses `[e-mail]`, telephone numbers `[phone]`, payment cards `[card]` (Luhn's check
digit), bank accounts `[iban]` (ISO 7064 mod 97), web addresses with a token, credentials or personal data
`[link]`, and bare keys and tokens `[token]`. Rather too much than too little: a number of seven or more
digits that is no date, time, price, version or decimal is taken for a telephone number. Names and postal
addresses are not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from bridge.privacy.links import URL, carries_secret, looks_private
from bridge.privacy.mails import mails
from bridge.privacy.numbers import accounts, cards, phones
from bridge.privacy.shadow import Shadow

__all__ = ["carries_secret", "outward"]

_ROUNDS = 5
_Span = tuple[int, int, str]


@lru_cache(maxsize=8192)  # names and addresses go out again and again
def outward(text: str) -> str:
    """Return a text as it may leave the house; masking it again changes nothing."""
    for _ in range(_ROUNDS):
        masked = _masked(text)
        if masked == text:
            break
        text = masked
    return text


def _masked(text: str) -> str:
    """Mask addresses and tokens, and in what stands between addresses the rest."""
    shadow = Shadow.of(text, decode=False)
    pieces, at = [], 0
    for start, end, mask in _addresses(shadow.text):
        first, last = shadow.span(start, end)
        if first < at:
            continue
        pieces += [_between(text[at:first]), mask or text[first:last]]
        at = last
    return "".join([*pieces, _between(text[at:])])


def _addresses(shadow: str) -> Iterator[_Span]:
    """Yield web addresses (without a mask if they may stay) and tokens, in order."""
    for found in _ADDRESS_OR_TOKEN.finditer(shadow):
        if found["url"] is None:
            start = found.start("value") if found["value"] else found.start()
            yield start, found.end(), "[token]"
            continue
        url = found["url"].rstrip(".,;:!?)]}'\"»”’*_")
        start = found.start("url")
        private = looks_private(url)
        yield start, found.end("url") if private else start + len(url), "[link]" if private else ""


_TOKENS = (
    r"eyJ[\w-]{5,4000}\s{0,2}\.\s{0,2}[\w-]{5,4000}(?:\s{0,2}\.\s{0,2}[\w-]{0,4000})?",
    r"(?:sk|pk|rk|whsec|shpat|shpss|npm|hf|gh[pousr]|github_pat|dop_v1|key|tok|pat)[-_][\w-]{14,400}",
    r"glpat-[\w-]{12,400}|xox[abeoprs]-[\w-]{8,400}|AT[AC]TT3[\w=-]{16,400}|SG\.[\w-]{10,100}\.[\w-]{10,100}",
    r"(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{12,40}|AIza[\w-]{30,100}|ya29\.[\w.-]{16,400}",
    r"(?i:bearer)\s{1,4}[\w.~+/=-]{8,4000}|(?i:basic)\s{1,4}(?=[A-Za-z+/]{0,400}[0-9=])[\w+/=-]{8,400}",
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\w+/=\s]{0,8000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?",
)
_GIVEN_AWAY = (
    r"(?i:pass(?:word|wort|code|phrase)?|pwd|contraseña|mot de passe|пароль|api[ _-]?key|secret|token)"
    r"\s{0,3}[:=]\s{0,3}(?P<value>(?!\[)\S{4,4000})"
)
_ADDRESS_OR_TOKEN = re.compile(
    rf"(?P<url>{URL})|(?<![A-Za-z0-9_-])(?:{'|'.join(_TOKENS)})|(?<![A-Za-z0-9]){_GIVEN_AWAY}"
)


def _between(text: str) -> str:
    """Mask what stands between addresses."""
    if not _WORTH_A_LOOK.search(text):
        return text
    for mask, find in (
        ("[e-mail]", mails),
        ("[iban]", accounts),
        ("[card]", cards),
        ("[phone]", phones),
    ):
        shadow = Shadow.of(text, decode=True)
        pieces, at = [], 0
        for start, end in find(shadow.text):
            first, last = shadow.span(start, end)
            if first >= at:
                pieces += [text[at:first], mask]
                at = last
        text = "".join([*pieces, text[at:]])
    return text


_WORTH_A_LOOK = re.compile(
    r"\d|@|[^\x00-\x7f]|%|&|\b(?:at|dot)\b|[(\[{<]\s{0,3}\w{2,10}\s{0,3}[)\]}>]", re.IGNORECASE
)
