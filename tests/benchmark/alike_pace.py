"""What is said like an item, found by pgvector: how long it takes, and how many of the 30 best are found.

    python tests/benchmark/alike_pace.py [ITEMS] [--questions 200]

Needs the wheel that the tests use, whose PostgreSQL has pgvector. The texts are drawn by lot around 1,500
middles, with vectors of 384 numbers, 40 of which would do, and a direction that all share.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "support")]

from postgres import Server, of_the_wheel  # noqa: E402 - found by the path above
from sqlmodel import Session, select  # noqa: E402

from bridge.models import WORKSPACE, EngineState, Item, Statement, Vector  # noqa: E402
from bridge.store import alike, nearest, slices  # noqa: E402
from bridge.store.database import Database  # noqa: E402

MODEL, DIMENSION, MIDDLES, BEST = "m@1", 384, 1_500, 30
LATENT = 40
PART = 5_000


def put(database: Database, count: int) -> None:
    """Store so many texts, each said once, and the mean of their vectors."""
    draw = np.random.default_rng(7)
    turn = draw.normal(size=(LATENT, DIMENSION)) / np.sqrt(LATENT)
    middles, mean = 1.5 * draw.normal(size=(MIDDLES, LATENT)), draw.normal(size=DIMENSION) / 2
    total = np.zeros(DIMENSION)
    with database.writing() as session:
        session.add(long_post())
    for start in range(0, count, PART):
        made = (middles[draw.integers(MIDDLES, size=PART)] + draw.normal(size=(PART, LATENT))) @ turn + mean
        made += 0.1 * draw.normal(size=made.shape)
        made = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype("<f4")
        total += made.sum(axis=0)
        rows = [
            {"workspace_id": WORKSPACE, "text_hash": f"{n:032}", "model": MODEL, "data": row.tobytes()}
            for n, row in enumerate(made, start)
        ]
        with database.writing() as session:
            slices.add(session, Vector, rows)
            slices.add(session, Statement, [statement(n) for n in range(start, start + PART)])
    with database.writing() as session:
        state = {"seen": count}
        session.add(EngineState(model=MODEL, mean=total.astype("<f8").tobytes(), data=state))


def long_post() -> Item:
    """Return the item that says all of the texts: who said what is not asked here."""
    now = datetime.now(UTC)
    return Item(
        id=1,
        source="posts",
        external_id="1",
        revision="1",
        said_at=now,
        pulled_at=now,
        pull="1",
        sort_key="1",
        text="a",
    )


def statement(number: int) -> dict[str, object]:
    """Return a statement that has been placed, with a text of its own."""
    name = f"{number:032}"
    own = {"item_id": 1, "ordinal": number + 1, "start": 0, "stop": 1, "text": "a", "plain": "a"}
    return {**own, "workspace_id": WORKSPACE, "text_hash": name, "sort_key": name, "stage": slices.ASSIGNED}


def asked(database: Database, names: list[str], near: Callable[[Session, str], set[str]]) -> list[set[str]]:
    """Ask for what is like each; print how long it takes."""
    found, took = [], []
    for name in names:
        began = time.perf_counter()
        with database.reading() as session:
            found.append(near(session, name))
        took.append(1000 * (time.perf_counter() - began))
    print(  # noqa: T201 - a script
        f"  the first question {took[0]:.0f} ms; then p50 {np.percentile(took[1:], 50):.1f}, "
        f"p95 {np.percentile(took[1:], 95):.1f} ms; the process has {memory():.0f} MB",
        flush=True,
    )
    return found


def memory() -> float:
    """Return the most that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def exactly(database: Database, names: list[str]) -> list[set[str]]:
    """Return the best of all texts, each compared."""
    with database.reading() as session:
        rows = session.exec(select(Vector.text_hash, Vector.data).order_by(Vector.text_hash)).all()
        state = session.get_one(EngineState, WORKSPACE)
    known = [name for name, _ in rows]
    table = np.frombuffer(b"".join(data for _, data in rows), "<f4").reshape(len(rows), -1)
    table = table - (np.frombuffer(state.mean, "<f8") / state.data["seen"]).astype(np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    best = []
    for name in names:
        cosines = table @ table[known.index(name)]
        order = np.argpartition(-cosines, BEST + 1)[: BEST + 1]
        best.append({known[i] for i in sorted(order, key=lambda i: -cosines[i])} - {name})
    return best


def main() -> None:
    """Make a server, and play."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("items", type=int, nargs="?", default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    given = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    server = Server(of_the_wheel(), shared_buffers="512MB", maintenance_work_mem="1GB", max_wal_size="8GB")
    try:
        play(server, given.items, given.questions)
    finally:
        server.remove()


def play(server: Server, count: int, questions: int) -> None:
    """Make the index, ask, and compare with all."""
    database = Database(server.url(server.create(server.template)), Path(tempfile.gettempdir()))
    put(database, count)
    draw = np.random.default_rng(8)
    names = [f"{n:032}" for n in draw.choice(count, questions, replace=False)]

    def near(session: Session, name: str) -> set[str]:
        return set(texts.near(session, {name}, BEST))

    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE EXTENSION vector")
    began = time.perf_counter()
    taken = nearest.fill(database)
    with database.reading() as session:
        size = session.connection().exec_driver_sql("SELECT pg_total_relation_size('nearest.said')").scalar()
    print(f"{taken:,} texts: index made in {time.perf_counter() - began:.0f} s, {size / 2**20:.0f} MB")  # noqa: T201
    texts = alike.Texts()
    by_index = asked(database, names, near)
    right = exactly(database, names)
    hits = [len(found & best) / len(best) for found, best in zip(by_index, right, strict=True)]
    told = f"{np.mean(hits):.4f}, in the worst tenth {np.percentile(hits, 10):.3f}"
    print(f"  of the {BEST} best it finds {told}")  # noqa: T201
    database.close()


if __name__ == "__main__":
    main()
