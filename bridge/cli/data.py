"""The commands that take feedback in, look at items, and give data out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.cli.output import Format, FormatFlag, JsonFlag, print_json, print_rows, print_seen, say
from bridge.cli.session import context, session

if TYPE_CHECKING:
    from bridge.pipeline.pulling import Pulled

items_app = typer.Typer(no_args_is_help=True, help="Feedback items: find them, put them right.")
sources_app = typer.Typer(no_args_is_help=True, help="Sources: the configured channels.")
export_app = typer.Typer(no_args_is_help=True, help="Give data out.")
MAP_KEYS = "text, id, at, author, display, url, lang, account, rating, role, parent, edited, thread"


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON Lines, JSON, XLSX or transcript file.")],
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Name of the source.")],
    mapping: Annotated[
        str | None, typer.Option("--map", metavar="KEY=COL,…", help=f"Which column is what: {MAP_KEYS}.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", help="sprinklr, brandwatch, linkedin or transcript.")
    ] = None,
    timezone: Annotated[str, typer.Option("--timezone", help="Zone of times that name none.")] = "UTC",
    encoding: Annotated[str | None, typer.Option("--encoding", help="Else it is found out.")] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help="Else it is found out.")] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="Sheet of an XLSX file; else the first.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 4 when a row was rejected.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Take a file of feedback in; run `feedback-bridge run` afterwards."""
    from bridge.app import build_source
    from bridge.errors import InputError, PartialFailure
    from bridge.pipeline.pulling import pull_source

    here = context(ctx)
    columns = parse_map(mapping)
    wanted = {
        "path": str(file.expanduser().absolute()),
        "columns": columns or None,
        "preset": preset,
        "timezone": timezone,
        "encoding": encoding,
        "delimiter": delimiter,
        "sheet": sheet,
    }
    _check_source_name(source)
    settings = {key: value for key, value in wanted.items() if value is not None}
    reader: Any = build_source("files", settings, here.now)
    for line in reader.explain():
        session(ctx).hint(f"  {line}")
    with session(ctx).app.only_one():
        pulled = pull_source(here, source, "files", reader, once=True)
    session(ctx).progress.end()
    if as_json:
        print_json(pulled.as_json())
    else:
        print_pulled(pulled)
    if pulled.error:
        raise InputError(pulled.error)
    if strict and pulled.counts.rejected:
        raise PartialFailure(f"{pulled.counts.rejected} rows were rejected (--strict)")


def _check_source_name(name: str) -> None:
    import re

    from bridge.errors import InputError

    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise InputError(
            f"--source: {name!r} is no name; use small letters, digits, dots, dashes and underscores: my-file"
        )


def parse_map(text: str | None) -> dict[str, str]:
    """Read `--map text=Body,id=Nr`; raises `InputError`."""
    from bridge.errors import InputError

    columns: dict[str, str] = {}
    for part in (text or "").split(",") if text else []:
        key, equals, column = part.partition("=")
        if not equals or not key.strip() or not column.strip():
            raise InputError(f"--map: {part!r} is not KEY=COLUMN; write for example --map text=Body,id=Nr")
        columns[key.strip()] = column.strip()
    return columns


def print_pulled(pulled: Pulled) -> None:
    """Print the counts of one pull."""
    counts = pulled.as_json()
    words = ", ".join(
        f"{counts[name]} {name}" for name in ("read", "new", "changed", "unchanged", "rejected", "removed")
    )
    print(f"{pulled.source}: {words}")
    for gap in pulled.gaps:
        say(f"  gap: {gap}")
    if pulled.rejected_file:
        say(f"  rejected rows, with their reasons: {pulled.rejected_file}")


