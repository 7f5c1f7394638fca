"""Random corrections by somebody who knows the truth: all hold after more batches and a recluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import Bench, item
from clouded import Clouded
from corrections import Corrector, b_cubed

from bridge.recluster import apply, compare
from connectors import Message

LABELS = {
    "seats": [(0, 0), (1, 0)],  # one label, two clouds: duplicates
    "bags": [(2, 0), (3, 0)],
    "refunds": [(4, 0)],
    "delays": [(4, 1)],  # two labels, one cloud: a mixed topic
    "meals": [(5, 0)],
    "drinks": [(5, 1)],
}


def said(first: int, count: int) -> list[tuple[Message, str]]:
    found = []
    for label, clouds in LABELS.items():
        for cloud, lean in clouds:
            for n in range(first, first + count):
                name = f"{label}-{cloud}-{n}"
                text = f"cloud {cloud} lean {lean} number {n}"
                found.append((item(text, name, by=f"{label}_{cloud}_{n}", days=9 - n / 24), label))
    return found


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4))])
def test_corrections_hold_after_more_batches_and_a_recluster(tmp_path: Path, quick: None, seed: int):
    bench = Bench(tmp_path)
    bench.encoder = Clouded()
    truth = {message.external_id: label for message, label in said(0, 23)}
    bench.take([message for message, _ in said(0, 14)])
    bench.run(until="discover")
    person = Corrector(bench.context(), truth, "reviews", seed)
    before = b_cubed(person.places(), truth)

    person.correct(25)
    violated = person.violations()
    for first in (14, 17, 20):
        bench.take([message for message, _ in said(first, 3)])
        bench.run(until="discover")
        violated += person.violations()
    apply(bench.context(), compare(bench.context(), granularity="finer"))
    apply(bench.context(), compare(bench.context(), granularity="coarser"))
    bench.run()

    assert violated + person.violations() == {}
    assert {"rename", "remove"} <= set(person.made)
    assert len(person.made) >= 4
    unnamed = {name: topic for name, topic in person.places().items() if name not in person.named}
    assert b_cubed(unnamed, truth) > before
