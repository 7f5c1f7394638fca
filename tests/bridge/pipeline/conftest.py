from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import Bench, sixty
from jira_bench import Site
from jira_twin import Twin

CONTRACTS = os.environ.get("JIRA_CONTRACTS")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_kind(request: pytest.FixtureRequest) -> str:
    """The pipeline's tests run on both kinds of database."""
    return str(request.param)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let one flavour of Jira do on a server: what differs between the two is not in the store."""
    twice = [item for item in items if _params(item) == ("postgresql", "dc")]
    if twice:
        config.hook.pytest_deselected(items=twice)
        items[:] = [item for item in items if item not in twice]


def _params(item: pytest.Item) -> tuple[object, object]:
    params = getattr(getattr(item, "callspec", None), "params", {})
    return params.get("store_kind"), params.get("twin")


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
