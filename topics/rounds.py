"""A round of births: what gathers becomes topics, and what is sure joins them, until nothing new is born."""

from __future__ import annotations

import numpy as np

from topics.assign import assign
from topics.discover import Birth, Settings, discover
from topics.working import Working

ROUNDS = 4
"""What the first births leave over may be a topic too; more than this many rounds were never needed."""


def let_be_born(
    working: Working, settings: Settings, *, fresh: int, seen: int, number: int
) -> tuple[Working, dict[int, Birth]]:
    """Return the working set after all births of this round, and the births by number, from `number` on.

    `fresh` is how many of the last rows arrived since the last round, `seen` how many statements ever did.
    """
    born: dict[int, Birth] = {}
    for _ in range(ROUNDS):
        births = discover(working, settings, fresh, seen=seen)
        if not births:
            break
        topics = working.topics.copy()
        for birth in births:
            topics[np.isin(working.keys, birth.keys)] = number + len(born)
            born[number + len(born)] = birth
        working, _ = assign(
            working.with_topics(topics),
            resolution=settings.resolution or 1.0,
            tie=settings.tie,
            known=settings.known(seen),
        )
    return working, born
