"""What a digest tells: read from the store, masked, and short enough to be read at a glance."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlmodel import Session

from bridge.digest.records import Digest, Ended, Entry, Failing, Memory, Place, Section, Waiting, Window
from bridge.privacy import outward
from bridge.render.characters import cut, one_line, visible
from bridge.render.links import safe_href
from bridge.standing import habits_of
from bridge.store import counts as counting
from bridge.store import digests as store
from bridge.store import reviewing
from bridge.store import topics as topic_store
from bridge.store.export import source_rows
from bridge.store.tabs import free, in_tab
from bridge.store.views import Shelf, Shelved

if TYPE_CHECKING:
    from bridge.config.model import Settings

SHOWN: Final = 5
"""Topics, tickets or sources that a part shows; the rest is counted."""

TITLE, QUOTE, FAULT, HREF = 120, 220, 200, 300  # characters
LATE: Final = timedelta(days=7)
"""How late a ticket that was done may come to our notice and still be told."""

COMMAND: Final = "feedback-bridge"
_FAILING = ("failing", "gone")


def gather(session: Session, shelf: Shelf, settings: Settings, window: Window, now: datetime) -> Digest:
    """Read what there is to tell, up to now."""
    return _Reader(session, shelf, settings, window, now).digest()


class _Reader:
    """Reads one digest."""

    def __init__(
        self, session: Session, shelf: Shelf, settings: Settings, window: Window, now: datetime
    ) -> None:
        self._session, self._shelf, self._settings, self._now = session, shelf, settings, now
        self._since, self._told = window.since, window.told
        self._base = settings.server.url.rstrip("/")

    def digest(self) -> Digest:
        """Return all of it."""
        tabs = {view: self._tab(view) for view in ("new", "growing", "back", "low")}
        before = self._told or Memory()
        news = {
            "new": self._born(),
            "growing": self._unknown(tabs["growing"], before.growing),
            "back": self._unknown(tabs["back"], before.back),
        }
        shown = {number for topics in news.values() for number in _numbers(topics[:SHOWN])}
        more = self._details(shown)
        ended, ended_more, told = self._ended()
        rows = source_rows(self._session, self._settings)
        failing = [row for row in rows if row["state"] in _FAILING]
        return Digest(
            since=self._since,
            until=self._now,
            sections=(
                self._section("new", "New", news["new"], more, 0),
                self._section(
                    "growing", "Growing", news["growing"], more, len(tabs["growing"]) - len(news["growing"])
                ),
                self._section("back", "Came back", news["back"], more, len(tabs["back"]) - len(news["back"])),
            ),
            waiting=self._waiting(len(tabs["new"]), len(tabs["low"])),
            ended=ended,
            ended_more=ended_more,
            failing=tuple(_failing(row) for row in failing[:SHOWN]),
            failing_more=max(len(failing) - SHOWN, 0),
            sources=self._place("/sources", f"{COMMAND} sources list"),
            memory=Memory(
                topic=max(before.topic, *self._shelf.by_number, 0),
                growing=frozenset(_numbers(tabs["growing"])),
                back=frozenset(_numbers(tabs["back"])),
                ended=told,
            ),
        )

    def _tab(self, view: str) -> list[Shelved]:
        return in_tab(self._shelf, self._settings.policy, view)

    def _born(self) -> list[Shelved]:
        """Return the topics found since: those with a higher number, as numbers only ever grow."""
        if self._told is not None:
            highest = self._told.topic
            return [topic for topic in free(self._shelf) if topic.number > highest]
        born = store.born_after(self._session, self._since)
        return [topic for topic in free(self._shelf) if topic.number in born]

    @staticmethod
    def _unknown(topics: Iterable[Shelved], told: Collection[int]) -> list[Shelved]:
        return [topic for topic in topics if topic.number not in told]

    def _details(self, numbers: Collection[int]) -> _Details:
        since = counting.people_after(self._session, self._since, self._now, numbers) if numbers else {}
        quotes = topic_store.evidence(self._session, numbers, self._now) if numbers else {}
        return _Details(since, {number: found[0] for number, found in quotes.items()})

    def _section(
        self, name: str, title: str, topics: Sequence[Shelved], more: _Details, known: int
    ) -> Section:
        views = {"new": "/topics?sort=newest", "growing": "/review?view=growing", "back": "/review?view=back"}
        return Section(
            name=name,
            title=title,
            entries=tuple(self._entry(topic, more) for topic in topics[:SHOWN]),
            more=max(len(topics) - SHOWN, 0),
            known=known,
            path=views[name],
            place=self._place(views[name]),
        )

    def _entry(self, topic: Shelved, more: _Details) -> Entry:
        quote = more.quotes.pop(topic.number, None)  # further up it was shown already
        return Entry(
            topic=f"T-{topic.number}",
            title=said(topic.title, TITLE) or "(no title yet)",
            kind=topic.kind,
            people=topic.figures.reach,
            mentions=topic.figures.mentions,
            since=more.since.get(topic.number, 0),
            sign=self._sign(topic.number),
            quote=said(quote.text, QUOTE) if quote else "",
            source=said(quote.source, TITLE) if quote else "",
            place=self._of_topic(topic.number),
        )

    def _sign(self, number: int) -> str:
        """Say how a topic moves, as its row in a list does."""
        place = self._shelf.place[number]
        signs = []
        if self._shelf.moving.burst[place]:
            signs.append("▲▲ bursting")
        elif number in self._shelf.growing:
            signs.append(f"▲ growing ×{self._shelf.moving.ratio[place] or 0.0:.1f}")
        return " · ".join([*signs, *(["↺ came back"] if number in self._shelf.returned else [])])

    def _waiting(self, proposed: int, low: int) -> tuple[Waiting, ...]:
        counts = {
            "new": ("to approve or reject", proposed),
            "duplicates": ("possible duplicates", len(reviewing.questions(self._session, self._now))),
            "low": ("of low confidence", low),
        }
        return tuple(
            Waiting(tab=tab, title=title, count=count, place=self._place(f"/review?view={tab}"))
            for tab, (title, count) in counts.items()
        )

    def _ended(self) -> tuple[tuple[Ended, ...], int, frozenset[str]]:
        """Return the tickets that ended since, how many more, and what the next digest need not tell."""
        found = [
            one
            for one in store.ended_tickets(self._session, self._since - LATE, self._now)
            if self._is_good(one)
        ]
        news = [one for one in found if self._is_news(one)]
        shown = tuple(self._ended_one(one) for one in news[:SHOWN])
        return shown, max(len(news) - SHOWN, 0), frozenset(_end(one) for one in found)

    def _is_news(self, one: store.EndedTicket) -> bool:
        return one.at > self._since if self._told is None else _end(one) not in self._told.ended

    def _is_good(self, one: store.EndedTicket) -> bool:
        """Whether it ended by a yes, and its topic is shown."""
        habits = habits_of(self._settings, one.project)
        return one.topic in self._shelf.by_number and not habits.is_wont_do(one.resolution, one.status)

    def _ended_one(self, one: store.EndedTicket) -> Ended:
        topic = self._shelf.by_number[one.topic]
        href = one.url if one.url and len(one.url) <= HREF and safe_href(one.url) else None
        return Ended(
            topic=f"T-{one.topic}",
            title=said(topic.title, TITLE) or "(no title yet)",
            key=said(one.key, TITLE),
            href=href,
            state="released" if one.is_released else "done",
            people=topic.figures.reach,
            place=self._of_topic(one.topic),
        )

    def _of_topic(self, number: int) -> Place:
        return self._place(f"/topics/T-{number}", f"{COMMAND} topics show T-{number}")

    def _place(self, path: str, words: str = "") -> Place:
        if self._base:
            return Place(f"{self._base}{path}", f"{self._base}{path}")
        return Place(None, words or f"the page, {path}")


@dataclass(frozen=True, slots=True)
class _Details:
    """What is read for the topics that are shown: people in the window, and one quote of each."""

    since: Mapping[int, int]
    quotes: dict[int, topic_store.Quote]


def said(text: str, longest: int) -> str:
    """Return a text of somebody as it may leave the house: masked, on one line, cut."""
    return cut(outward(one_line(outward(visible(text)))), longest)


def _numbers(topics: Iterable[Shelved]) -> list[int]:
    return [topic.number for topic in topics]


def _end(one: store.EndedTicket) -> str:
    return f"{one.ticket} {'released' if one.is_released else 'done'}"


def _failing(row: Mapping[str, Any]) -> Failing:
    return Failing(
        source=said(row["source"], TITLE), state=row["state"], error=said(row["error"] or "", FAULT)
    )
