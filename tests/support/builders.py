"""What tests of the core are made of: items by sentence, and a workbench with a store of its own.

The doubles here are public and tiny: a classifier by rules, a detector that always hears English, and the
encoder "hash", so that the fast tests need no model.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from postgres import databases, server
from sqlalchemy import Engine, inspect
from sqlmodel import Session

from bridge.config.load import load
from bridge.pipeline.context import Context, KeyRange
from bridge.pipeline.pulling import Pulled, pull_source
from bridge.pipeline.run import RunResult, run
from bridge.report import topic_reports
from bridge.store import intake
from bridge.store.database import Database, workspace_secret
from bridge.store.export import assignment_rows
from bridge.tracker import Tracker
from bridge.tracker.local import LocalTracker
from bridge.verbs import Verbs
from connectors import Author, Checkpoint, Event, Message, Tombstone, Upsert
from connectors.testing import Canned
from topics.embed import make_encoder
from topics.records import Kind, KindScore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""The bridge's clock in these tests."""

THEMES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "bag": (
        "my suitcase was lost at baggage claim",
        "the suitcase never came out at baggage claim",
        (
            "again",
            "after landing",
            "this week",
            "on my trip",
            "last night",
            "and nobody helped",
            "in the hall",
        ),
    ),
    "app": (
        "the mobile app crashes when checkout opens",
        "checkout in the mobile app crashes every time",
        (
            "today",
            "since the update",
            "on my phone",
            "twice now",
            "before paying",
            "for me too",
            "on tablets",
        ),
    ),
    "legroom": (
        "seats have no legroom for tall passengers",
        "tall passengers get no legroom in these seats",
        ("at all", "in row twelve", "on the new plane", "for six hours", "sadly", "in economy", "anywhere"),
    ),
}
"""Each theme: two ways to say it, and endings that make the sentences differ."""


class RuleClassifier:
    """A classifier of kinds by a few plain rules; shaped like `topics.classify.KindClassifier`."""

    uses: str | None = None
    model_id = "rules"
    revision = "1"

    def predict(self, texts: Sequence[str], vectors: NDArray[Any] | None = None) -> list[KindScore]:  # noqa: ARG002 - the shape of the real one
        return [_score(_kind(text.casefold())) for text in texts]


def _kind(text: str) -> Kind:
    if re.search(r"\b(please add|would be nice|wish)\b", text):
        return Kind.REQUEST
    if re.search(r"\b(love|thank|great)\b", text):
        return Kind.PRAISE
    if re.search(r"\b(sale|discount code|breaking)\b", text):
        return Kind.OTHER
    return Kind.QUESTION if text.endswith("?") else Kind.PROBLEM


def _score(kind: Kind) -> KindScore:
    return KindScore(kind, 0.92, {other: 0.92 if other is kind else 0.02 for other in Kind})


class Hears:
    """A detector that hears one language in everything."""

    def __init__(self, lang: str | None = "en") -> None:
        self._lang = lang

    def detect(self, text: str) -> tuple[str | None, float]:  # noqa: ARG002 - the shape of the real one
        return self._lang, 1.0


def item(
    text: str,
    name: str,
    *,
    by: str | Author | None = None,
    days: float = 1,
    revision: str | None = None,
    **rest: Any,
) -> Message:
    """Say something: `name` is its id, `days` how long before the clock; the revision is made of the text."""
    author = Author(handle=by) if isinstance(by, str) else by
    return Message(
        external_id=name,
        text=text,
        said_at=NOW - timedelta(days=days),
        revision=revision or f"r-{abs(hash_of(text, by))}",
        author=author,
        **rest,
    )


def hash_of(text: str, by: object) -> int:
    """Return the same number for the same content in every process."""
    import zlib

    return zlib.crc32(repr((text, by)).encode(errors="replace"))


def theme(name: str, count: int, *, first: int = 0, people: bool = True, days: float = 20) -> list[Message]:
    """Return `count` items about one theme, by `count` people, an hour apart, oldest first."""
    one, other, endings = THEMES[name]
    found = []
    for n in range(first, first + count):
        ending = f"{endings[n % len(endings)]} {endings[(n // len(endings) + n + 1) % len(endings)]}"
        text = f"{one if n % 2 else other} {ending}"
        by = f"{name}_{n}" if people else None
        found.append(item(text, f"{name}-{n:03}", by=by, days=days - n / 24))
    return found


