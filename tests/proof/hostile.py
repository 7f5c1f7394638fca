"""Can customers' words do anything in a ticket but be read, and does personal data leave with them?

    python tests/proof/hostile.py [--count 100000] [--personal 10000] [--seed 7]

Hostile strings go through a template into ADF and into wiki markup. Each ADF tree may hold our few nodes
only; with JIRA_CONTRACTS each shape of tree is also validated against the official schema (texts don't matter
to it but for being there). Wiki markup is read by a small reader of its own, which must find the literal text
and nothing live. Personal data in the forms of ten languages, some of it disguised, goes through
`privacy.outward`; ordinary sentences with numbers must stay as they are. Exits with 1 on any failure, and
prints the first few.
"""

# ruff: noqa: E501, RUF001 - long lists of strings, many of them meant to deceive

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

from bridge.privacy import outward
from bridge.render.adf import Adf
from bridge.render.characters import visible
from bridge.render.format import BEGIN, END
from bridge.render.template import render
from bridge.render.wiki import Wiki

SCHEMA = "adf-schema-57.7.22.full.json"
NODES = {"doc", "paragraph", "heading", "blockquote", "bulletList", "listItem", "rule", "text", "hardBreak"}
TEMPLATE = """## About {{ text | named }}

Before {{ text }} after **{{ text }}**

{% for one in [text] %}
> {{ one }}
>
> said [{{ one }}]({{ url }})

- {{ one }}
{% endfor %}

---
"""
FRAGMENTS = [
    *"{ } [ ] ! * _ - + ^ ~ ? | # \\ / ( ) < > & ; : @ ` ' \" . , = % $".split(),
    *"[~admin] [~accountid:5b10] @all {html} {noformat} {code} {quote} {color:red} {panel} {iframe:src=x}".split(),
    *"{{ {% }} %} {# #} {{7*7}} {{self}} {{text}} !http://e.example/x.png! !x.png|thumbnail! [a|javascript:x]".split(),
    *"[x|http://e.example] [^file.txt] [#anchor] http://e.example https://e.example/?a=b ftp://e.example".split(),
    *"mailto:x www.e.example ABC-123 FB-1 PROJ_2-99 :) :( :P :D ;) ;-) (y) (n) (i) (/) (x) (!) (+) (-) (?)".split(),
    *"(on) (off) (*) (*r) (flag) (c) (tm) --- -- ---- || |a| ??cite?? +ins+ -del- ^sup^ ~sub~ *b* _i_".split(),
    *"&#123; &lt; &amp; &nbsp; &#x5b; \\\\ \\{ \\[ \\n ``` ` ~~~ > <b> <script> </div> <!-- --> <http://e.example>".split(),
    "h1. big", "bq. said", "# one", "* star", "- dash", "+ plus", "1. first", "1) first", "===", "---", "    code",
    "|a|b|\n|-|-|", "{quote}\nout\n{quote}", "{noformat}\n{noformat}", "[a]: http://e.example", "![p](x)", "[l](x)",
    "\u202egnp.exe", "a\u200bb", "\ufeff", "\x00", "\x1b[31m", "\u2066x\u2069", "\ud800", "\udfff", "\ue000", "\uf8ff",
    "\ue000\ue100\ue101\ue002", "\r\n", "\r", "\n", "\n\n", "\v", "\u2028", "\t", " ", "  ", "\xa0", "\u3000", "\xad",
    "👍", "👨\u200d👩\u200d👧", "🏴\U000e0067\U000e0062\U000e007f", "❤\ufe0f", "e\u0301", "Z̴̡", "日本語", "مرحبا", "हिन्दी",
    "straße", "word", "Two words", "app", "5", "3.14", "-5", BEGIN, END, f"_{END}_", "a" * 40, "\U0010ffff", "\ufffe",
]  # fmt: skip


