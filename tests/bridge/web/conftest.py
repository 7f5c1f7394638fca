"""A small store with real rows, its site, and a strict reader of pages."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from bridge.config.model import Settings
from bridge.models import (
    Assignment,
    BacklogIssue,
    Decision,
    Evidence,
    Item,
    Person,
    Run,
    SourceState,
    Statement,
    Ticket,
    Topic,
)
from bridge.store.database import Database
from bridge.web.site import make_site

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
VOID = {"meta", "link", "input", "br", "hr", "img"}
SVG_VOID = {"polyline", "polygon", "circle", "rect", "line"}
Attributes = list[tuple[str, str | None]]


class Company:
    """Adds rows to a store; what isn't named is plain."""

    def __init__(self, path: Path, items: int = 0) -> None:
        self.database = Database(f"sqlite:///{path / 'bridge.db'}")
        self.path = path
        self._items = items

    def add(self, *rows: Any):
        with self.database.writing() as session:
            session.add_all(rows)

    def person(self, key: str, **values: Any):
        self.add(Person(key=key, source="reviews", **values))
        return key

    def topic(self, number: int, title: str = "Bags arrive late", **values: Any):
        vector = np.random.default_rng(number).normal(size=8).astype("<f4")
        row = {
            "number": number,
            "root": number,
            "title": title,
            "kind": "problem",
            "confidence": 0.7,
            "keywords": [["bag", 1.0], ["late", 0.8]],
            "born_at": NOW - timedelta(days=60),
            "centroid": vector.tobytes(),
            "centroid_model": "m@1",
        }
        self.add(Topic(**{**row, **values}))
        return number

    def said(
        self,
        text: str = "My bag came two days late.",
        *,
        days: float = 1.0,
        topic: int | None = None,
        speaker: str | None = None,
        **values: Any,
    ) -> int:
        """Add an item with one statement and its assignment; returns the statement's id."""
        self._items += 1
        at = NOW - timedelta(days=days)
        source, key = values.get("source", "reviews"), f"{at.isoformat()}-{self._items:06}"
        item = Item(
            source=source,
            external_id=f"x{self._items}",
            revision="1",
            person_key=speaker,
            said_at=at,
            pulled_at=NOW,
            pull="p",
            sort_key=key,
            stage=4,
            text=text,
            url=values.get("url"),
        )
        with self.database.writing() as session:
            session.add(item)
            session.flush()
            statement = Statement(
                item_id=item.id,
                ordinal=1,
                start=0,
                stop=len(text),
                text=text,
                plain=text,
                text_hash=hashlib.sha256(key.encode()).hexdigest()[:32],
                sort_key=key,
                stage=3,
                kind="problem",
                kind_score=0.9,
            )
            session.add(statement)
            session.flush()
            session.add(
                Assignment(
                    statement_id=statement.id,
                    topic=topic,
                    status=values.get("status", "published" if topic else "unsure"),
                    score=values.get("score", 0.8 if topic else None),
                    runner_up=values.get("runner_up"),
                    runner_up_score=values.get("runner_up_score"),
                    reason=values.get("reason", "near the topic's centre"),
                    said_at=at,
                    speaker=speaker or f"item-{self._items}",
                    source=source,
                    kind="problem",
                )
            )
            return statement.id

    def quote(self, topic: int, statement_id: int, rank: int = 1, score: float = 0.9):
        self.add(Evidence(topic=topic, statement_id=statement_id, rank=rank, score=score))

    def ticket(self, topic: int, state: str = "proposed", **values: Any):
        row = {
            "topic": topic,
            "state": state,
            "tracker": "local",
            "project": "FB",
            "type": "Bug",
            "rule": "policy",
            "reason": "9 people in 28 days, confidence 0.70",
            "proposed_at": NOW - timedelta(days=1),
        }
        self.add(Ticket(**{**row, **values}))

    def issue(self, key: str, **values: Any):
        row = {
            "key": key,
            "project": "FB",
            "type": "Bug",
            "title": "Bags",
            "marker": "m",
            "body": "**3 people** said this",
        }
        times = {"created_at": NOW - timedelta(days=2), "updated_at": NOW - timedelta(hours=3)}
        self.add(BacklogIssue(**{**row, **times, **values}))

    def run(self, state: str = "ok", errors: Sequence[str] = ()):
        steps = {"pull": {"read": 12, "seconds": 0.5}, "label": {"topics": 0, "seconds": 0.0}}
        self.add(
            Run(started_at=NOW - timedelta(hours=1), as_of=NOW, state=state, steps=steps, errors=list(errors))
        )

    def source(self, name: str = "reviews", state: str = "ok", error: str | None = None, **values: Any):
        times = {"last_ok_at": NOW - timedelta(hours=5), "last_try_at": NOW - timedelta(hours=1)}
        row = {"name": name, "connector": "files", "state": state, "last_error": error}
        self.add(SourceState(**{**row, **times, **values}))

    def decided(self, topic: int, verb: str):
        self.add(Decision(at=NOW - timedelta(hours=2), who="ana", verb=verb, topic=topic))

    def settings(self, **values: Any):
        folders = {"data": self.path, "cache": self.path}
        return Settings(database={"url": self.database.url}, paths=folders, **values)

    def browser(
        self,
        *,
        host: str = "127.0.0.1",
        url: str = "",
        login: Sequence[str] = (),
        clock: Callable[[], datetime] = lambda: NOW,
        **options: Any,
    ) -> TestClient:
        site = make_site(
            self.database, self.settings(server={"host": host, "url": url}, access={"login": login}), clock
        )
        return TestClient(site, base_url="http://127.0.0.1:8765", follow_redirects=False, **options)

    @contextmanager
    def counting_queries(self):
        found: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any):
            if not statement.startswith("BEGIN"):
                found.append(statement)

        event.listen(self.database.engine, "before_cursor_execute", note)
        try:
            yield found
        finally:
            event.remove(self.database.engine, "before_cursor_execute", note)


