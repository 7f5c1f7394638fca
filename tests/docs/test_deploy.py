"""What the examples for operators promise: no rights, nothing to write to, secrets as files, fit settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.config.load import load

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/examples"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_every_service_has_a_read_only_root_and_no_capability(compose: dict[str, Any]):
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_secrets_are_files_and_stand_nowhere_else(compose: dict[str, Any]):
    for name, service in compose["services"].items():
        assert set(service["secrets"]) <= set(compose["secrets"]), name
        for key, value in service["environment"].items():
            assert key.endswith("_FILE") or not re.search("PASSWORD|TOKEN|SECRET|URL", key), key
            assert not key.endswith("_FILE") or value.removeprefix("/run/secrets/") in service["secrets"]
    assert all(list(secret) == ["file"] for secret in compose["secrets"].values())


def test_the_database_is_reached_by_the_bridge_alone(compose: dict[str, Any]):
    database, bridge = compose["services"]["database"], compose["services"]["bridge"]

    assert "ports" not in database
    assert [compose["networks"][name]["internal"] for name in database["networks"]] == [True]
    assert all(port.startswith("127.0.0.1:") for port in bridge["ports"])
    assert bridge["depends_on"]["database"]["condition"] == "service_healthy"


def test_what_compose_mounts_is_there_or_made_by_the_page(compose: dict[str, Any]):
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    build = compose["services"]["bridge"]["build"]

    assert (EXAMPLES / build["context"] / build["dockerfile"]).is_file()
    assert (EXAMPLES / compose["configs"]["settings"]["file"]).is_file()
    for secret in compose["secrets"].values():
        assert f"> {secret['file'].removeprefix('./')}" in page


def test_the_settings_for_compose_load(tmp_path: Path):
    text = (EXAMPLES / "compose.bridge.toml").read_text(encoding="utf-8")
    (tmp_path / "hook-secret").write_text("a secret of the tests\n", encoding="utf-8")
    file = tmp_path / "bridge.toml"
    file.write_text(text.replace("/run/secrets/hook-secret", str(tmp_path / "hook-secret")), encoding="utf-8")

    found = load(
        env={}, file=file, cwd=tmp_path, user_dir=tmp_path / "u", data_dir=tmp_path, cache_dir=tmp_path
    )

    assert found.settings.access.login == ("accounts",)
    assert [source.is_sent for source in found.settings.sources] == [True]
    assert found.warnings == ()


def test_the_image_runs_as_nobody_in_particular():
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    last = text[text.rindex("\nFROM ") :]

    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "ADD " not in text
    assert "--require-hashes" in text
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert all((ROOT / name).exists() for line in copied for name in line.split())
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert {Path(name).parts[0] for line in copied for name in line.split()} == set(allowed)


def test_the_unit_gives_no_right_that_it_need_not():
    unit = (EXAMPLES / "feedback-bridge.service").read_text(encoding="utf-8")
    given = dict(line.split("=", 1) for line in unit.splitlines() if re.match(r"[A-Z]\w+=", line))

    assert given["DynamicUser"] == "yes"
    assert given["ProtectSystem"] == "strict"
    assert given["CapabilityBoundingSet"] == given["AmbientCapabilities"] == ""
    assert given["NoNewPrivileges"] == given["PrivateUsers"] == given["PrivateDevices"] == "yes"
    assert "ReadWritePaths" not in given
    assert (given["Type"], given["Restart"]) == ("notify", "always")
