"""What our topics are compared with: three usual ways to keep topics while batches arrive.

Each takes the vectors and texts of all rows in their order of arrival and the sizes of the batches, and
yields after each batch the topic of every row so far (None: without one). Vectors are rows of length one.

* `bertopic-refit`: BERTopic with its defaults, fitted anew on everything after each batch; today's topics get
  the ids of yesterday's with which they share most rows (Hungarian method), the others new ids.
* `bertopic-merge`: a BERTopic model a batch, joined by `BERTopic.merge_models` with its default similarity.
* `nearest-centroid`: a row joins the topic with the nearest centroid if the cosine is at least `NEAR`, else
  it begins one; the centroid is the mean of what has joined.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Topics: TypeAlias = list[str | None]
Baseline: TypeAlias = Callable[[Floats, Sequence[str], Sequence[int], int], Iterator[Topics]]

NEAR = 0.6
"""Cosine from which a row joins a topic; on bank queries the best of .4 to .7."""
LEAST = 20
"""Rows that UMAP's defaults (15 neighbours) can work with; fewer stay without a topic."""


def refit(vectors: Floats, texts: Sequence[str], sizes: Sequence[int], seed: int) -> Iterator[Topics]:
    """Fit BERTopic on everything after each batch, and carry ids over by the rows in common."""
    before: list[int] = []
    newest = 0
    for end in accumulate(sizes):
        found = _fit(vectors[:end], texts[:end], seed)[0] if end >= LEAST else [-1] * end
        names = carried(before, found[: len(before)])
        for topic in sorted(set(found) - {-1} - names.keys()):
            newest += 1
            names[topic] = newest
        before = [names.get(topic, -1) for topic in found]
        yield _named(before)


def merged(vectors: Floats, texts: Sequence[str], sizes: Sequence[int], seed: int) -> Iterator[Topics]:
    """Fit BERTopic on each batch alone and merge the models; rows keep what they got.

    All models are merged in one call, each time anew: merging a merged model mistakes its topics by one when
    a later batch has outliers and the first had none (BERTopic 0.17.4).
    """
    with _quiet():
        from bertopic import BERTopic

    models: list[Any] = []
    topics: list[int] = []
    start = 0
    for end in accumulate(sizes):
        if end - start >= LEAST:
            found, model = _fit(vectors[start:end], texts[start:end], seed)
            models.append(model)
            with _quiet():
                topics += found if len(models) == 1 else _last(BERTopic.merge_models(models), end - start)
            start = end
        yield _named([*topics, *[-1] * (end - len(topics))])


def _last(model: Any, count: int) -> list[int]:
    return [int(topic) for topic in model.topics_[-count:]]


def nearest_centroid(
    vectors: Floats, texts: Sequence[str], sizes: Sequence[int], seed: int
) -> Iterator[Topics]:
    """Let each row join the nearest topic or begin one. `texts` and `seed` play no part."""
    del texts, seed
    sums = np.zeros((64, vectors.shape[1]), np.float32)
    centres = np.zeros_like(sums)
    count = 0
    topics: list[int] = []
    for end in accumulate(sizes):
        for row in vectors[len(topics) : end]:
            likeness = centres[:count] @ row
            best = int(likeness.argmax()) if count else 0
            if not count or likeness[best] < NEAR:
                best, count = count, count + 1
                if count > len(sums):
                    sums, centres = (np.concatenate([t, np.zeros_like(t)]) for t in (sums, centres))
            sums[best] += row
            centres[best] = sums[best] / (float(np.linalg.norm(sums[best])) or 1.0)
            topics.append(best)
        yield _named(topics)


BASELINES: Mapping[str, Baseline] = {
    "bertopic-refit": refit,
    "bertopic-merge": merged,
    "nearest-centroid": nearest_centroid,
}


def warm_up(name: str) -> None:
    """Load and compile what a baseline needs, so that its seconds are its own."""
    count = 3 * LEAST
    vectors = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    for _ in BASELINES[name](vectors, [f"word{n % 7} other{n % 5}" for n in range(count)], [count], 0):
        pass


def carried(before: Sequence[int], now: Sequence[int]) -> dict[int, int]:
    """Return today's topic → yesterday's id, so that most rows keep theirs (Kuhn 1955); -1 is no topic.

    >>> carried([4, 4, 4, 9, -1], [0, 0, 1, 1, 1])
    {0: 4, 1: 9}
    """
    from scipy.optimize import linear_sum_assignment

    shared = Counter(pair for pair in zip(now, before, strict=True) if -1 not in pair)
    todays, olds = sorted({pair[0] for pair in shared}), sorted({pair[1] for pair in shared})
    table = np.array([[shared[today, old] for old in olds] for today in todays]).reshape(
        len(todays), len(olds)
    )
    rows, columns = linear_sum_assignment(-table)
    return {todays[r]: olds[c] for r, c in zip(rows.tolist(), columns.tolist(), strict=True) if table[r, c]}


def _fit(vectors: Floats, texts: Sequence[str], seed: int) -> tuple[list[int], Any]:
    """Return BERTopic's topics with its default settings, and the model; the seed makes UMAP repeatable."""
    with _quiet():
        from bertopic import BERTopic
        from umap import UMAP

        space = UMAP(
            n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1
        )
        model = BERTopic(umap_model=space)
        found, _ = model.fit_transform([text or "-" for text in texts], vectors)
    return [int(topic) for topic in found], model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep other packages' warnings off the screen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _named(topics: Sequence[int]) -> Topics:
    return [None if topic < 0 else f"T-{topic}" for topic in topics]
