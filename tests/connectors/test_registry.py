"""Connectors are found by name, and settings that can't work are told apart."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import connectors
from connectors import registry
from connectors.errors import BadSettings
from connectors.files import Files

HOME = Path(connectors.__file__).parent


def announce(monkeypatch: pytest.MonkeyPatch, *entries: tuple[str, str]):
    """Let these entry points be the installed ones."""
    made = importlib.metadata.EntryPoints(
        importlib.metadata.EntryPoint(name, value, registry.GROUP) for name, value in entries
    )
    monkeypatch.setattr(registry, "entry_points", lambda **_: made)


def test_built_in_connectors_are_found_when_nothing_is_installed(monkeypatch: pytest.MonkeyPatch):
    announce(monkeypatch)

    assert registry.connector_class("files") is Files
    assert [(one.name, one.info.channel) for one in registry.available()] == [
        ("files", "files"),
        ("webhook", "webhook"),
    ]


def test_an_installed_connector_is_found(monkeypatch: pytest.MonkeyPatch):
    announce(monkeypatch, ("canned", "connectors_contrib:None"), ("reference", "json:JSONDecoder"))

    assert "reference" in registry.names()
    assert registry.connector_class("reference").__name__ == "JSONDecoder"


def test_an_unknown_connector_is_named_with_the_nearest_and_all(monkeypatch: pytest.MonkeyPatch):
    announce(monkeypatch, ("zendesk", "nowhere:Zendesk"))

    with pytest.raises(BadSettings, match=r"'flies'.*Did you mean 'files'.*files, webhook, zendesk"):
        registry.connector_class("flies")


def test_a_missing_package_is_answered_with_what_to_install(monkeypatch: pytest.MonkeyPatch):
    announce(monkeypatch, ("zendesk", "nowhere_at_all:Zendesk"))

    with pytest.raises(BadSettings, match=r"pip install nowhere_at_all"):
        registry.connector_class("zendesk")
    assert [one.name for one in registry.available()] == ["files", "webhook"]


def test_a_missing_extra_of_ours_is_answered_with_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "needy_channel.py").write_text("import nowhere_at_all\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path)])
    entry = importlib.metadata.EntryPoint("needy", "connectors.needy_channel:Needy", registry.GROUP)
    monkeypatch.setattr(registry, "_entries", lambda: {"needy": entry})

    with pytest.raises(BadSettings, match=r'pip install "feedback-bridge\[needy\]"'):
        registry.connector_class("needy")


def test_a_connector_for_another_api_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "of_tomorrow.py").write_text("class Tomorrow:\n    api_version = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    announce(monkeypatch, ("tomorrow", "of_tomorrow:Tomorrow"))

    with pytest.raises(BadSettings, match="connector API 2, this bridge has 1"):
        registry.connector_class("tomorrow")


def test_a_source_is_built_from_its_settings():
    source = registry.build("files", {"path": "feedback.csv", "columns": {"text": "Body"}})

    assert source == Files(path="feedback.csv", columns={"text": "Body"})


def test_an_unknown_setting_is_named_with_the_nearest():
    with pytest.raises(BadSettings, match=r"no setting 'timezon'. Did you mean 'timezone'"):
        registry.build("files", {"path": "feedback.csv", "timezon": "UTC"})


def test_a_missing_setting_is_named():
    with pytest.raises(BadSettings, match="needs the setting 'path'"):
        registry.build("files", {})


def test_names_are_listed_without_importing_any_channel():
    code = (
        "import sys; from connectors.registry import names; names(); print('connectors.files' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HOME.parent, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"


def test_deleting_a_channels_folder_removes_the_channel(tmp_path: Path):
    shutil.copytree(HOME, tmp_path / "connectors", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(tmp_path / "connectors" / "files")
    code = "from connectors.registry import names; print('files' in names())"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"


def test_stale_metadata_does_not_bring_a_deleted_channel_back(monkeypatch: pytest.MonkeyPatch):
    announce(monkeypatch, ("gone", "connectors.gone:Gone"))

    assert "gone" not in registry.names()
