"""The commands about tickets: proposals, and what the tracker was told."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bridge.cli.output import Format, FormatFlag, JsonFlag, print_rows, print_seen, say
from bridge.cli.session import context

app = typer.Typer(no_args_is_help=True, help="Tickets: proposals and what became of them.")


@app.command("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        str | None, typer.Option("--state", help="proposed, approved, rejected, open or done.")
    ] = None,
    as_json: JsonFlag = False,
    layout: FormatFlag = Format.TABLE,
) -> None:
    """List tickets, those that wait for review first."""
    from bridge.store.tickets import ticket_rows

    here = context(ctx)
    with here.database.reading() as store:
        rows = [row for row in ticket_rows(store) if state is None or row["state"] == state]
    print_rows(rows, Format.JSON if as_json else layout, columns=_COLUMNS)
    if not rows:
        say("No tickets. Proposals come from: feedback-bridge run")


_COLUMNS = {
    "topic": "topic",
    "state": "state",
    "type": "type",
    "title": "title",
    "key": "key",
    "reason": "why",
}


@app.command()
def show(
    ctx: typer.Context, key: Annotated[str, typer.Argument(help="The issue's key, such as FB-1.")]
) -> None:
    """Show an issue of the embedded backlog as it was written."""
    from bridge.errors import InputError
    from bridge.store.tickets import backlog_issue

    here = context(ctx)
    with here.database.reading() as store:
        issue: Any = backlog_issue(store, key)
    if issue is None:
        raise InputError(f"the embedded backlog has no issue {key!r}; see: feedback-bridge tickets list")
    print_seen(f"{issue.key}  {issue.type}  {issue.title}  ({issue.state})\n\n{issue.body}")
