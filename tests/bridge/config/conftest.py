from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config.load import load


class Desk:
    """A current folder, a user's folders, and a way to load from them."""

    def __init__(self, root: Path) -> None:
        self.cwd = root / "work"
        self.user = root / "user"
        self.data = root / "data"
        self.cache = root / "cache"
        for folder in (self.cwd, self.user):
            folder.mkdir()

    def write(self, text: str):
        (self.cwd / "bridge.toml").write_text(text, encoding="utf-8")

    def write_user(self, text: str):
        (self.user / "bridge.toml").write_text(text, encoding="utf-8")

    def load(
        self,
        *,
        flags: dict[str, object] | None = None,
        env: dict[str, str] | None = None,
        file: Path | None = None,
    ):
        return load(
            flags=flags or {},
            env=env or {},
            file=file,
            cwd=self.cwd,
            user_dir=self.user,
            data_dir=self.data,
            cache_dir=self.cache,
        )


@pytest.fixture
def desk(tmp_path: Path):
    return Desk(tmp_path)