def sixty() -> list[Message]:
    """Return sixty items: three themes, a repost, praise, an advertisement, a brand's answers."""
    said = [*theme("bag", 18), *theme("app", 16, days=19), *theme("legroom", 14, days=17)]
    said += [
        item(f"RT @bag_3: {said[3].text}", f"repost-{n}", by=f"fan_{n}", days=5 - n / 24) for n in range(3)
    ]
    said += [
        item(f"I love this airline, thank you {n}", f"praise-{n}", by=f"happy_{n}", days=4) for n in range(4)
    ]
    said += [
        item(f"@bag_{n} we are sorry to hear that, suitcase number please", f"care-{n}", by="care", days=3)
        for n in range(3)
    ]
    said += [item("huge sale, discount code inside", "ad-1", by="shop", days=2)]
    return [*said, item("no name was given here and baggage claim lost my suitcase", "anon-1", days=2)]


class Stores:
    """Where a test's stores are: files, or, while `on` is "postgresql", databases of a server.

    A store is named by the path that its file has, or would have.
    """

    def __init__(self) -> None:
        self.on = "sqlite"
        self._made: dict[Path, str] = {}
        self._kept: set[Path] = set()
        self._opened: list[Engine] = []

    def keep(self, path: Path) -> None:
        """Let a store live as long as the server."""
        self._kept.add(path)

    def address(self, path: Path) -> str:
        """Return the address of a store; on a server it is made with our schema at the first call."""
        if self.on == "sqlite":
            return f"sqlite:///{path}"
        if path not in self._made:
            self._made[path] = server().create(server().template)
        return server().url(self._made[path])

    def scratch(self) -> str:
        """Return the address of a store for a moment: in memory, or with our schema on a server."""
        return "sqlite://" if self.on == "sqlite" else self.address(Path(f"scratch-{len(self._made)}"))

    def copy(self, source: Path, target: Path) -> str:
        """Make a store as a copy of another, to which there is no connection; return its address."""
        if self.on == "sqlite":
            with sqlite3.connect(source) as connection:
                connection.execute("VACUUM INTO ?", (str(target),))
            connection.close()
        else:
            self._made[target] = server().create(self._made[source])
        return self.address(target)

    def close(self) -> None:
        """Give back all connections, as programs do that ended."""
        for engine in self._opened:
            engine.dispose()

    @contextmanager
    def here(self, kind: str) -> Iterator[None]:
        """Let stores be of a kind; their connections are given back at the end, and the databases dropped."""
        before, self.on = self.on, kind
        try:
            with databases() as self._opened:
                yield
        finally:
            self.on = before
            for path in self._made.keys() - self._kept:
                server().drop(self._made.pop(path))


STORES = Stores()


class Interrupted(Exception):  # noqa: N818 - it stands for a power cut
    """The process died here."""


class Fragile(Database):
    """A store whose process dies at the n-th write: before its commit, or right after it.

    Only writes of the thread that made it count: a run's signs of life come with the time, from another.
    """

    def __init__(self, url: str, stop_at: int, *, after: bool = False) -> None:
        super().__init__(url)
        self.writes = 0
        self._stop_at = stop_at
        self._after = after
        self._owner = threading.get_ident()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        if threading.get_ident() != self._owner:
            with super().writing() as session:
                yield session
            return
        with super().writing() as session:
            yield session
            self.writes += 1
            if self.writes == self._stop_at and not self._after:
                raise Interrupted
        if self.writes == self._stop_at and self._after:
            raise Interrupted


