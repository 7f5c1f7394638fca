"""The commands about rules: read them in words, and play them on the past."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.cli.output import AsOf, Format, FormatFlag, JsonFlag, print_rows, say
from bridge.cli.session import context

app = typer.Typer(no_args_is_help=True, help="Rules: when a topic becomes a ticket.")


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """Say the rules in sentences, in the order they are asked."""
    from bridge.wording import cap, rule_rows

    settings = context(ctx).settings
    for row in rule_rows(settings):
        print(f"{row['rule']}: {row['says']}")
    print(cap(settings))


@app.command()
def simulate(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, help="How far back to play.")] = 90,
    as_of: AsOf = None,
    as_json: JsonFlag = False,
    layout: FormatFlag = Format.TABLE,
) -> None:
    """Play today's rules on the past: which topics would have become a ticket, and when."""
    from bridge.simulate import simulate as play

    here = context(ctx, as_of)
    rows = play(here, days)
    print_rows(rows, Format.JSON if as_json else layout)
    shadow = sum(row["mode"] == "shadow" for row in rows)
    apart = f", {shadow} only in shadow" if shadow else ""
    say(f"{len(rows) - shadow} tickets{apart} in {days} days.")
