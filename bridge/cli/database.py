"""The commands about the database."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.output import JsonFlag, print_json, say
from bridge.cli.session import session

app = typer.Typer(no_args_is_help=True, help="The database: its schema, its health, its copies.")


@app.command()
def upgrade(
    ctx: typer.Context,
    no_copy: Annotated[
        bool, typer.Option("--no-copy", help="Make no copy first, because you have one.")
    ] = False,
) -> None:
    """Bring the schema to this version; a copy is made first."""
    from bridge.store.database import head_revision

    database = session(ctx).app.bare_database()
    database.upgrade(copy=not no_copy)
    print(f"{database.place}: schema {head_revision()}")
    if database.backend.name == "postgresql" and find_spec("procrastinate"):
        from bridge.work.schema import upgrade_queue

        print(f"{database.place}: queue {upgrade_queue(database)}")


@app.command()
def current(ctx: typer.Context) -> None:
    """Print the schema's revision; empty for a database that isn't there yet."""
    print(session(ctx).app.bare_database().revision() or "")


@app.command("check")
def check_(ctx: typer.Context) -> None:
    """Check the structure of the data, its references, and the chain of the audit log."""
    from bridge.errors import StoreError
    from bridge.store.database import faults

    database = session(ctx).app.database
    found = faults(database)
    for fault in found:
        print(fault)
    if found:
        raise StoreError(
            f"{database.place} has {len(found)} faults; restore a backup with feedback-bridge db restore "
            "COPY, or report them"
        )
    print(f"{database.place}: fine")


@app.command()
def backup(
    ctx: typer.Context,
    to: Annotated[Path | None, typer.Argument(help="File to write; else beside the database.")] = None,
) -> None:
    """Write a complete copy while everything goes on, with its checksum, and read it back."""
    from bridge.app import now
    from bridge.store.backup import write_copy

    database = session(ctx).app.database
    copy = write_copy(database, to, now())
    print(f"{copy.digest}  {copy.place}")
    say(f"Read back: {len(copy.found.rows)} tables, {sum(copy.found.rows.values()):,} rows.")
    say(f"To restore: stop the bridge, then feedback-bridge db restore {copy.place} --yes")


@app.command()
def restore(
    ctx: typer.Context,
    copy: Annotated[Path, typer.Argument(help="The copy, as db backup wrote it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this, nothing changes.")] = False,
) -> None:
    """Put a copy in the database's place; the old one is kept beside it."""
    from bridge.app import now
    from bridge.errors import InputError
    from bridge.store.backup import restore as put_back

    database = session(ctx).app.bare_database()
    if not yes:
        raise InputError(
            f"this puts {copy} in the place of {database.place}, and keeps what is there beside it; stop the "
            "bridge, and say --yes"
        )
    found, aside = put_back(database, copy, now())
    print(f"{database.place}: {sum(found.rows.values()):,} rows, schema {found.revision}")
    if aside:
        say(f"What was there before is kept: {aside}")
    database.upgrade()


@app.command("copy")
def copy_(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SRC", help="Address of a database, or its file.")],
    target: Annotated[str, typer.Argument(metavar="DST", help="Address of an empty one, or a new file.")],
    as_json: JsonFlag = False,
) -> None:
    """Copy all data into another database, SQLite or PostgreSQL, and compare a hash of each table."""
    from bridge.store.database import Database
    from bridge.store.moving import move

    there, empty = Database(_address(source)), Database(_address(target))
    moved = move(there, empty, _silent if session(ctx).quiet else _progress)
    if as_json:
        print_json([{"table": one.table, "rows": one.rows, "sha256": one.digest} for one in moved])
    else:
        for one in moved:
            print(f"{one.digest}  {one.rows:>11,}  {one.table}")
    say(f"{sum(one.rows for one in moved):,} rows are the same in {there.place} and in {empty.place}.")
    say("Now name the new address in database.url.")


def _address(text: str) -> str:
    return text if "://" in text else f"sqlite:///{Path(text).absolute()}"


def _progress(table: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total or done % 100_000 == 0:
        end = "\r" if sys.stderr.isatty() and done < total else "\n"
        print(f"{table}: {done:,} of {total:,}", end=end, file=sys.stderr)


def _silent(_table: str, _done: int, _total: int) -> None:
    pass
