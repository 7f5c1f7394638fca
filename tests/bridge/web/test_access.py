from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import select
from visitors import PASSWORD, House, bearer, hash_quickly

from bridge.access import accounts, tokens
from bridge.access.door import Refused
from bridge.access.roles import Actor
from bridge.models import Audit, UserSession
from bridge.web.access import need_of, needs
from bridge.web.guard import LIMIT

HTTPS = "https://bridge.example.org"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch):
    hash_quickly(monkeypatch)


@pytest.fixture
def house(empty: Any, now: datetime) -> Callable[..., House]:
    def make(**settings: Any) -> House:
        return House(empty.database, empty.path, now, **settings)

    return make


@pytest.fixture
def asking(house: Callable[..., House]) -> House:
    """A site that people log in to by password, with one of them."""
    made = house(login=("accounts",))
    made.account("ana", "approver")
    return made


def events(house: House) -> list[tuple[str, str, str]]:
    with house.database.reading() as session:
        return [(row.actor, row.verb, row.subject) for row in session.exec(select(Audit))]


def test_without_a_login_whoever_is_at_this_machine_may_do_everything(house: Callable[..., House]):
    browser = house().browser()

    assert browser.get("/seen").status_code == 200
    assert "whoever sits at this machine" in browser.get("/account").text


def test_a_page_leads_to_the_login_and_from_there_back(asking: House):
    browser = asking.browser()

    refused = browser.get("/seen?page=2")
    let_in = browser.log_in(next="/seen?page=2")

    assert refused.status_code == 303
    assert refused.headers["location"] == "/login?next=%2Fseen%3Fpage%3D2"
    assert let_in.status_code == 303
    assert let_in.headers["location"] == "/seen?page=2"
    assert browser.get("/seen").status_code == 200


@pytest.mark.parametrize("path", ["/topics.json", "/topics.csv", "/metrics"])
def test_programs_are_refused_in_their_own_way(asking: House, path: str):
    answer = asking.browser().get(path)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login", "/static/style.css", "/icon.svg"])
def test_what_is_open_is_open(asking: House, path: str):
    assert asking.browser().get(path).status_code == 200


def test_a_wrong_name_and_a_wrong_password_are_told_apart_by_nothing(asking: House):
    browser = asking.browser()

    nobody = browser.log_in("bob")
    wrong = browser.log_in("ana", "wrong horse battery")
    same_name = wrong.text.replace('value="ana"', 'value="bob"')

    assert nobody.status_code == wrong.status_code == 401
    assert nobody.text == same_name
    assert "not right" in nobody.text


def test_the_key_of_a_login_is_new_and_one_brought_along_is_never_taken(asking: House):
    victim = asking.browser()
    victim.cookies.set("feedback-bridge", "planted-by-somebody")

    victim.log_in()
    key = victim.cookies.get("feedback-bridge", domain="127.0.0.1")
    attacker = asking.browser()
    attacker.cookies.set("feedback-bridge", "planted-by-somebody")

    assert key
    assert key != "planted-by-somebody"
    assert attacker.get("/seen").status_code == 303


def test_a_second_login_ends_the_first_in_the_same_browser(asking: House):
    browser = asking.browser()
    browser.log_in()
    first = browser.cookies["feedback-bridge"]
    field = browser.form_token("/account")

    browser.post("/login", data={"csrf": field, "name": "ana", "password": PASSWORD})
    thief = asking.browser()
    thief.cookies.set("feedback-bridge", first)

    assert browser.cookies["feedback-bridge"] != first
    assert browser.get("/seen").status_code == 200
    assert thief.get("/seen").status_code == 303


def test_the_store_holds_no_key_that_opens_anything(asking: House):
    browser = asking.browser()
    browser.log_in()
    secret = asking.token()

    with asking.database.reading() as session:
        row = session.exec(select(UserSession)).one()
        kept = tokens.by_name(session, "ci")
        account = accounts.by_name(session, "ana")

    assert browser.cookies["feedback-bridge"] not in row.model_dump_json()
    assert kept is not None
    assert secret not in kept.model_dump_json()
    assert account is not None
    assert (account.password_hash or "").startswith("$argon2id$")


