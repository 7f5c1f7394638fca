"""What tickets and their notes say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from bridge.errors import SettingsError
from bridge.privacy import outward
from bridge.render.characters import cut, one_line, visible
from bridge.render.document import Document, Paragraph, Text
from bridge.render.format import Format
from bridge.render.template import Source, render

QUOTES_MOST, QUOTES_LEAST = 7, 3
QUOTE_LENGTH = 600
SUMMARY_LENGTH = 255
NOTES = ("grew", "back", "burst", "merged", "split", "reopened", "wont_do")
_BUDGETS = {"adf": 28_000}
_BUDGET = 20_000
_SHORTER = (400, 250, 150, 80)
_NAME_LENGTH = 200
_DAY = date(2026, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteText:
    """What somebody said, with what a reader wants to know of it."""

    text: str
    author: str | None
    account: str | None
    source: str
    day: date
    url: str | None
    item: str
    statement_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarText:
    """Another topic, with the key of its ticket if it has one."""

    topic: str
    title: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketText:
    """All that a ticket's template may say; counts are mentions by name, quotes come strongest first."""

    topic: str
    title: str
    reach: int
    mentions: int
    first_seen: date
    last_seen: date
    active_weeks: int
    weeks: int
    per_week: tuple[int, ...]
    ratio: float | None
    burst: bool
    returns: int
    kinds: Mapping[str, int]
    sources: Mapping[str, int]
    accounts: Mapping[str, int]
    quotes: tuple[QuoteText, ...]
    similar: tuple[SimilarText, ...] = ()
    page_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemText:
    """A feedback item that a note names."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteText:
    """All that a note's template may say; `new_…` since `since`, `key` and `other` of another topic."""

    topic: str
    title: str
    reach: int
    mentions: int
    new_people: int = 0
    new_mentions: int = 0
    since: date | None = None
    quiet_days: int = 0
    items: tuple[ItemText, ...] = ()
    other: str | None = None
    other_title: str | None = None
    key: str | None = None
    status: str | None = None


def default_budget(fmt: Format) -> int:
    """Return how large a description may become, with room left below the tracker's 32,767."""
    return _BUDGETS.get(fmt.name, _BUDGET)


def ticket_document(
    values: TicketText, *, template: str | None = None, budget: int | None = None, fmt: Format
) -> Document:
    """Return what a ticket says, small enough that `fmt.wrap` of it stays within the budget.

    Up to seven quotes of at most 600 characters. What is too large loses its weakest quotes down to three,
    then the quotes' ends, then the similar topics, then more quotes, at last the document's end.
    """
    source = template if template is not None else find_template("ticket.md.j2", None, "")
    limit = default_budget(fmt) if budget is None else budget
    document = Document(())
    for version in _versions(_prepared(values)):
        document = render(source, _as_values(version))
        if fmt.size(fmt.wrap(document)) <= limit:
            return document
    return _shortened(document, limit, fmt)


def written_document(markdown: str, fmt: Format) -> Document:
    """Return what a person wrote, in Markdown, as a document; what has no place stays plain text."""
    from bridge.render.markup import UnknownMarkup, blocks_of

    said = outward(visible(markdown))  # whole first: what is masked may be spread over several pieces
    try:
        document = Document(blocks_of(said, outward))
    except UnknownMarkup:
        paragraphs = (part.strip() for part in said.split("\n\n"))
        document = Document(tuple(Paragraph((Text(part),)) for part in paragraphs if part))
    limit = default_budget(fmt)
    return document if fmt.size(fmt.wrap(document)) <= limit else _shortened(document, limit, fmt)


def note_document(name: str, values: NoteText, *, template: str | None = None) -> Document:
    """Return what a note says; `name` is one of `NOTES`."""
    if name not in NOTES:
        raise ValueError(f"no note is called {name!r}; there are {', '.join(NOTES)}")
    source = template if template is not None else find_template(f"note_{name}.md.j2", None, "")
    return render(source, _as_values(values))


