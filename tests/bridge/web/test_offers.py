"""What a page offers is what may be done: no role is shown a form that answers with a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from starlette.routing import Match
from visitors import Browser, House, hash_quickly

from bridge.access.roles import MAY, ROLES, Need, Role
from bridge.models import Workspace
from bridge.web.access import GuardedRoute

PAGES = (
    *("/", "/topics", "/topics/T-1", "/topics/T-2", "/topics/T-1/evidence", "/topics/T-1/split"),
    *(f"/review?view={view}" for view in ("new", "duplicates", "low", "done")),
    *("/review?topic=T-1", "/topics/T-1/ticket", "/merge?ids=T-2,T-1", "/items?q=bag", "/unassigned"),
    *("/views", "/find?q=bag", "/changes", "/trends", "/rules", "/quality", "/changes/log", "/runs"),
    *("/runs/1", "/settings", "/accounts", "/account"),
)
FORM = re.compile(
    r'<form[^>]*method="post"[^>]*action="([^"]+)"|<form[^>]*action="([^"]+)"[^>]*method="post"'
)
LINK = re.compile(r'href="(/[^"#]*)"')


@pytest.fixture
def house(full: Any, monkeypatch: pytest.MonkeyPatch, now: datetime) -> House:
    hash_quickly(monkeypatch)
    with full.database.writing() as session:
        session.get_one(Workspace, 1).last_topic = 20
    made = House(full.database, full.path, now, login=("accounts",))
    for role in ROLES:
        made.account(role, role)
    return made


def need(house: House, method: str, path: str) -> Need:
    scope = {"type": "http", "method": method, "path": path.partition("?")[0]}
    routes = [route for route in house.site.routes if isinstance(route, GuardedRoute)]
    return next(route.need for route in routes if route.matches(scope)[0] is Match.FULL)


def offered(house: House, page: str) -> Iterator[tuple[str, Need]]:
    """Yield each address that a page's forms and links lead to, with what it needs."""
    for one, other in FORM.findall(page):
        yield one or other, need(house, "POST", one or other)
    for path in {link.replace("&amp;", "&") for link in LINK.findall(page)}:
        yield path, need(house, "GET", path)


@pytest.mark.parametrize("role", ["viewer", "triager", "auditor"])
def test_no_role_is_offered_what_it_may_not_do(house: House, let_in: Callable[[str], Browser], role: Role):
    browser, seen = let_in(role), 0

    for path in PAGES:
        answer = browser.get(path)
        if answer.status_code == 403:
            assert need(house, "GET", path) not in MAY[role]
            continue
        assert answer.status_code == 200, path
        beyond = {
            (place, what)
            for place, what in offered(house, answer.text)
            if what not in MAY[role] and what not in ("open", "signed")
        }
        assert beyond == set(), path
        seen += len(FORM.findall(answer.text))

    assert seen


def send(browser: Browser, path: str, fields: dict[str, str]) -> Any:
    found = re.search('name="csrf" content="([^"]+)"', browser.get("/help/keys").text)
    assert found
    return browser.post(path, data={"csrf": found[1], **fields})


def test_who_may_not_approve_is_not_offered_to_take_an_approval_back_or_to_edit_what_is_approved(
    let_in: Callable[[str], Browser],
):
    triager, approver = let_in("triager"), let_in("approver")
    done = send(approver, "/topics/T-1/approve", {"next": "/topics/T-1"})
    undo = "/topics/T-1/undo"

    for path in ("/topics/T-1", done.headers["location"], "/review?view=done"):
        assert undo not in triager.get(path).text, path
        assert undo in approver.get(path).text, path
    assert 'action="/topics/T-1/edit"' not in triager.get("/topics/T-1/ticket").text
    assert 'action="/topics/T-1/edit"' in approver.get("/topics/T-1/ticket").text


def test_who_decides_is_offered_to_take_back_what_is_theirs(let_in: Callable[[str], Browser]):
    triager = let_in("triager")
    done = send(triager, "/topics/T-1/rename", {"title": "Suitcases", "next": "/topics/T-1"})

    for path in ("/topics/T-1", done.headers["location"], "/review?view=done"):
        assert "/topics/T-1/undo" in triager.get(path).text, path
