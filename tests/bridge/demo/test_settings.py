"""The sample's settings file says what it must, and says why."""

from __future__ import annotations

import tomllib
from datetime import date

from bridge.demo.plan import SOURCES
from bridge.demo.settings import demo_toml
from bridge.demo.source import SampleSource


def test_the_file_is_toml_with_the_fixed_names() -> None:
    settings = tomllib.loads(demo_toml(date(2026, 3, 19), ".demo/bridge.db"))

    assert settings["database"]["url"] == "sqlite:///.demo/bridge.db"
    assert settings["tracker"] == "local"
    assert settings["brand"]["accounts"] == ["ternwing", "ternwing_help", "ternwing_team"]
    assert settings["policy"] == {
        "mode": "review",
        "create_when": {"people": 5, "within_days": 28, "confidence": 0.0},
    }


def test_its_six_sources_can_be_read() -> None:
    settings = tomllib.loads(demo_toml(date(2026, 3, 19), "x.db"))

    assert [source["name"] for source in settings["source"]] == list(SOURCES)
    for entry in settings["source"]:
        assert entry["connector"] == "sample"
        assert SampleSource(channel_name=entry["channel_name"], end=entry["end"]).check().ok


def test_a_path_with_quotes_and_backslashes_survives() -> None:
    path = 'C:\\Users\\"me"\\bridge.db'

    assert tomllib.loads(demo_toml(date(2026, 3, 19), path))["database"]["url"] == f"sqlite:///{path}"


def test_every_setting_has_a_comment_before_it() -> None:
    lines = demo_toml(date(2026, 3, 19), "x.db").splitlines()

    for key in ("database.url", "tracker", "brand.accounts", "mode", "create_when", "[[source]]"):
        at = next(number for number, line in enumerate(lines) if line.startswith(key))
        assert lines[at - 1].startswith("# ")
