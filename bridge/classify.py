"""Kinds of the texts of a file, without a database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from connectors import Rejected, Upsert

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bridge.app import App
    from bridge.pipeline.context import Progress

BATCH = 500


def classify_file(
    app: App, file: Path, *, text: str, id_: str | None, out: Path, progress: Progress
) -> tuple[int, Counter[str]]:
    """Write `{id, kind, score, scores}` for each text; return their count and why rows were left out."""
    count = 0
    left_out: Counter[str] = Counter()
    with out.open("w", encoding="utf-8") as target:
        for batch in _batches(file, text, id_, left_out):
            _write(app, batch, target)
            count += len(batch)
            progress.step("classify", count, None)
    return count, left_out


def _batches(
    file: Path, text: str, id_: str | None, left_out: Counter[str]
) -> Iterator[list[tuple[str, str]]]:
    from bridge.app import build_source, now

    columns = {"text": text, **({"id": id_} if id_ else {})}
    source = build_source("files", {"path": str(file.absolute()), "columns": columns}, now())
    batch: list[tuple[str, str]] = []
    row = 0
    for event in source.pull(None):
        row += isinstance(event, Upsert | Rejected)
        if isinstance(event, Rejected):
            left_out[event.reason] += 1
        if isinstance(event, Upsert):
            batch.append((event.message.external_id if id_ else str(row), event.message.text))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(app: App, batch: list[tuple[str, str]], target: TextIO) -> None:
    from topics.normalise import normalise, plain

    short = [plain(normalise(text).text) for _, text in batch]
    found = app.classifier.predict(short, vectors_of(app, short))
    for (name, _), score in zip(batch, found, strict=True):
        scores = {kind.value: round(value, 4) for kind, value in score.scores.items()}
        row = {"id": name, "kind": score.kind.value, "score": round(score.score, 4), "scores": scores}
        target.write(json.dumps(row, ensure_ascii=False) + "\n")


def vectors_of(app: App, texts: list[str]) -> dict[str, NDArray[np.float32]] | None:
    """Return the blocks of the vectors that the classifier reads, None when the encoder has none of them."""
    from topics.embed import encode_distinct

    wanted = [block for block in app.encoder.blocks if block.name in (app.classifier.uses or ())]
    if not wanted:
        return None
    vectors = encode_distinct(app.encoder, texts)
    return {block.name: vectors[:, block.start : block.stop] for block in wanted}
