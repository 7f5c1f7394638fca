"""People and programs before the page: a site with a login, its accounts, and browsers from anywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from bridge.access import accounts, passwords, tokens
from bridge.access.door import Door
from bridge.access.roles import Role, Way
from bridge.config.model import Settings
from bridge.store.database import Database
from bridge.web.access import needs
from bridge.web.site import make_site

PASSWORD = "correct horse battery"  # noqa: S105 - a test's own
FIELD = re.compile(r'name="csrf" value="([^"]+)"')


def hash_quickly(patch: pytest.MonkeyPatch):
    """Let hashes of passwords cost next to nothing."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._of_nobody.cache_clear()
    patch.setattr(passwords, "hasher", lambda: cheap)


@needs("read")
def seen() -> PlainTextResponse:
    """Show something that asks no more of the site than to be read."""
    return PlainTextResponse("seen")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def go_on(self, **much: float):
        self.at += timedelta(**much)


class House:
    """A site and its settings of access."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        now: datetime,
        *,
        url: str = "",
        host: str = "127.0.0.1",
        sources: Sequence[Any] = (),
        jira: Any = None,
        **access: Any,
    ) -> None:
        self.database = database
        self.clock = Clock(now)
        self.settings = Settings(
            database={"url": database.url},
            paths={"data": folder, "cache": folder},
            server={"url": url, "host": host},
            access=access,
            source=sources,
            **({"jira": jira} if jira else {}),
        )
        self.site = make_site(database, self.settings, self.clock)
        self.door: Door = self.site.state.gate.door
        for path in ("/seen", "/seen.json"):
            self.site.get(path)(seen)

    def account(
        self, name: str = "ana", role: Role = "viewer", *, way: Way = "password", password: str = PASSWORD
    ):
        """Add an account."""
        with self.database.writing() as session:
            given = password if way == "password" else None
            accounts.add(session, name, role, self.clock(), password=given, way=way, actor="test")

    def token(
        self, name: str = "ci", scopes: Sequence[str] = ("read",), *, owner: str | None = None, days: int = 1
    ) -> str:
        """Make a token; returns its secret."""
        with self.database.writing() as session:
            account = accounts.named(session, owner) if owner else None
            issued = tokens.issue(
                session, name, scopes=scopes, now=self.clock(), lasts=timedelta(days=days), owner=account
            )
            return issued.secret

    def browser(self, peer: str = "127.0.0.1", base: str = "http://127.0.0.1:8765") -> Browser:
        """Open a browser at an address."""
        return Browser(self.site, base_url=base, client=(peer, 50_000), follow_redirects=False)


class Browser(TestClient):
    """A browser that finds the token of a page's forms."""

    def form_token(self, path: str = "/login") -> str:
        """Return the token in the first form of a page."""
        found = FIELD.search(self.get(path).text)
        assert found, f"{path} has no form"
        return found[1]

    def fill_in(self, path: str, page: str = "/login", headers: Any = None, **fields: Any) -> Any:
        """Send a form of a page."""
        data = {"csrf": self.form_token(page), **fields}
        return self.post(path, data=data, headers=headers)

    def log_in(self, name: str = "ana", password: str = PASSWORD, **fields: Any) -> Any:
        """Log in by the form."""
        return self.fill_in("/login", name=name, password=password, **fields)


def bearer(secret: str) -> dict[str, str]:
    """Return the header of a program."""
    return {"Authorization": f"Bearer {secret}"}
