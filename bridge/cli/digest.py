"""The command `digest`: shows what would go out, or sends it now."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.cli.output import AsOf, print_json, print_seen
from bridge.cli.session import context, session

if TYPE_CHECKING:
    from bridge.config.digest import Way
    from bridge.models import DigestSent


class To(StrEnum):
    """Where a digest goes."""

    HERE = "-"
    EMAIL = "email"
    SLACK = "slack"
    FOLDER = "folder"


_WAYS: dict[To, Way] = {To.EMAIL: "email", To.SLACK: "slack", To.FOLDER: "folder"}


class Layout(StrEnum):
    """How a digest is written on stdout."""

    TEXT = "text"
    HTML = "html"
    MD = "md"
    SLACK = "slack"
    JSON = "json"


def digest(
    ctx: typer.Context,
    to: Annotated[
        To,
        typer.Option("--to", help="On stdout (-), changing nothing; or send it now, by a way that is set."),
    ] = To.HERE,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="7d|DATE", help="All since then; else what the last one didn't tell."
        ),
    ] = None,
    layout: Annotated[Layout, typer.Option("--format", help="How to write it on stdout.")] = Layout.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    as_of: AsOf = None,
    who: Annotated[str, typer.Option("--who", envvar="USER", help="Who sends it.")] = "somebody",
) -> None:
    """Say what is new, growing, back, waiting and released; with --to, send it now."""
    here = context(ctx, as_of)
    start = _start(since, here.now)
    layout = Layout.JSON if as_json else layout
    if to is To.HERE:
        _show(here, start, layout)
        return
    from bridge.digest.sending import Sender
    from bridge.digest.ways import way_out

    way = way_out(here.settings.digest, _WAYS[to])
    with session(ctx).app.only_one():
        row = Sender(here.database, here.settings, here.now).by_hand(way, who, start)
    _tell(row, as_json=layout is Layout.JSON)


def _start(text: str | None, now: datetime) -> datetime | None:
    """Return the time that `--since` names: so long ago, or a day or time."""
    if text is None:
        return None
    from bridge.config.values import parse_duration
    from bridge.errors import InputError
    from bridge.times import parse_as_of

    try:
        return now - parse_duration(text)
    except ValueError:
        start = parse_as_of(text, "--since (or a time such as 7d)")
    if start is not None and start > now:
        raise InputError(f"--since: {text!r} is yet to come; write a day gone by, or 7d")
    return start


def _show(here: Any, start: datetime | None, layout: Layout) -> None:
    from bridge.digest.render import FILES, message, written
    from bridge.digest.standing import as_json, preview
    from bridge.store.views import Shelf

    with here.database.reading() as store:
        found = preview(store, Shelf(store, here.now), here.settings, here.now, start)
        if layout is Layout.JSON:
            print_json(as_json(store, found, here.settings, here.now))
            return
    zone = here.settings.digest.zone
    if layout is Layout.SLACK:
        print_json(message(found, zone))
    else:
        form = next(form for form in FILES if form == layout.value)
        print_seen(written(found, form, zone).rstrip())


def _tell(row: DigestSent, *, as_json: bool) -> None:
    """Say how it went; what was refused or isn't known ends the command with its fault."""
    from bridge.errors import InDoubt, SendError
    from bridge.store.digests import as_json as shape

    if as_json:
        print_json(shape(row))
    if row.state == "refused":
        raise SendError(row.outcome)
    if row.state == "in doubt":
        raise InDoubt(row.outcome)
    if as_json:
        return
    if row.state == "quiet":
        print_seen("There is nothing to tell; nothing was sent.")
        return
    more = f" ({row.outcome})" if row.outcome else ""
    print_seen(f"sent by {row.way} to {', '.join(row.recipients)}{more}")
