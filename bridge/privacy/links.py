"""Which web addresses carry something that is nobody else's business."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import unquote

URL = r"(?i:\b(?:https?|hxxps?|ftps?|sftp|wss?|ssh|git|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|amqps?)://[^\s<>\"“”„«|]+|\bwww\.[^\s<>\"“”„«|]+)"
"""A pattern of web addresses; it takes what follows up to a blank, an angle bracket or a quotation mark."""

_SECRETS = (
    "token|tok|key|apikey|sig|signature|hmac|secret|password|passwd|pass|pwd|auth|authorization|otp|code|pin|"
    "session|sessionid|sess|sid|jsessionid|phpsessid|aspsessionid|cfid|cftoken|jwt|ticket|credential|credentials|"
    "magic|invite|invitation|reset|confirm|confirmation|verify|verification|activate|activation|nonce|hash|"
    "email|mail|phone|tel|mobile|msisdn|card|iban|ssn|user|username|login|bearer|saml|samlresponse|oobcode|otc|"
    "st|csrf|xsrf|unsubscribe|accesstoken|authtoken|idtoken|refreshtoken|clientsecret|secretkey|accesskey"
)
_SECRET = re.compile(rf"(?:{_SECRETS})s?\Z", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_DOORS = re.compile(
    r"(?:reset|verif|confirm|activat|invit|magic|login|signin|sign-in|auth|token|session|unsubscrib|recover|"
    r"password|passwort|one-time|otp|sso|share|access|secret|key|ticket|download|onboard|opt-?out|jsession)",
    re.IGNORECASE,
)
_PASSES = re.compile(r"eyJ[\w-]{5,}|(?:sk|pk|rk|gh[pousr]|xox[abeoprs]|glpat|AKIA|ASIA|AIza)[-_]?[\w-]{14,}")
_MAIL = re.compile(r"[^\s/@?&=#]{1,64}@[\w-]{1,63}\.\w")
_NUMBER = re.compile(r"(?:\+|\b00)\d(?:[ .()/-]{0,2}\d){6,14}|(?<!\d)\d(?:[ -]{0,1}\d){12,18}(?!\d)")
_TALKS = re.compile(r"//(?:wa\.me|api\.whatsapp\.com|t\.me/\+|signal\.me)", re.IGNORECASE)
_SPLIT = re.compile(r"[/?&#;]")
_DEEP = 4
_CODE, _SHIFTS_OF_A_CODE, _YEAR = 8, 3, 4
_RANDOM, _RANDOM_IN_PIECES, _SHIFTS_OF_RANDOM = 20, 24, 5


def carries_secret(url: str) -> bool:
    """Whether an address says so itself: by credentials, a parameter's name, a pass, or a person's data."""
    plain = _decoded(url)
    head, _, rest = plain.partition("//")
    host, *_ = re.split(r"[/?#]", rest or head, maxsplit=1)
    after = (rest or head)[len(host) :]
    if "@" in host or _MAIL.search(after) or _PASSES.search(plain) or _TALKS.search(plain):
        return True
    named = any(_names_secret(part) for part in _SPLIT.split(after))
    return named or _after_a_door(after) or _has_number(after)


def looks_private(url: str) -> bool:
    """Whether an address that somebody wrote carries a secret or a part that is too random to be a name."""
    after = re.split(r"//[^/?#]*", _decoded(url), maxsplit=1)[-1]
    return carries_secret(url) or any(_is_random(part) for part in re.split(r"[/?&#;=.,:+]", after))


def _decoded(url: str) -> str:
    for _ in range(_DEEP):
        plain = unquote(url)
        if plain == url:
            break
        url = plain
    return "".join(character for character in url if character.isprintable())


def _names_secret(part: str) -> bool:
    name, is_given, value = part.partition("=")
    if not is_given or not value:
        return False
    words = _WORD.findall(name)
    return any(_SECRET.match(word) for word in (*words, re.sub(r"[\W_]", "", name)))


def _after_a_door(after: str) -> bool:
    """Whether something that is no plain word follows `reset`, `invite` and the like."""
    parts = [part for part in re.split(r"[/?&#;=]", after) if part]
    doors = [n for n, part in enumerate(parts) if _DOORS.search(part)]
    return bool(doors) and any(_is_code(part) for part in parts[doors[0] :])


def _is_code(part: str) -> bool:
    """Whether a piece is no words, long enough, and mixes letters and digits or small and large letters."""
    for piece in re.split(r"[.,:~]", part):
        bare = re.sub(r"[-_]", "", piece)
        mixed = any(map(str.isdigit, bare)) or _shifts(bare) >= _SHIFTS_OF_A_CODE
        if len(bare) >= _CODE and mixed and not _reads(piece):
            return True
    return False


def _reads(piece: str) -> bool:
    """Whether a piece is words and short numbers, such as `reset-your-password-2024`."""
    words = re.split(r"[-_]", piece)
    return len(words) > 1 and all(not w or w.isalpha() or (w.isdigit() and len(w) <= _YEAR) for w in words)


def _is_random(part: str) -> bool:
    """Whether a piece is longer and more mixed than a name."""
    longest = max(re.split(r"[-_]", part), key=len)
    if len(longest) >= _RANDOM:
        mixed = any(map(str.isdigit, longest)) and any(map(str.isalpha, longest))
        return mixed or _shifts(longest) >= _SHIFTS_OF_RANDOM
    bare = re.sub(r"[-_]", "", part)
    return len(bare) >= _RANDOM_IN_PIECES and not _reads(part) and _shifts(bare) >= _SHIFTS_OF_RANDOM


def _shifts(text: str) -> int:
    """Return how often a text goes over from small to large letters or to digits, or back."""
    kinds = [c.isdigit() * 2 + c.isupper() for c in text]
    return sum(a != b for a, b in pairwise(kinds))


def _has_number(after: str) -> bool:
    """Whether a parameter's value is a telephone number with its country, or long enough for a card."""
    values = [part.partition("=")[2] for part in _SPLIT.split(after) if "=" in part]
    parts = [part for part in after.split("/") if part.startswith("+")]
    return any(_NUMBER.search(value) for value in values + parts)
