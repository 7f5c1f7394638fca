"""What every step has at hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from bridge.tracker.clock import Clock, MachineClock

if TYPE_CHECKING:
    from bridge.config.model import Settings
    from bridge.store.database import Database
    from bridge.tracker import Tracker
    from topics.classify import KindClassifier
    from topics.encoders.base import Encoder
    from topics.labeller import Labeller
    from topics.language import Detector

STEPS = (
    "pull",
    "normalise",
    "statements",
    "roles",
    "dedupe",
    "classify",
    "embed",
    "assign",
    "discover",
    "label",
    "evidence",
    "track",
    "decide",
    "plan",
    "sync",
)
"""The names of the steps, in their order."""

SLICE = 500
"""Items or statements that a step works on at once."""


class Progress(Protocol):
    """Tells a person how far a step is."""

    def step(self, name: str, done: int, total: int | None) -> None:
        """Say that `done` of `total` (None: unknown) are done in a step."""
        ...


class Silent:
    """Progress that nobody sees."""

    def step(self, name: str, done: int, total: int | None) -> None:
        """Say nothing."""


class GivenVectors(Protocol):
    """Vectors that come with the items."""

    def key(self, external_id: str) -> str:
        """Return the key that a statement of this item has its vector under."""
        ...

    def read(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the vectors under these keys, float32."""
        ...


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Sort keys after the first up to and including the second; two disjoint ranges may run at once."""

    after: str = ""
    until: str = "\U0010ffff"


@dataclass(slots=True, kw_only=True)
class Context:
    """One run: its store, settings, clock and models. Models are made at first use."""

    database: Database
    settings: Settings
    now: datetime  # the bridge's clock: every window counts back from here
    encoder: Callable[[], Encoder]
    classifier: Callable[[], KindClassifier]
    detector: Callable[[], Detector]
    tracker: Callable[[], Tracker]
    progress: Progress = field(default_factory=Silent)
    keys: KeyRange = field(default_factory=KeyRange)
    lane: str = ""  # tells apart who works on other keys at the same time
    all_kinds: bool = False  # every kind forms topics, not only those that ask for something
    whole: bool = False  # one statement an item
    given: GivenVectors | None = None  # vectors by item instead of by text
    backlog: bool = True  # what comes first has gathered over a time; False: it is the start of a stream
    labeller: Callable[[], Labeller | None] = lambda: None  # proposes titles; None: nobody is asked
    clock: Clock = field(default_factory=MachineClock)  # what the ledger's waits are counted by
    pause: Callable[[float], None] = time.sleep
    run_id: int | None = None
    looked_at: dict[int, int] | None = None  # topic → its touches when this run first looked at topics
