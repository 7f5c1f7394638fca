"""The command `check`: is everything ready, and how to mend what isn't."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.output import seen
from bridge.cli.session import Session, session
from bridge.errors import BridgeError, InputError

if TYPE_CHECKING:
    from bridge.cli.jira_check import Finding

_MARKS = {True: "ok   ", False: "FAIL ", None: "note "}


def check(
    ctx: typer.Context,
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave the sources and the tracker alone.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Measure Jira too, by reading alone: clock, search, limits, token.")
    ] = False,
    write_probe: Annotated[
        str | None,
        typer.Option(
            "--write-probe",
            metavar="PROJECT",
            help="Only measure Jira by writing on one issue of this sandbox project, and take it back.",
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on", metavar="KEY", help="With --write-probe: the issue; else a ticket of ours there."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --write-probe: yes, write.")] = False,
) -> None:
    """Test settings, database, models, sources and tracker, and say how to mend each fault."""
    here = session(ctx)
    _refuse_unfit(offline=offline, live=live, probed=write_probe, on=on, yes=yes)
    if write_probe is not None:
        _end(_said(_probe(here, write_probe, on, yes=yes)))
        return
    parts: list[tuple[str, Callable[[Session], str]]] = [
        ("settings", _settings),
        ("database", _database),
        ("encoder", _encoder),
        ("classifier", lambda s: f"{s.app.classifier.model_id}@{s.app.classifier.revision}"),
    ]
    if not offline:
        parts += [(f"source {s.name}", _source(s.name)) for s in _sources(here)]
    outcomes = [_passes(name, part, here) for name, part in parts]
    if not offline:
        outcomes += _said(_tracker(here, live=live))
    _end(outcomes)


def _refuse_unfit(*, offline: bool, live: bool, probed: str | None, on: str | None, yes: bool) -> None:
    if offline and (live or probed is not None):
        raise InputError("--offline leaves Jira alone, --live and --write-probe ask it; take one of them")
    if probed is None and (on is not None or yes):
        raise InputError("--on and --yes belong to --write-probe PROJECT; name the sandbox project")


def _end(outcomes: Iterable[tuple[str, bool]]) -> None:
    from bridge.errors import SettingsError

    told = list(outcomes)
    failed = list(dict.fromkeys(name for name, fine in told if not fine))
    if failed:
        raise SettingsError(f"{len(failed)} of {len(told)} checks failed: {', '.join(failed)}")


def _passes(name: str, part: Callable[[Session], str], here: Session) -> tuple[str, bool]:
    from connectors.errors import ConnectorError
    from topics.errors import TopicsError

    try:
        print(f"ok    {name}: {part(here)}")
    except (BridgeError, ConnectorError, TopicsError) as error:
        print(f"FAIL  {name}: {error}")
        return name, False
    return name, True


def _said(found: Iterable[Finding]) -> list[tuple[str, bool]]:
    """Print findings as they come; a remark is fine."""
    told = []
    for one in found:
        print(f"{_MARKS[one.fine]} {seen(one.name)}: {seen(one.words)}", flush=True)
        told.append((one.name, one.fine is not False))
    return told


def _settings(here: Session) -> str:
    files = ", ".join(str(file) for file in here.loaded().files)
    return files or "defaults only; write a file with: feedback-bridge init"


def _sources(here: Session) -> list:  # type: ignore[type-arg]
    try:
        return list(here.loaded().settings.sources)
    except BridgeError:
        return []


def _database(here: Session) -> str:
    from bridge.store.database import faults, head_revision

    database = here.app.database
    found = faults(database)
    if found:
        raise BridgeError(f"{database.path}: {found[0]}; restore a backup")
    return f"{database.path}, schema {head_revision()}"


def _encoder(here: Session) -> str:
    encoder = here.app.encoder
    vector = encoder.encode(["Where is my bag?"])
    return f"{encoder.model_id}@{encoder.revision}, {vector.shape[1]} numbers a text"


def _tracker(here: Session, *, live: bool) -> Iterable[Finding]:
    """Yield what is to say of the tracker; nothing when the settings themselves are wrong: that was said."""
    from bridge.app import now
    from bridge.cli import jira_check, jira_live

    try:
        settings = here.loaded().settings
    except BridgeError:
        return
    if settings.tracker != "jira":
        words = (
            "--live measures Jira, and this is the bridge's own backlog" if live else here.app.tracker().name
        )
        yield jira_check.Finding("tracker", words, fine=None if live else True)
        return
    try:
        desk = jira_check.Desk(settings, here.app.jira_site(), now())
    except BridgeError as error:
        yield jira_check.Finding("tracker", str(error), fine=False)
        return
    fine = True
    for one in jira_check.findings(desk):
        fine = fine and not (one.name == "tracker" and one.fine is False)
        yield one
    if live and fine:
        yield from jira_live.live(desk)


def _probe(here: Session, project: str, on: str | None, *, yes: bool) -> Iterable[Finding]:
    from bridge.app import now
    from bridge.cli.jira_check import Desk
    from bridge.cli.jira_live import TOUCHES, Probe
    from bridge.store.tickets import ticket_rows

    settings = here.loaded().settings
    if settings.tracker != "jira":
        raise InputError('--write-probe measures Jira; write tracker = "jira" and its settings first')
    key = on
    if key is None:
        with here.app.database.reading() as session_:
            rows = ticket_rows(session_)
        key = next((row["key"] for row in rows if row["project"] == project and row["key"]), None)
    if key is None:
        raise InputError(f"no ticket of ours is in {project}; name an issue of it with --on KEY")
    if not yes:
        raise InputError(
            f"this writes on {key}: {TOUCHES} labels, a property and a comment, each taken back, and whoever "
            f"watches it may get mail; if {project} is a sandbox, say so with --yes"
        )
    probe = Probe(desk=Desk(settings, here.app.jira_site(), now()), project=project)
    return probe.run(probe.issue(key))


def _source(name: str) -> Callable[[Session], str]:
    def look(here: Session) -> str:
        found = next(s for s in here.loaded().settings.sources if s.name == name)
        health = here.app.health(found)
        if not health.ok:
            raise BridgeError(health.message)
        return health.message

    return look
