from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import Bench, sixty
from jira_bench import Site
from jira_twin import Twin

CONTRACTS = os.environ.get("JIRA_CONTRACTS")


@pytest.fixture(params=["cloud", "dc"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    with Twin(flavour=request.param, seed=1, contracts=Path(CONTRACTS) if CONTRACTS else None) as made:
        yield made


@pytest.fixture
def site(bench: Bench, twin: Twin) -> Site:
    made = Site(bench, twin)
    bench.take(sixty())
    bench.run()
    return made


@pytest.fixture
def synced(site: Site) -> Site:
    result = site.sync()
    assert result.refused == []
    return site
