"""Workers need PostgreSQL, so all stores here are on a server."""

from __future__ import annotations

import pytest
from builders import Bench
from crew import Crew

from bridge.work import waves


@pytest.fixture
def store_kind():
    return "postgresql"


@pytest.fixture
def crew(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(waves, "SLICE", 9)  # several slices in sixty items
    return Crew(bench)
