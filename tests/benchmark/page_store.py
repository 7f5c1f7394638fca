"""A store of many items and topics, written at once without a run, for measuring pages.

    python tests/benchmark/page_store.py FILE.db [ITEMS] [TOPICS]

Sizes of topics are Zipf-like, times cover a year up to `NOW`. Every
row is one that a run could have written; nothing in it was said by anybody.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from bridge.models import (
    Assignment,
    EngineState,
    Evidence,
    Item,
    Person,
    Statement,
    Ticket,
    Topic,
    Vector,
    Workspace,
)
from bridge.store import figures, mapped, slices
from bridge.store.database import Database

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAYS = 364
SOURCES = ("reviews", "tickets", "posts", "chat")
KINDS = ("problem", "problem", "request", "question")
WORDS = [
    *("bag", "seat", "refund", "app", "login", "check", "gate", "delay", "crew", "meal", "screen", "invoice"),
    *("export", "filter", "search", "report", "card", "voucher", "queue", "lounge", "upgrade", "miles"),
    *("award", "child", "pram", "wheelchair", "dog", "boarding", "printer", "code", "map", "link"),
]
UNSURE, VOICE = 0.08, 0.02
QUOTES = 5
WAITING, OPEN, DONE = 0.15, 0.1, 0.05
DIMENSION = 384


def fill(database: Database, items: int = 100_000, topics: int = 2_000, seed: int = 7) -> None:
    """Fill an empty store of this version."""
    draw = random.Random(seed)  # noqa: S311 - the same store each time
    with database.writing() as session:
        slices.add(session, Person, [_person(n) for n in range(items // 2)])
        slices.add(session, Topic, [_topic(n, draw) for n in range(1, topics + 1)])
        session.get_one(Workspace, 1).last_topic = topics
    shares = list(accumulate(1 / (rank + 8) for rank in range(topics)))
    for start in range(0, items, 10_000):
        rows = list(_said(draw, range(start, min(start + 10_000, items)), shares, items // 2))
        with database.writing() as session:
            slices.add(session, Item, [row[0] for row in rows])
            slices.add(session, Statement, [row[1] for row in rows])
            slices.add(session, Assignment, [row[2] for row in rows])
            slices.add(session, Vector, _vectors(start, rows))
    with database.writing() as session:
        slices.add(session, Evidence, list(_evidence(session, topics)))
        slices.add(session, Ticket, list(_tickets(draw, topics)))
        slices.add(session, EngineState, [_engine(items)])
    with database.writing() as session:
        figures.renew(session)
        mapped.keep(session, {n: _place(n) for n in range(1, topics + 1)}, together=True)


def _person(number: int) -> dict[str, Any]:
    account = f"Account {number % 400}" if number % 3 == 0 else None
    return {"workspace_id": 1, "key": f"{number:032x}", "source": SOURCES[0], "display": f"Person {number}",
            "account": account, "role": "customer"}  # fmt: skip


def _topic(number: int, draw: random.Random) -> dict[str, Any]:
    words = draw.sample(WORDS, 4)
    vector = np.random.default_rng(number).normal(size=DIMENSION).astype("<f4")
    return {
        "workspace_id": 1,
        "number": number,
        "root": number,
        "title": f"{words[0].capitalize()} and {words[1]} {words[2]} number {number}",
        "title_by": "machine",
        "keywords": [[word, 1.0] for word in words],
        "kind": draw.choice(KINDS),
        "state": "new",
        "confidence": round(draw.uniform(0.2, 0.95), 4),
        "born_at": NOW - timedelta(days=draw.uniform(1, DAYS)),
        "labelled_mentions": 9,
        "touched": 0,
        "centroid": vector.tobytes(),
        "centroid_model": "m@1",
        "born_cold": False,
    }


def _place(number: int) -> tuple[float, float]:
    """Return where a topic lies on the map: somewhere; a layout of so many takes long."""
    x, y = np.random.default_rng(number).normal(size=2).round(4).tolist()
    return x, y


def _said(
    draw: random.Random, numbers: range, shares: Sequence[float], people: int
) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    for number in numbers:
        at = NOW - timedelta(seconds=draw.uniform(60, DAYS * 86400))
        chance, source = draw.random(), draw.choice(SOURCES)
        status = "unsure" if chance < UNSURE else "voice" if chance < UNSURE + VOICE else "published"
        (topic,) = draw.choices(range(1, len(shares) + 1), cum_weights=shares)
        text = f"The {' '.join(draw.choices(WORDS, k=12))} does not work for me since {number % 31} days."
        key, person, row = f"{at.isoformat()}-{number:07}", f"{draw.randrange(people):032x}", number + 1
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        yield (
            {"id": row, "workspace_id": 1, "source": source, "external_id": f"x{number}", "revision": "1",
             "person_key": person, "said_at": at, "pulled_at": NOW, "pull": "p", "sort_key": key, "stage": 4,
             "text": text, "url": f"https://example.org/{number}", "lang": "en", "mentions_handles": "",
             "signals": 0, "exact": 0},
            {"id": row, "workspace_id": 1, "item_id": row, "ordinal": 1, "start": 0, "stop": len(text),
             "text": text, "plain": text, "text_hash": digest, "sort_key": key, "stage": 3, "kind": "problem",
             "kind_score": 0.9},
            {"statement_id": row, "workspace_id": 1, "topic": topic if status == "published" else None,
             "status": status, "score": round(draw.uniform(0.5, 1), 4), "runner_up": draw.randrange(1, 9),
             "runner_up_score": 0.4, "reason": "near the topic's centre", "model": "m@1", "pinned": False,
             "said_at": at, "speaker": person, "source": source, "kind": "problem"},
        )  # fmt: skip


def _vectors(start: int, rows: Sequence[tuple[dict[str, Any], ...]]) -> list[dict[str, Any]]:
    """Return the vectors of these texts, near the centres of their topics."""
    noise = np.random.default_rng(start).normal(size=(len(rows), DIMENSION)).astype("<f4")
    found = []
    for place, (_, statement, assignment) in enumerate(rows):
        centre = np.random.default_rng(assignment["topic"] or 0).normal(size=DIMENSION).astype("<f4")
        vector = (centre + noise[place]) / np.linalg.norm(centre + noise[place])
        found.append(
            {"workspace_id": 1, "text_hash": statement["text_hash"], "model": "m@1", "data": vector.tobytes()}
        )
    return found


def _engine(items: int) -> dict[str, Any]:
    settings = {"settings": {}, "seen": items, "arrivals": items, "looked_at": items}
    return {"workspace_id": 1, "model": "m@1", "discover_due": False, "data": settings,
            "mean": np.zeros(DIMENSION, "<f8").tobytes()}  # fmt: skip


def _evidence(session: Any, topics: int) -> Iterator[dict[str, Any]]:
    for number in range(1, topics + 1):
        for rank, member in enumerate(slices_of(session, number), 1):
            yield {"workspace_id": 1, "topic": number, "statement_id": member, "rank": rank, "score": 0.9}


def slices_of(session: Any, number: int) -> list[int]:
    """Return a few statements of a topic."""
    from sqlmodel import select

    some = select(Assignment.statement_id).where(Assignment.topic == number).limit(QUOTES)
    return list(session.exec(some))


def _tickets(draw: random.Random, topics: int) -> Iterator[dict[str, Any]]:
    for number in range(1, topics + 1):
        chance = draw.random()
        state = "proposed" if chance < WAITING else "open" if chance < WAITING + OPEN else "done"
        if chance >= WAITING + OPEN + DONE:
            continue
        key = None if state == "proposed" else f"FB-{number}"
        yield {"workspace_id": 1, "topic": number, "state": state, "tracker": "local", "project": "FB",
               "type": "Bug", "key": key, "url": f"/backlog/{key}" if key else None, "marker": f"m{number}",
               "title": f"Ticket {number}", "rule": "policy", "reason": "9 people in 28 days, confidence 0.7",
               "reported": {}, "baseline": {}, "proposed_at": NOW - timedelta(days=draw.uniform(0, 20)),
               "adopted": False, "alike": []}  # fmt: skip


def main(path: str, items: int = 100_000, topics: int = 2_000) -> None:
    """Write the file."""
    database = Database(f"sqlite:///{Path(path).absolute()}")
    database.upgrade()
    fill(database, items, topics)
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:4]))
