"""What goes wrong when transactions overlap: workloads for many processes, and a count of what they broke.

Each process adds to one number (a lost update), moves points from one row to another and looks at both (a
torn look), and claims what nobody has claimed yet (a claim made twice). The store of ours is tried, and, as
the control, an engine of SQLAlchemy's as it comes, with the same lines of code on it.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields
from typing import Protocol

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, func, select

from bridge.errors import StoreError
from bridge.models import Remembered, Workspace
from bridge.store.database import Database

POINTS = 1000
LEFT, RIGHT, CLAIM = "isolation left", "isolation right", "isolation claim"


class Store(Protocol):
    def writing(self) -> AbstractContextManager[Session]: ...
    def reading(self) -> AbstractContextManager[Session]: ...
    def close(self) -> None: ...


class AsItComes:
    """SQLAlchemy's own engine and transactions."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with Session(self._engine) as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self._engine) as session:
            yield session

    def close(self) -> None:
        self._engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Of so many transactions: updates lost, looks torn, claims made twice, and those refused."""

    writes: int = 0
    looks: int = 0
    lost: int = 0
    torn: int = 0
    doubled: int = 0
    refused: int = 0

    def __add__(self, other: Broken) -> Broken:
        return Broken(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Broken)})


def try_it(url: str, *, ours: bool, processes: int, times: int) -> Broken:
    """Let so many processes do each workload so many times on a store that is there; return what broke."""
    _prepare(url)
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(processes) as pool:
        each = pool.starmap(_work, [(url, ours, processes, times, seed) for seed in range(processes)], 1)
        pool.close()
        pool.join()
    added = sum(found for _, found in each)
    return sum((broken for broken, _ in each), Broken()) + _counted(url, added)


def _prepare(url: str) -> None:
    database = Database(url)
    with database.writing() as session:
        session.get_one(Workspace, 1).last_topic = 0
        for name in (LEFT, RIGHT):
            session.merge(Remembered(workspace_id=1, name=name, value=str(POINTS)))
    database.close()


def _counted(url: str, added: int) -> Broken:
    database = Database(url)
    with database.reading() as session:
        count = session.get_one(Workspace, 1).last_topic
        claims = session.exec(select(Remembered.name).where(col(Remembered.name).startswith(CLAIM))).all()
    database.close()
    return Broken(lost=added - count, doubled=len(claims) - len({name.split("/")[0] for name in claims}))


def _work(url: str, ours: bool, processes: int, times: int, seed: int) -> tuple[Broken, int]:
    store: Store = Database(url) if ours else AsItComes(url)
    rng = random.Random(seed)  # noqa: S311 - seeded, no secret
    total, added = Broken(), 0
    _meet(store, processes)
    for number in range(times):
        for write in (_add, _move, _claim):
            done = _tried(store, write, number, rng)
            added += done and write is _add
            total += Broken(writes=1, refused=not done)
        total += Broken(looks=1, torn=_torn(store))
    store.close()
    return total, added


def _meet(store: Store, processes: int) -> None:
    """Begin together: say that we are here, and wait for the others."""
    until = time.monotonic() + 60
    while not _tried(store, lambda session, *_: session.merge(_here()), 0, random.SystemRandom()):
        time.sleep(0.01)
    while time.monotonic() < until:
        with store.reading() as session:
            here = select(func.count()).where(col(Remembered.name).startswith("isolation here"))
            if session.exec(here).one() >= processes:
                return
        time.sleep(0.01)


def _here() -> Remembered:
    return Remembered(workspace_id=1, name=f"isolation here {os.getpid()}", value="")


def _tried(store: Store, write: object, number: int, rng: random.Random) -> bool:
    try:
        with store.writing() as session:
            write(session, number, rng)  # type: ignore[operator]
    except (StoreError, DBAPIError):
        return False
    return True


def _add(session: Session, _number: int, _rng: random.Random) -> None:
    workspace = session.get_one(Workspace, 1)
    found = workspace.last_topic
    time.sleep(0)
    workspace.last_topic = found + 1


def _move(session: Session, _number: int, rng: random.Random) -> None:
    left, right = (session.get_one(Remembered, (1, name)) for name in (LEFT, RIGHT))
    points = rng.randint(-5, 5)
    left.value, right.value = str(int(left.value) - points), str(int(right.value) + points)


def _claim(session: Session, number: int, _rng: random.Random) -> None:
    name = f"{CLAIM} {number}/"
    if not session.exec(select(func.count()).where(col(Remembered.name).startswith(name))).one():
        time.sleep(0)
        session.add(Remembered(workspace_id=1, name=f"{name}{os.getpid()}", value=""))


def _torn(store: Store) -> bool:
    with store.reading() as session:
        left = session.get_one(Remembered, (1, LEFT)).value
        time.sleep(0)
        right = session.get_one(Remembered, (1, RIGHT)).value
    return int(left) + int(right) != 2 * POINTS


def row(kind: str, engine: str, broken: Broken) -> Sequence[str]:
    """Return the figures as a row of a table."""
    return (kind, engine, *(f"{getattr(broken, field.name):,}" for field in fields(Broken)))
