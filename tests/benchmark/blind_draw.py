"""What is drawn for the blind judging: topics of a store, and BERTopic's of the same statements."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS, THEIRS = "Feedback Bridge", "BERTopic"
TOPICS = 30
ITEMS = 10
SEED = 42  # of BERTopic's UMAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A statement: its key and its item's id, as written, and as models read it."""

    key: int
    item: str
    text: str
    plain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A topic: its title, another title of it (the same where there is none), and its statements."""

    name: str
    title: str
    phrase: str
    members: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """All topics of an engine."""

    engine: str
    topics: tuple[Found, ...]

    def large(self) -> list[Found]:
        """Return the topics that can be drawn: those with enough statements."""
        return [topic for topic in self.topics if len(topic.members) >= ITEMS]


def store_pool(path: Path) -> tuple[Pool, list[Said]]:
    """Return our topics of a store, and all statements that could have formed topics, in their order.

    Those are what customers said that is a problem, a request or a question, and no repost. The store is
    copied first and the copy brought to this version's schema, so a running program is not disturbed.
    """
    from sqlmodel import col, select

    from bridge.models import Assignment, Item, Statement, Topic
    from bridge.store.database import Database

    with tempfile.TemporaryDirectory() as folder:
        _copy(path, Path(folder, "copy.db"))
        database = Database(f"sqlite:///{folder}/copy.db")
        database.upgrade()
        with database.reading() as session:
            titles = {topic.number: topic.title for topic in session.exec(select(Topic))}
            roots = {topic.number: topic.root for topic in session.exec(select(Topic))}
            rows = session.exec(
                select(Statement, Item.external_id, Assignment)
                .join(Item, col(Item.id) == col(Statement.item_id))
                .join(Assignment, col(Assignment.statement_id) == col(Statement.id))
                .where(col(Assignment.status).in_(("published", "unsure")))
                .order_by(col(Statement.sort_key), col(Statement.id))
            ).all()
        database.close()
    statements = []
    members: dict[int, list[Said]] = {}
    for row, item, assignment in rows:
        said = Said(key=row.id or 0, item=item, text=row.text, plain=row.plain)
        statements.append(said)
        if assignment.status == "published" and assignment.topic:
            members.setdefault(roots[assignment.topic], []).append(said)
    topics = [
        Found(name=f"T-{n}", title=titles[n], phrase=titles[n], members=tuple(members[n]))
        for n in sorted(members)
    ]
    return Pool(OURS, tuple(topics)), statements


def _copy(path: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def their_pool(statements: Sequence[Said]) -> Pool:
    """Return BERTopic's topics of the statements, with its defaults and MiniLM; outliers are in none.

    `title` is its topic's name, the four heaviest words. `phrase` is better than its defaults: the first
    of KeyBERTInspired out of phrases of one to three words, without English stop words.
    """
    texts = [said.plain or "-" for said in statements]
    found, names, phrases = _fitted(texts)
    members: dict[int, list[Said]] = {}
    for said, topic in zip(statements, found, strict=True):
        members.setdefault(topic, []).append(said)
    topics = [
        Found(name=str(n), title=_as_title(names[n]), phrase=_as_title(phrases[n]), members=tuple(members[n]))
        for n in sorted(members)
        if n >= 0
    ]
    return Pool(THEIRS, tuple(topics))


def _fitted(texts: Sequence[str]) -> tuple[list[int], dict[int, str], dict[int, str]]:
    """Return each text's topic, and each topic's name and best phrase."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other packages
        from bertopic import BERTopic
        from bertopic.representation import KeyBERTInspired
        from sklearn.feature_extraction.text import CountVectorizer
        from umap import UMAP

        embedder = _embedder()
        space = UMAP(
            n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=SEED, n_jobs=1
        )
        model = BERTopic(umap_model=space, embedding_model=embedder)
        found, _ = model.fit_transform(list(texts), embedder.embed(texts))
        names = {n: label.partition("_")[2].replace("_", " ") for n, label in model.topic_labels_.items()}
        model.update_topics(
            list(texts),
            vectorizer_model=CountVectorizer(ngram_range=(1, 3), stop_words="english"),
            representation_model=KeyBERTInspired(random_state=SEED),
        )
        phrases = {n: model.get_topic(n)[0][0] for n in names}
    return [int(topic) for topic in found], names, phrases


def _embedder() -> Any:
    """Return our MiniLM in the form that BERTopic takes."""
    from bertopic.backend import BaseEmbedder

    from bridge.app import App
    from topics.embed import encode_distinct
    from topics.encoders.minilm import load_minilm

    encoder = load_minilm(App().settings.paths.cache)

    class Embedder(BaseEmbedder):  # type: ignore[misc]
        def embed(self, documents: Sequence[str], verbose: bool = False) -> Any:
            del verbose
            return encode_distinct(encoder, [str(document) for document in documents])

    return Embedder()


def _as_title(words: str) -> str:
    """Give a title the look of all others: one capital at its start."""
    words = " ".join(words.split())
    return words[:1].upper() + words[1:]


def shuffled(pools: Sequence[Pool], seed: int) -> list[dict[str, Any]]:
    """Draw topics of each engine and statements of each, mix them and number them from 1.

    An entry is JSON: number, engine, topic, both titles, the statements' keys and their items' ids.
    """
    draw = random.Random(seed)  # noqa: S311 - a draw that repeats
    entries = []
    for pool in pools:
        for topic in draw.sample(pool.large(), min(TOPICS, len(pool.large()))):
            said = draw.sample(topic.members, ITEMS)
            entries.append(
                {
                    "engine": pool.engine,
                    "topic": topic.name,
                    "title": _as_title(topic.title),
                    "phrase": _as_title(topic.phrase),
                    "statements": [one.key for one in said],
                    "items": [one.item for one in said],
                }
            )
    draw.shuffle(entries)
    return [{"number": number, **entry} for number, entry in enumerate(entries, start=1)]
