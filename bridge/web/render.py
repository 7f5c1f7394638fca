"""From a page's context to its HTML; everything is escaped but what our own code drew."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, ClassVar, Final, Protocol

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bridge.web.words import counted, legible

NAVIGATION: Final = (
    ("/", "Today"),
    ("/review", "Review"),
    ("/topics", "Topics"),
    ("/backlog", "Backlog"),
    ("/unassigned", "Unassigned"),
    ("/sources", "Sources"),
)


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
        self._environment = Environment(
            loader=PackageLoader("bridge.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_legible,
        )
        self._environment.globals.update(
            navigation=NAVIGATION, style=f"/static/style.css?v={self.style_tag}", counted=counted
        )

    def html(self, page: Page, *, place: str = "", status: int = 200) -> HTMLResponse:
        """Return a page; `place` is the address in the navigation that it belongs to."""
        text = self._environment.get_template(page.template).render(page=page, place=place)
        return HTMLResponse(text, status_code=status)


def _legible(value: Any) -> Any:
    return legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
