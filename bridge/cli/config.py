"""The commands about settings: ``init`` writes a file to start with, ``config`` shows what is in force."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.cli.output import Format, FormatFlag, JsonFlag, print_rows, say
from bridge.cli.session import session
from bridge.errors import InputError

FILE_NAME = "bridge.toml"


app = typer.Typer(no_args_is_help=True, help="Show the settings in force and where each came from.")


@app.command()
def show(
    ctx: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
    as_json: JsonFlag = False,
    layout: FormatFlag = Format.TABLE,
) -> None:
    """Show every setting and its value; secrets show only as "set"."""
    from bridge.config.keys import setting_rows

    layout = Format.JSON if as_json else layout
    loaded = session(ctx).loaded()
    rows = setting_rows(loaded.settings, loaded.origins if origin else None)
    print_rows(rows if layout in {Format.JSON, Format.JSONL} else [_texts(row) for row in rows], layout)


@app.command()
def get(
    ctx: typer.Context,
    key: Annotated[
        str, typer.Argument(help="Dotted name of the setting, such as policy.mode.", metavar="KEY")
    ],
    as_json: JsonFlag = False,
) -> None:
    """Print the value of one setting."""
    from bridge.config.keys import nearest, settings_keys, shown_values, tables
    from bridge.config.values import quoted

    if key in tables():
        inner = [known.name for known in settings_keys() if known.name.startswith(f"{key}.")]
        raise InputError(f"{key} is a table of settings; name one of: {', '.join(inner)}")
    values = shown_values(session(ctx).loaded().settings)
    if key not in values:
        hint = nearest(key)
        mean = f"did you mean {hint}?" if hint else "list them with: feedback-bridge config show"
        raise InputError(f"{quoted(key)} is no setting; {mean}")
    value = values[key]
    print(value if isinstance(value, str) and not as_json else json.dumps(value, ensure_ascii=False))


@app.command()
def path(ctx: typer.Context) -> None:
    """Print the settings files in force, the stronger first."""
    files = session(ctx).loaded().files
    for file in files:
        print(file)
    if not files:
        say("no settings file is in force, only defaults; write one with: feedback-bridge init")


def init(
    ctx: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a commented settings file: bridge.toml here, or the file named by --config."""
    from bridge.config.initial import initial_toml

    here = session(ctx)
    target = here.cwd / (here.config_path or FILE_NAME)
    if target.exists() and not force:
        raise InputError(
            f"{target} is there already; write over it with --force, or name another with --config FILE"
        )
    try:
        _write(target, initial_toml())
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise InputError(f"{target} can't be written: {reason} ({error.filename or target})") from None
    named = f" --config {here.config_path}" if here.config_path else ""
    say(f"Wrote {target}; every setting in it is commented out.")
    say(f"Next: edit it, then see what is in force with: feedback-bridge{named} config show --origin")


def _write(target: Path, text: str) -> None:
    """Write a whole file or none: what stood there stays until the new one is complete."""
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(target)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    """Write a row's value as TOML; the rest are texts already."""
    from bridge.config.toml import to_toml

    return {**row, "value": to_toml(row["value"])}
