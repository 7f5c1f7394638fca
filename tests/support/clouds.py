"""Vectors in clouds, for the engine's own tests."""

from __future__ import annotations

import numpy as np

from topics.encoders.base import Block
from topics.working import Floats, Ints, Mean, Working, arrive

DIMENSION = 24
BLOCKS = (Block("cloud", 0, DIMENSION, 1.0),)


def cloud(centre: int, count: int, *, spread: float = 0.15, seed: int = 1) -> Floats:
    """Return `count` unit vectors around an axis."""
    noise = np.random.default_rng(100 * seed + centre).normal(0, spread, (count, DIMENSION))
    noise[:, centre] += 1
    return (noise / np.linalg.norm(noise, axis=1, keepdims=True)).astype(np.float32)


def seen(*clouds: Floats, first: int = 1) -> tuple[Working, Mean]:
    """Return the working set in which these have arrived in turn, keys counting up from `first`."""
    working, mean = Working.empty(DIMENSION), Mean.zero(DIMENSION)
    for vectors in clouds:
        mean = mean.plus(vectors)
        start = first + len(working)
        working = arrive(working, np.arange(start, start + len(vectors)), vectors, mean, BLOCKS)
    return working, mean


def in_topics(working: Working, *topics: int) -> Working:
    """Return the working set with these topics, a row each."""
    return working.with_topics(np.array(topics, np.int64))


def keys(*values: int) -> Ints:
    """Return keys."""
    return np.array(values, np.int64)
