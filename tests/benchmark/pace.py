"""How fast the encoder is on tweets, and how much of that the whole pipeline keeps."""

from __future__ import annotations

import functools
import gc
import tempfile
import time
from pathlib import Path
from typing import Any

TEXTS, ROUNDS = 3_000, 5
MODELS = 100
"""A cache of so many entries at most is one of models, not of texts."""


def figures(data: Path, _method: str, rows: int | None) -> dict[str, Any]:
    """Return texts a second of the encoder alone and, by turns, of the pipeline, the best of each."""
    from encoder import read

    from bridge.app import App

    texts = read(data / "airline_tweets_feb16-20.csv", "text", rows or TEXTS)
    with tempfile.TemporaryDirectory() as folder:
        app = App(flags={"paths.data": folder})
        app.encoder.encode(texts[:50])
        rounds = [
            (_per_second(app.encoder, texts), *_pipeline(app, texts, Path(folder, str(number))))
            for number in range(ROUNDS)
        ]
        alone, topics, everything = (max(found) for found in zip(*rounds, strict=True))
    return {
        "encoder": app.encoder.model_id,
        "texts": len(texts),
        "texts a second": round(alone, 1),
        "pipeline up to topics, items a second": round(topics, 1),
        "pipeline with titles and evidence, items a second": round(everything, 1),
        "pipeline over encoder": round(topics / alone, 3),
        "pipeline with titles over encoder": round(everything / alone, 3),
    }


def _per_second(encoder: Any, texts: list[str]) -> float:
    started = time.perf_counter()
    encoder.encode(texts)
    return len(texts) / (time.perf_counter() - started)


def _forget() -> None:
    """Clear what is remembered of texts that were seen before; models stay."""
    for kept in gc.get_objects():
        is_cache = isinstance(kept, functools._lru_cache_wrapper)
        if is_cache and (kept.cache_parameters()["maxsize"] or 0) > MODELS:
            kept.cache_clear()


def _pipeline(app: Any, texts: list[str], folder: Path) -> tuple[float, float]:
    """Return items a second up to topics, and up to all that a page shows; models are loaded before."""
    from bridge.evaluate import InOrder
    from bridge.pipeline.run import run
    from bridge.replay import START, Wanted, play, take_in
    from connectors import Message

    folder.mkdir()
    for name, some in (("warm", texts[:200]), ("timed", texts)):
        scratch = app.scratch(folder / f"{name}.db")
        scratch.__dict__.update(classifier=app.classifier, detector=app.detector)
        context = scratch.context(all_kinds=False)
        said = [Message(external_id=str(n), text=t, said_at=START, revision="1") for n, t in enumerate(some)]
        total = take_in(context, InOrder(said), Wanted(id=True, at=False, author=False))
        _forget()
        started = time.perf_counter()
        play(context, total, [total], folder / "out.jsonl")
        middle = time.perf_counter()
        run(context, list, first="label", until="track")
        ended = time.perf_counter()
        scratch.database.close()
    return total / (middle - started), total / (ended - started)
