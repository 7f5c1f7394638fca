"""The settings file to start with: every setting with its help and default, commented out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Literal

from bridge.config.keys import Key, item_keys, settings_keys, tables

_WIDTH = 100
_HEAD = """\
# Settings of Feedback Bridge.
#
# A line such as "#key = value" shows a default or an example: take away the mark to set it.
# Stronger than this file: the command line, then environment variables (FEEDBACK_BRIDGE_POLICY__MODE
# for `mode` in [policy]). Relative paths begin at this file's folder.
# Keep passwords and tokens out: `url_file` and `url_command` say where one is.
# `feedback-bridge config show --origin` tells what is in force.
"""


def initial_toml() -> str:
    """Write the commented file; as it stands it sets nothing."""
    keys = [key for key in settings_keys() if key.name not in {"rule", "source"}]
    blocks = [_HEAD]
    for table, group in groupby(keys, key=lambda key: key.name.rpartition(".")[0].partition(".")[0]):
        header = [f"# {tables()[table]}", f"[{table}]", ""] if table else []
        blocks.append("\n".join([*header, *_lines(group, table)]))
    blocks += [_items("rule"), _items("source")]
    return "\n".join(blocks)


def _items(table: Literal["rule", "source"]) -> str:
    """Show an example of a table that can stand many times."""
    words = next(key.help for key in settings_keys() if key.name == table)
    notes = {
        "rule": "Lists left empty let every topic through.",
        "source": "Further keys are handed to the connector.",
    }
    head = _wrapped(f"{words} {notes[table]}")
    return "\n".join([*head, f"#[[{table}]]", "", *_lines(item_keys(table), "")])


def _lines(keys: Iterable[Key], table: str) -> Iterator[str]:
    for key in keys:
        yield from _wrapped(_words(key))
        value = key.example if key.is_computed else key.default or key.example
        yield f"#{key.name.removeprefix(f'{table}.')} = {value}"
        yield ""


def _words(key: Key) -> str:
    words = key.help
    if "one of" in key.valid:
        words += f" {key.valid[0].upper()}{key.valid[1:]}."
    if key.unit:
        words += f" Unit: {key.unit}."
    if key.is_computed:
        words += f" Default: {key.default}."
    elif key.default and key.example != key.default:
        words += f" Example: {key.example}."
    return words.replace("`", "")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
