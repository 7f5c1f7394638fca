"""A digest as it goes out: subject, plain text, HTML, Markdown, and blocks for Slack.

Every value is escaped by its format's own rules as it is put in; what is markup says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from bridge.digest.records import Digest, Ended, Entry, Place, Section, Waiting
from bridge.render.markdown import address, inert
from bridge.render.template import counted

if TYPE_CHECKING:
    from jinja2 import Environment

Form = Literal["text", "html", "md", "slack"]
FILES: Final[dict[Form, str]] = {
    "text": "digest.txt",
    "html": "digest.html",
    "md": "digest.md",
    "slack": "slack.txt",
}
NAME: Final = "Feedback Bridge"
_BLANK = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class _Marks:
    """How one form escapes a text and writes a link."""

    escaped: Callable[[str], str]
    link: Callable[[str, str], str]  # of a text that is escaped, and an address


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_MARKS: Final[dict[Form, _Marks]] = {
    "text": _Marks(str, lambda text, href: f"{text}: {href}"),
    "html": _Marks(lambda text: str(escape(text)), lambda text, href: f'<a href="{escape(href)}">{text}</a>'),
    "md": _Marks(inert, lambda text, href: f"[{text}](<{address(href)}>)"),
    "slack": _Marks(_slack, lambda text, href: f"<{_slack(href).replace('|', '%7C')}|{text}>"),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A digest in every form. `slack` is the body of a message."""

    subject: str
    text: str
    html: str
    md: str
    slack: dict[str, Any]


def letter(digest: Digest, zone: str) -> Letter:
    """Write a digest in every form; times are shown in a time zone."""
    return Letter(
        subject=subject(digest),
        text=written(digest, "text", zone),
        html=written(digest, "html", zone),
        md=written(digest, "md", zone),
        slack=message(digest, zone),
    )


def subject(digest: Digest) -> str:
    """Say in a line how much there is: "Feedback Bridge: 2 new, 1 came back, 5 waiting"."""
    counts = {part.name: len(part.entries) + part.more for part in digest.sections}
    told = [
        (counts.get("new", 0), "new"),
        (counts.get("growing", 0), "growing"),
        (counts.get("back", 0), "came back"),
        (sum(tab.count for tab in digest.waiting), "waiting"),
        (len(digest.ended) + digest.ended_more, "released or done"),
        (len(digest.failing) + digest.failing_more, "failing"),
    ]
    words = ", ".join(f"{count:,} {word}" for count, word in told if count)
    return f"{NAME}: {words or 'nothing new'}"


def window(digest: Digest, zone: str) -> str:
    """Say what time a digest tells of."""
    return f"From {_local(digest.since, zone)} to {_local(digest.until, zone)} ({zone})."


def written(digest: Digest, form: Form, zone: str) -> str:
    """Write a digest in one form; it ends with a line break."""
    template = _environment(form).get_template(FILES[form])
    text = template.render(d=digest, heading=subject(digest), window=window(digest, zone))
    return _BLANK.sub("\n\n", text).strip() + "\n"


def figures(entry: Entry) -> str:
    """Say how many people and mentions a topic has, and how it moves."""
    since = f" ({counted(entry.since, 'person', 'people')} since)" if entry.since else ""
    mentions = counted(entry.mentions, "mention", "mentions")
    sign = f" · {entry.sign}" if entry.sign else ""
    return f"{counted(entry.people, 'person', 'people')}{since}, {mentions} · {entry.kind}{sign}"


def rest(part: Section) -> str:
    """Say what a part doesn't show."""
    told = [f"{part.more:,} more"] if part.more else []
    return " and ".join([*told, *([f"{part.known:,} told before"] if part.known else [])])


def _count(tab: Waiting) -> str:
    return f"{tab.count:,} {tab.title}"


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def message(digest: Digest, zone: str) -> dict[str, Any]:
    """Return the body of Slack's message; `verbatim` keeps Slack from making links and mentions of words."""
    parts = [part for part in written(digest, "slack", zone).split("\n\n") if part.strip()]
    head = {"type": "header", "text": {"type": "plain_text", "text": subject(digest)[:150], "emoji": False}}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": part.strip(), "verbatim": True}}
        for part in parts
    ]
    return {
        "text": _slack(subject(digest)),
        "blocks": [head, *blocks],
        "unfurl_links": False,
        "unfurl_media": False,
    }


@cache
def _environment(form: Form) -> Environment:
    """Return the templates of one form: each value is escaped as it is put in, unless it is markup."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    marks = _MARKS[form]

    def put(value: Any) -> Any:
        return value if isinstance(value, Markup) else Markup(marks.escaped(str(value)))  # noqa: S704 - escaped

    def topic(one: Entry | Ended) -> Markup:
        name = f"{one.topic} {one.title}"
        if one.place.href is None:
            return _markup(f"{marks.escaped(name)} ({marks.escaped(one.place.words)})")
        return _markup(marks.link(marks.escaped(name), one.place.href))

    def at(words: str, place: Place) -> Markup:
        if place.href is None:
            return _markup(marks.escaped(f"{words}: {place.words}"))
        return _markup(marks.link(marks.escaped(words), place.href))

    def ticket(one: Ended) -> Markup:
        key = marks.escaped(one.key)
        return _markup(marks.link(key, one.href) if one.href else key)

    made = Environment(
        loader=PackageLoader("bridge.digest", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=put,
    )
    made.filters.update(topic=topic, at=at, ticket=ticket, figures=figures, rest=rest, count=_count)
    made.filters["people"] = lambda number: counted(number, "person", "people")
    made.filters["sources"] = lambda digest: (
        f"{digest.failing_more:,} more" if digest.failing_more else "Sources"
    )
    made.filters["waits"] = lambda digest: any(tab.count for tab in digest.waiting)
    return made


def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - its parts were escaped, and the marks are ours