def hostile(rng: random.Random) -> str:
    """Return a string that tries to be more than a text."""
    if rng.random() < 0.1:
        return "".join(chr(rng.choice((rng.randrange(0x80), rng.randrange(0x3000)))) for _ in range(12))
    glue = rng.choice(("", "", " ", "\n"))
    return glue.join(rng.choice(FRAGMENTS) for _ in range(rng.randint(1, 8)))


def folded(text: str) -> str:
    """Return a text with single spaces."""
    return " ".join(text.split())


# --- wiki markup, read back -------------------------------------------------------------------------------------

ESCAPED = re.compile(r"\\([^A-Za-z0-9\s\\])|&#(\d+);")
LINK = re.compile(r"\[([^\[\]|]*)\|(https?://[^\s|\[\]{}]+)\]")
LIVE = {
    "macro": re.compile(r"[{}]"),
    "link": re.compile(r"[\[\]]"),
    "picture": re.compile(r"!"),
    "table": re.compile(r"\|"),
    "emphasis": re.compile(r"[*_^~+]|\?\?"),
    "strike": re.compile(r"(?<!\w)-|-(?!\w)"),
    "list": re.compile(r"^\s*[*#-]+\s"),
    "number sign": re.compile(r"#"),
    "heading": re.compile(r"^\s*(?:h[1-6]|bq)\.", re.IGNORECASE),
    "address": re.compile(r"[A-Za-z]:/|mailto:|www\.", re.IGNORECASE),
    "key": re.compile(r"[A-Za-z]\w*-\d"),
    "smiley": re.compile(
        r":[-()DPpO|]|;[-)]|\((?:[!?/+*ynicrx-]|on|off|flag|flagoff|tm|\*[rgby])\)", re.IGNORECASE
    ),
    "entity": re.compile(r"&(?=[#A-Za-z])"),
    "backslash": re.compile(r"\\"),
}
STARTS = {"heading", "list"}  # live at the start of a line only


def read_line(raw: str, *, strong: bool = False) -> str:
    """Return the text of a line of wiki markup, with what is live in it named in ⟦…⟧."""
    held: list[str] = []

    def hold(text: str) -> str:
        held.append(text)
        return "\x00"

    line = ESCAPED.sub(lambda m: hold(m[1] or unescape(m[0])), raw)
    shown = ""
    for number, piece in enumerate(LINK.split(line)):
        if number % 3 == 2:
            continue  # an address: the pattern has seen to it
        plain = re.sub(r"(?:^|(?<=\s))\*(\S|\S.*\S)\*(\s?\.?)$", r"\1\2", piece) if strong else piece
        starts = LIVE if number == 0 else {name: live for name, live in LIVE.items() if name not in STARTS}
        shown += plain + "".join(f"⟦{name}⟧" for name, live in starts.items() if live.search(plain))
    pieces = iter(held)
    return re.sub("\x00", lambda _: next(pieces), shown)


def read_wiki(markup: str) -> list[tuple[str, str]]:
    """Return the blocks of our markup as (kind, text)."""
    found: list[tuple[str, str]] = []
    quoted = False
    for part in markup.split("\n"):
        if part == "{quote}":
            quoted = not quoted
        elif part == "----":
            found.append(("rule", ""))
        elif part.startswith("h2. "):
            found.append(("heading", read_line(part[4:])))
        elif part.startswith("* "):
            found.append(("item", read_line(part[2:])))
        else:
            kind = "quote" if quoted else "text"
            said = read_line(part, strong=not quoted)
            if found and found[-1][0] == kind:
                said = f"{found.pop()[1]}\n{said}"
            found.append((kind, said))
    return [("open quote", ""), *found] if quoted else found


