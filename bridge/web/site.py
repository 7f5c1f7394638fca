"""The web application: which address shows what. What is decided goes by `deciding`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from bridge.access import door as access
from bridge.config.model import Settings
from bridge.errors import StoreError
from bridge.listing import listed
from bridge.pipeline.receiving import Inbox
from bridge.report import topic_detail
from bridge.store.database import Database, workspace_secret
from bridge.web import query
from bridge.web.access import install, may, needs
from bridge.web.account import add_account_pages
from bridge.web.accounts import add_accounts
from bridge.web.backlog import backlog, issue_page
from bridge.web.boards import add_boards
from bridge.web.bulk import add_bulk
from bridge.web.changes import add_changes
from bridge.web.deciding import add_verbs
from bridge.web.desk import Desk, Look
from bridge.web.digest import add_digest
from bridge.web.errors import PageError
from bridge.web.find import add_find
from bridge.web.guard import Guard, add_headers
from bridge.web.hooks import Door, hooks
from bridge.web.items import add_items
from bridge.web.listen import is_loopback
from bridge.web.log import add_log
from bridge.web.machine import add_machine
from bridge.web.map import add_map
from bridge.web.metrics import MEDIA_TYPE, failing_parts, metrics_text
from bridge.web.openapi import add_openapi
from bridge.web.quality import add_quality
from bridge.web.render import Page, Renderer, Sorry
from bridge.web.rules import add_rules
from bridge.web.runs import add_runs
from bridge.web.saved import add_saved
from bridge.web.sources import sources_page
from bridge.web.today import today
from bridge.web.topic import Merged, evidence_page, find, topic_page
from bridge.web.topics import as_csv, select, topic_list
from bridge.web.trends import add_trends
from bridge.web.twins import csv_answer, json_answer
from bridge.web.unassigned import unassigned
from bridge.web.webhook import PATH, JiraHook

if TYPE_CHECKING:
    from bridge.config.layers import Origin
    from bridge.jobs.pulse import Pulse
    from bridge.pipeline.context import Context

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" '
    'fill="#1f5f8b"/><path d="M2 11c2-6 10-6 12 0M5 8v3M11 8v3M2 12h12" fill="none" stroke="#fff"/></svg>'
)
_STYLE_AGE = 31_536_000  # seconds: a year, as its address changes with its content


def make_site(
    database: Database,
    settings: Settings,
    clock: Callable[[], datetime],
    pulse: Pulse | None = None,
    *,
    origins: Mapping[str, Origin] | None = None,
    work: Callable[[], Context] | None = None,
) -> FastAPI:
    """Return the page's application. `clock` gives the time that all figures are counted up to.

    `pulse` are the signs of life of the daemon, if this process is one. `origins` say of each setting where
    it came from. `work` makes the context of a run, with the tracker, for what somebody ticks.
    """
    app = FastAPI(title="Feedback Bridge", docs_url=None, redoc_url=None, openapi_url=None)
    site = _Site(database, settings, clock, pulse)
    app.state.renderer, app.state.desk = site.renderer, site.desk
    gate = install(app, access.Door(database, settings, clock))
    _add_pages(app, site)
    add_account_pages(app, gate, site.renderer)
    add_accounts(app, gate, site.renderer)
    add_boards(app, site.desk)
    add_verbs(app, site.desk)
    add_bulk(app, site.desk)
    add_items(app, site.desk)
    add_changes(app, site.desk, work, scheduled=pulse is not None and settings.serve.apply == "scheduled")
    add_log(app, site.desk)
    add_rules(app, site.desk)
    add_trends(app, site.desk)
    add_map(app, site.desk)
    add_quality(app, site.desk)
    add_digest(app, site.desk)
    add_machine(app, site.desk, origins)
    add_runs(app, site.desk, pulse)
    add_saved(app, site.desk)
    add_find(app, site.desk)
    add_openapi(app)
    app.add_exception_handler(PageError, site.on_page_error)
    app.add_exception_handler(HTTPException, site.on_http_error)
    app.add_exception_handler(StoreError, site.on_store_error)
    app.add_exception_handler(Exception, site.on_fault)
    signed = _add_hooks(app, database, settings, clock)
    names = _names(settings)
    https = settings.server.url.startswith("https://")
    app.add_middleware(Guard, names=names, signed=signed, refuse=site.refuse, https=https)
    return app


def _add_pages(app: FastAPI, site: _Site) -> None:
    """Add the pages that have no module of their own."""
    for path, show in (
        ("/", site.today),
        ("/topics", site.topics),
        ("/topics.json", site.topics_json),
        ("/topics.csv", site.topics_csv),
        ("/topics/{name}.json", site.topic_json),
        ("/topics/{name}", site.topic),
        ("/topics/{name}/evidence", site.evidence),
        ("/backlog", site.backlog),
        ("/backlog/{key}", site.issue),
        ("/sources", site.sources),
        ("/unassigned", site.unassigned),
        ("/healthz", site.healthz),
        ("/readyz", site.readyz),
        ("/metrics", site.metrics),
        ("/static/style.css", site.style),
        ("/static/keys.js", site.script),
        ("/icon.svg", site.icon),
    ):
        app.api_route(path, methods=["GET", "HEAD"])(show)


def _add_hooks(
    app: FastAPI, database: Database, settings: Settings, clock: Callable[[], datetime]
) -> set[tuple[str, str]]:
    """Add the addresses to which other systems send what they signed; return these, with their method."""
    signed: set[tuple[str, str]] = set()
    if secret := settings.jira.webhook_secret.reveal():
        app.post(PATH)(needs("signed")(JiraHook(database, secret, clock).receive))
        signed.add(("POST", PATH))
    for hook, connector in hooks(settings):
        inbox = Inbox(database, settings.paths.data, hook.name, connector)
        app.post(hook.path)(needs("signed")(Door(hook, inbox, clock).receive))
        signed.add(("POST", hook.path))
    return signed


def _names(settings: Settings) -> list[str]:
    """Return the names that the page answers to; while nobody has to log in, only those of this machine.

    `server.url` may stand there for links alone. Who comes under its name comes by a proxy, from elsewhere.
    """
    names = [settings.server.host, urlsplit(settings.server.url).hostname or ""]
    return names if settings.access.login else [name for name in names if is_loopback(name)]


class _Site:
    """The handlers, one for each address."""

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], datetime], pulse: Pulse | None
    ) -> None:
        self._database = database
        self._pulse = pulse
        self._settings = settings
        self._clock = clock
        self.renderer = Renderer()
        self.desk = Desk(database, settings, clock, self.renderer)

    @needs("read")
    def today(self, request: Request) -> HTMLResponse:
        """Show how things stand."""
        return self._page(
            request, lambda look: today(look.session, look.shelf, self._settings, look.now), "/"
        )

    @needs("read")
    def topics(self, request: Request) -> HTMLResponse:
        """Show the table of topics."""
        asked, page = query.topic_query(request.query_params), query.page_number(request.query_params)
        return self._page(request, lambda look: topic_list(look.shelf, look.now, asked, page), "/topics")

    @needs("read")
    def topics_json(self, request: Request) -> Response:
        """Give what `topics list --json` gives; a query narrows it as it narrows the page."""
        return json_answer(self._rows(request))

    @needs("read")
    def topics_csv(self, request: Request) -> Response:
        """Give the table of topics as a file."""
        return csv_answer(as_csv(self._rows(request)), "topics")

    def _rows(self, request: Request) -> list[dict[str, Any]]:
        asked = query.topic_query(request.query_params)
        with self._database.reading() as session:
            look = self.desk.look(session)
            return listed(session, look.shelf, look.now, select(look.shelf, asked))

    @needs("read")
    def topic(self, request: Request, name: str) -> Response:
        """Show a topic; a merged one leads to the topic it is part of."""
        return self._of_topic(request, name, "", topic_page)

    @needs("read")
    def evidence(self, request: Request, name: str) -> Response:
        """Show all that was said of a topic."""
        page = query.page_number(request.query_params)
        return self._of_topic(
            request, name, "/evidence", lambda look, number: evidence_page(look, number, page)
        )

    @needs("read")
    def topic_json(self, name: str) -> Response:
        """Give what `topics show --json` gives."""
        number, now = query.topic_number(name), self._clock()
        with self._database.reading() as session:
            try:
                detail = topic_detail(session, now, number)
                if detail is None:
                    find(session, now, number)
            except Merged as merged:
                return RedirectResponse(f"/topics/T-{merged.root}.json")
        return json_answer(detail)

    @needs("read")
    def backlog(self, request: Request) -> HTMLResponse:
        """Show the issues of the embedded backlog."""
        page, tracker = query.page_number(request.query_params), self._settings.tracker
        return self._page(request, lambda look: backlog(look.session, look.now, page, tracker), "/backlog")

    @needs("read")
    def issue(self, request: Request, key: str) -> HTMLResponse:
        """Show an issue of the embedded backlog."""
        return self._page(request, lambda look: issue_page(look.session, look.now, key), "/backlog")

    @needs("read")
    def sources(self, request: Request) -> HTMLResponse:
        """Show how the channels stand."""
        return self._page(
            request, lambda look: sources_page(look.session, self._settings, look.now), "/sources"
        )

    @needs("read")
    def unassigned(self, request: Request) -> HTMLResponse:
        """Show what fitted no topic."""
        page = query.page_number(request.query_params)
        return self._page(request, lambda look: unassigned(look.session, look.now, page), "/items")

    @needs("open")
    def healthz(self) -> JSONResponse:
        """Say that the process answers."""
        return JSONResponse({"status": "ok"})

    @needs("open")
    def readyz(self, request: Request) -> JSONResponse:
        """Say whether the store, the scheduler and the jobs work; to those who may read, what is wrong."""
        try:
            with self._database.reading() as session:
                workspace_secret(session)
                failing = failing_parts(session, self._settings, self._pulse)
        except StoreError as error:
            failing = {"database": str(error)}
        if failing:
            told = {"failing": failing} if may(request, "read") else {}
            return JSONResponse({"status": "not ready", **told}, status_code=503)
        return JSONResponse({"status": "ready"})

    @needs("read")
    def metrics(self) -> Response:
        """Give the figures that a monitor collects."""
        with self._database.reading() as session:
            text = metrics_text(self._database, session, self._settings, self._clock(), self._pulse)
        return Response(text, headers={"Content-Type": MEDIA_TYPE})

    @needs("open")
    def style(self, request: Request) -> Response:
        """Give the style sheet; it may be kept as long as its address stays."""
        return self._kept(request, self.renderer.style, self.renderer.style_tag, "text/css")

    def _kept(self, request: Request, content: bytes, tag: str, media: str) -> Response:
        headers = {"Cache-Control": f"public, max-age={_STYLE_AGE}, immutable", "ETag": f'"{tag}"'}
        if request.headers.get("if-none-match") == f'"{tag}"':
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=f"{media}; charset=utf-8", headers=headers)

    @needs("open")
    def script(self, request: Request) -> Response:
        """Give the script of the keys; it may be kept as long as its address stays."""
        return self._kept(request, self.renderer.script, self.renderer.script_tag, "text/javascript")

    @needs("open")
    def icon(self) -> Response:
        """Give the picture that a browser puts on the tab."""
        return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})

    def refuse(self, request: Request, name: str) -> Response:
        """Answer a request that names another machine."""
        message = (
            f"This page was asked for under the name {name[:80]!r}, which is not this server's. "
            "It answers to localhost, 127.0.0.1, and, once access.login says how people log in, to "
            "server.host and the host of server.url of the settings."
        )
        return self._sorry(request, 400, message)

    def on_page_error(self, request: Request, error: Exception) -> Response:
        """Answer a request that can't be answered as it was put."""
        status = error.status if isinstance(error, PageError) else 400
        answer = self._sorry(request, status, str(error))
        answer.headers.update(getattr(error, "headers", {}))
        return answer

    def on_http_error(self, request: Request, error: Exception) -> Response:
        """Answer an address or a method that isn't there."""
        status = error.status_code if isinstance(error, HTTPException) else 400
        words = {404: "There is no such page.", 405: "This address is not made for that method."}
        answer = self._sorry(request, status, words.get(status, str(error)))
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    def on_store_error(self, request: Request, error: Exception) -> Response:
        """Say what is wrong with the store."""
        answer = self._sorry(request, 503, str(error))
        answer.headers["Retry-After"] = "10"
        return answer

    def on_fault(self, request: Request, _error: Exception) -> Response:
        """Answer after a fault of ours; it goes on to the server's log."""
        answer = self._sorry(request, 500, "The page could not be made; the server's log says why.")
        add_headers(answer.headers)
        return answer

    def _page(self, request: Request, build: Callable[[Look], Page], place: str) -> HTMLResponse:
        return self.desk.page(request, build, place)

    def _of_topic(
        self, request: Request, name: str, under: str, build: Callable[[Look, int], Page]
    ) -> Response:
        number = query.topic_number(name)
        asked = f"?{request.url.query}" if request.url.query else ""
        if name != f"T-{number}":
            return RedirectResponse(f"/topics/T-{number}{under}{asked}")
        try:
            return self._page(request, lambda look: build(look, number), "/topics")
        except Merged as merged:
            return RedirectResponse(f"/topics/T-{merged.root}{under}{asked}")

    def _sorry(self, request: Request, status: int, message: str) -> Response:
        path = request.scope.get("path", "")
        if path.startswith("/api/") or path.endswith(".json"):
            return JSONResponse({"error": {"status": status, "message": message}}, status_code=status)
        page = Sorry(_SORRY.get(status, "This did not work"), message, _NEXT.get(status, ""))
        return self.renderer.html(page, request=request, status=status)


_SORRY = {
    400: "This can't be asked",
    401: "Who is it?",
    403: "This is not for you",
    404: "Not found",
    405: "Not allowed",
    409: "Not as things stand",
    413: "Too long",
    429: "Too fast",
    500: "A fault of ours",
    503: "The store can't be read just now",
}
_NEXT = {
    503: "Nothing was changed. Mend what it says, then load the page again; "
    "feedback-bridge check tells more.",
}
