"""A page served on this machine, and a tab before it that is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass
class Served:
    """A page that is being served."""

    url: str
    database: Any
    settings: Any


@contextmanager
def serving(path: Path, clock: Callable[[], datetime] | None = None, **settings_: Any) -> Iterator[Served]:
    """Serve a store on a free port of this machine."""
    import uvicorn

    from bridge.app import now
    from bridge.config.model import Settings
    from bridge.store.database import Database
    from bridge.web.listen import listen
    from bridge.web.site import make_site

    database = Database(f"sqlite:///{path}")
    settings = Settings(
        database={"url": database.url},
        paths={"data": str(path.parent), "cache": str(path.parent)},
        **settings_,
    )
    site = make_site(database, settings, clock or now)
    with listen("127.0.0.1", 0) as socket:
        server = uvicorn.Server(uvicorn.Config(site, log_level="error", lifespan="off"))
        thread = Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
        thread.start()
        yield Served(f"http://127.0.0.1:{socket.getsockname()[1]}", database, settings)
        server.should_exit = True
        thread.join(10)
    database.close()


@dataclass
class Watched:
    """A tab whose requests and words in the console are noted."""

    page: Any
    url: str
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    without_csp: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    keys: int = 0

    def go(self, path: str):
        """Go to a page of ours."""
        return self.page.goto(self.url + path)

    def press(self, *keys: str):
        """Press keys one after another; a chord counts as many as it has."""
        for key in keys:
            self.keys += key.count("+") + 1
            self.page.keyboard.press(key)

    def json(self, path: str) -> Any:
        """Read a twin."""
        return self.page.request.get(self.url + path).json()

    def foreign(self) -> list[str]:
        """Return the requests to other hosts."""
        return [url for url in self.requests if not url.startswith(self.url)]


@contextmanager
def watching(chromium: Any, url: str, **options: Any) -> Iterator[Watched]:
    """Open a tab and watch it."""
    context = chromium.new_context(**options)
    page = context.new_page()
    tab = Watched(page, url)
    page.on("console", lambda message: tab.console.append(message.text))
    page.on("pageerror", lambda error: tab.console.append(str(error)))
    page.on("request", lambda request: tab.requests.append(request.url))
    page.on("dialog", lambda dialog: (tab.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("response", lambda answer: _look(tab, answer))
    yield tab
    context.close()


def _look(tab: Watched, answer: Any):
    if "content-security-policy" not in answer.headers:
        tab.without_csp.append(answer.url)