def wiki_fault(markup: str, text: str) -> str | None:
    """Say what is wrong with the markup made of a text, None if nothing is."""
    shown = folded(text)
    wanted = {
        "heading": f"About {shown}",
        "text": f"Before {shown} after {shown}",
        "quote": f"{shown} said {shown}",
        "item": shown,
    }
    lines = markup.split("\n")
    if lines[0] != f"_{BEGIN}_" or lines[-1] != f"_{END}_":
        return "the delimiters are not where they belong"
    found: dict[str, str] = {}
    for kind, said in read_wiki("\n".join(lines[1:-1])):
        found[kind] = f"{found.get(kind, '')} {said}"
    for kind, said in wanted.items():
        if squeezed(found.get(kind, "")) != squeezed(said):
            return f"{kind}: {folded(found.get(kind, ''))!r} instead of {folded(said)!r}"
    return f"unexpected: {set(found) - {*wanted, 'rule'}}" if set(found) - {*wanted, "rule"} else None


def squeezed(text: str) -> str:
    """Return a text without blanks, and without the stop that tells a line from a delimiter."""
    bare = "".join(text.split())
    for line in (BEGIN, END):
        bare = re.sub(rf"({re.escape(''.join(line.split()))}[_*]*)\.+", r"\1", bare)
    return bare


# --- ADF --------------------------------------------------------------------------------------------------------

ATTRS = {"heading": {"level"}, "link": {"href"}}


def adf_faults(node: Any, path: str = "doc") -> Iterator[str]:
    """Yield what a tree holds that we never write."""
    kind = node.get("type")
    if kind not in NODES:
        yield f"{path}: a node {kind!r}"
    if set(node.get("attrs", {})) != ATTRS.get(kind, set()):
        yield f"{path}: attributes {node.get('attrs')}"
    if kind == "text":
        text = node.get("text")
        if not text or "\n" in text or any(unicodedata.category(c) in {"Cs", "Cc"} for c in text):
            yield f"{path}: a text {text!r}"
    for mark in node.get("marks", []):
        if mark["type"] not in {"strong", "em", "link"} or set(mark.get("attrs", {})) != ATTRS.get(
            mark["type"], set()
        ):
            yield f"{path}: a mark {mark}"
        if mark["type"] == "link" and not mark["attrs"]["href"].startswith(("https://", "http://")):
            yield f"{path}: a link to {mark['attrs']}"
    for child in node.get("content", []):
        yield from adf_faults(child, f"{path}/{child.get('type')}")


def adf_text(node: Any) -> str:
    """Return the characters of a tree."""
    if node["type"] == "text":
        return str(node["text"])
    return "\n".join(adf_text(child) for child in node.get("content", []))


def shape(node: Any) -> Any:
    """Return a tree with every text and address made the same: the schema only asks that they are strings."""
    if isinstance(node, list):
        return [shape(child) for child in node]
    if isinstance(node, dict):
        return {
            k: "x" if k in {"text", "href"} and isinstance(v, str) and v else shape(v)
            for k, v in node.items()
        }
    return node


def official() -> Callable[[Any], str | None] | None:
    """Return a check against the official schema, None where it is not at hand."""
    folder = os.environ.get("JIRA_CONTRACTS")
    if not folder or not (Path(folder) / SCHEMA).is_file():
        return None
    from jsonschema import Draft4Validator

    validator = Draft4Validator(json.loads((Path(folder) / SCHEMA).read_text("utf-8")))
    return lambda tree: next((error.message[:200] for error in validator.iter_errors(tree)), None)


