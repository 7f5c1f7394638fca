"""The settings with their origins."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bridge.config.load import Loaded, load
from bridge.web.site import make_site

TOML = """
[jira]
token_file = "token"
url = "https://acme.atlassian.net"
user = "me@acme.example"
project = "WEB"
"""
TOKEN = "a very secret token"  # noqa: S105 - a test's own


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    (tmp_path / "bridge.toml").write_text(TOML, encoding="utf-8")
    env = {"FEEDBACK_BRIDGE_POLICY__MODE": "shadow"}
    folders = dict.fromkeys(("user_dir", "data_dir", "cache_dir"), tmp_path)
    return load(env=env, file=None, cwd=tmp_path, **folders)


@pytest.fixture
def browser(full: Any, loaded: Loaded, now: datetime) -> TestClient:
    site = make_site(full.database, loaded.settings, lambda: now, origins=loaded.origins)
    return TestClient(site, base_url="http://127.0.0.1:8765")


def test_every_setting_is_shown_with_where_it_came_from(
    browser: TestClient, loaded: Loaded, strictly: Callable[[str], Any]
):
    page = browser.get("/settings").text

    strictly(page)
    assert all(f"<code>{key}</code>" in page for key in loaded.origins)
    rows = {row["key"]: row for row in browser.get("/settings.json").json()}
    assert rows["policy.mode"] == {
        "key": "policy.mode",
        "value": "shadow",
        "origin": "env",
        "where": "FEEDBACK_BRIDGE_POLICY__MODE",
    }
    assert rows["jira.project"]["origin"] == "file"
    assert rows["server.port"]["origin"] == "default"


@pytest.mark.parametrize("path", ["/settings", "/settings.json", "/settings.csv"])
def test_no_secret_is_shown(browser: TestClient, path: str):
    text = browser.get(path).text

    assert TOKEN not in text
    assert "jira.token" in text


def test_a_site_that_is_not_told_origins_says_so(full: Any):
    assert "not known here" in full.browser().get("/settings").text


def test_the_file_has_the_columns_of_the_command(browser: TestClient):
    rows = list(csv.DictReader(io.StringIO(browser.get("/settings.csv").text)))

    assert {"key": "policy.mode", "value": '"shadow"'}.items() <= rows_by_key(rows)["policy.mode"].items()


def rows_by_key(rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {row["key"]: row for row in rows}
