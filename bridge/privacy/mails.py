"""E-mail addresses, as they are written and as people spell them out."""

from __future__ import annotations

import re
from collections.abc import Iterator

_AT_WORDS = (
    "at|ät|ad|arroba|arobase|chiocciola|собака|kukac|zavinac|zavináč|małpa|malpa|apenstaartje|snabel-a"
)
_DOT_WORDS = "dot|punkt|punto|point|ponto|punt|tochka|точка|kropka|pont|tečka|nokta|d0t"
_OPEN, _CLOSE = r"\s{0,3}[(\[{<_*]{1,2}\s{0,3}", r"\s{0,3}[)\]}>_*]{1,2}\s{0,3}"
_AT = re.compile(
    rf"(?P<spelled>{_OPEN}(?:@|{_AT_WORDS}){_CLOSE})|(?P<sign>\s{{0,3}}@\s{{0,3}})"
    rf"|(?P<word>\s{{1,3}}(?:{_AT_WORDS})\s{{1,3}})",
    re.IGNORECASE,
)
_DOT = rf"(?:\s{{0,2}}\.(?:\s?\n\s?)?|{_OPEN}(?:\.|{_DOT_WORDS}){_CLOSE}|\s{{1,3}}(?:{_DOT_WORDS})\s{{1,3}})"
_NEAR_DOT = rf"(?:\.|\s?\n\s?\.|\.\s?\n\s?|{_OPEN}(?:\.|{_DOT_WORDS}){_CLOSE})"
_SPELLED_DOT = rf"(?:{_OPEN}(?:\.|{_DOT_WORDS}){_CLOSE}|\s{{1,3}}(?:{_DOT_WORDS})\s{{1,3}})"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP = r"(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})"
_DOMAIN = re.compile(
    rf"(?:{_LABEL}{_NEAR_DOT}){{1,8}}{_TOP}(?![^\W_])|(?:{_LABEL}{_DOT}){{1,8}}{_TOP}(?![^\W_])"
    rf"|\[?\d{{1,3}}(?:\.\d{{1,3}}){{3}}\]?|{_LABEL}\n{_LABEL}(?:\.{_LABEL}){{0,4}}\.{_TOP}",
    re.IGNORECASE,
)
_SPELLED_DOMAIN = re.compile(
    rf"{_LABEL}(?:{_SPELLED_DOT}{_LABEL}){{0,4}}{_SPELLED_DOT}{_TOP}(?![^\W_])", re.IGNORECASE
)
_LOCAL = re.compile(
    rf'(?:"[^"\n]{{1,64}}"|(?:[\w!#$%&\'*+/=?^`{{|}}~.-]|(?<=[._-])\n(?=\w)|{_SPELLED_DOT}(?=\w)){{1,80}})\Z',
    re.IGNORECASE,
)
_COMMON = re.compile(
    r"(?:com|net|org|info|biz|edu|gov|io|app|dev|me|eu|[a-z]{2}|online|shop|store|email|mail)\Z",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 96, 320


def mails(text: str) -> Iterator[tuple[int, int]]:
    """Yield where addresses stand: looks to both sides of each sign, so the time is that of the text."""
    for sign in _AT.finditer(text):
        pattern = _SPELLED_DOMAIN if sign["word"] else _DOMAIN
        domain = pattern.match(text[sign.end() : sign.end() + _AFTER])
        begin = max(0, sign.start() - _BEFORE)
        local = _LOCAL.search(text[begin : sign.start()]) if domain else None
        if domain is None or local is None or not any(map(str.isalnum, local[0])):
            continue
        if _is_handle(sign, local[0], domain[0]):
            continue
        yield begin + local.start(), sign.end() + domain.end()


def _is_handle(sign: re.Match[str], local: str, domain: str) -> bool:
    """Whether `word @some.name` names a person's account rather than an address."""
    if not sign["sign"] or not sign[0].startswith(" ") or sign[0][-1:].isspace() or "\n" in sign[0]:
        return False
    return local.isalpha() and not _COMMON.search(domain)
