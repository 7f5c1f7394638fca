"""Kinds and vectors: the steps `classify` and `embed`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.models import Statement, Vector
from bridge.pipeline.context import SLICE, Context
from bridge.pipeline.trying import Queue, slices_of
from bridge.store import nearest, slices
from bridge.store.topics import Member

if TYPE_CHECKING:
    from topics.encoders.base import Encoder


def model_name(encoder: Encoder) -> str:
    """Return the name that vectors are stored under: model id and revision."""
    return f"{encoder.model_id}@{encoder.revision}"


def vectors_of(context: Context, statements: Sequence[Statement | Member]) -> NDArray[np.float32]:
    """Return the vectors of statements in their order; new texts are encoded once and stored."""
    encoder = context.encoder()
    model = model_name(encoder)
    hashes = [statement.text_hash for statement in statements]
    found = known_vectors(context, hashes)
    missing = {s.text_hash: s.plain for s in statements if s.text_hash not in found}
    if missing:
        order = sorted(missing)
        made = encoder.encode([missing[text_hash] for text_hash in order])
        fresh = {key: row.astype("<f4").tobytes() for key, row in zip(order, made, strict=True)}
        found.update(fresh)
        with context.database.writing() as session:
            there = slices.known_hashes(session, order, model)
            new = {key: data for key, data in fresh.items() if key not in there}
            rows = [
                {"workspace_id": 1, "text_hash": key, "model": model, "data": data}
                for key, data in new.items()
            ]
            slices.add(session, Vector, rows)
            nearest.add(session, model, new)
    table = [np.frombuffer(found[text_hash], "<f4") for text_hash in hashes]
    return np.array(table, np.float32).reshape(len(hashes), encoder.dimension)


def known_vectors(context: Context, hashes: Sequence[str]) -> dict[str, bytes]:
    """Return the vectors there are, by text hash; the one door to stored vectors."""
    if context.given is not None:
        return context.given.read(hashes)
    with context.database.reading() as session:
        return slices.vectors(session, hashes, model_name(context.encoder()))


def classify(context: Context) -> dict[str, int]:
    """Give each new statement its kind."""
    done = 0
    for tried in slices_of(context, Queue("classify", "statement", slices.NEW, SLICE)):
        with tried as ids:
            with context.database.reading() as session:
                statements = slices.statements(session, ids)
            scores = context.classifier().predict([s.plain for s in statements], _blocks(context, statements))
            rows = [
                {
                    "id": statement.id,
                    "kind": score.kind.value,
                    "kind_score": round(score.score, 4),
                    "kind_scores": {kind.value: round(value, 4) for kind, value in score.scores.items()},
                    "stage": slices.CLASSIFIED,
                }
                for statement, score in zip(statements, scores, strict=True)
            ]
            with context.database.writing() as session:
                slices.advance(session, rows, Statement)
            done += len(ids)
    return {"statements": done}


def _blocks(context: Context, statements: Sequence[Statement]) -> dict[str, NDArray[np.float32]] | None:
    """Return the blocks of the vectors that the classifier reads, None when the encoder has none of them."""
    wanted = context.classifier().uses or ()
    blocks = [block for block in context.encoder().blocks if block.name in wanted]
    if not blocks:
        return None
    vectors = vectors_of(context, statements)
    return {block.name: vectors[:, block.start : block.stop] for block in blocks}


def embed(context: Context) -> dict[str, int]:
    """Give each classified statement its vector."""
    done = 0
    for tried in slices_of(context, Queue("embed", "statement", slices.CLASSIFIED, SLICE)):
        with tried as ids:
            with context.database.reading() as session:
                statements = slices.statements(session, ids)
            vectors_of(context, statements)
            with context.database.writing() as session:
                rows = [{"id": key, "stage": slices.EMBEDDED} for key in ids]
                slices.advance(session, rows, Statement)
            done += len(ids)
    return {"statements": done}
