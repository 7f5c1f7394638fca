"""Kinds on the sets no training may see: tweets, complaint or not; forum sentences, suggestion or not."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any


def figures(data: Path, _method: str, rows: int | None) -> dict[str, Any]:
    """Return macro-F1 of complaints, F1 of suggestions, and the calibration error of both."""
    import numpy as np

    from bridge.app import App
    from bridge.classify import vectors_of
    from topics.classify import KINDS
    from topics.records import Kind
    from topics.train_data import measuring_rows
    from topics.train_judge import figures as judge

    app = App()
    found = {}
    for source in ("airline", "forum"):
        own = [row for row in measuring_rows(data) if row.source == source]
        own = random.Random(0).sample(own, rows) if rows and rows < len(own) else own  # noqa: S311 - repeatable
        if not own:
            continue
        texts = [row.text for row in own]
        scores = app.classifier.predict(texts, vectors_of(app, texts))
        shares = np.array([[score.scores[kind] for kind in KINDS] for score in scores])
        allowed = np.array([[kind in row.allowed for kind in KINDS] for row in own])
        said = judge(source, np.log(np.maximum(shares, 1e-12)), allowed)
        kind = Kind.PROBLEM if source == "airline" else Kind.REQUEST
        found[source] = {
            "rows": said.rows,
            "macro_f1": round(said.macro.get(kind, 0.0), 4),
            "f1": round(said.f1.get(kind, 0.0), 4),
            "calibration": round(said.error, 4),
        }
    return found
