"""The command `check`: is everything ready, and how to mend what isn't."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from bridge.cli.session import Session, session
from bridge.errors import BridgeError


def check(
    ctx: typer.Context,
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave the sources and the tracker alone.")
    ] = False,
) -> None:
    """Test settings, database, models, sources and tracker, and say how to mend each fault."""
    from bridge.errors import SettingsError

    here = session(ctx)
    parts: list[tuple[str, Callable[[Session], str]]] = [
        ("settings", _settings),
        ("database", _database),
        ("encoder", _encoder),
        ("classifier", lambda s: f"{s.app.classifier.model_id}@{s.app.classifier.revision}"),
    ]
    if not offline:
        parts.append(("tracker", _tracker))
        parts += [(f"source {s.name}", _source(s.name)) for s in _sources(here)]
    failed = [name for name, part in parts if not _passes(name, part, here)]
    if failed:
        raise SettingsError(f"{len(failed)} of {len(parts)} checks failed: {', '.join(failed)}")


def _passes(name: str, part: Callable[[Session], str], here: Session) -> bool:
    from connectors.errors import ConnectorError
    from topics.errors import TopicsError

    try:
        print(f"ok    {name}: {part(here)}")
    except (BridgeError, ConnectorError, TopicsError) as error:
        print(f"FAIL  {name}: {error}")
        return False
    return True


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


def _tracker(here: Session) -> str:
    return here.app.tracker().name


def _source(name: str) -> Callable[[Session], str]:
    def look(here: Session) -> str:
        from bridge.app import build_source, now

        found = next(s for s in here.loaded().settings.sources if s.name == name)
        health = build_source(found.connector, found.revealed(), now()).check()
        if not health.ok:
            raise BridgeError(health.message)
        return health.message

    return look