class Bench:
    """A workbench: a store on a file, settings, a clock, and the doubles; `toml` are settings on top."""

    def __init__(self, root: Path, toml: str = "", *, database: Database | None = None) -> None:
        self.root = root
        self.path = root / "bridge.db"
        self.now = NOW
        self.classifier: Any = RuleClassifier()
        self.detector: Any = Hears()
        self.encoder: Any = make_encoder("hash", cache=root)
        self.tracker: Tracker | None = None
        self.whole = True
        self.set(toml)
        if database is None:
            database = Database(STORES.address(self.path))
            database.upgrade()
        self.database = database

    def set(self, toml: str) -> None:
        """Change the settings."""
        file = self.root / "bridge.toml"
        file.write_text(f'database.url = "{STORES.address(self.path)}"\n{toml}', encoding="utf-8")
        home = {"user_dir": self.root, "data_dir": self.root, "cache_dir": self.root}
        self.settings = load(flags={}, env={}, file=file, cwd=self.root, **home).settings

    def context(self, **changes: Any) -> Context:
        """Return what a run needs."""
        parts: dict[str, Any] = {
            "database": self.database,
            "settings": self.settings,
            "now": self.now,
            "encoder": lambda: self.encoder,
            "classifier": lambda: self.classifier,
            "detector": lambda: self.detector,
            "tracker": lambda: self.tracker or LocalTracker(self.database, lambda: self.now),
            "whole": self.whole,
        }
        return Context(**{**parts, **changes})

    def take(
        self, events: Iterable[Message | Event], source: str = "reviews", *, once: bool = True
    ) -> Pulled:
        """Pull these; a message stands for its upsert."""
        said = [Upsert(event) if isinstance(event, Message) else event for event in events]
        return pull_source(self.context(), source, "canned", Canned(events=said, page=50), once=once)

    def run(
        self, until: str = "track", *, first: str = "normalise", dry_run: bool = False, **changes: Any
    ) -> RunResult:
        """Run these steps."""
        return run(self.context(**changes), list, first=first, until=until, dry_run=dry_run)

    def sync(self, *, dry_run: bool = False) -> RunResult:
        """Decide, plan and sync."""
        return self.run("sync", first="decide", dry_run=dry_run)

    @contextmanager
    def deciding(self, who: str = "ana") -> Iterator[Verbs]:
        """Decide as a person."""
        with self.database.writing() as session:
            yield Verbs(session, who, self.now)

    def rows(self) -> list[dict[str, Any]]:
        """Return what `export assignments` gives."""
        with self.database.reading() as session:
            return list(assignment_rows(session))

    def topic_of(self, name: str) -> str | None:
        """Return the topic that an item's first statement is in."""
        return next(row["topic"] for row in self.rows() if row["item"] == name)

    def reports(self) -> dict[str, dict[str, Any]]:
        """Return what `topics list --json` gives, by topic."""
        with self.database.reading() as session:
            return {report.id: report.as_json() for report in topic_reports(session, self.now)}

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the store itself."""
        if self.database.path is None:
            with self.database.engine.begin() as connection:
                asked = connection.exec_driver_sql(sql.replace("%", "%%").replace("?", "%s"), values)
                return [tuple(map(_as_in_a_file, row)) for row in asked] if asked.returns_rows else []
        with sqlite3.connect(self.path) as file:
            found = file.execute(sql, values).fetchall()
        file.close()
        return found

    def tables(self, *without: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows of all tables but these and the marks drawn by lot, in a fixed order."""
        names = set(inspect(self.database.engine).get_table_names()) - {*without, "written"}
        return {n: sorted(self.query(f"SELECT * FROM {n}"), key=repr) for n in sorted(names)}

    def picture(self) -> dict[str, Any]:
        """Return all that a user could see, without our own row numbers: to compare two ways to one end."""
        topics = self.query(
            "SELECT number, root, title, keywords, kind, state, confidence, touched FROM topic"
            " ORDER BY number"
        )
        quoted = self.query(
            "SELECT e.topic, e.rank, i.external_id, s.ordinal, e.score FROM evidence"
            " e JOIN statement s"
            " ON s.id = e.statement_id JOIN item i ON i.id = s.item_id ORDER BY 1, 2"
        )
        evidence = [(*place, round(score, 4)) for *place, score in quoted]
        items = self.query(
            "SELECT i.source, i.external_id, i.revision, i.text, i.lang, i.stage, o.external_id FROM item i"
            " LEFT JOIN item o ON o.id = i.repost_of ORDER BY 1, 2"
        )
        people = self.query("SELECT key, role FROM person ORDER BY 1")
        tickets = self.query("SELECT topic, state, title FROM ticket ORDER BY 1")
        return {
            "rows": self.rows(),
            "counts": self.reports(),
            "topics": topics,
            "evidence": evidence,
            "items": items,
            "people": people,
            "tickets": tickets,
        }


def _as_in_a_file(value: Any) -> Any:
    """Return a value of a server as SQLite's file has it."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return json.dumps(value) if isinstance(value, dict | list) else value


def copy_store(
    source: Bench, root: Path, toml: str = "", *, database: Callable[[str], Database] = Database
) -> Bench:
    """Return another bench on a copy of a store, opened by `database`."""
    source.database.close()
    address = STORES.copy(source.path, root / "bridge.db")
    return Bench(root, toml, database=database(address))


def store(bench: Bench, *events: Event) -> intake.Counts:
    """Store events in one transaction of one pull."""
    with bench.database.writing() as session:
        pull = intake.Pull(id="pull", source="reviews", now=bench.now, secret=workspace_secret(session))
        return intake.store_events(session, pull, events)


def gone(name: str) -> Tombstone:
    """Say that an item was taken away."""
    return Tombstone(name, "deleted by its author", NOW)


def tokens(text: str) -> list[Any]:
    """Read JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]


__all__ = [
    "NOW",
    "STORES",
    "Bench",
    "Checkpoint",
    "Fragile",
    "Hears",
    "Interrupted",
    "KeyRange",
    "RuleClassifier",
    "copy_store",
    "gone",
    "item",
    "sixty",
    "store",
    "theme",
    "tokens",
]
