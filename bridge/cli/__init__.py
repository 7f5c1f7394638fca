"""The command line: verbs, and nouns with verbs. Data on stdout, words on stderr."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridge.cli import (
    accounts,
    backlog,
    config,
    data,
    database,
    digest,
    looking,
    measuring,
    rules,
    serving,
    status,
    topics,
    worker,
    working,
)

app = typer.Typer(
    name="feedback-bridge",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="From many single complaints and suggestions to a change in the product.",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("feedback-bridge"))
        raise typer.Exit


@app.callback()
def start(
    ctx: typer.Context,
    config_file: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings file; else ./bridge.toml.")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no hints.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From many single complaints and suggestions to a change in the product."""
    from bridge.cli.session import Session

    ctx.obj = Session(config_path=config_file, quiet=quiet)


app.command()(config.init)
app.command()(looking.check)
app.command()(data.pull)
app.command("import")(data.import_)
app.command()(working.run)
app.command()(working.sync)
app.command()(working.recluster)
app.command()(working.classify)
app.command()(working.replay)
app.command("eval")(measuring.evaluate)
app.command()(serving.serve)
app.command()(worker.worker)
app.command()(serving.demo)
app.command()(serving.summary)
app.command()(status.status)
app.command()(digest.digest)
app.add_typer(topics.app, name="topics")
app.add_typer(data.items_app, name="items")
app.add_typer(data.sources_app, name="sources")
app.add_typer(data.export_app, name="export")
app.add_typer(rules.app, name="rules")
app.add_typer(backlog.app, name="tickets")
app.add_typer(accounts.app, name="accounts")
app.add_typer(accounts.tokens_app, name="tokens")
app.add_typer(config.app, name="config")
app.add_typer(database.app, name="db")
