"""Make the probabilities of the kind classifier true on sets it has not seen; part of `topics.train`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from topics.classify import KINDS, Doubles, Floats, Weights, combinations, join, softmax
from topics.records import Kind

Allowed = NDArray[np.bool_]

_CALIBRATED: Final = (KINDS.index(Kind.PROBLEM), KINDS.index(Kind.REQUEST))  # what tickets are made of
_SHIFTING: Final = 0.005  # what a shift of 1 costs
_WRONG: Final = 0.03  # share of labels taken to be wrong, as other people's had to be mapped to our kinds
FEW: Final = 10  # rows; fewer say nothing
OURS: Final = {"own": 3.0, "patterns": 3.0}  # the only tweets and forum posts among the sets


@dataclass(frozen=True, slots=True)
class Unseen:
    """What a model said of rows it had not seen, by view, and the kinds each row allows."""

    sources: NDArray[np.str_]
    by_view: Mapping[str, Doubles]
    allowed: Allowed

    def of(self, source: str) -> Unseen:
        """Return the rows of one set."""
        its = self.sources == source
        return Unseen(
            self.sources[its], {name: said[its] for name, said in self.by_view.items()}, self.allowed[its]
        )

    def seen_by(self, names: str) -> dict[str, Doubles]:
        """Return what the named views said; the name is one of `combinations`."""
        return {name: self.by_view[name] for name in names.split("+")}


def calibrate(weights: Weights, unseen: Unseen) -> Weights:
    """Return the weights with the scales and shifts that fit unseen rows of other people's sets best.

    Ours are left out where there are others: we wrote as many sentences of each kind as we liked, so they
    say nothing of how common a kind is.
    """
    others = ~np.isin(unseen.sources, list(OURS))
    kept = others if others.any() else np.ones(len(others), dtype=np.bool_)
    tests = _tests(unseen.sources[kept], unseen.allowed[kept])
    scales = {}
    for names in combinations():
        scales[names] = _scales(join(unseen.seen_by(names))[kept], tests)
    return replace(weights, scales=scales)


@dataclass(frozen=True, slots=True)
class _Test:
    """Rows of one set that have only one kind, or can't be it."""

    column: int
    rows: NDArray[np.int64]
    truth: NDArray[np.bool_]


def _tests(sources: NDArray[np.str_], allowed: Allowed) -> list[_Test]:
    """Return every test, of a problem or a request against the rest, that the sets offer."""
    found = []
    for source in sorted(set(sources.tolist())):
        for column in _CALIBRATED:
            only = allowed[:, column] & (allowed.sum(axis=1) == 1)
            rows = np.flatnonzero((sources == source) & (only | ~allowed[:, column]))
            if min(only[rows].sum(), (~only[rows]).sum()) >= FEW:
                found.append(_Test(column, rows, only[rows]))
    return found


def _scales(logits: Doubles, tests: Sequence[_Test]) -> Floats:
    """Return one scale, and a shift a kind, that make problems and requests likely where they are.

    The loss is that of a yes-or-no question, averaged over the tests, so that a large set counts no more than
    a small one; shifts cost, as how common a kind is differs by channel.
    """
    from scipy.optimize import minimize

    def loss(chosen: Doubles) -> float:
        shares = softmax(logits * chosen[0] + np.append(chosen[1:], 0.0))
        total = sum(_surprise(shares[test.rows, test.column], test.truth) for test in tests)
        return float(total / max(len(tests), 1) + _SHIFTING * (chosen[1:] ** 2).sum())

    start = np.array([1.0, *([0.0] * (logits.shape[1] - 1))])
    limits = [(0.2, 4.0), *([(-1.5, 1.5)] * (logits.shape[1] - 1))]
    found = minimize(loss, start, method="L-BFGS-B", bounds=limits).x
    return np.append(found, 0.0).astype(np.float32)


def _surprise(shares: Doubles, truth: NDArray[np.bool_]) -> float:
    likely = np.where(truth, shares, 1 - shares)
    return -float(np.log((1 - 2 * _WRONG) * likely + _WRONG).mean())