def find_template(name: str, folder: Path | None, project: str) -> Source:
    """Return a template: the project's own, else the user's, else ours.

    Looks for `folder/PROJECT/name`, then `folder/name`. Raises `SettingsError` for a file that can't be read.
    """
    if folder is not None:
        own = [folder / project / name] if project and project.replace("_", "").isalnum() else []
        for path in (*own, folder / name):
            if path.is_file():
                return Source(_read(path), str(path))
    return Source(files("bridge.render").joinpath("templates", name).read_text("utf-8"), name)


def summary(title: str, topic: str = "T-n") -> str:
    """Return a title as an issue's summary: one line, at most 255 characters; "Untitled topic …" if empty."""
    said = one_line(outward(visible(title)))
    return cut(said, SUMMARY_LENGTH) or f"Untitled topic {topic}"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{path}: can't be read as a template: {error}") from error


def _as_values(record: TicketText | NoteText) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _prepared(values: TicketText) -> TicketText:
    """Mask before anything is cut: half an address would not be known as one."""
    quotes = tuple(_short(quote, QUOTE_LENGTH) for quote in values.quotes[:QUOTES_MOST])
    return replace(values, title=summary(values.title, values.topic), quotes=quotes)


def _short(quote: QuoteText, length: int) -> QuoteText:
    return replace(
        quote,
        text=cut(outward(visible(quote.text)).strip(), length),
        author=cut(outward(one_line(quote.author)), _NAME_LENGTH) if quote.author else None,
        account=cut(outward(one_line(quote.account)), _NAME_LENGTH) if quote.account else None,
    )


def _versions(values: TicketText) -> Iterator[TicketText]:
    """Yield the values whole, then with less and less."""
    yield values
    for count in range(len(values.quotes) - 1, QUOTES_LEAST - 1, -1):
        yield replace(values, quotes=values.quotes[:count])
    values = replace(values, quotes=values.quotes[:QUOTES_LEAST])
    for length in _SHORTER:
        values = replace(values, quotes=tuple(_short(quote, length) for quote in values.quotes))
        yield values
    values = replace(values, similar=())
    yield values
    for count in range(len(values.quotes) - 1, -1, -1):
        yield replace(values, quotes=values.quotes[:count])


def _shortened(document: Document, limit: int, fmt: Format) -> Document:
    """Return as many blocks from the top as fit, an ellipsis in place of the rest."""
    best = Document(())
    low, high = 0, len(document.blocks) - 1
    while low <= high:
        count = (low + high) // 2
        shorter = Document((*document.blocks[:count], Paragraph((Text("…"),))))
        if fmt.size(fmt.wrap(shorter)) <= limit:
            best, low = shorter, count + 1
        else:
            high = count - 1
    return best


def faults_of_templates(folder: Path, project: str) -> list[str]:
    """Render every template of a project with made-up values; return what is wrong with each that fails."""
    quote = QuoteText(
        text="It fails.",
        author="Ann",
        account="Acme",
        source="reviews",
        day=_DAY,
        url="https://reviews.example/1",
        item="1",
        statement_id=1,
    )
    ticket = TicketText(
        topic="T-1",
        title="A title",
        reach=2,
        mentions=3,
        first_seen=_DAY,
        last_seen=_DAY,
        active_weeks=1,
        weeks=26,
        per_week=(1,) * 26,
        ratio=1.0,
        burst=True,
        returns=1,
        kinds={"problem": 3},
        sources={"reviews": 3},
        accounts={"Acme": 1},
        quotes=(quote,) * QUOTES_LEAST,
        similar=(SimilarText(topic="T-2", title="Another", key="FB-2"),),
        page_url="https://feedback.example/topics/T-1",
    )
    note = NoteText(
        topic="T-1",
        title="A title",
        reach=2,
        mentions=3,
        new_people=1,
        since=_DAY,
        items=(ItemText(name="reviews 1", url="https://reviews.example/1"),),
        other="T-2",
        key="FB-2",
        status="Done",
    )
    found = []
    tried: list[tuple[str, TicketText | NoteText]] = [("ticket", ticket)]
    tried += [(f"note_{name}", note) for name in NOTES]
    for name, values in tried:
        try:
            document = render(find_template(f"{name}.md.j2", folder, project), _as_values(values))
        except SettingsError as error:
            found.append(str(error))
        else:
            if not document.blocks:
                found.append(
                    f"{name}.md.j2 says nothing; write what the ticket shall say, or remove the file"
                )
    return found
