"""What every command is handed: the program's parts, and how to talk to the person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from bridge.cli.output import Terminal, say

if TYPE_CHECKING:
    from bridge.app import App
    from bridge.config.load import Loaded


class Session:
    """One call of the command line."""

    def __init__(self, *, config_path: Path | None, quiet: bool) -> None:
        self.config_path = config_path
        self.quiet = quiet
        self.cwd = Path.cwd()
        self.progress = Terminal(quiet=quiet)
        self._app: App | None = None

    @property
    def app(self) -> App:
        """The program's parts; warnings of the settings are said once."""
        if self._app is None:
            from bridge.app import App

            self._app = App(config_path=self.config_path)
            for warning in self._app.loaded().warnings:
                say(f"warning: {warning}")
        return self._app

    def loaded(self) -> Loaded:
        """Return the settings with their origins."""
        return self.app.loaded()

    def hint(self, text: str) -> None:
        """Say something useful that is no data, unless asked to be quiet."""
        if not self.quiet:
            say(text)


def session(ctx: typer.Context) -> Session:
    """Return the session of a command."""
    return cast("Session", ctx.obj)


def context(ctx: typer.Context, as_of: str | None = None, **extra: Any) -> Any:
    """Return the pipeline's context for a command."""
    from bridge.times import parse_as_of

    here = session(ctx)
    return here.app.context(as_of=parse_as_of(as_of), progress=here.progress, **extra)
