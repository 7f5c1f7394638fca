"""A full recluster of 20,000 texts, against BERTopic with its defaults on the same vectors."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sets import labelled

ROWS = 20_000
TIMES = 3  # of ours; the median counts


def figures(data: Path, _method: str, rows: int | None) -> dict[str, Any]:
    """Return seconds and adjusted Rand index of both, and how many times as fast ours is."""
    from bridge.evaluate import Bench
    from bridge.labelled import Labelled

    assistant = labelled(data, "clinc150_imbalanced.csv", rows=rows)
    more = labelled(data, "banking77_train.csv", rows=max(1, (rows or ROWS) - len(assistant.messages)))
    messages = (*assistant.messages, *more.messages)
    both = Labelled(
        messages=tuple(replace(m, external_id=str(n)) for n, m in enumerate(messages)),
        labels={str(n): (assistant.labels | more.labels)[m.external_id] for n, m in enumerate(messages)},
        places=tuple(range(len(messages))),
        rows=len(messages),
    )
    with tempfile.TemporaryDirectory() as folder:
        bench = _bench(both, Path(folder), Bench)
        ours = _ours(both, bench, Path(folder))
        theirs = _theirs(both, bench)
    return {
        "rows": len(messages),
        "ours": ours,
        "bertopic": theirs,
        "times": theirs["seconds"] / ours["seconds"],
    }


def _bench(both: Any, folder: Path, bench: Any) -> Any:
    from bridge.app import App
    from bridge.cli.output import Terminal

    app = App(flags={"paths.data": str(folder)})
    return bench(app, both, shape="file", batches=1, progress=Terminal())


def _ours(both: Any, bench: Any, folder: Path) -> dict[str, Any]:
    """Take all in, then time what `recluster --dry-run` does."""
    from bridge.evaluate import InOrder
    from bridge.recluster import compare
    from bridge.replay import Wanted, play, take_in

    scratch = bench.app.scratch(folder / "fresh.db", bench.encoder)
    context = scratch.context(all_kinds=True, whole=True)
    total = take_in(context, InOrder(both.messages), Wanted(id=True, at=False, author=False))
    play(context, total, [total], folder / "out.jsonl")
    seconds = []
    for _ in range(TIMES):
        started = time.perf_counter()
        found = compare(context)
        seconds.append(time.perf_counter() - started)
    topics = _topics(context, found.members)
    scratch.database.close()
    return {"seconds": round(sorted(seconds)[TIMES // 2], 3), **_judged(topics, both.labels)}


def _topics(context: Any, members: Mapping[int, Sequence[int]]) -> dict[str, int]:
    """Return each item's cluster."""
    from sqlmodel import col, select

    from bridge.models import Item, Statement

    with context.database.reading() as session:
        names = dict(
            session.execute(
                select(Statement.id, Item.external_id).join(Item, col(Item.id) == col(Statement.item_id))
            ).all()
        )
    return {names[key]: cluster for cluster, keys in members.items() for key in keys}


def _theirs(both: Any, bench: Any) -> dict[str, Any]:
    """Time BERTopic just as it comes, after its parts are loaded and compiled."""
    from bertopic import BERTopic

    from topics.baselines import warm_up

    texts, vectors = bench.meaning()
    warm_up("bertopic-refit")
    started = time.perf_counter()
    found, _ = BERTopic().fit_transform([text or "-" for text in texts], vectors)
    seconds = time.perf_counter() - started
    names = [message.external_id for message in both.messages]
    topics = {name: topic for name, topic in zip(names, found, strict=True) if topic >= 0}
    return {"seconds": round(seconds, 3), **_judged(topics, both.labels)}


def _judged(topics: Mapping[str, int], labels: Mapping[str, str]) -> dict[str, Any]:
    from topics.measures import quality

    found = quality({(name, 1): f"T-{topic}" for name, topic in topics.items()}, labels)
    return {"ari": found.ari, "tickets": found.tickets, "unassigned": found.unassigned}
