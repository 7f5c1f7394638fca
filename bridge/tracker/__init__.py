"""The tracker port: all that the bridge asks of an issue tracker. Effects go through `ledger`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from bridge.plan import Draft


@dataclass(frozen=True, slots=True)
class Remote:
    """An issue as the tracker has it. `id` never changes; `key` may, when an issue is moved."""

    id: str
    key: str
    url: str | None
    is_done: bool = False


class Tracker(Protocol):
    """Six verbs. Each raises `TrackerError` when it is sure that nothing happened, and says so.

    Any other failure leaves an effect in doubt, and the ledger reads before it tries again.
    """

    name: str

    def find(self, marker: str) -> list[Remote]:
        """Return the issues that carry our marker, oldest first."""
        ...

    def create(self, draft: Draft, marker: str) -> Remote:
        """Open an issue that carries our marker in the same request."""
        ...

    def read(self, issue_id: str) -> Remote | None:
        """Return an issue, None if it is gone."""
        ...

    def update(self, issue_id: str, draft: Draft) -> None:
        """Bring the fields we own up to date; the same twice is the same once."""
        ...

    def comment(self, issue_id: str, text: str) -> None:
        """Write our one comment of an issue, or replace it."""
        ...

    def finish(self, issue_id: str) -> None:
        """Move an issue to a done state."""
        ...


def marker(workspace: str, project: str, topic: int) -> str:
    """Return the label by which our issue is found again, the same in every generation."""
    return "fbb-" + hashlib.sha256(f"{workspace}|{project}|T-{topic}".encode()).hexdigest()[:12]
