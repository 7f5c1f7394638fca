"""What a ticket is to say, gathered from the store: the same for tracker, page and preview."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bridge.plan import hashed
from bridge.privacy import outward
from bridge.render.links import safe_href
from bridge.render.ticket import (
    QuoteText,
    SimilarText,
    TicketText,
    find_template,
    note_document,
    ticket_document,
    written_document,
)
from bridge.store import counts as counting
from bridge.store import topics as store
from bridge.tracker import EvidenceLink

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlmodel import Session

    from bridge.config.model import Settings
    from bridge.plan import Note
    from bridge.render.document import Document
    from bridge.render.format import Format
    from bridge.render.template import Source
    from bridge.report import TopicReport
    from bridge.store.topics import Quote

QUOTES = 7
LINKS = 20
GLOBAL_ID = 255  # characters that Jira allows
SUMMARY = 280


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What is known of some topics, by number."""

    quotes: Mapping[int, list[Quote]]
    sources: Mapping[int, Mapping[str, int]]
    kinds: Mapping[int, Mapping[str, int]]
    accounts: Mapping[int, Mapping[str, int]]
    titles: Mapping[int, str]
    keys: Mapping[int, str]


def gather(
    session: Session, now: datetime, numbers: Collection[int], reports: Collection[TopicReport]
) -> Material:
    """Read what the tickets of some topics say; `reports` are of all topics."""
    chosen = list(numbers)
    return Material(
        quotes={n: q[:QUOTES] for n, q in store.evidence(session, chosen, now).items()},
        sources=counting.topic_sources(session, now, chosen),
        kinds=counting.topic_kinds(session, now, chosen),
        accounts=counting.topic_accounts(session, now, chosen),
        titles={report.topic.number: report.topic.title for report in reports},
        keys={r.topic.number: r.ticket.key for r in reports if r.ticket is not None and r.ticket.key},
    )


def text_of(
    report: TopicReport, material: Material, settings: Settings, similar: Sequence[Mapping[str, Any]] = ()
) -> TicketText:
    """Return the plain values that a ticket's template is told; `similar` are its neighbours."""
    number, counts, trend = report.topic.number, report.counts, report.trend
    return TicketText(
        topic=report.id,
        title=report.topic.title,
        reach=counts.reach,
        mentions=counts.mentions,
        first_seen=counts.first_seen.date(),
        last_seen=counts.last_seen.date(),
        active_weeks=report.recurrence.active_weeks,
        weeks=report.recurrence.weeks,
        per_week=tuple(trend.per_week),
        ratio=trend.ratio,
        burst=trend.burst,
        returns=report.recurrence.returns,
        kinds=material.kinds.get(number, {}),
        sources=material.sources.get(number, {}),
        accounts=material.accounts.get(number, {}),
        quotes=tuple(_quote(quote, settings) for quote in material.quotes.get(number, [])),
        similar=tuple(_similar(row, material) for row in similar),
        page_url=page_url(settings, number),
    )


def document_of(
    text: TicketText, settings: Settings, fmt: Format, project: str, *, told: str | None = None
) -> Document:
    """Return a topic's ticket as a document that fits the tracker.

    `told` is what a person wrote in its stead, in Markdown; the figures of the fields still stand beside it.
    """
    if told is not None:
        return written_document(told, fmt)
    template = find_template("ticket.md.j2", settings.jira.templates, project)
    return _document(_Asked(text, template, fmt))


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What a document is made of: a plan is made several times in a sync, mostly of the same."""

    text: TicketText
    template: Source
    fmt: Format

    def __hash__(self) -> int:
        return hash(repr(self.text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._parts() == other._parts()

    def _parts(self) -> tuple[object, ...]:
        return self.text, self.template, self.fmt


@lru_cache(maxsize=2048)
def _document(asked: _Asked) -> Document:
    return ticket_document(asked.text, template=asked.template, fmt=asked.fmt)


def wording(settings: Settings, project: str) -> str:
    """Identify how tickets of a project are worded: their template, and how people are named."""
    template = find_template("ticket.md.j2", settings.jira.templates, project)
    return hashed(template, settings.jira.authors, settings.server.url)[:8]


def document_of_note(note: Note, settings: Settings, project: str) -> Document:
    """Return a note as a document."""
    template = find_template(f"note_{note.name}.md.j2", settings.jira.templates, project)
    return note_document(note.name, note.values, template=template)


def page_url(settings: Settings, number: int) -> str | None:
    """Return the address of a topic's page, if the settings say where the page is to be found."""
    return f"{settings.server.url.rstrip('/')}/topics/T-{number}" if settings.server.url else None


def author_of(quote: Quote, settings: Settings) -> str | None:
    """Return the name that a quote goes out under: the author's, or a pseudonym that is always the same."""
    if quote.author is None or settings.jira.authors == "name":
        return quote.author
    return f"customer {(quote.person or quote.source)[:6]}"


def links_of(report: TopicReport, material: Material, settings: Settings) -> tuple[EvidenceLink, ...]:
    """Return a link for each quoted item that has an address, the strongest first."""
    found: dict[str, EvidenceLink] = {}
    for quote in material.quotes.get(report.topic.number, []):
        href = safe_href(quote.url or "")
        name = _global_id(report.id, quote)
        if href is None or name in found or outward(href) != href:
            continue
        who = outward(author_of(quote, settings) or "a customer")
        found[name] = EvidenceLink(
            global_id=name,
            url=href,
            title=f"{who}, {quote.source}, {quote.said_at:%Y-%m-%d}"[:SUMMARY],
            summary=outward(" ".join(quote.text.split()))[:SUMMARY],
        )
    return tuple(found.values())[:LINKS]


def _global_id(topic: str, quote: Quote) -> str:
    name = f"1:{topic}:{quote.source}/{quote.item}"
    if len(name) <= GLOBAL_ID and name.isprintable() and outward(name) == name:
        return name
    return f"1:{topic}:{hashlib.sha256(name.encode()).hexdigest()}"


def _quote(quote: Quote, settings: Settings) -> QuoteText:
    return QuoteText(
        text=quote.text,
        author=author_of(quote, settings),
        account=quote.account,
        source=quote.source,
        day=quote.said_at.date(),
        url=quote.url,
        item=quote.item,
        statement_id=quote.statement_id,
    )


def _similar(row: Mapping[str, Any], material: Material) -> SimilarText:
    number = int(str(row["topic"]).removeprefix("T-"))
    return SimilarText(
        topic=str(row["topic"]), title=material.titles.get(number, ""), key=material.keys.get(number)
    )
