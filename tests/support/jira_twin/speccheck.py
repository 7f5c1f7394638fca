"""Requests and answers against the published descriptions of the interface, where those are at hand."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.testing import MockRequest, MockResponse

from jira_twin.exchange import Answer, Call

FILES = {("cloud", "3"): "cloud-v3*.json", ("cloud", "2"): "cloud-v2*.json", ("dc", "2"): "dc-*.json"}
OK = 300
OUT_OF_BAND = {401, 410, 429}  # the forms of a 401 differ from the one described
LOOSE = ("date-time", "date", "uri", "uuid")  # the sites write times as +0000 and days as 2026-11-21


def _loosened(node: Any) -> Any:
    if isinstance(node, dict):
        left_out = {name for name, value in node.items() if name == "security" and isinstance(value, list)}
        kept = {name: _loosened(value) for name, value in node.items() if name not in left_out}
        if kept.get("format") in LOOSE:
            del kept["format"]
        return kept
    return [_loosened(one) for one in node] if isinstance(node, list) else node


def _repaired(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the description without what is known to be wrong in it, as real sites show."""
    schemas = spec["components"]["schemas"]
    for name in ("Project", "ProjectDetails"):  # Jira Product Discovery came later than the list
        kinds = schemas.get(name, {}).get("properties", {}).get("projectTypeKey")
        if kinds:
            kinds.pop("enum", None)
    if "EntityPropertyBean" in schemas:  # a value is any JSON, not a string
        schemas["EntityPropertyBean"]["properties"]["value"] = {}
    if "StringList" in schemas:  # a list with commas, not an object
        schemas["StringList"] = {}
    if "PropertiesBean" in schemas:
        schemas["PropertiesBean"] = {"type": "object"}
    for path, methods in spec["paths"].items():
        if path.endswith(
            "/{issueIdOrKey}/remotelink"
        ):  # a list without globalId, one link with it; 201 for a new one
            methods["get"]["responses"]["200"]["content"] = {"application/json": {"schema": {}}}
            methods["post"]["responses"].setdefault("201", methods["post"]["responses"]["200"])
        if path.endswith("/{issueIdOrKey}/transitions"):
            _known(methods["get"], "expand")
        if path.endswith(("/comment", "/comment/{id}")):
            _known(methods["get"], "expand")
    return spec


def _known(operation: dict[str, Any], name: str) -> None:
    named = {one.get("name") for one in operation.setdefault("parameters", [])}
    if name not in named:
        operation["parameters"].append({"name": name, "in": "query", "schema": {"type": "string"}})


@functools.lru_cache(maxsize=6)
def _description(path: Path) -> OpenAPI:
    spec = _repaired(_loosened(json.loads(path.read_text(encoding="utf-8"))))
    return OpenAPI.from_dict(spec, config=Config(spec_validator_cls=None))


@functools.lru_cache(maxsize=2)
def _adf_schema(path: Path) -> Any:
    from jsonschema import Draft4Validator  # type: ignore[import-untyped]

    return Draft4Validator(json.loads(path.read_text(encoding="utf-8")))


class SpecCheck:
    """Collects what breaks the published description."""

    def __init__(self, folder: Path, flavour: str) -> None:
        self.violations: list[str] = []
        self._specs = {
            version: _description(next(iter(folder.glob(pattern))).resolve())
            for (name, version), pattern in FILES.items()
            if name == flavour
        }
        self._adf = _adf_schema(next(iter(folder.glob("adf-schema*.json"))).resolve())

    def adf(self, document: Any) -> str | None:
        """Return what the document schema says against a document."""
        error = next(iter(self._adf.iter_errors(document)), None)
        return None if error is None else f"{error.message:.200}"

    def request(self, call: Call) -> None:
        """Check a request."""
        if call.version in self._specs:
            self._note(call, "request", lambda spec: spec.validate_request(self._asked(call)))

    def answer(self, call: Call, answer: Answer) -> None:
        """Check an answer; errors that the description doesn't list pass."""
        if (
            call.version not in self._specs
            or not call.route
            or answer.status in OUT_OF_BAND
            or answer.status >= 500
        ):
            return
        body = answer.encoded()
        got = MockResponse(data=body, status_code=answer.status, content_type="application/json")
        if not body:
            return
        asked = self._asked(call)
        self._note(call, "answer", lambda spec: spec.validate_response(asked, got), status=answer.status)

    def _note(self, call: Call, what: str, check: Any, status: int = 200) -> None:
        try:
            check(self._specs[call.version])
        except OpenAPIError as error:
            if status >= OK and isinstance(error, ResponseNotFound):
                return
            self.violations.append(f"{what} {call.number} {call.method} {call.path}: {self._deep(error)}")

    @staticmethod
    def _deep(error: BaseException) -> str:
        parts = []
        current: BaseException | None = error
        while current is not None:
            parts.append(f"{type(current).__name__}: {current}")
            parts += [f"{one.message} at {list(one.path)}" for one in getattr(current, "schema_errors", ())]
            current = current.__cause__
        return " <- ".join(parts)[:600]

    @staticmethod
    def _asked(call: Call) -> MockRequest:
        args = {name: (values if len(values) > 1 else values[0]) for name, values in call.query.items()}
        return MockRequest(
            "http://127.0.0.1",
            call.method.lower(),
            f"/rest/api/{call.version}{call.rest}",
            args=args,
            data=json.dumps(tolerated(call)).encode() if call.json is not None else call.raw,
        )


def tolerated(call: Call) -> Any:
    """Return the body without what real sites tolerate: transition ids as numbers, `null` for nothing."""
    body = call.json
    if not isinstance(body, dict):
        return body
    way = body.get("transition")
    if isinstance(way, dict) and isinstance(way.get("id"), int):
        body = body | {"transition": way | {"id": str(way["id"])}}
    if call.route in {"POST /issueLink", "POST /search/jql"}:
        body = {name: value for name, value in body.items() if value is not None}
    return body