def fill(company: Company) -> Company:
    """Give a company three topics, a ticket waiting, one in the backlog, and something unassigned."""
    for number in range(1, 7):
        company.person(f"p{number}", display=f"Person {number}")
    company.topic(1, "Bags arrive late")
    company.topic(2, "Refund takes months", kind="request")
    company.topic(3, "App logs me out", state="in review")
    for number, days in enumerate((1, 2, 3, 4, 10, 40), 1):
        said = company.said(days=days, topic=1, speaker=f"p{number}", url=f"https://example.org/{number}")
        if number <= 2:
            company.quote(1, said, rank=number)
    for number in (1, 2):
        said = company.said("Where is my refund?", days=50 + number, topic=2, speaker=f"p{number}")
    company.quote(2, said)
    company.said("It logs me out", days=2, topic=3, speaker="p1", source="tweets", runner_up=1)
    company.said("Hm, odd.", days=1, runner_up=1, runner_up_score=0.41, reason="below the threshold")
    company.said("We are the brand", days=1, status="voice")
    company.ticket(1, "proposed")
    company.ticket(2, "open", key="FB-1", url="/backlog/FB-1", title="Refund", created_at=NOW)
    company.issue("FB-1")
    company.source()
    company.run()
    company.decided(2, "approve")
    return company


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a fresh store, made once."""
    path = tmp_path_factory.mktemp("fresh") / "bridge.db"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.close()
    return path


@pytest.fixture
def empty(tmp_path: Path, fresh: Path):
    """A store without a row but the workspace."""
    shutil.copy(fresh, tmp_path / "bridge.db")
    company = Company(tmp_path)
    yield company
    company.database.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, fresh: Path) -> Path:
    """The file of a store with a little of everything, made once."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy(fresh, folder / "bridge.db")
    fill(Company(folder)).database.close()
    return folder / "bridge.db"


@pytest.fixture
def full(tmp_path: Path, filled: Path):
    """A store with a little of everything."""
    shutil.copy(filled, tmp_path / "bridge.db")
    company = Company(tmp_path, items=100)
    yield company
    company.database.close()


@pytest.fixture
def let_in(house: Any) -> Callable[[str], Any]:
    """Log somebody in at the `house` of the module."""

    def do(name: str) -> Any:
        browser = house.browser()
        assert browser.log_in(name).status_code == 303
        return browser

    return do


class _Strict(HTMLParser):
    """Reads a page as a pedant: all tags closed in order, ids once, nothing that runs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.links: list[tuple[str, dict[str, str | None]]] = []
        self.faults: list[str] = []
        self.headings: Counter[str] = Counter()
        self.text: list[str] = []

    def handle_startendtag(self, tag: str, attrs: Attributes):
        if tag not in SVG_VOID:
            self.faults.append(f"<{tag}/> is closed at once")
        self._look(tag, attrs)

    def handle_starttag(self, tag: str, attrs: Attributes):
        self._look(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def _look(self, tag: str, attrs: Attributes):
        names = [name for name, _ in attrs]
        values = dict(attrs)
        self.headings[tag] += 1
        own = tag == "script" and (values.get("src") or "").startswith("/static/keys.js")
        if tag in ("script", "style", "iframe", "object", "embed", "base", "img") and not own:
            self.faults.append(f"there is a <{tag}>")
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice: {names}")
        self.faults += [f"<{tag} {n}>" for n in names if n == "style" or n.startswith("on") or n == "srcdoc"]
        if "id" in values:
            self.ids[values["id"]] += 1
        self.links += [(values[n], values) for n in ("href", "src", "action") if n in values]

    def handle_endtag(self, tag: str):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing that is open")

    def handle_data(self, data: str):
        self.text.append(data)


def read_strictly(html: str) -> _Strict:
    """Read a page and refuse it if it is not well formed, or holds anything that could run."""
    page = _Strict()
    page.feed(html)
    page.close()
    assert not page.faults, page.faults
    assert not page.open, f"never closed: {page.open}"
    assert {name: n for name, n in page.ids.items() if n > 1} == {}
    assert page.headings["h1"] == 1
    for href, values in page.links:
        is_own = href.startswith(("/", "#")) and not href.startswith("//")
        assert is_own or href.startswith(("http://", "https://")), href
        if not is_own:
            assert "noopener noreferrer" in (values.get("rel") or ""), values
    fragments = {href[1:] for href, _ in page.links if href.startswith("#")}
    assert fragments <= set(page.ids)
    return page


@pytest.fixture
def strictly() -> Callable[[str], _Strict]:
    """The strict reader of pages."""
    return read_strictly


@pytest.fixture
def now() -> datetime:
    """The clock of the site."""
    return NOW
