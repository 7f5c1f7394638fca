"""The page of accounts: what an admin changes there, what is refused, and what the log says of it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from visitors import PASSWORD, Browser, House, bearer, hash_quickly

from bridge.access import accounts
from bridge.store import trail

SECRET = re.compile('<code class="secret">([^<]+)</code>')


@pytest.fixture
def house(full: Any, monkeypatch: pytest.MonkeyPatch, now: datetime) -> House:
    hash_quickly(monkeypatch)
    made = House(full.database, full.path, now, login=("accounts",))
    made.account("root", "admin")
    made.account("tri", "triager")
    return made


@pytest.fixture
def admin(house: House) -> Browser:
    browser = house.browser()
    assert browser.log_in("root").status_code == 303
    return browser


@pytest.fixture
def send(admin: Browser) -> Callable[..., Any]:
    def do(path: str, **fields: str) -> Any:
        return admin.fill_in(f"/accounts{path}", page="/accounts", **fields)

    return do


def rows(admin: Browser) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in admin.get("/accounts.json").json()}


def logged(house: House, count: int) -> list[tuple[str, str, str]]:
    with house.database.reading() as session:
        found = trail.entries(session, trail.Narrow(), limit=count)
        return [(row.actor, row.verb, row.subject) for row in found]


def test_the_page_tells_who_may_come_in_and_when_they_were_seen(
    house: House, admin: Browser, strictly: Callable[[str], Any]
):
    house.token("ci", owner="tri")

    page = admin.get("/accounts").text

    strictly(page)
    assert "the last admin who can come in" in page
    assert "<bdi>tri</bdi>" in page
    assert rows(admin)["tri"] | {"created": ""} == {
        "name": "tri",
        "role": "triager",
        "by": "password",
        "open": True,
        "created": "",
        "last_seen": None,
    }
    assert rows(admin)["root"]["last_seen"]
    listed = list(csv.DictReader(io.StringIO(admin.get("/accounts.csv").text)))
    assert [row["name"] for row in listed] == ["root", "tri"]


def test_a_new_account_comes_in_by_the_password_that_is_shown_once(
    house: House, admin: Browser, send: Callable[..., Any]
):
    answer = send("", name=" New@Acme.example ", role="approver", way="password")

    secret = SECRET.search(answer.text)
    assert secret
    assert answer.headers["cache-control"] == "no-store"
    assert secret[1] not in admin.get("/accounts").text
    assert house.browser().log_in("new@acme.example", secret[1]).status_code == 303
    assert rows(admin)["new@acme.example"]["role"] == "approver"
    assert logged(house, 2)[1] == ("root", "add account", "account new@acme.example")


def test_one_that_comes_in_otherwise_has_no_password(admin: Browser, send: Callable[..., Any]):
    assert send("", name="olga", role="viewer", way="oidc").status_code == 303

    assert rows(admin)["olga"]["by"] == "oidc"
    assert "Nobody comes in by identity provider just now" in admin.get("/accounts").text
    assert send("/password", name="olga").status_code == 409


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "tri", "role": "viewer"},
        {"name": "a b", "role": "viewer"},
        {"name": "", "role": "viewer"},
        {"name": "new", "role": "king"},
        {"name": "new", "role": "viewer", "way": "charm"},
    ],
)
def test_what_makes_no_account_is_refused_in_words(
    admin: Browser, send: Callable[..., Any], strictly: Callable[[str], Any], fields: dict[str, str]
):
    answer = send("", **fields)

    assert answer.status_code == 409
    strictly(answer.text)
    assert 'role="alert"' in answer.text
    assert len(rows(admin)) == 2


def test_another_role_counts_from_the_next_request_on(house: House, send: Callable[..., Any]):
    theirs = house.browser()
    theirs.log_in("tri")
    assert theirs.get("/runs").status_code == 403

    assert send("/role", name="tri", role="auditor").status_code == 303

    assert theirs.get("/runs").status_code == 200
    assert logged(house, 1) == [("root", "change role", "account tri")]


def test_a_disabled_account_is_out_at_once_by_every_way_until_it_is_enabled(
    house: House, admin: Browser, send: Callable[..., Any]
):
    theirs, head = house.browser(), bearer(house.token("ci", owner="tri"))
    theirs.log_in("tri")
    assert (
        theirs.get("/seen").status_code == house.browser().get("/seen.json", headers=head).status_code == 200
    )

    send("/disable", name="tri")

    assert theirs.get("/seen").status_code == 303
    assert house.browser().log_in("tri").status_code == 401
    assert house.browser().get("/seen.json", headers=head).status_code == 401
    assert rows(admin)["tri"]["open"] is False
    assert "✕ disabled" in admin.get("/accounts").text
    assert send("/disable", name="tri").status_code == 409

    send("/enable", name="tri")

    assert theirs.get("/seen").status_code == 303
    assert house.browser().log_in("tri").status_code == 303
    assert house.browser().get("/seen.json", headers=head).status_code == 200
    verbs = [verb for _, verb, _ in logged(house, 8)]
    assert {"disable account", "enable account"} <= set(verbs)


def test_a_new_password_ends_all_logins_and_the_old_one(house: House, send: Callable[..., Any]):
    theirs = house.browser()
    theirs.log_in("tri")

    secret = SECRET.search(send("/password", name="tri").text)

    assert secret
    assert theirs.get("/seen").status_code == 303
    assert house.browser().log_in("tri", PASSWORD).status_code == 401
    assert house.browser().log_in("tri", secret[1]).status_code == 303


def test_the_last_admin_who_can_come_in_stays_one(house: House, admin: Browser, send: Callable[..., Any]):
    house.account("absent", "admin", way="oidc")  # nobody comes in by the identity provider here
    house.account("second", "admin")
    assert send("/disable", name="second").status_code == 303

    for path, fields in (("/role", {"role": "viewer"}), ("/disable", {})):
        answer = send(path, name="root", **fields)
        assert answer.status_code == 409
        assert "root is the last admin who can come in" in answer.text
    assert rows(admin)["root"]["role"] == "admin"

    send("/enable", name="second")
    assert send("/role", name="root", role="viewer").status_code == 303
    assert admin.get("/accounts").status_code == 403


def test_many_admins_cost_the_page_no_more_queries_and_only_the_last_one_is_marked(full: Any, house: House):
    browser, asked, marked = full.browser(), [], []
    browser.get("/accounts")

    for names in ((), ("second", "third", "fourth")):
        for name in names:
            house.account(name, "admin")
        with full.counting_queries() as queries:
            page = browser.get("/accounts").text
        asked.append(len(queries))
        marked.append("the last admin who can come in" in page)

    assert asked[0] == asked[1] <= 12
    assert marked == [True, False]


def test_a_token_of_anybody_can_be_revoked(house: House, admin: Browser, send: Callable[..., Any]):
    head = bearer(house.token("ci", owner="tri"))

    assert send("/tokens/revoke", name="ci").status_code == 303

    assert house.browser().get("/seen.json", headers=head).status_code == 401
    assert send("/tokens/revoke", name="ci").status_code == 404
    assert logged(house, 1) == [("root", "revoke token", "token ci")]


def test_a_token_reads_accounts_and_changes_none(house: House):
    head = bearer(house.token("ops", ("manage",), owner="root"))
    browser = house.browser()

    assert browser.get("/accounts.json", headers=head).status_code == 200
    made = browser.post("/accounts", headers=head, data={"name": "me", "role": "admin", "way": "password"})

    assert made.status_code == 403
    assert "no token does" in made.text


def test_where_nobody_logs_in_accounts_can_be_made_and_it_says_when_they_count(
    full: Any, monkeypatch: pytest.MonkeyPatch, strictly: Callable[[str], Any]
):
    hash_quickly(monkeypatch)
    browser = full.browser()
    page = browser.get("/accounts").text

    strictly(page)
    assert "Nobody has to log in here yet" in page
    found = re.search('name="csrf" content="([^"]+)"', page)
    assert found
    sent = {"csrf": found[1], "name": "ana", "role": "admin", "way": "password"}
    assert SECRET.search(browser.post("/accounts", data=sent).text)
    with full.database.reading() as session:
        assert accounts.named(session, "ana").role == "admin"
