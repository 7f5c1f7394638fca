"""docs/commands.md is what the program says of itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "commands.md"


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_commands", ROOT / "docs" / "commands.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(writer: ModuleType):
    import typer

    from bridge.cli import app

    return list(writer.commands(typer.main.get_command(app)))


def test_the_page_is_as_the_commands_are(writer: ModuleType):
    assert writer.main(["--check", str(PAGE)]) == 0


def test_every_command_has_a_part_of_its_own_with_every_option(found: Any):
    page = PAGE.read_text(encoding="utf-8")

    assert len(found) > 20
    for path, command in found:
        heading = f"## `{' '.join(('feedback-bridge', *path))}`\n"
        assert heading in page
        part = page.partition(heading)[2].partition("\n## ")[0]
        for parameter in (p for p in command.params if not getattr(p, "hidden", False)):
            for option in (*parameter.opts, *parameter.secondary_opts):
                assert option in part or not option.startswith("-"), f"{heading.strip()} lacks {option}"


def test_every_command_and_option_says_what_it_does(found: Any):
    for path, command in found:
        assert command.help, f"{path} has no help"
        assert command.help.strip()[-1] in ".?", f"{path}: the help is no sentence"
        for parameter in (p for p in command.params if not getattr(p, "hidden", False)):
            is_option = parameter.opts[0].startswith("-")
            assert not is_option or parameter.help, f"{path} {parameter.opts[0]} has no help"


def test_the_page_does_not_depend_on_who_writes_it(writer: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert writer.page() == PAGE.read_text(encoding="utf-8")


def test_a_stale_page_is_told_and_then_written(
    writer: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    page = tmp_path / "page.md"
    page.write_text("stale", encoding="utf-8")
    monkeypatch.setattr(writer, "page", lambda: "fresh")

    stale = writer.main(["--check", str(page)])
    told = capsys.readouterr().err
    written = writer.main([str(page)])

    assert (stale, written, writer.main(["--check", str(page)])) == (1, 0, 0)
    assert "python docs/commands.py" in told
