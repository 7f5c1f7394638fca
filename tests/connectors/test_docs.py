"""The page on connectors documents what there is."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

import connectors
from connectors import registry
from connectors.files import KEYS, PRESETS, Files
from connectors.webhook import SCHEMES, Webhook

PAGE = (Path(connectors.__file__).parent.parent / "docs" / "connectors.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| `")]


def first_cells():
    return {name for row in ROWS for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])}


@pytest.mark.parametrize("connector", [Files, Webhook])
def test_every_setting_is_documented(connector: type[Files | Webhook]):
    for field in dataclasses.fields(connector):
        assert field.name in first_cells(), f"docs/connectors.md does not document {field.name}"


def test_every_scheme_of_the_webhook_is_documented_with_its_headers():
    rows = {row.split("`")[1]: row for row in ROWS}

    for name, scheme in SCHEMES.items():
        headers = (scheme.signature_header, scheme.timestamp_header, scheme.id_header)
        assert all(header in rows[name] for header in headers), name


def test_the_example_webhook_can_be_built():
    example = next(b for b in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if '"webhook"' in b)
    settings = tomllib.loads(example)["source"][0]
    for key in ("name", "secret_file"):
        settings.pop(key)

    built = registry.build(settings.pop("connector"), {**settings, "secret": "a secret of the tests"})

    assert isinstance(built, Webhook)


def test_every_key_of_the_column_mapping_is_documented():
    assert set(KEYS) <= first_cells()


def test_every_preset_is_documented_and_has_a_sample():
    samples = {path.stem for path in (Path(connectors.__file__).parent / "files" / "samples").iterdir()}

    assert set(PRESETS) <= first_cells()
    assert set(PRESETS) == samples


def test_the_example_source_can_be_built():
    example = re.search(r"```toml\n(\[\[source\]\].*?)```", PAGE, re.DOTALL)
    assert example

    settings = tomllib.loads(example[1])["source"][0]
    connector = settings.pop("connector")
    settings.pop("name")

    assert registry.build(connector, settings).columns == {"text": "Body", "at": "Created"}