def prove_formats(count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Render hostile strings; return figures and faults."""
    rng = random.Random(seed)
    check, seen, figures, faults = official(), set[str](), Counter[str](), []
    figures["official schema at hand"] = check is not None
    adf, wiki = Adf(), Wiki()
    for _ in range(count):
        text = hostile(rng)
        document = render(TEMPLATE, {"text": text, "url": "https://e.example/help"})
        shown = outward(visible(text))
        tree, markup = adf.wrap(document), wiki.wrap(document)
        wrong = [f"adf {text!r}: {fault}" for fault in adf_faults(tree)]
        said = squeezed(shown)
        if squeezed(adf_text(tree)) != squeezed(
            f"{BEGIN} About {shown} Before {shown} after {shown} {shown} said {shown} {shown} {END}"
        ):
            wrong.append(f"adf {text!r}: another text, {adf_text(tree)!r}")
        figures["empty"] += not said
        key = json.dumps(shape(tree), sort_keys=True)
        if check is not None and key not in seen:
            seen.add(key)
            if fault := check(json.loads(key)):
                wrong.append(f"adf {text!r}: {fault}")
        if fault := wiki_fault(markup, shown):
            wrong.append(f"wiki {text!r}: {fault}")
        if adf.block(tree) != adf.canonical(document) or wiki.block(markup) != wiki.canonical(document):
            wrong.append(f"block {text!r}: what was written is not read back")
        figures["strings"] += 1
        faults += wrong
    figures["shapes against the schema"] = len(seen)
    return figures, faults


# --- personal data ----------------------------------------------------------------------------------------------

SENTENCES = [
    "Please call me back, my details are {} and I have waited since 2026-03-01.",
    "Bitte melden Sie sich: {}. Bestellung 48213 ist seit 14:30 Uhr weg.",
    "Merci de me contacter ({}), le vol AF 1234 a été annulé.",
    "Por favor, escríbanme a {} porque la aplicación no funciona.",
    "Potete contattarmi: {} grazie, versione 2.14.1",
    "Neem contact op via {} alstublieft, kosten 49,99 EUR.",
    "Proszę o kontakt {} w sprawie zamówienia 99120.",
    "Por favor ligue {}, obrigado!",
    "ご連絡ください：{} よろしくお願いします。",
    "يرجى التواصل معي {} شكرا",
    "Позвоните мне, пожалуйста: {}, спасибо",
    "Lütfen bana ulaşın {} teşekkürler",
]
PHONES = [
    "+44 20 7946 0###", "07700 900 ###", "(0)20 7946 0###", "+1 (202) 555-0###", "202-555-0###", "202.555.0###",
    "1-800-555-0###", "+49 170 12345###", "0170/12345###", "(030) 901 82 ###", "+49(0)30-901###", "06 12 34 5# ##",
    "+33 6 12 34 5# ##", "06.12.34.5#.##", "91 234 5# ##", "612 345 ###", "+34 612 345 ###", "02 1234 5###",
    "+39 347 123 4###", "347 1234###", "06-1234 5###", "+31 6 1234 5###", "020 123 4###", "22 123 4# ##",
    "+48 501 234 ###", "501-234-###", "912 345 ###", "+351 912 345 ###", "(11) 91234-5###", "+55 11 91234-5###",
    "090-1234-5###", "03-1234-5###", "+81 90 1234 5###", "050 123 4###", "+971 50 123 4###", "0020 100 123 4###",
    "8 (912) 345-6#-##", "+7 912 345-6#-##", "0532 123 4# ##", "+90 532 123 4###", "12 34 5# ##", "+4512345###",
    "0701234###", "017012345###", "+14155550###", "08-123 45###",
]  # fmt: skip
ACCOUNTS = ["DE", "GB", "FR", "ES", "IT", "NL", "PL", "PT", "TR", "AT", "SE", "CH"]
SIZES = {"DE": 18, "GB": 18, "FR": 23, "ES": 20, "IT": 23, "NL": 14, "PL": 24, "PT": 21, "TR": 22, "AT": 16, "SE": 20, "CH": 17}  # fmt: skip
NAMES = [
    "anna.müller",
    "john_doe",
    "jose-luis",
    "o'brien",
    "ivan.петров",
    "kana",
    "x",
    "maria+shop",
    "m.de.vries",
    "żółć",
]
HOSTS = [
    "example.com",
    "mail.example.co.uk",
    "bücher.example",
    "web.de",
    "пример.рф",
    "gmail.com",
    "firma-x.example",
]
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
LINKS = [
    "https://e.example/?token={}", "https://e.example/a?x=1&sig={}", "https://e.example/reset/{}", "https://u:{}@e.example/",
    "https://e.example/#access_token={}", "https://e.example/magic-link/{}", "http://e.example/a;jsessionid={}",
    "https://e.example/login?code={}", "https://e.example/v1/{}?api_key={}", "https://e.example/verify/mail/{}/now",
]  # fmt: skip
BARE = [
    "sk-{}",
    "ghp_{}",
    "Bearer {}",
    "xoxb-{}",
    "glpat-{}",
    "eyJhbGciOiJIUzI1NiJ9.eyJ{}.{}",
    "password: {}",
    "api_key={}",
]


def luhn(rng: random.Random) -> str:
    """Return a card number with its check digit."""
    size, start = rng.choice(((16, "4"), (16, "51"), (15, "37"), (16, "6011"), (19, "62")))
    digits = start + "".join(rng.choice("0123456789") for _ in range(size - 1 - len(start)))
    for last in "0123456789":
        doubled = [int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits + last))]
        if sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0:
            return digits + last
    raise AssertionError


def account(rng: random.Random) -> str:
    """Return an IBAN with its check digits."""
    country = rng.choice(ACCOUNTS)
    letters = "".join(rng.choice("ABCDEFGH") for _ in range({"GB": 4, "NL": 4, "IT": 1}.get(country, 0)))
    body = letters + "".join(rng.choice("0123456789") for _ in range(SIZES[country] - len(letters)))
    rest = int("".join(str(int(c, 36)) for c in f"{body}{country}00")) % 97
    return f"{country}{98 - rest:02}{body}"


def grouped(text: str, rng: random.Random, sizes: tuple[int, ...] = (4,)) -> str:
    """Return a number in groups, or not."""
    glue, size = rng.choice(("", " ", "-", "\xa0", ".", "\n", " - ")), rng.choice(sizes)
    return glue.join(text[n : n + size] for n in range(0, len(text), size))


def personal(rng: random.Random) -> tuple[str, str, str]:
    """Return (kind, as it is written, the core that must not leave)."""
    kind = rng.choice(("e-mail", "phone", "card", "iban", "link", "token"))
    code = "".join(rng.choice(ALPHABET) for _ in range(rng.randint(16, 40))) + "7aK9"
    if kind == "e-mail":
        local, host = rng.choice(NAMES) + str(rng.randint(10, 99)), rng.choice(HOSTS)
        at = rng.choice(("@", "@", "@", "＠", "(at)", " [at] ", " (AT) ", "%40", "&#64;", " @ ", "@\n"))
        dot = rng.choice((".", ".", ".", "．", "[dot]", " (dot) ", "%2E", "\n.")) if at != " @ " else "."
        return kind, f"{local}{at}{host.replace('.', dot)}", local
    if kind == "phone":
        written = re.sub("#", lambda _: rng.choice("123456789"), rng.choice(PHONES))
        if rng.random() < 0.2:
            written = written.replace(" ", rng.choice(("\xa0", "\u2009", "\n", " - ", "  ")))
        return kind, written, written
    if kind in {"card", "iban"}:
        number = luhn(rng) if kind == "card" else account(rng)
        return kind, grouped(number, rng, (4,) if kind == "iban" else (4, 4, 6)), number
    forms = LINKS if kind == "link" else BARE
    return kind, rng.choice(forms).replace("{}", code), code


def disguised(text: str, rng: random.Random, kind: str) -> str:
    """Return personal data as somebody writes it to get past a filter."""
    how = rng.random()
    if how < 0.1:
        at = rng.randint(1, len(text) - 1)
        return text[:at] + rng.choice("\u200b\u200d\u2060\xad\ufeff\u202a") + text[at:]
    if how < 0.2 and kind in {"phone", "card"}:
        start = rng.choice((0xFF10, 0x0660, 0x06F0, 0x0966))
        return "".join(chr(start + int(c)) if c in "0123456789" else c for c in text)
    if how < 0.25 and kind == "iban":
        return text.lower()
    return text


def core(text: str) -> str:
    """Return letters and digits only, in one spelling."""
    spelled = unicodedata.normalize("NFKC", text).lower()
    kept = (c for c in spelled if c.isalnum())
    return "".join(str(unicodedata.digit(c)) if unicodedata.digit(c, None) is not None else c for c in kept)


def leaks(masked: str, secret: str, kind: str) -> bool:
    """Whether a part of a secret that is worth something is left."""
    left, gone = core(masked), core(secret)
    part = {"phone": 5, "card": 5, "iban": 6, "token": 8, "link": 8}.get(kind, len(gone))
    if kind == "e-mail":
        return gone in left
    return any(gone[n : n + part] in left for n in range(max(1, len(gone) - part + 1)))


ORDINARY = [
    "It broke on 2026-03-01 at 14:30, then on 12.05.2026 and 3/12/2026.", "Open 9:00-17:30, or 9.30-17.00 at weekends",
    "€1,234.56 is too much, 49,99 € was promised; $12,000.00 even", "1.234.567,89 EUR", "order 482113, flight LH1234",
    "version 1.2.3 and v10.15.7 and iOS 17.4.1", "Chrome 115.0.5790.170 crashes", "see https://example.com/help",
    "https://example.com/how-to-reset-your-password-2024", "thanks @booking and @anna_m!", "booking.com at its best",
    "1920x1080 screens, 24/7 support, 5-10 days", "2019/2020 and 2024-2025", "T-1042 and ABC-123", "room 101, gate 42",
    "100% of 250 people, 3.14159", "meet me at the dot", "seats 12A, 14 B and 33-35", "10:15 10:45 11:15", "+5 points",
    "https://twitter.com/x/status/1456789012345678901", "the 1 234 567 users", "a@b", "5 000 000 rows", "C3PO & R2D2",
    "It costs 1200 EUR for 2 adults and 3 children, 14 nights", "Terminal 2, 06:45, 23 kg", "ISO 27001, DIN 476", "12.5.-15.5.2026",
    "password reset does not work", "the token expired", "a key is missing", "basic functions", "call me maybe",
]  # fmt: skip


def prove_privacy(count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Send personal data outside; return figures and faults."""
    rng = random.Random(seed)
    figures, faults = Counter[str](), []
    for _ in range(count):
        kind, written, secret = personal(rng)
        text = rng.choice(SENTENCES).format(disguised(written, rng, kind))
        masked = outward(text)
        figures[kind] += 1
        if leaks(masked, secret, kind):
            faults.append(f"{kind} leaks: {text!r} became {masked!r}")
        if outward(masked) != masked:
            faults.append(f"{kind}: masked again, {masked!r} becomes {outward(masked)!r}")
    for text in ORDINARY:
        figures["ordinary"] += 1
        if outward(text) != text:
            faults.append(f"ordinary {text!r} became {outward(text)!r}")
    return figures, faults


def main() -> int:
    """Prove both, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, value in (("count", 100_000), ("personal", 10_000), ("seed", 7)):
        parser.add_argument(f"--{name}", type=int, default=value)
    wanted = parser.parse_args()
    failed = False
    for what, prove, count in (
        ("hostile strings", prove_formats, wanted.count),
        ("personal data", prove_privacy, wanted.personal),
    ):
        start = time.process_time()
        figures, faults = prove(count, wanted.seed)
        told = ", ".join(f"{name} {number:,}" for name, number in figures.items())
        print(f"{what}: {told}; faults {len(faults)}; {time.process_time() - start:.0f} s of CPU", flush=True)
        if "official schema at hand" in figures and not figures["official schema at hand"]:
            print("  not checked against the official schema: JIRA_CONTRACTS names no folder that has it")
        for fault in faults[:15]:
            print(f"  {fault}")
        failed = failed or bool(faults)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