def pull(
    ctx: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]…", help="Else all.")] = None,
    full: Annotated[bool, typer.Option("--full", help="From the beginning, not from the cursor.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Fetch what is new from the sources."""
    from bridge.errors import PartialFailure

    app, here = session(ctx).app, context(ctx)
    with app.only_one():
        done = app.pull(here, sources or (), full=full)()
    session(ctx).progress.end()
    if as_json:
        print_json([pulled.as_json() for pulled in done])
    for pulled in done if not as_json else ():
        print_pulled(pulled)
    if not done:
        say("There is no source to pull. Add a [[source]] to bridge.toml, or import a file.")
    errors = [pulled.error for pulled in done if pulled.error]
    if errors:
        raise PartialFailure("; ".join(errors))


@items_app.command("search")
def search(
    ctx: typer.Context,
    words: Annotated[str, typer.Argument(help="Words that the text holds.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most items shown.")] = 20,
    as_json: JsonFlag = False,
    layout: FormatFlag = Format.TABLE,
) -> None:
    """Find items by their text, newest first."""
    from bridge.store.export import items_with
    from bridge.store.slices import PULLED, count_items_at

    here = context(ctx)
    with here.database.reading() as store:
        rows = items_with(store, words, limit)
        waiting = count_items_at(store, PULLED)
    print_rows(rows, Format.JSON if as_json else layout, columns=_ITEM)
    if not rows:
        more = f" {waiting} items wait for `feedback-bridge run`." if waiting else ""
        say(f"No item holds {words!r}.{more}")


_ITEM = {"item": "item", "source": "source", "at": "said", "author": "author", "text": "text"}


@items_app.command("show")
def show(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(help="The source's own id.")],
    source: Annotated[str | None, typer.Option("--source", help="If several sources know this id.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show one item with its statements and what became of each."""
    from bridge.errors import InputError
    from bridge.store.export import item_detail

    here = context(ctx)
    with here.database.reading() as store:
        found = item_detail(store, item, source)
    if not found:
        raise InputError(f"there is no item {item!r}; find it with: feedback-bridge items search WORDS")
    if as_json:
        print_json(found)
        return
    for row in found:
        print_seen(
            f"{row['item']} · {row['source']} · {row['at']} · {row['author'] or 'somebody'} ({row['role']})"
        )
        print_seen(row["text"])
        for part in row["statements"]:
            print_seen(
                f"  {part['statement']}. {part['kind']} → {part['topic'] or 'no topic'}: {part['reason']}"
            )


@items_app.command("move")
def move(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="SOURCE:ID", help="The item, such as reviews:r-17.")],
    to: Annotated[str, typer.Option("--to", metavar="T-n|none", help="Its topic from now on, or none.")],
    who: Annotated[str, typer.Option("--who", envvar="USER", help="Who decides.")] = "somebody",
) -> None:
    """Put an item into a topic, or out of all; no machine moves it again."""
    from bridge.cli.topics import deciding
    from bridge.errors import InputError
    from bridge.verbs import topic_number

    source, colon, external_id = item.partition(":")
    if not colon:
        raise InputError(f"{item!r} names no source; write SOURCE:ID, such as reviews:r-17")
    with deciding(ctx, who) as verbs:
        count = verbs.move(source, external_id, None if to == "none" else topic_number(to))
    say(f"{count} statements of {item} moved to {to}")


@sources_app.command("list")
def list_sources(
    ctx: typer.Context,
    available: Annotated[
        bool, typer.Option("--available", help="List the kinds of channel instead.")
    ] = False,
    as_json: JsonFlag = False,
    layout: FormatFlag = Format.TABLE,
) -> None:
    """List the sources with their health."""
    from bridge.store.export import source_rows

    layout = Format.JSON if as_json else layout
    if available:
        from connectors.registry import available as connectors

        rows = [{"connector": c.name, "title": c.info.title, "summary": c.info.summary} for c in connectors()]
        print_rows(rows, layout)
        return
    here = context(ctx)
    with here.database.reading() as store:
        print_rows(source_rows(store, here.settings), layout)


@sources_app.command("test")
def test_source(ctx: typer.Context, name: Annotated[str, typer.Argument(help="The source.")]) -> None:
    """Say whether a source can be read now."""
    from bridge.errors import InputError, PartialFailure

    here = context(ctx)
    found = next((s for s in here.settings.sources if s.name == name), None)
    if found is None:
        known = ", ".join(s.name for s in here.settings.sources) or "none"
        raise InputError(f"there is no source named {name!r}; sources in the settings: {known}")
    health = session(ctx).app.health(found)
    print(f"{name}: {health.message}")
    if not health.ok:
        raise PartialFailure(f"{name} can't be read")


@export_app.command("assignments")
def assignments(
    ctx: typer.Context,
    layout: FormatFlag = Format.JSONL,
) -> None:
    """Give out a line for every statement: item, kind, role, topic, and why."""
    from bridge.errors import InputError
    from bridge.store.export import assignment_rows

    if layout not in (Format.JSONL, Format.CSV, Format.JSON):
        raise InputError(f"--format: {layout.value} is too wide for this; write jsonl, json or csv")
    here = context(ctx)
    with here.database.reading() as store:
        if layout is Format.JSONL:
            for row in assignment_rows(store):
                print(json.dumps(row, ensure_ascii=False))
        else:
            print_rows(list(assignment_rows(store)), layout)
