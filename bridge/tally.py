"""What this process counts as it happens, for its metrics; it begins at 0 with each start."""

from __future__ import annotations

import threading
from collections import Counter

_LOCK = threading.Lock()
_COUNTS: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()


def count(name: str, **labels: str) -> None:
    """Count one more of a thing, told apart by its labels."""
    with _LOCK:
        _COUNTS[name, tuple(sorted(labels.items()))] += 1


def counted(name: str) -> list[tuple[dict[str, str], int]]:
    """Return how many of a thing were counted, by labels, in their order."""
    with _LOCK:
        found = [(labels, value) for (of, labels), value in _COUNTS.items() if of == name]
    return [(dict(labels), value) for labels, value in sorted(found)]
