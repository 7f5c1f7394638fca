"""What programs may ask, as OpenAPI: the verbs, and the twins of pages."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.routing import APIRoute

from bridge.web.access import needs
from bridge.web.deciding import faults
from bridge.web.twins import json_answer

PATH: Final = "/api/openapi.json"
VERSION: Final = "1"
"""Version of the addresses and their shapes."""

ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "/topics.json": ("state", "kind", "source", "trend", "q", "sort"),
    "/review.json": ("view",),
    "/items.json": ("q", "like"),
    "/find.json": ("q",),
    "/rules/simulate.json": ("days",),
    "/changes/log.json": ("actor", "verb", "topic"),
}
"""What the query of a twin may hold."""

_OBJECTS: Final = frozenset({"/topics/{name}.json", "/changes.json", "/digest.json", "/runs/{number}.json"})
_NO_READING: Final = (409, 413, 422)  # faults of verbs alone


def add_openapi(app: FastAPI) -> None:
    """Add the description of all that was added before."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]

    @cache
    def described() -> dict[str, Any]:
        verbs = [route for route in routes if route.path.startswith("/api/")]
        twins = [_twin(route) for route in routes if route.path.endswith(".json")]
        found = get_openapi(title="Feedback Bridge", version=VERSION, routes=[*verbs, *twins])
        scheme = {"type": "http", "scheme": "bearer"}
        found.setdefault("components", {})["securitySchemes"] = {"token": scheme}
        return {**found, "security": [{"token": []}]}

    @needs("read")
    def openapi() -> Response:
        """Describe what programs may ask."""
        return json_answer(described())

    app.get(PATH, include_in_schema=False)(openapi)


def _twin(route: APIRoute) -> APIRoute:
    """Return a route of a twin as it is described: read alone, and with what its query may hold."""
    said = copy.copy(route)
    shape = {"type": "object"} if route.path in _OBJECTS else {"type": "array", "items": {"type": "object"}}
    said.methods, said.include_in_schema = {"GET"}, True
    said.responses = {
        200: {"description": "as the page", "content": {"application/json": {"schema": shape}}},
        **faults(*_NO_READING),
    }
    asked = [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in ASKED.get(route.path, ())
    ]
    said.openapi_extra = {"parameters": asked} if asked else None
    return said
