"""The sample company behind a real server, and Debian's Chromium before it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, FLAGS, Served, Watched, serving, watching

POLICY = "create_when = { people = 2, within_days = 182, confidence = 0.0 }"


def pytest_collection_modifyitems(items: list[pytest.Item]):
    """All here need a browser; who asks for them without one is told by a failure."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample company after a run, with a queue to review; made once."""
    folder = tmp_path_factory.mktemp("sample")
    bridge = [sys.executable, "-m", "bridge"]
    made = [*bridge, "demo", "--folder", str(folder), "--no-page"]
    subprocess.run(made, check=True, capture_output=True, timeout=280)
    file = folder / "bridge.toml"
    text = file.read_text(encoding="utf-8")
    lines = [POLICY if line.startswith("create_when") else line for line in text.splitlines()]
    file.write_text("\n".join(lines), encoding="utf-8")
    decide = [*bridge, "--config", str(file), "run", "--until", "decide"]
    subprocess.run(decide, check=True, capture_output=True, timeout=280)
    return folder


@pytest.fixture
def served(sample: Path, tmp_path: Path) -> Iterator[Served]:
    """A copy of the sample company, served."""
    shutil.copy(sample / "bridge.db", tmp_path / "bridge.db")
    with serving(tmp_path / "bridge.db") as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM.exists(), f"no browser at {CHROMIUM}: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Any, served: Served) -> Iterator[Watched]:
    """A tab on the sample company."""
    with watching(chromium, served.url, viewport={"width": 1280, "height": 900}) as found:
        yield found
