"""The command `status`: sources, jobs, effects outside and the last run, for whoever runs the daemon."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bridge.cli.output import Format, print_json, print_rows, print_seen
from bridge.cli.session import session

_SOURCES = {
    "source": "source",
    "state": "state",
    "items": "items",
    "last_ok": "last well",
    "next_due": "next due",
    "error": "what is wrong",
}
_JOBS = {
    "job": "job",
    "last_ok": "last well",
    "next_due": "next due",
    "failures": "failures",
    "seconds": "seconds",
    "error": "what is wrong",
}


def status(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """Say how sources, jobs and effects outside stand, and how the last run went."""
    from bridge.app import now
    from bridge.jobs.standing import standing

    app = session(ctx).app
    with app.database.reading() as store:
        found = standing(store, app.settings, now())
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    if found["sources"]:
        print_rows(found["sources"], Format.TABLE, columns=_SOURCES)
        print()
    if found["jobs"]:
        print_rows(found["jobs"], Format.TABLE, columns=_JOBS)
    else:
        print("No job was done yet: feedback-bridge serve does them.")
    print()
    effects = ", ".join(f"{count} {state}" for state, count in found["intents"].items() if count)
    doubt = found["oldest_in_doubt"]
    print(f"effects outside: {effects or 'none'}{f'; the oldest in doubt since {doubt}' if doubt else ''}")
    for row in found["digests"]:
        told = f" ({row['outcome']})" if row["outcome"] else ""
        print_seen(f"digest by {row['way']}, due {row['due']}: {row['state']}{told}")
    print("waiting: " + ", ".join(f"{count} {what}" for what, count in found["waiting"].items()))
    _print_set_aside(found["set_aside"])
    run = found["last_run"]
    if run is None:
        print("last run: none")
        return
    print(f"last run: {run['started']}, {run['state']}")
    for error in run["errors"]:
        print_seen(f"  {error}")


def _print_set_aside(found: dict[str, Any]) -> None:
    """Say what ended its step each time it was tried."""
    if not found["count"]:
        return
    print(f"set aside: {found['count']} that ended a step each time; feedback-bridge run --retry-set-aside")
    for row in found["newest"]:
        print_seen(f"  {row['source']} {row['item']}: {row['step']}: {row['reason']} ({row['tries']} tries)")
