"""The commands about rules: read them in words, and play them on the past."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bridge.cli.output import AsOf, Format, FormatFlag, JsonFlag, print_rows, say
from bridge.cli.session import context

app = typer.Typer(no_args_is_help=True, help="Rules: when a topic becomes a ticket.")


@app.command("list")
def list_(ctx: typer.Context) -> None:
    """Say the rules in sentences, in the order they are asked."""
    settings = context(ctx).settings
    for rule in (*settings.rules, None):
        print(_sentence(settings, rule))
    cap = settings.policy.max_creates_per_day
    print(f"At most {cap} tickets a day." if cap else "No daily cap.")


def _sentence(settings: Any, rule: Any) -> str:
    when = settings.create_when(rule)
    mode = (rule.mode if rule else None) or settings.policy.mode
    does = {
        "review": "propose a ticket for review",
        "shadow": "say that a ticket would be made, and make none",
        "automatic": "make a ticket",
    }[mode]
    whom = [
        f"{name} {' or '.join(values)}"
        for name in ("kinds", "sources", "languages", "words")
        if rule and (values := getattr(rule.when, name))
    ]
    scope = f"for {', '.join(whom)}" if whom else "for every topic" if rule else "for all other topics"
    kinds = " or ".join(settings.policy.kinds)
    return (
        f"{rule.name if rule else 'policy'}: {scope}, {does} of a {kinds} when {when.people} people said it "
        f"in {when.within_days} days, confidence at least {when.confidence:g}."
    )


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
