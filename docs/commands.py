"""Write docs/commands.md, the help of every command: ``python docs/commands.py [--check] [FILE]``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from bridge.cli import app

NAME = "feedback-bridge"
PAGE = Path(__file__).with_name("commands.md")
_PLAIN = {"COLUMNS": "100", "TERMINAL_WIDTH": "", "NO_COLOR": "1", "TERM": "dumb"}
_HEAD = """\
# Commands

This page is written by `docs/commands.py` from the program itself; `make docs` writes it anew.
What the commands print, field by field, is in [shapes](shapes.md).
The exit codes and the environment variables are there too.

Data goes to stdout, words for people go to stderr.
`--config FILE` and `--quiet` stand before the command:
`feedback-bridge --config .demo/bridge.toml topics list`.
`--as-of DATE` sets the bridge's clock: every window counts back from there.
What was said later is left aside.
A day means its end in UTC; a time is written `2026-11-21T09:30:00+01:00`.
"""


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path and the object of every command, groups before their commands, the root first."""
    yield path, group
    inner: Mapping[str, Any] = getattr(group, "commands", {})
    for name, command in inner.items():
        yield from commands(command, (*path, name))


def page() -> str:
    """Write the page."""
    found = list(commands(typer.main.get_command(app)))
    parts = [_HEAD, _table(found)]
    parts += [f"## `{' '.join((NAME, *path))}`\n\n```text\n{_help(path)}\n```\n" for path, _ in found]
    return "\n".join(parts)


def _table(found: Sequence[tuple[tuple[str, ...], Any]]) -> str:
    """List all commands but the groups, with the first sentence of their help."""
    rows = ["| command | does |", "| --- | --- |"]
    for path, command in found:
        if path and not hasattr(command, "commands"):
            words = " ".join((command.help or "").split())
            rows.append(f"| [`{' '.join(path)}`](#{'-'.join((NAME, *path))}) | {words} |")
    return "\n".join(rows) + "\n"


def _help(path: Sequence[str]) -> str:
    result = CliRunner().invoke(app, [*path, "--help"], prog_name=NAME, env=_PLAIN)
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with ``--check`` say whether it is up to date (1 if not)."""
    names = [argument for argument in arguments if argument != "--check"]
    path = Path(names[0]) if names else PAGE
    fresh = page()
    if "--check" not in arguments:
        path.write_text(fresh, encoding="utf-8")
        return 0
    if not path.is_file() or path.read_text(encoding="utf-8") != fresh:
        sys.stderr.write(f"{path} is not as the commands are; write it with: python docs/commands.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
