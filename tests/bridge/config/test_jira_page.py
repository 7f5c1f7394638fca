"""docs/jira.md: its examples load, its settings are there, and its messages are the program's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.config.jira import Jira
from bridge.config.keys import settings_keys, tables

if TYPE_CHECKING:
    from tests.bridge.config.conftest import Desk

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "jira.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
MESSAGES = [
    part.strip(" ,;.")
    for row in PAGE.partition("## When something is wrong\n")[2].splitlines()
    if row.startswith("| *")
    for part in row.split(" | ")[0].strip("| ").strip("*").split("…")
]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_loads(desk: Desk, block: str):
    for name in ("jira-token", "hook-secret"):
        (desk.cwd / name).write_text("hush")
    desk.write(block)

    loaded = desk.load()

    assert loaded.warnings == ()
    assert (loaded.settings.tracker == "jira") == bool(loaded.settings.jira.token)


def test_every_setting_that_the_page_names_is_one():
    known = {key.name for key in settings_keys()} | set(tables())
    named = set(re.findall(r"`((?:jira|server)\.[a-z_]+)`", PAGE))

    assert len(named) >= 8
    assert named <= known


def test_the_defaults_are_told():
    jira = Jira()

    assert f"| {jira.settle_s:.0f} (default) |" in PAGE
    assert f"`jira.comment_every_days` ({jira.comment_every_days})" in PAGE
    assert jira.wont_do == ("Won't Do", "Won't Fix", "Declined")


def said_by_the_program() -> str:
    """All source, with texts that go on in the next line joined."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bridge").rglob("*.py"))
    return re.sub(r"\"\s*\n\s*f?\"", "", source)


@pytest.mark.parametrize("message", [message for message in MESSAGES if message])
def test_every_message_in_the_table_is_one_of_the_programs(message: str):
    assert len(MESSAGES) >= 15

    assert message.removesuffix(" CREATE_ISSUES") in said_by_the_program()


def test_every_template_of_the_page_is_there_and_none_is_left_out():
    folder = ROOT / "bridge" / "render" / "templates"
    named = set(re.findall(r"`((?:ticket|note_[a-z_]+)\.md\.j2)`", PAGE))

    assert named == {path.name for path in folder.glob("*.j2")}
