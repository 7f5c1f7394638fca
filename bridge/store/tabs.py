"""The tabs of the inbox: which topics are in each, for the page and the digest alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bridge.store.views import Shelf, Shelved

if TYPE_CHECKING:
    from bridge.config.model import Policy

HELD: Final = ("snoozed", "ignored")
"""States of topics that are in no tab."""


def free(shelf: Shelf) -> Sequence[Shelved]:
    """Return the topics that nobody has put aside, the widest reach first."""
    found = shelf.kept.get("free")
    if not isinstance(found, tuple):
        found = shelf.kept["free"] = tuple(topic for topic in shelf.topics if topic.state not in HELD)
    return found


def in_tab(shelf: Shelf, policy: Policy, view: str) -> list[Shelved]:
    """Return the topics of a tab (`new`, `growing`, `back`, `low`), in its order; other tabs hold none."""
    there, asked = free(shelf), policy.create_when
    match view:
        case "new":
            return [topic for topic in there if topic.ticket and topic.ticket.state == "proposed"]
        case "growing":
            growing = [topic for topic in there if topic.number in shelf.growing]
            return sorted(growing, key=lambda topic: shelf.growth[topic.number])
        case "back":
            return [topic for topic in there if topic.number in shelf.returned]
        case "low":
            return [
                topic
                for topic in there
                if topic.ticket is None
                and topic.figures.reach >= asked.people
                and (topic.confidence < asked.confidence or _needs_name(topic, policy))
            ]
        case _:
            return []


def _needs_name(topic: Shelved, policy: Policy) -> bool:
    """Say whether a name is all that a topic lacks; of other kinds no tickets are made, named or not."""
    return not topic.has_subject and topic.kind in policy.kinds
