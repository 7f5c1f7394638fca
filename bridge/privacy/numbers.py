"""Bank accounts, payment cards and telephone numbers, and the numbers that are none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_COUNTRIES = (
    "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 "
    "CZ:24 DE:22 DJ:27 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 "
    "GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 "
    "LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 "
    "NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 SC:31 SD:18 SE:24 SI:19 "
    "SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30 "
)
_LENGTHS = {pair[:2]: int(pair[3:]) for pair in _COUNTRIES.split()}
_GAP_MOST = 3
_ACCOUNT = re.compile(r"[A-Z]{2}[\s./-]{0,3}\d[\s./-]{0,2}\d", re.IGNORECASE | re.ASCII)
_ACCOUNT_LONGEST = 34 * 4


def accounts(text: str) -> Iterator[tuple[int, int]]:
    """Yield where international bank account numbers stand whose check sum holds."""
    at = 0
    while found := _ACCOUNT.search(text, at):
        end = _account_end(text, found.start())
        if end:
            yield found.start(), end
        at = end or found.start() + 1


def _account_end(text: str, start: int) -> int | None:
    """Return where the account that starts here ends, None if no check sum holds."""
    kept: list[str] = []
    gap = 0
    wanted = _LENGTHS.get(text[start : start + 2].upper(), 0)
    for at in range(start, min(len(text), start + _ACCOUNT_LONGEST)):
        character = text[at]
        if character.isascii() and character.isalnum():
            kept.append(character.upper())
            gap = 0
        elif (gap := gap + 1) > _GAP_MOST or character not in " \n\t.-/":
            return None
        if len(kept) == wanted and gap == 0:
            return at + 1 if _is_account("".join(kept)) else None
    return None


def _is_account(account: str) -> bool:
    turned = account[4:] + account[:4]
    return account[2:4].isdigit() and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


_CARD = re.compile(r"\d(?:[ \t\n.\-/]{0,3}\d){12,}")
_GROUP = re.compile(r"\d+")
_IN_FOURS = re.compile(r"(?<!\d)\d{4}(?:[ \t\n.\-/]{1,3}\d{4}){3}(?!\d)")
_CARD_DIGITS = range(13, 20)
_ISSUERS = (2, 3, 4, 5, 6)


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Yield where cards stand among groups of digits: whole groups that have 13 to 19 digits together."""
    for run in _CARD.finditer(_without_ordinary(text, _IN_FOURS)):
        groups = list(_GROUP.finditer(text, run.start(), run.end()))
        at = 0
        while at < len(groups):
            past = _card_end(groups, at)
            if past:
                yield groups[at].start(), groups[past - 1].end()
            at = past or at + 1


def _card_end(groups: list[re.Match[str]], at: int) -> int:
    """Return the number of the group after a card that starts at one, 0 if none does."""
    digits = ""
    for number in range(at, len(groups)):
        digits += groups[number][0]
        if len(digits) > _CARD_DIGITS[-1]:
            break
        if len(digits) in _CARD_DIGITS and _is_card([int(digit) for digit in digits]):
            return number + 1
    return 0


def _is_card(digits: list[int]) -> bool:
    """Luhn's check: every second digit from the right counts double, the sum is a multiple of ten."""
    doubled = [n if place % 2 else sum(divmod(2 * n, 10)) for place, n in enumerate(digits[::-1], 1)]
    return sum(doubled) % 10 == 0 and digits[0] in _ISSUERS and len(set(digits)) > 1


