"""The command line in this process: what it prints, where, and how it ends."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.__main__ import main


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """What it printed as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Desk:
    """A current folder with settings that need no models."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._patch = patch
        patch.chdir(root)
        self.set("")

    def set(self, toml: str) -> None:
        """Write the settings file."""
        own = 'topics.encoder = "hash"\ndatabase.url = "sqlite:///bridge.db"\npaths.data = "data"\n'
        (self.root / "bridge.toml").write_text(own + toml, encoding="utf-8")

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file beside the settings."""
        path = self.root / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def __call__(self, *words: str) -> Ended:
        """Run a command to its end."""
        self._patch.setattr(sys, "argv", ["feedback-bridge", *words])
        out, err = io.StringIO(), io.StringIO()
        code = 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Ended(code, out.getvalue(), err.getvalue())
