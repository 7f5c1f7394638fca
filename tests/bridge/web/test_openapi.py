"""The description of what programs may ask says all that there is, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute

from bridge.web.openapi import ASKED, PATH
from bridge.web.verbs import VERBS


@pytest.fixture
def described(full: Any) -> dict[str, Any]:
    found: dict[str, Any] = full.browser().get(PATH).json()
    return found


def test_every_verb_and_every_twin_is_described(full: Any, described: dict[str, Any]):
    site: Any = full.browser().app
    programs = {
        route.path
        for route in site.routes
        if isinstance(route, APIRoute) and (route.path.startswith("/api/") or route.path.endswith(".json"))
    }

    assert set(described["paths"]) == programs - {PATH}
    assert {f"/api/topics/{{name}}/{verb.name}" for verb in VERBS} <= set(described["paths"])


def test_no_two_operations_have_one_name(described: dict[str, Any]):
    names = [one["operationId"] for path in described["paths"].values() for one in path.values()]

    assert len(names) == len(set(names))


def test_what_a_query_may_hold_is_answered(full: Any, described: dict[str, Any]):
    for path, names in ASKED.items():
        said = described["paths"][path]["get"]
        assert [one["name"] for one in said["parameters"]] == list(names)
        assert full.browser().get(path).status_code == 200


def test_twins_have_the_shape_that_is_described(full: Any, described: dict[str, Any]):
    kinds = {"object": dict, "array": list}
    for path, methods in described["paths"].items():
        if "get" not in methods:
            continue
        schema = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]

        found = full.browser().get(path.replace("{name}", "T-1").replace("{number}", "1")).json()

        assert isinstance(found, kinds[schema["type"]]), path


def test_the_description_does_not_change_what_is_there(full: Any, described: dict[str, Any]):
    assert described["openapi"].startswith("3.")
    assert full.browser().head("/topics.json").status_code == 200
