"""Whole syncs through a validating proxy that others wrote: none of our requests breaks Jira's description.

`make test-servers` installs the proxy; Jira's published description is found by JIRA_CONTRACTS.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from builders import Bench, sixty, theme
from jira_twin import Twin

from bridge.tracker.jira import JiraSite, JiraTracker

pytestmark = pytest.mark.servers
PRISM = Path(__file__).parents[2] / ".servers" / "node_modules" / ".bin" / "prism"
SETTINGS = """
tracker = "jira"
[jira]
url = "{url}"
project = "WEB"
user = "bot@example.com"
token = "token"
settle_s = 0
[policy]
mode = "automatic"
create_when = {{ people = 3, within_days = 90 }}
"""


@pytest.fixture
def twin() -> Iterator[Twin]:
    with Twin(flavour="cloud", seed=1) as made:
        yield made


@dataclass
class Proxy:
    """A running proxy: its address, and what it wrote of requests that break the description."""

    url: str
    log: Path

    def violations(self) -> list[str]:
        """What it says of our requests. Answers are left aside: Jira's own 204 breaks its description too."""
        time.sleep(1)
        return [line for line in self.log.read_text().splitlines() if "Violation: request" in line]


@pytest.fixture
def proxy(twin: Twin, tmp_path: Path) -> Iterator[Proxy]:
    contracts = os.environ.get("JIRA_CONTRACTS")
    assert contracts, "set JIRA_CONTRACTS to the folder with cloud-v3.clean.json"
    assert PRISM.exists(), "the proxy isn't there: run make test-servers"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    description = str(Path(contracts) / "cloud-v3.clean.json")
    command = [str(PRISM), "proxy", "-p", str(port), "-h", "127.0.0.1", description, twin.url]
    path = tmp_path / "prism.log"
    with path.open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as running:
        try:
            address = f"http://127.0.0.1:{port}"
            _until_it_answers(f"{address}/rest/api/3/myself", twin)
            yield Proxy(address, path)
        finally:
            running.terminate()


def _until_it_answers(address: str, twin: Twin) -> None:
    for _ in range(240):
        try:
            if requests.get(address, auth=(twin.user, twin.token), timeout=10).ok:
                return
        except requests.RequestException:
            time.sleep(0.5)
    pytest.fail("the validating proxy did not start")


def test_all_that_we_ask_fits_the_published_description(bench: Bench, twin: Twin, proxy: Proxy):
    bench.set(SETTINGS.format(url=proxy.url))
    site = JiraSite(url=proxy.url, user=twin.user, token=lambda: twin.token, flavour="cloud", settle_s=0.0)
    bench.tracker = JiraTracker(site, wait=lambda _: None)
    bench.take(sixty())
    bench.run()

    created = bench.sync()
    twin.as_person("ann").edit(twin.issues("WEB")[-1], summary="Ann's own words")
    bench.now += timedelta(days=8)
    bench.take(theme("bag", 30, first=30, days=-5), once=False)
    bench.run()
    updated = bench.sync()
    plan = bench.sync(dry_run=True).plan

    assert (created.refused, updated.refused) == ([], [])
    assert created.steps["sync"]["created"] == len(twin.issues("WEB")) > 1
    assert updated.steps["sync"]["updated"] > 0
    assert plan is not None
    assert plan.empty
    assert proxy.violations() == []


def test_the_proxy_sees_what_breaks_the_description(twin: Twin, proxy: Proxy):
    login = (twin.user, twin.token)

    requests.put(f"{proxy.url}/rest/api/3/issue/1", auth=login, json={"fields": 7}, timeout=10)

    assert any("fields" in line for line in proxy.violations())
