"""The mark that our issues bear, by which they are found again."""

from __future__ import annotations

import hashlib


def marker(workspace: str, project: str, topic: int, nth: int = 1) -> str:
    """Return the label by which our issue is found again, the same in every generation.

    `nth` counts a topic's issues in a project: a complaint that came back may get one more.
    """
    name = f"T-{topic}" if nth == 1 else f"T-{topic}/{nth}"
    return "fbb-" + hashlib.sha256(f"{workspace}|{project}|{name}".encode()).hexdigest()[:12]
