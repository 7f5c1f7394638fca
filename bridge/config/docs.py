"""The tables of docs/settings.md, made from the model: ``python -m bridge.config.docs [--check] [FILE]``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from bridge.config.keys import Key, item_keys, settings_keys
from bridge.config.layers import variable_of
from bridge.errors import EXIT_FINE, InputError

BEGIN = "<!-- settings: begin; written by python -m bridge.config.docs -->"
END = "<!-- settings: end -->"


def tables_markdown() -> str:
    """Write the table of all settings, and those of the keys inside a rule and a source."""
    return "\n\n".join(
        [
            _table(settings_keys(), "Setting"),
            "### Keys of a `[[rule]]`",
            _table(item_keys("rule"), "Key"),
            "### Keys of a `[[source]]`",
            _table(item_keys("source"), "Key"),
        ]
    )


def with_tables(page: str) -> str:
    """Put the tables between the page's two marks; raise `InputError` when it hasn't both."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise InputError(f"the page lacks the marks {BEGIN} and {END}; put them where the tables belong")
    return f"{head}{BEGIN}\n\n{tables_markdown()}\n\n{END}{tail}"


def main(arguments: Sequence[str]) -> int:
    """Write the page's tables, or with ``--check`` say whether they are up to date (1 if not)."""
    names = [argument for argument in arguments if argument != "--check"]
    path = Path(names[0] if names else "docs/settings.md")
    page = path.read_text(encoding="utf-8")
    fresh = with_tables(page)
    if "--check" not in arguments:
        path.write_text(fresh, encoding="utf-8")
        return EXIT_FINE
    if fresh != page:
        sys.stderr.write(
            f"{path} is not as the settings are; write it with: python -m bridge.config.docs {path}\n"
        )
        return 1
    return EXIT_FINE


def _table(keys: Iterable[Key], title: str) -> str:
    """Write one table; settings come with their environment variable."""
    is_settings = title == "Setting"
    rows = [[title, "Meaning", "Default", "Valid values", "Environment"], ["---"] * 5]
    rows += [[f"`{k.name}`", k.help, _default(k), _valid(k), f"`{variable_of(k.name)}`"] for k in keys]
    return "\n".join(f"| {' | '.join(row if is_settings else row[:-1])} |" for row in rows)


def _default(key: Key) -> str:
    return key.default if key.is_computed or not key.default else f"`{key.default}`"


def _valid(key: Key) -> str:
    return f"{key.valid} ({key.unit})" if key.unit else key.valid


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
