from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from bridge.config.initial import initial_toml
from bridge.config.keys import item_keys, settings_keys

if TYPE_CHECKING:
    from tests.bridge.config.conftest import Desk


def _uncommented():
    return re.sub(r"(?m)^#(?=[a-z\[])", "", initial_toml())


def test_the_file_as_written_sets_nothing(desk: Desk):
    plain = desk.load().settings
    desk.write(initial_toml())

    loaded = desk.load()

    assert loaded.settings == plain
    assert {origin.kind for origin in loaded.origins.values()} == {"default"}


def test_every_line_taken_alone_gives_the_default_it_shows(desk: Desk):
    text = _uncommented().partition("[[rule]]")[0]
    plain = desk.load().settings
    desk.write(text)

    loaded = desk.load()

    computed = {key.name for key in settings_keys() if key.is_computed}
    assert {key for key, origin in loaded.origins.items() if origin.kind == "file"} == {
        key.name for key in settings_keys()
    } - {"rule", "source"}
    assert loaded.settings.model_dump(exclude={"database", "paths"}) == plain.model_dump(
        exclude={"database", "paths"}
    )
    assert computed == {"database.url", "paths.data", "paths.cache"}


def test_the_whole_file_uncommented_loads_with_its_examples(desk: Desk):
    desk.write(_uncommented())

    settings = desk.load().settings

    assert [rule.name for rule in settings.rules] == ["payments"]
    assert [source.name for source in settings.sources] == ["reviews"]
    assert settings.database.url.reveal() == f"sqlite:///{desk.cwd}/bridge.db"


def test_every_setting_stands_in_the_file_with_its_help():
    text = initial_toml()
    words = " ".join(re.sub(r"(?m)^#", "", text).split())
    tree = tomllib.loads(_uncommented())

    for key in [*settings_keys(), *item_keys("rule"), *item_keys("source")]:
        assert key.help.replace("`", "") in words.replace("`", "")
    for table in ("rule", "source"):
        for key in item_keys(table):
            value = tree[table][0]
            for step in key.name.split("."):
                value = value[step]


def test_no_line_is_too_wide_for_a_terminal_or_ends_in_a_blank():
    for line in initial_toml().splitlines():
        assert len(line) <= 102
        assert line == line.rstrip()
