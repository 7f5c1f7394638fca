"""From a page's context to its HTML; everything is escaped but what our own code drew."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, ClassVar, Final, Protocol
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bridge.access.roles import Need, may
from bridge.models import SavedView
from bridge.web.access import csrf, who
from bridge.web.drawing import form
from bridge.web.toast import Toast
from bridge.web.verbs import REASONS, SLEEPS
from bridge.web.words import counted, legible

NAVIGATION: Final = (
    ("/", "Today", "g h"),
    ("/review", "Review", "g r"),
    ("/topics", "Topics", "g t"),
    ("/trends", "Trends", "g w"),
    ("/items", "Items", "g i"),
    ("/unassigned", "Unassigned", "g n"),
    ("/changes", "Changes", "g c"),
    ("/backlog", "Backlog", "g b"),
    ("/sources", "Sources", "g s"),
)
"""Address, name and key of each page at the top."""

MORE: Final[tuple[tuple[str, str, Need], ...]] = (
    ("/map", "Map", "read"),
    ("/views", "Views", "read"),
    ("/rules", "Rules", "read"),
    ("/quality", "Quality", "read"),
    ("/digest", "Digest", "read"),
    ("/changes/log", "Log", "audit"),
    ("/runs", "Runs", "audit"),
    ("/accounts", "Accounts", "manage"),
    ("/settings", "Settings", "manage"),
)
"""Address, name and need of each page that the foot of a page leads to."""


SCRIPTS: Final = ("keys.js", "remap.js", "palette.js", "live.js")
"""What the one script of the page is made of, in this order."""


class Page(Protocol):
    """The context of a page: what its template may show."""

    template: ClassVar[str]

    @property
    def title(self) -> str:
        """The page's title, and its one h1."""
        ...


@dataclass(frozen=True, slots=True)
class Sorry:
    """The page of a request that can't be answered."""

    template: ClassVar[str] = "sorry.html"
    title: str
    message: str
    next_step: str


class Renderer:
    """Makes pages from templates. The style sheet is read once; its address changes with its content."""

    def __init__(self) -> None:
        self.style = files("bridge.web").joinpath("static/style.css").read_bytes()
        self.style_tag = hashlib.sha256(self.style).hexdigest()[:12]
        self.script = b"".join(
            files("bridge.web").joinpath(f"static/{name}").read_bytes() for name in SCRIPTS
        )
        self.script_tag = hashlib.sha256(self.script).hexdigest()[:12]
        self._environment = Environment(
            loader=PackageLoader("bridge.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_legible,
        )
        self._environment.globals.update(
            navigation=NAVIGATION,
            more=MORE,
            style=f"/static/style.css?v={self.style_tag}",
            script=f"/static/keys.js?v={self.script_tag}",
            counted=counted,
            form=form,
            reasons=REASONS,
            sleeps=SLEEPS,
        )

    def warm(self) -> None:
        """Read all templates, so that the first view of none waits for it."""
        for name in self._environment.list_templates():
            self._environment.get_template(name)

    def html(
        self,
        page: Page,
        *,
        request: Request | None = None,
        place: str = "",
        status: int = 200,
        toast: Toast | None = None,
        views: Sequence[SavedView] = (),
    ) -> HTMLResponse:
        """Return a page; `place` is the address in the navigation that it belongs to.

        `request` says who is asking, and so what the page offers; without it nobody is. `toast` is what was
        just decided, `views` are the saved ones of the page.
        """
        actor = None if request is None else who(request)
        text = self._environment.get_template(page.template).render(
            page=page,
            place=place,
            toast=toast,
            views=views,
            here=_here(request),
            actor=actor,
            csrf="" if request is None else csrf(request),
            may=lambda need: may(actor, need),
        )
        return HTMLResponse(text, status_code=status)


def _here(request: Request | None) -> str:
    """Return the address of this page, without what was just done."""
    if request is None:
        return "/"
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "done"]
    return request.url.path + (f"?{urlencode(asked)}" if asked else "")


def _legible(value: Any) -> Any:
    return legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
