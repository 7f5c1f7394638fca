"""The commands about the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.output import say
from bridge.cli.session import session

app = typer.Typer(no_args_is_help=True, help="The database: its schema, its health, its copies.")


@app.command()
def upgrade(ctx: typer.Context) -> None:
    """Bring the schema to this version; a copy is made beside it first."""
    from bridge.store.database import head_revision

    database = session(ctx).app.database
    print(f"{database.path}: schema {head_revision()}")


@app.command()
def current(ctx: typer.Context) -> None:
    """Print the schema's revision; empty for a database that isn't there yet."""
    from bridge.store.database import Database

    app_ = session(ctx).app
    print(Database(app_.settings.database.url.reveal()).revision() or "")


@app.command("check")
def check_(ctx: typer.Context) -> None:
    """Check the file's structure, its references, and the chain of the audit log."""
    from bridge.errors import StoreError
    from bridge.store.database import faults

    database = session(ctx).app.database
    found = faults(database)
    for fault in found:
        print(fault)
    if found:
        raise StoreError(f"{database.path} has {len(found)} faults; restore a backup, or report them")
    print(f"{database.path}: fine")


@app.command()
def backup(
    ctx: typer.Context,
    to: Annotated[Path | None, typer.Argument(help="File to write; else beside the database.")] = None,
) -> None:
    """Write a complete copy while everything goes on, with its checksum."""
    from bridge.app import now
    from bridge.store.database import write_backup

    database = session(ctx).app.database
    target, digest = write_backup(database, to, now())
    print(f"{digest}  {target}")
    say("To restore: stop the bridge, and put this file in the database's place.")
