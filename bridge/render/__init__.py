"""What tickets say, from templates that users can read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from bridge.report import TopicReport
from bridge.times import stamp
from topics.trend import sparkline

if TYPE_CHECKING:
    from jinja2 import Template

    from bridge.store.topics import Quote

_ADDRESS = re.compile(r"[^\s@<>()]{1,64}@[^\s@<>()]{1,255}\.[^\s@<>()]{1,63}")
_MARK_UP = re.compile(r"[\\`*_{}\[\]()#+\-!|<>~]")


def ticket_body(
    report: TopicReport,
    quotes: Sequence[Quote],
    *,
    sources: Mapping[str, int],
    kinds: Mapping[str, int],
    similar: Sequence[Mapping[str, Any]],
) -> str:
    """Return the Markdown of a ticket: how many people, since when, the trend, and literal quotes."""
    return _template().render(
        report=report,
        topic=report.topic,
        counts=report.counts,
        quotes=quotes,
        sources=sources,
        kinds=kinds,
        similar=similar,
        spark=sparkline(report.trend.per_week),
        day=lambda at: stamp(at)[:10],
        listed=lambda counts: ", ".join(f"{name} {count}" for name, count in counts.items()),
    )


def named(name: str) -> str:
    """Return a name on one line of Markdown: no mark-up comes from it, and no mail address is shown."""
    return _MARK_UP.sub(r"\\\g<0>", _ADDRESS.sub("…", " ".join(name.split())))


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - Markdown for the embedded backlog; the page escapes it
        loader=PackageLoader("bridge.render", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["named"] = named
    return environment.get_template("ticket.md.j2")
