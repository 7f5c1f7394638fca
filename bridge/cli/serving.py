"""The commands that serve the page: serve, and demo with the sample company."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.daemon import Daemon
from bridge.cli.output import print_rows, say
from bridge.cli.session import Session, session

Host = Annotated[str | None, typer.Option("--host", help="Address to listen at; else server.host.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port; else server.port.")]
TOP = 10
QUOTE = 70


def serve(
    ctx: typer.Context,
    host: Host = None,
    port: Port = None,
    jobs: Annotated[
        bool | None, typer.Option("--jobs/--no-jobs", help="Do the jobs on their schedule; else serve.jobs.")
    ] = None,
) -> None:
    """Serve the page, and do the jobs on their schedule, until told to stop."""
    here = session(ctx)
    _serve(here, host, port, jobs=here.app.settings.serve.jobs if jobs is None else jobs)


def _serve(here: Session, host: str | None, port: int | None, *, jobs: bool) -> None:
    """Listen first, then say where: the address that is printed is one that answers."""
    from bridge.web.listen import listen

    settings = here.app.settings
    address = host or settings.server.host
    asks = bool(settings.access.login)
    with listen(address, settings.server.port if port is None else port, asks=asks) as socket:
        Daemon(here, jobs=jobs).run(address, socket)


def summary(ctx: typer.Context) -> None:
    """Print the totals and the topics of the widest reach."""
    print_summary(session(ctx))


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option("--folder", help="Where the sample company lives.")] = Path(".demo"),
    page: Annotated[bool, typer.Option("--page/--no-page", help="Serve the page afterwards.")] = True,
    host: Host = None,
    port: Port = None,
) -> None:
    """Try everything on the sample company, apart from your own data; then serve the page."""
    from bridge.app import now
    from bridge.demo.settings import demo_toml

    file = folder / "bridge.toml"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        database = folder.absolute() / "bridge.db"
        file.write_text(demo_toml(now().date(), str(database)), encoding="utf-8")
        say(f"The sample company is in {folder}; delete that folder to be rid of it.")
    here = Session(config_path=file, quiet=session(ctx).quiet)
    _work(here)
    say(f"Look closer: feedback-bridge --config {file} topics list")
    if page:
        _serve(here, host, port, jobs=False)


def _work(here: Session) -> None:
    """Run the pipeline and print what it found."""
    from bridge.cli.working import print_result
    from bridge.pipeline.run import run

    app = here.app
    context = app.context(progress=here.progress)
    with app.only_one():
        result = run(context, app.pull(context))
    here.progress.end()
    print_result(result, tracker=context.settings.tracker, dry_run=False)
    print_summary(here)


def print_summary(here: Session) -> None:
    """Print the totals and the topics of the widest reach, with a quote each."""
    from bridge.report import topic_reports
    from bridge.store import topics as store
    from bridge.store.counts import totals
    from topics.trend import sparkline

    context = here.app.context()
    with context.database.reading() as session_:
        found = totals(session_)
        reports = topic_reports(session_, context.now)[:TOP]
        quotes = store.evidence(session_, [r.topic.number for r in reports], context.now)
    print(
        f"\n{found['items']} items by {found['people']} people, {found['statements']} statements: "
        f"{found.get('published', 0)} in {found['topics']} topics, {found.get('unsure', 0)} unsure"
    )
    rows = [
        {
            "topic": report.id,
            "people": report.counts.reach,
            "26 weeks": sparkline(report.trend.per_week),
            "title": report.topic.title,
            "someone says": _first(quotes.get(report.topic.number, [])),
        }
        for report in reports
    ]
    from bridge.cli.output import Format

    print_rows(rows, Format.TABLE)


def _first(quotes: list) -> str:  # type: ignore[type-arg]
    text = " ".join(quotes[0].text.split()) if quotes else ""
    return text if len(text) <= QUOTE else text[: QUOTE - 1].rstrip() + "…"
