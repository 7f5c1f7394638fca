"""How true the map of topics is, on a store that was run: shares, and how far places go.

    python tests/benchmark/map_quality.py FILE.db

The share is that of each topic's five nearest by meaning that are among its ten nearest on the map.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from sqlalchemy import create_engine
from sqlmodel import Session

from bridge.report import Map
from topics.layout import Place, afresh, beside, kept_near


def main(path: str) -> None:
    """Print the figures."""
    with Session(create_engine(f"sqlite:///{path}")) as session:
        numbers, centres = max(Map.of(session).models, key=lambda model: len(model[0]))

    def share(places: dict[int, Place]) -> str:
        return f"{kept_near(centres, np.array([places[number] for number in numbers])):.2f}"

    started = time.process_time()
    whole = afresh(centres, numbers, {})
    took = time.process_time() - started
    print(f"{len(numbers)} topics: {share(whole)} in {took:.1f} s; by chance {10 / (len(numbers) - 1):.2f}")  # noqa: T201 - a script
    parts = np.linalg.svd(centres - centres.mean(axis=0), full_matrices=False)
    print(f"principal components alone: {kept_near(centres, parts[0][:, :2] * parts[1][:2]):.2f}")  # noqa: T201
    for part in (0.8, 0.5):
        draw = np.random.default_rng(0)
        some = sorted(draw.choice(numbers, int(len(numbers) * part), replace=False).tolist())
        known = afresh(centres[[numbers.index(number) for number in some]], some, {})
        later = afresh(centres, numbers, known)
        ways = [np.hypot(*np.subtract(later[number], known[number])) for number in some]
        put = {**known, **beside(centres, numbers, known)}
        print(  # noqa: T201
            f"{part:.0%} first: the others beside them {share(put)}; "
            f"all afresh {share(later)}, the first ones moved by {np.median(ways):.2f}"
        )


if __name__ == "__main__":
    main(sys.argv[1])
