"""Every address × every role × session and token: the gate lets in whom the table says, and nobody else."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from visitors import Browser, House, bearer, hash_quickly

from bridge.access import accounts, sessions
from bridge.access.roles import MAY, ROLES, SCOPES, Need, Role
from bridge.config.secret import Secret
from bridge.web.access import GuardedRoute

ROOT = Path(__file__).parents[3]
NOBODY = ("open", "signed")
REACHED = "reached"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, fresh: Path) -> Iterator[House]:
    """The site with an account of each role; behind the gate stands nothing but an answer."""
    from bridge.store.database import Database

    async def reached(_request: Any) -> PlainTextResponse:
        return PlainTextResponse(REACHED)

    folder = tmp_path_factory.mktemp("roles")
    shutil.copy(fresh, folder / "bridge.db")
    database = Database(f"sqlite:///{folder / 'bridge.db'}")
    with pytest.MonkeyPatch.context() as patch:
        hash_quickly(patch)
        patch.setattr(APIRoute, "get_route_handler", lambda _route: reached)
        now = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
        jira = {"webhook_secret": Secret("a secret")}
        made = House(database, folder, now, login=("accounts",), jira=jira)
        for role in ROLES:
            made.account(role, role)
        yield made
    database.close()


def requests(house: House) -> list[tuple[str, str, Need]]:
    """Return method, path and need of all addresses; names in a path stand for a topic."""
    return [
        (method, re.sub(r"\{[^}]*\}", "T-1", route.path), route.need)
        for route in house.site.routes
        if isinstance(route, GuardedRoute)
        for method in sorted(route.methods)
    ]


def wrong(house: House, browser: Browser, headers: dict[str, str], expected: Any) -> list[Any]:
    """Return the cells in which the answer is not the expected one."""
    house.clock.go_on(minutes=1)
    found = []
    for method, path, need in requests(house):
        answer = browser.request(method, path, headers=headers)
        was_reached = answer.status_code == 200 and (method == "HEAD" or answer.text == REACHED)
        told = "reached" if was_reached else str(answer.status_code)
        if told != expected(method, path, need):
            found.append((method, path, need, told))
    return found


def log_in(house: House, role: Role) -> tuple[Browser, dict[str, str]]:
    """Return a browser with a login of this role, and the headers of our own script."""
    browser = house.browser()
    with house.database.writing() as session:
        key = sessions.start(session, accounts.named(session, role), house.clock())
    browser.cookies.set("feedback-bridge", key)
    return browser, {"X-CSRF-Token": house.door.form_token(key)}


def test_every_address_says_what_it_needs(house: House):
    assert [route for route in house.site.routes if not isinstance(route, GuardedRoute)] == []
    assert len(requests(house)) > 60
    assert {need for _, path, need in requests(house) if path.startswith("/api/")} <= set(SCOPES)


@pytest.mark.parametrize("role", ROLES)
def test_a_login_reaches_what_its_role_may_and_nothing_else(house: House, role: Role):
    browser, headers = log_in(house, role)

    def expected(_method: str, _path: str, need: Need) -> str:
        return REACHED if need in NOBODY or need in MAY[role] else "403"

    assert wrong(house, browser, headers, expected) == []


@pytest.mark.parametrize("role", ROLES)
def test_a_token_reaches_what_its_owner_may_but_their_own_account(house: House, role: Role):
    def expected(_method: str, _path: str, need: Need) -> str:
        return REACHED if need in NOBODY or need in MAY[role] - {"self"} else "403"

    secret = house.token(f"of {role}", sorted(set(SCOPES) & MAY[role]), owner=role)
    assert wrong(house, house.browser(), bearer(secret), expected) == []


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_of_an_admin_with_one_scope_reaches_that_alone(house: House, scope: str):
    def expected(_method: str, _path: str, need: Need) -> str:
        return REACHED if need in (*NOBODY, scope) else "403"

    assert (
        wrong(house, house.browser(), bearer(house.token(f"only {scope}", [scope], owner="admin")), expected)
        == []
    )


def test_nobody_reaches_what_is_open_and_nothing_else(house: House):
    def expected(method: str, path: str, need: Need) -> str:
        if need == "signed" or (need == "open" and method != "POST"):
            return REACHED
        if need == "open":
            return "403"  # a form without its token
        is_page = method in ("GET", "HEAD") and not path.startswith("/api/")
        return "303" if is_page and not path.endswith((".json", ".csv")) and path != "/metrics" else "401"

    assert wrong(house, house.browser(), {}, expected) == []


def test_no_change_is_reached_by_a_login_without_the_token_of_a_form(house: House):
    browser, _ = log_in(house, "admin")

    def expected(method: str, _path: str, need: Need) -> str:
        return "403" if method not in ("GET", "HEAD") and need != "signed" else REACHED

    assert wrong(house, browser, {}, expected) == []


def test_no_change_is_reached_from_another_site(house: House):
    browser, headers = log_in(house, "admin")

    def expected(method: str, _path: str, need: Need) -> str:
        return "403" if method not in ("GET", "HEAD") and need != "signed" else REACHED

    assert wrong(house, browser, {**headers, "Origin": "https://evil.example"}, expected) == []


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_access", ROOT / "docs" / "access.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_in_the_documentation_is_as_the_routes_are(writer: ModuleType):
    assert writer.main(["--check"]) == 0
