from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.config.docs import BEGIN, END, main, with_tables
from bridge.config.keys import item_keys, settings_keys
from bridge.config.layers import variable_of
from bridge.errors import InputError, SettingsError

if TYPE_CHECKING:
    from tests.bridge.config.conftest import Desk

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_is_as_the_settings_are():
    assert main(["--check", str(PAGE)]) == 0


def test_every_setting_is_in_the_page_with_its_help_and_variable():
    page = PAGE.read_text(encoding="utf-8")

    for key in settings_keys():
        assert f"| `{key.name}` | {key.help} |" in page
        assert f"`{variable_of(key.name)}`" in page
    for key in [*item_keys("rule"), *item_keys("source")]:
        assert f"| `{key.name}` | {key.help} |" in page


def test_every_setting_has_a_help_that_is_a_sentence():
    for key in [*settings_keys(), *item_keys("rule"), *item_keys("source")]:
        assert key.help[0].isupper()
        assert key.help.endswith(".")
        assert key.default or key.example


def test_a_stale_page_is_told_and_then_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nstale\n{END}\nafter\n")

    stale = main(["--check", str(page)])
    told = capsys.readouterr().err
    written = main([str(page)])

    assert (stale, written, main(["--check", str(page)])) == (1, 0, 0)
    assert f"python -m bridge.config.docs {page}" in told
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "\nstale\n" not in text


def test_a_page_without_marks_is_refused():
    with pytest.raises(InputError, match="lacks the marks"):
        with_tables("no marks")


def test_the_pages_example_loads_and_its_error_is_the_real_one(desk: Desk):
    page = PAGE.read_text(encoding="utf-8")
    example, error = (page.split(f"```{kind}\n")[1].split("```")[0] for kind in ("toml", "text"))

    desk.write(example)
    settings = desk.load().settings
    desk.write("policy.mod = 1\nserver.port = 70000")
    with pytest.raises(SettingsError) as caught:
        desk.load()

    assert settings.create_when(settings.rules[0]).people == 3
    assert str(caught.value) == error.strip()