def test_a_login_ends_after_eight_hours_without_use(asking: House):
    browser = asking.browser()
    browser.log_in()

    asking.clock.go_on(hours=7, minutes=50)
    assert browser.get("/seen").status_code == 200
    asking.clock.go_on(hours=7, minutes=50)
    assert browser.get("/seen").status_code == 200
    asking.clock.go_on(hours=8)
    assert browser.get("/seen").status_code == 303


def test_a_login_ends_after_seven_days_however_much_it_is_used(asking: House):
    browser = asking.browser()
    browser.log_in()

    for _ in range(23):
        asking.clock.go_on(hours=7)
        assert browser.get("/seen").status_code == 200
    asking.clock.go_on(hours=7)

    assert browser.get("/seen").status_code == 303


def test_logging_out_ends_the_login_itself_and_not_only_the_cookie(asking: House):
    browser = asking.browser()
    browser.log_in()
    key = browser.cookies["feedback-bridge"]

    answer = browser.fill_in("/logout", "/account")
    thief = asking.browser()
    thief.cookies.set("feedback-bridge", key)

    assert answer.headers["location"] == "/login"
    assert "feedback-bridge" not in browser.cookies
    assert thief.get("/seen").status_code == 303


def test_logging_out_everywhere_ends_all_logins_of_this_account_and_of_no_other(asking: House):
    asking.account("bob")
    one, two, other = asking.browser(), asking.browser(), asking.browser()
    one.log_in()
    two.log_in()
    other.log_in("bob")

    one.fill_in("/account/logout-everywhere", "/account")

    assert [browser.get("/seen").status_code for browser in (one, two, other)] == [303, 303, 200]


def test_another_role_holds_from_the_next_request_on_and_a_removed_account_is_out(asking: House):
    browser = asking.browser()
    browser.log_in()
    key = asking.token("mine", ["read", "approve"], owner="ana")
    asked = "You are <bdi>ana</bdi>, "

    with asking.database.writing() as session:
        accounts.set_role(session, accounts.named(session, "ana"), "viewer", asking.clock(), "test")
    as_viewer = browser.get("/account").text
    with asking.database.writing() as session:
        accounts.remove(session, accounts.named(session, "ana"), asking.clock(), "test")

    assert asked + "viewer" in as_viewer
    assert browser.get("/seen").status_code == 303
    assert asking.browser().get("/seen.json", headers=bearer(key)).status_code == 401


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\tevil",
        "//evil.example/\n/x",
        "",
        "evil.example",
        "/login",
    ],
)
def test_a_login_leads_nowhere_but_to_our_own_pages(asking: House, to: str):
    assert asking.browser().log_in(next=to).headers["location"] == "/"


