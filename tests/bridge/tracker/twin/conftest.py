"""Twins of both flavours, checked against the published description where JIRA_CONTRACTS names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jira_twin import Caller, Twin

CONTRACTS = Path(os.environ["JIRA_CONTRACTS"]) if "JIRA_CONTRACTS" in os.environ else None


@pytest.fixture
def served():
    """Make twins on a clock that stands still."""
    return lambda flavour, **more: Twin(flavour, seed=1, contracts=CONTRACTS, fake_clock=True, **more)


@pytest.fixture
def cloud(served):
    with served("cloud") as twin:
        yield twin
    assert twin.violations == twin.errors == []


@pytest.fixture
def dc(served):
    with served("dc") as twin:
        yield twin
    assert twin.violations == twin.errors == []


@pytest.fixture(params=["cloud", "dc"])
def twin(request, served):
    with served(request.param) as twin:
        yield twin
    assert twin.violations == twin.errors == []


@pytest.fixture
def call(twin):
    with Caller(twin) as caller:
        yield caller


@pytest.fixture
def on_cloud(cloud):
    with Caller(cloud) as caller:
        yield caller


@pytest.fixture
def on_dc(dc):
    with Caller(dc) as caller:
        yield caller
