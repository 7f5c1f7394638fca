"""The hand-written sentences, read from the text files beside this module.

    [topic-slug] Title for people
    ~ a subject line
    - problem+request/de@mail>second-topic: a text; following lines indented by two spaces belong to it
    + problem: a sentence that can follow a text of that kind ("any": of any kind)

After the kinds, language (else English), form and second topic may be left out. A form says where or when
a text fits: "mail", "call" (only there), "again" (only late), "calm",
"night", "hot" (only in the crisis), "loud", "day83.9" (on that day and hour).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

THEMES = ("app", "bags", "money", "flight", "crisis")
"""The files that hold topics; the others hold what surrounds them."""

_HEAD = re.compile(r"\[(?P<slug>[a-z-]+)\] ?(?P<title>.*)")
_TEXT = re.compile(
    r"(?P<mark>[-+]) (?P<kinds>[a-z+]+)(?:/(?P<lang>[a-z]{2}))?(?:@(?P<form>[a-z0-9.]+))?"
    r"(?:>(?P<also>[a-z-]+))?: (?P<text>.+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Text:
    """One hand-written text with slots such as {city}; kinds in order of weight, each once."""

    text: str
    kinds: tuple[str, ...]
    lang: str
    form: str  # "" fits everywhere
    also: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """All that was written for one subject."""

    slug: str
    title: str
    subjects: tuple[str, ...]
    texts: tuple[Text, ...]
    details: tuple[Text, ...]


@cache
def sections(theme: str) -> Mapping[str, Section]:
    """Read one text file of the sample; slug → section, in the file's order."""
    content = (files("bridge.demo.texts") / f"{theme}.txt").read_text(encoding="utf-8")
    parts = re.split(r"^(?=\[)", content, flags=re.MULTILINE)[1:]
    return MappingProxyType({section.slug: section for section in map(_section, parts)})


@cache
def topics() -> Mapping[str, Section]:
    """Return all sections that are topics; slug → section."""
    merged = {slug: section for theme in THEMES for slug, section in sections(theme).items()}
    return MappingProxyType(merged)


def _section(part: str) -> Section:
    head = _HEAD.match(part)
    if head is None:
        raise ValueError(f"a section of the sample starts with {part[:40]!r}, not with [slug] Title")
    entries = list(_entries(part[head.end() :]))
    return Section(
        slug=head["slug"],
        title=head["title"],
        subjects=tuple(entry[2:] for entry in entries if entry.startswith("~ ")),
        texts=tuple(_text(entry) for entry in entries if entry.startswith("- ")),
        details=tuple(_text(entry) for entry in entries if entry.startswith("+ ")),
    )


def _entries(body: str) -> Iterator[str]:
    for entry in re.split(r"^(?=[-+~] )", body, flags=re.MULTILINE)[1:]:
        yield re.sub(r"^  ", "", entry, flags=re.MULTILINE).strip()


def _text(entry: str) -> Text:
    match = _TEXT.fullmatch(entry)
    if match is None:
        raise ValueError(f"the sample's text {entry[:60]!r} isn't written as '- kind: text'")
    return Text(
        text=match["text"],
        kinds=tuple(dict.fromkeys(match["kinds"].split("+"))),
        lang=match["lang"] or "en",
        form=match["form"] or "",
        also=match["also"],
    )
