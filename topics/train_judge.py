"""Figures of the kind classifier on labelled sets; part of `topics.train`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topics.classify import KINDS, Doubles, Weights, combinations, combine, softmax
from topics.records import Kind
from topics.train_calibrate import FEW, Allowed, Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well one set was told; F1 and macro-F1 are of a kind against the rest."""

    source: str
    rows: int
    agree: float  # share of rows whose kind the label allows
    f1: dict[Kind, float]  # where the set has both the kind and others
    macro: dict[Kind, float]
    error: float  # expected calibration error, ten bins


def figures(source: str, logits: Doubles, allowed: Allowed) -> Figures:
    """Return the figures of one set; a kind is judged on the rows that have only it, or can't be it."""
    shares = softmax(logits)
    said = shares.argmax(axis=1)
    right = allowed[np.arange(len(said)), said]
    f1, macro = {}, {}
    for column, kind in enumerate(KINDS):
        only = allowed[:, column] & (allowed.sum(axis=1) == 1)
        judged = only | ~allowed[:, column]
        if min(only.sum(), (judged & ~only).sum()) >= FEW:
            hits, misses = (
                _f1(only[judged], said[judged] == column),
                _f1(~only[judged], said[judged] != column),
            )
            f1[kind], macro[kind] = hits, (hits + misses) / 2
    clear = _clear(allowed)
    return Figures(
        source=source,
        rows=len(said),
        agree=float(right.mean()),
        f1=f1,
        macro=macro,
        error=_calibration(shares, allowed, clear),
    )


def _clear(allowed: Allowed) -> NDArray[np.bool_]:
    return np.asarray(allowed.sum(axis=1) == 1)


def _calibration(shares: Doubles, allowed: Allowed, clear: NDArray[np.bool_]) -> float:
    """Return the error of the chosen kind, or of one kind against the rest where only that is labelled."""
    if not clear.any():
        return float("nan")
    labels = set(map(tuple, allowed.tolist()))
    if (~clear).any() and len(labels) == 2:  # noqa: PLR2004 - a kind, or all the others
        column = int(np.flatnonzero(allowed[clear][0])[0])
        return calibration_error(shares[:, column], clear)
    said = shares[clear].argmax(axis=1)
    return calibration_error(shares[clear].max(axis=1), allowed[clear][np.arange(len(said)), said])


def _f1(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    return float(2 * (truth & said).sum() / max(truth.sum() + said.sum(), 1))


def calibration_error(shares: Doubles, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the mean distance between the probability said and the share right, over equally wide bins."""
    place = np.minimum((shares * bins).astype(int), bins - 1)
    return float(
        sum(
            (place == box).mean() * abs(shares[place == box].mean() - right[place == box].mean())
            for box in set(place.tolist())
        )
    )


def table(found: Sequence[Figures]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| set | rows | agree | problem macro-F1 | F1: problem | request | question | praise | other | ECE |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        kinds = " | ".join(f"{one.f1[kind]:.3f}" if kind in one.f1 else "–" for kind in KINDS)
        macro = f"{one.macro[Kind.PROBLEM]:.3f}" if Kind.PROBLEM in one.macro else "–"
        lines.append(f"| {one.source} | {one.rows} | {one.agree:.3f} | {macro} | {kinds} | {one.error:.3f} |")
    return "\n".join(lines)


def judge(unseen: Unseen, weights: Weights) -> str:
    """Return tables of what the calibration makes of the evidence, one for each choice of views."""
    out = []
    for names in combinations():
        rows = []
        for source in sorted(set(unseen.sources.tolist())):
            part = unseen.of(source)
            rows.append(figures(source, combine(part.seen_by(names), weights), part.allowed))
        out.append(f"{names}:\n\n{table(rows)}")
    return "\n\n".join(out)