def test_a_cookie_over_https_is_bound_to_the_host_and_closed_to_scripts(empty: Any, now: datetime):
    house = House(empty.database, empty.path, now, url=HTTPS, host="127.0.0.1", login=("accounts",))
    house.account()
    browser = house.browser(base=HTTPS)

    answer = browser.log_in()
    own = [c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-feedback-bridge=")]

    assert len(own) == 1
    parts = {part.strip().lower() for part in own[0].split(";")[1:]}
    assert parts >= {"httponly", "secure", "path=/", "samesite=lax"}
    assert not any(part.startswith("domain") for part in parts)
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert browser.get("/seen").status_code == 200


def test_a_cookie_on_this_machine_is_closed_to_scripts_too(asking: House):
    answer = asking.browser().log_in()

    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("feedback-bridge="))
    assert {"httponly", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://127.0.0.1:8765.evil.example"},
        {"Origin": "http://127.0.0.1:8765@evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("login", [(), ("accounts",)])
def test_a_form_from_another_site_does_nothing_even_with_the_right_token(
    house: Callable[..., House], headers: dict[str, str], login: tuple[str, ...]
):
    made = house(login=login)
    made.account("ana", "admin")
    browser = made.browser()
    if login:
        browser.log_in()

    answer = browser.fill_in("/account/tokens", "/account", headers, name="stolen", scope="read")

    assert answer.status_code == 403
    assert "another site" in answer.text
    assert "add token" not in [verb for _, verb, _ in events(made)]


@pytest.mark.parametrize("login", [(), ("accounts",)])
def test_our_own_form_is_taken(house: Callable[..., House], login: tuple[str, ...]):
    made = house(login=login)
    made.account("ana", "admin")
    browser = made.browser()
    if login:
        browser.log_in()
    ours = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}

    answer = browser.fill_in("/account/tokens", "/account", ours, name="mine", scope="read")

    assert answer.status_code == 200
    assert "fb_" in answer.text


@pytest.mark.parametrize("field", [None, "", "0" * 64, "other"])
@pytest.mark.parametrize("login", [(), ("accounts",)])
def test_a_form_without_its_token_does_nothing(
    house: Callable[..., House], field: str | None, login: tuple[str, ...]
):
    made = house(login=login)
    made.account("ana", "admin")
    browser, other = made.browser(), made.browser()
    if login:
        browser.log_in()
        other.log_in()
    browser.get("/account")
    given = other.form_token("/account") if field == "other" else field

    data = {"name": "stolen", "scope": "read"} | ({} if given is None else {"csrf": given})
    answer = browser.post("/account/tokens", data=data)

    assert answer.status_code == 403
    assert "add token" not in [verb for _, verb, _ in events(made)]


def test_the_login_itself_needs_the_token_so_that_nobody_is_logged_in_as_another(asking: House):
    answer = asking.browser().post("/login", data={"name": "ana", "password": PASSWORD})

    assert answer.status_code == 403
    assert events(asking)[-1][1] == "add account"


def test_a_token_from_before_the_login_is_worth_nothing_after_it(asking: House):
    browser = asking.browser()
    before = browser.form_token("/login")
    browser.post("/login", data={"csrf": before, "name": "ana", "password": PASSWORD})

    assert browser.post("/logout", data={"csrf": before}).status_code == 403


def test_a_script_sends_the_token_in_a_header(asking: House):
    browser = asking.browser()
    browser.log_in()

    token = browser.form_token("/account")

    assert browser.post("/logout", headers={"X-CSRF-Token": token}).status_code == 303


def test_a_body_that_is_too_long_is_refused_with_and_without_its_length(asking: House):
    browser = asking.browser()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    def parts():
        for _ in range(17):
            yield b"x" * (LIMIT // 16)

    told = browser.post("/login", content=b"name=" + b"x" * LIMIT, headers=kind)
    untold = browser.post("/login", content=parts(), headers=kind)

    assert (told.status_code, untold.status_code) == (413, 413)


@pytest.mark.parametrize("peer", ["203.0.113.9", "127.0.0.1"])
def test_the_header_of_anybody_but_the_proxy_is_not_believed(house: Callable[..., House], peer: str):
    made = house(login=("proxy",), proxy_addresses=("10.0.0.0/24",))
    made.account("ana", "admin", way="proxy")
    name = {"X-Forwarded-User": "ana"}

    spoofed = made.browser(peer).get("/seen.json", headers={**name, "X-Forwarded-For": "10.0.0.5"})
    genuine = made.browser("10.0.0.5").get("/seen.json", headers=name)
    silent = made.browser("10.0.0.5").get("/seen.json")

    assert (spoofed.status_code, genuine.status_code, silent.status_code) == (401, 200, 401)


def test_a_header_that_comes_twice_is_not_believed(house: Callable[..., House]):
    made = house(login=("proxy",), proxy_addresses=("10.0.0.5",))
    made.account("ana", "admin", way="proxy")
    made.account("bob", "viewer", way="proxy")

    twice = [("X-Forwarded-User", "bob"), ("X-Forwarded-User", "ana")]

    assert made.browser("10.0.0.5").get("/seen.json", headers=twice).status_code == 401  # type: ignore[arg-type]


def test_whom_the_proxy_names_stays_outside_while_the_account_is_disabled(house: Callable[..., House]):
    made = house(login=("proxy",), proxy_addresses=("10.0.0.5",))
    made.account("ana", "admin", way="proxy")
    browser, named = made.browser("10.0.0.5"), {"X-Forwarded-User": "ana"}
    assert browser.get("/seen", headers=named).status_code == 200

    with made.database.writing() as session:
        account = accounts.named(session, "ana")
        accounts.set_open(session, account, made.clock(), "test", is_open=False)

    assert browser.get("/seen", headers=named).status_code == 303
    made.clock.go_on(days=2)
    assert browser.get("/seen", headers=named).status_code == 303


def test_whom_the_proxy_names_comes_in_by_an_account_of_that_way_only(house: Callable[..., House]):
    made = house(login=("proxy", "accounts"), proxy_addresses=("10.0.0.5",))
    made.account("ana", "admin")
    browser = made.browser("10.0.0.5")

    has_password = browser.get("/seen.json", headers={"X-Forwarded-User": "ana"})
    unknown = browser.get("/seen.json", headers={"X-Forwarded-User": "eve"})

    assert (has_password.status_code, unknown.status_code) == (401, 401)


def test_a_newcomer_gets_the_role_of_newcomers_and_an_account(house: Callable[..., House]):
    made = house(login=("proxy",), proxy_addresses=("10.0.0.5",), newcomers="triager")
    browser = made.browser("10.0.0.5")

    for name in ("Eve@Example.org", "eve@example.org"):
        assert browser.get("/seen", headers={"X-Forwarded-User": name}).status_code == 200
    strange = browser.get("/seen.json", headers={"X-Forwarded-User": "a b"})

    with made.database.reading() as session:
        found = [(account.name, account.role) for account in accounts.all_accounts(session)]
    assert found == [("eve@example.org", "triager")]
    assert strange.status_code == 401
    assert [verb for _, verb, _ in events(made)] == ["add account", "log in"]


def test_without_a_login_no_header_makes_anybody_else(house: Callable[..., House]):
    made = house(proxy_addresses=("127.0.0.1",), newcomers="viewer")

    page = made.browser().get("/account", headers={"X-Forwarded-User": "eve"}).text

    assert "whoever sits at this machine" in page


def test_a_program_may_what_its_scopes_say_until_its_day(asking: House):
    secret = asking.token("ci", ["read"], days=1)
    browser = asking.browser()

    fresh = browser.get("/seen.json", headers=bearer(secret))
    beyond = browser.get("/account", headers=bearer(secret))
    asking.clock.go_on(days=1)
    stale = browser.get("/seen.json", headers=bearer(secret))

    assert (fresh.status_code, beyond.status_code, stale.status_code) == (200, 403, 401)


@pytest.mark.parametrize("secret", ["", "fb_", "fb_x", "x" * 10_000, "fb_é"])
def test_an_unknown_token_is_refused_even_where_nobody_logs_in(house: Callable[..., House], secret: str):
    raw = [(b"authorization", f"Bearer {secret}".encode())]

    answer = house().browser().get("/seen.json", headers=raw)  # type: ignore[arg-type]

    assert answer.status_code == 401


def test_a_token_can_make_no_token_and_change_no_password(asking: House):
    everything = asking.token("all", ["read", "decide", "approve", "manage", "audit"])
    browser = asking.browser()
    data = {"name": "more", "scope": "manage", "old": PASSWORD, "new": PASSWORD, "again": PASSWORD}

    for path in (
        "/account/tokens",
        "/account/password",
        "/account/logout-everywhere",
        "/account/tokens/revoke",
    ):
        assert browser.post(path, data=data, headers=bearer(everything)).status_code == 403
    assert [verb for _, verb, _ in events(asking)].count("add token") == 1


def test_nobody_gives_a_token_more_than_their_own_role(asking: House):
    asking.account("vera", "viewer")
    browser = asking.browser()
    browser.log_in("vera")

    for scope in ("decide", "approve", "manage", "audit", "self", "open", "signed"):
        answer = browser.fill_in("/account/tokens", "/account", name=f"t {scope}", scope=scope)
        assert answer.status_code == 400, scope
        assert "fb_" not in answer.text.replace("Bearer fb_…", "")


def test_one_sees_and_revokes_ones_own_tokens_only(asking: House):
    asking.account("bob", "viewer")
    secret = asking.token("of-ana", ["read"], owner="ana")
    bob, ana = asking.browser(), asking.browser()
    bob.log_in("bob")
    ana.log_in("ana")

    assert "of-ana" not in bob.get("/account").text
    assert bob.fill_in("/account/tokens/revoke", "/account", name="of-ana").status_code == 404
    assert ana.get("/seen.json", headers=bearer(secret)).status_code == 200
    assert ana.fill_in("/account/tokens/revoke", "/account", name="of-ana").status_code == 303
    assert ana.get("/seen.json", headers=bearer(secret)).status_code == 401


def test_a_token_that_is_used_too_fast_is_told_to_wait(asking: House):
    secret, other = asking.token("ci"), asking.token("other")
    browser = asking.browser()

    program = Actor(name="token ci", role="admin", via="token")
    for _ in range(199):
        asking.door.steady(program, "127.0.0.1")
    found = [browser.get("/seen.json", headers=bearer(secret)) for _ in range(2)]

    assert [answer.status_code for answer in found] == [200, 429]
    assert int(found[-1].headers["retry-after"]) >= 1
    assert browser.get("/seen.json", headers=bearer(other)).status_code == 200
    asking.clock.go_on(seconds=5)
    assert browser.get("/seen.json", headers=bearer(secret)).status_code == 200


def test_guessing_tokens_is_slowed_down_by_address(asking: House):
    thief, other = asking.browser("203.0.113.9"), asking.browser("203.0.113.10")

    found = [thief.get("/seen.json", headers=bearer(f"fb_{n}")).status_code for n in range(25)]

    assert found == [401] * 20 + [429] * 5
    assert other.get("/seen.json", headers=bearer("fb_0")).status_code == 401


def test_guessing_a_password_is_slowed_down_wherever_it_comes_from(asking: House):
    found = [
        asking.browser(f"203.0.113.{n}").log_in("ana", "wrong horse battery").status_code for n in range(8)
    ]
    right = asking.browser("203.0.113.99").log_in("ana")
    asking.clock.go_on(seconds=61)
    later = asking.browser("203.0.113.99").log_in("ana")

    assert found == [401] * 5 + [429] * 3
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) <= 60
    assert later.status_code == 303


def test_guessing_names_is_slowed_down_by_address(asking: House):
    thief = asking.browser("2001:db8:1:2::1")
    neighbour, other = asking.browser("2001:db8:1:2::ffff"), asking.browser("2001:db8:1:3::1")

    found = [thief.log_in(f"name{n}").status_code for n in range(22)]

    assert found == [401] * 20 + [429] * 2
    assert neighbour.log_in("ana").status_code == 429
    assert other.log_in("ana").status_code == 303


def test_the_address_behind_our_proxy_is_what_counts_and_cannot_be_made_up(house: Callable[..., House]):
    made = house(login=("accounts",), proxy_addresses=("10.0.0.5",))
    made.account()
    browser = made.browser("10.0.0.5")

    def guess(name: str, forwarded: str):
        return browser.fill_in(
            "/login", "/login", {"X-Forwarded-For": forwarded}, name=name, password="x" * 12
        )

    found = [guess(f"n{n}", f"198.51.100.{n}, 203.0.113.9").status_code for n in range(21)]

    assert found == [401] * 20 + [429]
    assert guess("m", "203.0.113.10").status_code == 401


def test_failures_are_written_down_by_powers_of_five_and_never_a_name_that_nobody_has(asking: House):
    for n in range(6):
        asking.browser(f"203.0.113.{n}").log_in("ana", "wrong horse battery")
        asking.clock.go_on(seconds=61)
    browser = asking.browser("198.51.100.1")
    for n in range(4):
        browser.log_in(f"my secret password {n}")

    with asking.database.reading() as session:
        rows = [row for row in session.exec(select(Audit)) if row.verb == "fail to log in"]
    known = [row for row in rows if row.subject == "account ana"]
    assert len(known) == 6  # each was the first from its address
    assert "secret" not in str([row.model_dump() for row in rows])
    assert {row.subject for row in rows} == {"account ana", "an unknown account"}


def test_a_flood_of_failures_leaves_the_audit_log_short(asking: House):
    for n in range(100):
        with pytest.raises(Refused):
            asking.door.log_in(f"name{n}", "x", f"203.0.{n}.1")

    with asking.database.reading() as session:
        rows = [row for row in session.exec(select(Audit)) if row.verb == "fail to log in"]
    assert len(rows) == 60


def test_logins_tokens_and_roles_are_in_the_audit_log(asking: House):
    browser = asking.browser()
    browser.log_in()
    browser.fill_in("/account/tokens", "/account", name="mine", scope="read")
    browser.fill_in("/account/tokens/revoke", "/account", name="mine")

    assert events(asking)[-3:] == [
        ("ana", "log in", "account ana"),
        ("ana", "add token", "token mine"),
        ("ana", "revoke token", "token mine"),
    ]


def test_a_password_is_changed_by_who_knows_the_old_one_and_ends_the_other_logins(asking: House):
    here, there = asking.browser(), asking.browser()
    here.log_in()
    there.log_in()
    new = "another horse battery"

    def change(old: str, fresh: str, again: str):
        return here.fill_in("/account/password", "/account", old=old, new=fresh, again=again)

    wrong = change("not the old one", new, new)
    differs = change(PASSWORD, new, new + "x")
    short = change(PASSWORD, "short", "short")
    done = change(PASSWORD, new, new)

    assert [wrong.status_code, differs.status_code, short.status_code, done.status_code] == [
        400,
        400,
        400,
        200,
    ]
    assert here.get("/seen").status_code == 200
    assert there.get("/seen").status_code == 303
    assert there.log_in().status_code == 401
    assert there.log_in(password=new).status_code == 303


def test_a_hash_with_weaker_figures_is_made_anew_at_login(asking: House, monkeypatch: pytest.MonkeyPatch):
    from argon2 import PasswordHasher

    from bridge.access import passwords

    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(passwords, "hasher", lambda: stronger)

    assert asking.browser().log_in().status_code == 303
    with asking.database.reading() as session:
        kept = accounts.named(session, "ana").password_hash
    assert "t=2" in (kept or "")
    assert asking.browser().log_in().status_code == 303


def test_a_way_that_is_not_set_lets_nobody_in(house: Callable[..., House]):
    made = house(login=("proxy",), proxy_addresses=("10.0.0.5",))
    made.account()
    browser = made.browser()
    key = made.door.form_token("k")
    browser.cookies.set("feedback-bridge-form", "k")

    answer = browser.post("/login", data={"csrf": key, "name": "ana", "password": PASSWORD})

    assert answer.status_code == 401


def test_a_login_is_nothing_worth_when_its_way_is_taken_out_of_the_settings(
    asking: House, house: Callable[..., House]
):
    browser = asking.browser()
    browser.log_in()
    later = house(login=("proxy",), proxy_addresses=("10.0.0.5",)).browser()
    later.cookies.set("feedback-bridge", browser.cookies["feedback-bridge"])

    assert later.get("/seen").status_code == 303


@pytest.mark.parametrize(
    "name", ["\x00", "\ud800", "a" * 5000, "\uff41\uff4e\uff41", "ana\u200b", "' or 1=1 --"]
)
def test_strange_names_are_only_wrong(asking: House, name: str):
    field = asking.browser()
    token = field.form_token()
    body = {"csrf": token, "name": name.encode("utf-8", "surrogatepass"), "password": b"x" * 5000}

    answer = field.post("/login", data=body)

    assert answer.status_code == 401


def test_a_route_that_does_not_say_who_may_call_it_cannot_be_made(asking: House):
    def forgotten() -> None:
        """Say nothing."""

    with pytest.raises(TypeError, match="does not say who may call it"):
        asking.site.get("/forgotten")(forgotten)
    with pytest.raises(ValueError, match="no need"):
        needs("everything")  # type: ignore[arg-type]
    assert need_of(needs("audit")(forgotten)) == "audit"


def test_a_page_of_a_refusal_reads_no_store_for_a_foreign_name(full: Any, now: datetime):
    house = House(full.database, full.path, now, login=("accounts",))

    with full.counting_queries() as found:
        answer = house.browser().get("/topics", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert found == []


def test_the_pages_about_oneself_are_well_formed(asking: House, strictly: Callable[[str], Any]):
    browser = asking.browser()
    strictly(browser.get("/login").text)
    strictly(browser.log_in(password="wrong horse battery").text)  # noqa: S106
    browser.log_in()
    made = browser.fill_in("/account/tokens", "/account", name="mine", scope=["read", "decide"])

    page = strictly(made.text)

    assert "read, decide" in " ".join(page.text)
    strictly(browser.get("/account").text)


def test_what_is_wrong_is_told_to_those_only_who_may_read(asking: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bridge.web.site.failing_parts", lambda *_: {"job sync": "a path, or a name"})
    secret = asking.token()

    told = asking.browser().get("/readyz", headers=bearer(secret))
    untold = asking.browser().get("/readyz")

    assert (told.status_code, untold.status_code) == (503, 503)
    assert told.json()["failing"] == {"job sync": "a path, or a name"}
    assert untold.json() == {"status": "not ready"}
