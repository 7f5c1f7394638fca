"""From a template that users can write to a document.

A template is Jinja that writes Markdown. It may use

* values (`{{ reach }}`), conditions, loops, `{% set %}`, macros, and all of Jinja's filters and tests, and of
  ours `named` (on one line), `date` (2026-03-01), `listed` (`web 41, app 12`, at most the number given),
  `sparkline`, and `counted("person", "people")`;
* headings, paragraphs, quotes (`>`), bullets, rules (`---`), `**strong**`, `*emphasis*`, links
  (`[words]({{ url }})`) and line breaks (a backslash at the end of a line).

It can't use numbered lists, code, pictures, HTML, `include` or `import`. Only what the template's author
wrote is Markdown: every value is literal text, whatever it holds, and passes `privacy.outward`. What a macro
or a `{% set %}` block returns can be shown, joined and handed on, but not compared or taken apart.
"""

from __future__ import annotations

import re
import secrets
import traceback
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from numbers import Number
from typing import TYPE_CHECKING, Any, Self

from bridge.errors import SettingsError
from bridge.privacy import outward
from bridge.render.characters import one_line, visible
from bridge.render.document import Document
from bridge.render.markup import UnknownMarkup, blocks_of
from topics.trend import sparkline

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_BYTES = 0xE100  # a byte travels as a character for private use, which neither Jinja nor Markdown touches
_NONCE = "".join(chr(_BYTES + byte) for byte in secrets.token_bytes(12))
_DATA, _VALUE, _END = f"\ue000{_NONCE}", f"\ue001{_NONCE}", "\ue002"
_PARCEL = re.compile(f"({_DATA}|{_VALUE})([\ue100-\ue1ff]*){_END}")
_WRONG = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


class Source(str):
    """The text of a template that knows its file, for messages."""

    __slots__ = ("file",)
    file: str

    def __new__(cls, text: str, file: str) -> Self:
        """Return the text with the name of its file."""
        made = super().__new__(cls, text)
        made.file = file
        return made


def render(source: str, values: Mapping[str, Any]) -> Document:
    """Return the document that a template makes of values.

    Raises `SettingsError` with the file (of a `Source`), the line and what is known, if the template errs.
    """
    from jinja2 import TemplateError, TemplateSyntaxError

    file = getattr(source, "file", "the template")
    try:
        rendered = _compiled(str(source)).render(values)
    except TemplateSyntaxError as error:
        raise SettingsError(f"{file}, line {error.lineno}: {error.message}; {_HOW}") from error
    except (TemplateError, *_WRONG) as error:
        known = f"a template here knows {', '.join(sorted(values))}"
        raise SettingsError(f"{file}, line {_line(error)}: {error}; {known}") from error
    markdown, lines = _unpacked(rendered)
    try:
        return Document(blocks_of(markdown, _texts))
    except UnknownMarkup as error:
        line = lines[min(error.line, len(lines) - 1)]
        raise SettingsError(f"{file}, line {line}: {error}") from error


_HOW = "see Jinja's template language; values stand in {{ … }}, conditions and loops in {% … %}"


def named(name: str) -> str:
    """Return a name on one line."""
    return one_line(str(name))


def dated(at: date) -> str:
    """Return the day of a date or a time as 2026-03-01."""
    return at.isoformat()[:10]


def listed(counts: Mapping[str, int], most: int = 0) -> str:
    """Return counts as "web 41, app 12", the greatest first; after `most` of them how many more."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = ranked[:most] if most else ranked
    rest = len(ranked) - len(shown)
    told = ", ".join(f"{one_line(str(name))} {count:,}" for name, count in shown)
    return f"{told} and {rest:,} more" if rest else told


def counted(number: int, one: str, many: str) -> str:
    """Return "1 person" or "41 people"."""
    return f"{number:,} {one if number == 1 else many}"


@cache
def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.ext import Extension
    from jinja2.lexer import Token, TokenStream
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Parcels(Extension):
        """Wraps what the template's author wrote, so that all else is known to be a value."""

        def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
            for token in stream:
                if token.type == "data":
                    text = _packed(_DATA, f"{token.lineno} {token.value}")
                    yield Token(token.lineno, token.type, text)
                else:
                    yield token

    class Unknown(StrictUndefined):
        """Says what a record has, when it is asked for what it hasn't."""

        __slots__ = ()

        @property
        def _undefined_message(self) -> str:
            fields = getattr(self._undefined_obj, "__dataclass_fields__", None)
            if fields is None:
                return str(super()._undefined_message)
            return f"{self._undefined_name!r} is not known there, but {', '.join(sorted(fields))}"

    environment = ImmutableSandboxedEnvironment(  # Markdown and no HTML: nothing to escape, see `_finished`
        undefined=Unknown,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finished,
        extensions=[Parcels],
        autoescape=False,
    )
    environment.filters |= {
        "named": named,
        "date": dated,
        "listed": listed,
        "sparkline": sparkline,
        "counted": counted,
    }
    return environment


@cache
def _compiled(source: str) -> Template:
    return _environment().from_string(source)


def _finished(value: Any) -> str:
    """Wrap a value; parcels inside it, which come from macros and blocks, stay as they are."""
    if isinstance(value, Number | date):
        return _packed(_VALUE, str(value))
    pieces, at = [], 0
    text = "" if value is None else str(value)
    for parcel in _PARCEL.finditer(text):
        pieces += [_told(text[at : parcel.start()]), parcel[0]]
        at = parcel.end()
    return "".join([*pieces, _told(text[at:])]) or _packed(_VALUE, "")


def _told(text: str) -> str:
    shown = outward(visible(text))
    return _packed(_VALUE, shown) if shown else ""


def _packed(kind: str, text: str) -> str:
    body = "".join([chr(_BYTES + byte) for byte in text.encode("utf-8", "replace")])
    return f"{kind}{body}{_END}"


def _opened(body: str) -> str:
    return bytes(ord(character) - _BYTES for character in body).decode("utf-8")


def _unpacked(rendered: str) -> tuple[str, list[int]]:
    """Return the Markdown with values still wrapped, and the template's line for each of its lines."""
    pieces, lines = [], [1]
    for parcel in _PARCEL.finditer(rendered):
        if parcel[1] == _VALUE:
            pieces.append(parcel[0])
            continue
        line, _, text = _opened(parcel[2]).partition(" ")
        pieces.append(text)
        if len(pieces) == 1 or text.strip("\n"):
            lines[-1] = max(lines[-1], int(line))
        lines += [int(line) + n + 1 for n in range(text.count("\n"))]
    return "".join(pieces), lines


def _texts(text: str) -> str:
    """Return a text with its values opened."""
    return _PARCEL.sub(lambda parcel: _opened(parcel[2]), text)


def _line(error: BaseException) -> int:
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno or 1 for f in reversed(frames) if f.filename in {"<template>", "<unknown>"}), 1)
