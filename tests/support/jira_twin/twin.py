"""The twin: a Jira of our own to test against."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from jira_twin import webhook
from jira_twin.faults import Fault, Hook, Script, check_route
from jira_twin.index import Lag
from jira_twin.limits import Limits
from jira_twin.person import Person
from jira_twin.records import Effect, Issue, Project, Request
from jira_twin.routes import Routes
from jira_twin.server import Server
from jira_twin.service import Service
from jira_twin.state import Site

if TYPE_CHECKING:
    from jira_twin.speccheck import SpecCheck


def _checks(contracts: Path | None, flavour: str) -> SpecCheck | None:
    if contracts is None:
        return None
    from jira_twin.speccheck import SpecCheck

    return SpecCheck(contracts, flavour)


class Twin:
    """A Jira at 127.0.0.1, Cloud or Data Center, with faults, people, and a journal of what it committed.

    `contracts` is a folder with the published descriptions of the interface: requests and answers are then
    checked. `index_lag` is in seconds of the twin's clock, or (least, most) for a random one per write.
    `rate_limits` makes it refuse what is too fast; off by default because the clock is usually real.
    """

    def __init__(
        self,
        flavour: str = "cloud",
        seed: int = 0,
        index_lag: Lag = 0.0,
        contracts: Path | None = None,
        *,
        fake_clock: bool = False,
        rate_limits: bool = False,
        port: int = 0,
    ) -> None:
        if flavour not in {"cloud", "dc"}:
            raise ValueError(f"the flavour {flavour!r} is neither 'cloud' nor 'dc'")
        self.flavour = flavour
        self.site = Site(flavour, seed, index_lag, fake_clock=fake_clock)
        self.user = self.site.bot.email if flavour == "cloud" else self.site.bot.name
        self.token = "token"  # noqa: S105 - of a test server
        self.scopes: set[str] | None = None
        self.routes = Routes(flavour)
        self.script = Script(seed)
        self.limits = Limits(self.site.clock, on=rate_limits)
        self.spec = _checks(contracts, flavour)
        self.requests: list[Request] = []
        self.violations: list[str] = self.spec.violations if self.spec else []
        self.errors: list[str] = []  # tracebacks of the twin itself and of hooks; always to be empty
        self.hooks_before: list[Hook] = []
        self.hooks_after: list[Hook] = []
        self.webhook_modes: set[str] = set()
        self._numbers = itertools.count(1)
        self._port = port
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self.project("WEB")

    @property
    def url(self) -> str:
        """The base address."""
        return self.site.url

    @property
    def gateway_url(self) -> str:
        """The base address for scoped tokens (Cloud)."""
        return f"{self.url}/ex/jira/{self.site.cloud_id}"

    @property
    def credentials(self) -> tuple[str, str, set[str] | None]:
        """What callers must present."""
        return self.user, self.token, self.scopes

    def next_number(self) -> int:
        """Return the number of the next request."""
        return next(self._numbers)

    def start(self) -> Self:
        """Serve; at the same port again after a stop."""
        self._server = Server(Service(self), self._port)
        self._port = self._server.server_address[1]
        self.site.url = f"http://127.0.0.1:{self._port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Serve no more; the state stays."""
        if self._server and self._thread:
            self._server.finish()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    def project(self, key: str, **wanted: Any) -> Project:
        """Add or change a project.

        style="company" | "team"; kind="software" | "service_desk" | "product_discovery"; types=(names);
        required={type: {field: title}}; fields={field: (title, kind)}, kind string, textarea, number, date or
        option (then a tuple of options); archived; hidden={fields off the screens}; name, gone; for a new one
        workflow="simple" | "classic", reopen_clears=True.
        """
        with self.site.lock:
            return self.site.put_project(key, **wanted)

    def deny(self, project: str, *permissions: str) -> None:
        """Take permissions in a project from the bot."""
        self.site.projects[project].denied |= set(permissions)

    def allow(self, project: str, *permissions: str) -> None:
        """Give permissions back; without names all."""
        denied = self.site.projects[project].denied
        denied -= set(permissions or tuple(denied))

    def issues(self, project: str | None = None) -> list[Issue]:
        """Return pictures of all issues, deleted and archived ones too, in the order of their birth."""
        with self.site.lock:
            found = [one for one in self.site.issues.values() if project in {None, one.project}]
            return [one.picture() for one in found]

    def issue(self, which: str) -> Issue:
        """Return a picture of one issue by id, key or old key, deleted ones too."""
        with self.site.lock:
            return self.site.issues[self.site.keys.get(which, which)].picture()

    @property
    def journal(self) -> list[Effect]:
        """Every committed effect, in order."""
        with self.site.lock:
            return list(self.site.journal)

    @property
    def now(self) -> datetime:
        """The site's time."""
        return self.site.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the site's clock on."""
        with self.site.lock:
            self.site.clock.advance(seconds)

    @property
    def index_lag(self) -> Lag:
        """Seconds until a search sees a write."""
        return self.site.index.lag

    @index_lag.setter
    def index_lag(self, lag: Lag) -> None:
        self.site.index.lag = lag

    def fault(
        self,
        name: str,
        *,
        route: str | None = None,
        nth: int | None = None,
        times: int | None = 1,
        probability: float | None = None,
        **detail: Any,
    ) -> Fault:
        """Script a fault (see `faults`): from the nth matching request on, `times` times (None: for ever)."""
        fault = Fault(name=name, route=route, nth=nth, times=times, probability=probability, detail=detail)
        with self.site.lock:
            return self.script.add(fault, sorted(self.routes.handlers))

    def clear_faults(self) -> None:
        """Forget all scripted faults, a frozen index and a skewed clock; what was changed stays changed."""
        with self.site.lock:
            self.script.faults.clear()
            self.webhook_modes.clear()
            self.site.index.freeze(0)
            self.site.clock.skew = 0.0

    def as_person(self, name: str = "ann") -> Person:
        """Return somebody who works in the same Jira."""
        with self.site.lock:
            return Person(self.site, name)

    def before(self, route: str, run: Callable[..., Any], *, times: int | None = None) -> Hook:
        """Run something right before matching requests are handled; it may take the request."""
        return self._hook(self.hooks_before, route, run, times)

    def after_read(self, route: str, run: Callable[..., Any], *, times: int | None = None) -> Hook:
        """Run something right after a matching request was answered, before the caller does anything else."""
        return self._hook(self.hooks_after, route, run, times)

    def _hook(self, hooks: list[Hook], route: str, run: Callable[..., Any], times: int | None) -> Hook:
        check_route(route, sorted(self.routes.handlers))
        hook = Hook(route=route, run=run, times=times)
        hooks.append(hook)
        return hook

    def webhooks(self, secret: str, *modes: str, since: int = 0) -> list[webhook.Delivery]:
        """Return deliveries (headers, body) of the journal after a number, spoiled by `webhook.MODES`."""
        with self.site.lock:
            return webhook.deliveries(self.site, secret, {*modes, *self.webhook_modes}, since)
