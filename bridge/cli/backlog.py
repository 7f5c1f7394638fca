"""The commands about tickets: proposals, and what the tracker was told."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bridge.cli.output import Format, FormatFlag, JsonFlag, print_rows, print_seen, say
from bridge.cli.session import context, session

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
    "status": "status",
    "reason": "why",
    "fault": "fault",
}


Topic = Annotated[str, typer.Argument(help="The topic, such as T-12.", metavar="T-n")]


@app.command()
def link(
    ctx: typer.Context,
    topic: Topic,
    key: Annotated[str, typer.Argument(help="Key of an issue that is there already.", metavar="KEY")],
) -> None:
    """Let an issue that people made be a topic's ticket; its words stay theirs."""
    from bridge.linking import link as do
    from bridge.verbs import topic_number

    here = context(ctx)
    with session(ctx).app.only_one():
        found = do(here, topic_number(topic), key, "command line")
    say(f"{topic} is {found.key} now; its evidence goes there with the next: feedback-bridge sync")


@app.command()
def unlink(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(help="The topic, such as T-12, or the issue's key.", metavar="T-n|KEY")
    ],
) -> None:
    """Let go of an issue; in the tracker nothing happens to it."""
    from bridge.linking import unlink as do

    here = context(ctx)
    with session(ctx).app.only_one(), here.database.writing() as store:
        topics = do(store, name, "command line", here.now)
    say(f"{name}: let go by {', '.join(topics)}; in the tracker nothing was changed")


@app.command()
def undo(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="The issue's key, such as WEB-12.", metavar="KEY")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
) -> None:
    """Take back the latest thing that the bridge did to an issue, as far as the tracker lets it."""
    from bridge.pipeline.taking_back import latest, take_back

    here = context(ctx)
    with session(ctx).app.only_one():
        with here.database.reading() as store:
            last = latest(store, key)
        say(f"would {last.says}" if dry_run else take_back(here, last, "command line"))


@app.command()
def preview(
    ctx: typer.Context,
    topic: Topic,
    layout: Annotated[
        str | None, typer.Option("--as", metavar="adf|wiki|markdown", help="Else the tracker's own format.")
    ] = None,
) -> None:
    """Print a topic's ticket as it would be written now; nothing is sent."""
    import json

    from bridge.preview import preview as make
    from bridge.verbs import topic_number

    text = make(context(ctx), topic_number(topic), layout)
    print(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, indent=2))


@app.command()
def audit(
    ctx: typer.Context,
    days: Annotated[
        int, typer.Option("--days", min=1, help="Tickets created in the last so many days.")
    ] = 30,
    as_json: JsonFlag = False,
) -> None:
    """Count the issues in the tracker for each ticket; more than one is told and ends with exit code 4."""
    from bridge.errors import PartialFailure
    from bridge.pipeline.sending import audit as count

    found = count(context(ctx), days)
    rows = [{"topic": f"T-{topic}", "marker": mark, "issues": list(keys)} for topic, mark, keys in found]
    print_rows(rows, Format.JSON if as_json else Format.TABLE)
    if rows:
        raise PartialFailure(f"{len(rows)} tickets have more than one issue; close all but the first of each")
    say("Each ticket has one issue at most.")


@app.command()
def settle(
    ctx: typer.Context,
    topic: Topic,
    key: Annotated[str | None, typer.Option("--key", metavar="KEY", help="The issue that it became.")] = None,
    absent: Annotated[
        bool, typer.Option("--absent", help="Nothing came of it: it may be sent again.")
    ] = False,
    known: Annotated[bool, typer.Option("--seen", help="There were too many: I have closed them.")] = False,
) -> None:
    """End a doubt that the bridge couldn't end by itself: say what became of a topic's ticket."""
    from bridge.errors import InputError
    from bridge.pipeline.sending import end_doubt
    from bridge.verbs import topic_number

    answers = [
        *([f"key {key}"] if key else []),
        *(["absent"] if absent else []),
        *(["seen"] if known else []),
    ]
    if len(answers) != 1:
        raise InputError("say one of three: --key KEY, the issue that it became; --absent; or --seen")
    here = context(ctx)
    with session(ctx).app.only_one():
        say(end_doubt(here, topic_number(topic), answers[0]))


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