_CURRENCY = (
    r"(?:€|\$|£|¥|₹|₽|zł|kr\b|EUR\b|USD\b|GBP\b|CHF\b|PLN\b|SEK\b|NOK\b|DKK\b|JPY\b|euros?\b|dollars?\b)"
)
_AMOUNT = r"[1-9]\d{0,2}(?:(?P<NAME>[., '’])\d{3}(?:(?P=NAME)\d{3})?)?(?:[.,]\d{1,2})?|[1-9]\d{0,8}[.,]\d{2}"
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:(?:19|20)\d\d)"
_TIME = r"(?:[01]?\d|2[0-4])[.:][0-5]\d"
_LEFT, _RIGHT = r"(?<![\d+])(?<!\d[./-])(?<!\+ )", r"(?![./-]?\d)"
_ORDINARY = re.compile(
    rf"{_LEFT}(?:"
    + "|".join(
        [
            rf"{_YEAR}(?P<y>[-/.]){_MONTH}(?P=y){_DAY}",
            rf"{_DAY}(?P<d>[-/.]) ?{_MONTH}(?P=d) ?{_YEAR}",
            rf"{_MONTH}(?P<m>[-/.]){_DAY}(?P=m){_YEAR}",
            rf"{_DAY}\.{_MONTH}\. ?[-–/] ?{_DAY}\.{_MONTH}\.(?:{_YEAR}|\d\d)?",
            rf"(?<!\d )(?<!\d[-/] ){_YEAR} ?[-–/] ?{_YEAR}(?! ?[-/]? ?\d)",
            rf"{_TIME} ?[-–] ?{_TIME}",
            rf"{_TIME}(?::[0-5]\d)?",
            r"\d{1,2}\.\d{4,8}",
            r"[1-9]\d{0,2}(?: 000){1,4}",
            r"[1-9]\d?(?:\.\d{3}){2}",
            r"(?<!\d )[1-9](?: \d{3}){2}(?! \d)",
            r"\d{1,4}\.0\.\d{1,5}(?:\.\d{1,5})?",
        ]
    )
    + rf"){_RIGHT}"
    + rf"|{_CURRENCY} ?(?:{_AMOUNT.replace('NAME', 'p')}){_RIGHT}"
    + rf"|{_LEFT}(?:{_AMOUNT.replace('NAME', 'q')})(?= ?{_CURRENCY})"
    + r"|\b(?:v|version|build|release|chrome|firefox|safari|edge|ios|android|windows|macos)"
    + r"\.? ?\d{1,4}(?:\.\d{1,5}){1,4}(?![.\d-])"
    + r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    re.IGNORECASE,
)
_STEP = r"[ \t.\-/()\[\]·•_]"
_NUMBER = re.compile(
    rf"(?:\+ ?|\(\+?)?\d(?:{_STEP}{{0,4}}\d|{_STEP}{{0,3}}\n{_STEP}{{0,3}}\d)*"
    r"(?: ?ext\.? ?\d{1,5}| x ?\d{1,5})?",
    re.IGNORECASE,
)
_LINES = re.compile(r"[^\n]+")
_SHORTEST, _SHORTEST_ABROAD = 7, 6


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Yield where runs of digits stand that are no ordinary number."""
    plain = _without_ordinary(text)
    for run in _NUMBER.finditer(plain):
        start, end = _own(plain, *run.span())
        number = plain[start:end]
        if "\n" not in number or _goes_on(number):
            if _is_phone(number):
                yield start, end
            continue
        for line in _LINES.finditer(number):
            if _is_phone(line[0]):
                yield start + line.start(), start + line.end()


_CALLED = "".join(f"(?<!{word})" for word in ("tel", "fon", "one", "mob", "app", "all", "cel"))
_PART_OF_A_WORD = re.compile(rf"(?<=[a-z]){_CALLED}-?[1-9]\d{{0,5}}(?!\d)[ \n]", re.IGNORECASE | re.ASCII)
_WITH_A_UNIT = re.compile(r"[ \n][1-9]\d{0,5}\Z")


def _own(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out a first group that belongs to the word before (LH-1234) and a last one with a unit (20km)."""
    before = start - 1 if text[start - 1 : start] == "-" else start
    if word := _PART_OF_A_WORD.match(text, before, end):
        start = word.end()
    if end < len(text) and text[end].isalpha() and (last := _WITH_A_UNIT.search(text[start:end])):
        end = start + last.start()
    return start, end


def _without_ordinary(text: str, kept: re.Pattern[str] | None = None) -> str:
    """Blank out dates, times, prices, versions and decimals, but not inside of what is kept."""
    pieces, at = [], 0
    for found in kept.finditer(text) if kept else ():
        pieces += [_blanked(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*pieces, _blanked(text[at:])])


def _blanked(text: str) -> str:
    return _ORDINARY.sub(lambda found: "\x01" * len(found[0]), text)


def _is_phone(number: str) -> bool:
    digits = sum(character.isdigit() for character in number)
    return digits >= (_SHORTEST_ABROAD if number.startswith(("+", "(+", "00")) else _SHORTEST)


def _goes_on(number: str) -> bool:
    """Whether lines of digits read like one number: an area code first, groups of two digits or more."""
    groups = re.findall(r"\d+", number)
    leads = number.startswith(("+", "0", "("))
    return (leads or all(len(group) > 1 for group in groups)) and sum(map(len, groups)) <= 2 * 15
