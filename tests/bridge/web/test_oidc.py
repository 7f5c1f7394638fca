from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey
from oidc_house import CLIENT, SECRET, IdentityProvider, identity_provider
from sqlmodel import select
from visitors import Browser, Clock, House

from bridge.access import accounts
from bridge.models import Audit

HERE = "http://127.0.0.1:8765"


@pytest.fixture
def provider(now: datetime):
    clock = Clock(now)
    with identity_provider(clock) as running:
        yield running


def make(company: Any, now: datetime, provider: IdentityProvider, **access: Any) -> House:
    oidc = {"issuer": provider.address, "client_id": CLIENT, "client_secret": SECRET}
    oidc |= access.pop("oidc", {})
    house = House(company.database, company.path, now, url=HERE, login=("oidc",), oidc=oidc, **access)
    provider.now = house.clock
    return house


@pytest.fixture
def house(empty: Any, now: datetime, provider: IdentityProvider) -> House:
    """A site whose people log in at the provider, with an account for Ana."""
    made = make(empty, now, provider)
    made.account("ana@example.org", "approver", way="oidc")
    return made


def begin(browser: Browser, to: str = "/seen") -> str:
    """Go to the provider, and return where it sends the browser back."""
    answer = browser.get("/login/oidc", params={"next": to})
    assert answer.status_code == 303, answer.text
    return httpx.get(answer.headers["location"]).headers["location"]


def log_in(browser: Browser, to: str = "/seen") -> Any:
    """Log in by the provider."""
    return browser.get(begin(browser, to))


def test_a_person_logs_in_at_the_provider_and_comes_back_to_the_page(house: House):
    browser = house.browser()

    answer = log_in(browser, "/seen?page=2")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/seen?page=2"
    assert browser.get("/seen").status_code == 200
    assert "ana@example.org</bdi>, approver" in browser.get("/account").text


def test_the_login_page_leads_there_by_a_link_which_the_policy_of_forms_does_not_hold_up(house: House):
    page = house.browser().get("/login?next=/seen").text

    assert 'href="/login/oidc?next=/seen"' in page
    assert 'type="password"' not in page


def test_later_the_person_is_known_by_the_subject_whatever_the_address_is(
    house: House, provider: IdentityProvider
):
    log_in(house.browser())
    provider.person["email"] = "ana.married@example.org"

    browser = house.browser()

    assert log_in(browser).headers["location"] == "/seen"
    assert "ana@example.org</bdi>" in browser.get("/account").text


def test_another_person_with_the_same_address_does_not_get_the_account(
    house: House, provider: IdentityProvider
):
    log_in(house.browser())
    provider.person["sub"] = "another"

    answer = log_in(house.browser())

    assert answer.status_code == 401
    assert "no account for ana@example.org" in answer.text


def test_a_disabled_account_stays_outside_also_by_the_provider(house: House, now: datetime):
    inside = house.browser()
    log_in(inside)
    with house.database.writing() as session:
        account = accounts.named(session, "ana@example.org")
        accounts.set_open(session, account, now, "test", is_open=False)

    answer = log_in(house.browser())

    assert answer.status_code == 401
    assert "is kept out" in answer.text
    assert inside.get("/seen").status_code == 303


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_an_address_that_is_not_verified_opens_no_account(
    house: House, provider: IdentityProvider, verified: Any
):
    provider.person["email_verified"] = verified

    answer = log_in(house.browser())

    assert answer.status_code == 401
    assert "vouch" in answer.text


def test_an_account_with_a_password_is_not_taken_over(empty: Any, now: datetime, provider: IdentityProvider):
    made = make(empty, now, provider, newcomers="viewer")
    made.account("ana@example.org", "admin")

    assert log_in(made.browser()).status_code == 401


def test_a_stranger_stays_outside_unless_newcomers_are_welcome(
    empty: Any, now: datetime, provider: IdentityProvider
):
    assert log_in(make(empty, now, provider).browser()).status_code == 401
    browser = make(empty, now, provider, newcomers="viewer").browser()

    assert log_in(browser).status_code == 303
    assert "ana@example.org</bdi>, viewer" in browser.get("/account").text


def test_accounts_can_be_found_by_another_claim(empty: Any, now: datetime, provider: IdentityProvider):
    made = make(empty, now, provider, oidc={"name_claim": "upn"})
    made.account("ana", "viewer", way="oidc")
    provider.claims = {"upn": "Ana"}

    assert log_in(made.browser()).status_code == 303


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": ["feedback-bridge", "another-client"], "azp": "another-client"},
        {"aud": ["other", "another-client"]},
        {"aud": "another-client", "azp": "feedback-bridge"},
        {"nonce": "of another login"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": None},
        {"iat": 4_000_000_000},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_login_is_refused(
    house: House, provider: IdentityProvider, claims: dict[str, Any]
):
    provider.claims = claims
    browser = house.browser()

    answer = log_in(browser)

    assert answer.status_code == 401
    assert browser.get("/seen").status_code == 303


@pytest.mark.parametrize("how", ["another key", "no signature", "public key as secret"])
def test_an_id_token_that_the_provider_did_not_sign_is_refused(
    house: House, provider: IdentityProvider, how: str
):
    if how == "another key":
        provider.signs_with = ECKey.generate_key("P-256", {"kid": "one"})
    elif how == "no signature":
        provider.algorithm = "none"
    else:
        provider.public_as_secret()

    assert log_in(house.browser()).status_code == 401


def test_new_keys_of_the_provider_are_asked_for(house: House, provider: IdentityProvider):
    log_in(house.browser())
    provider.new_key()

    assert log_in(house.browser()).status_code == 303
    assert provider.asked.count("/keys") == 2


def test_the_answer_to_another_browser_s_login_is_refused(house: House):
    victim, attacker = house.browser(), house.browser()
    back = begin(attacker)
    begin(victim)

    with_own_cookie = victim.get(back)
    without_cookie = house.browser().get(back)

    assert (with_own_cookie.status_code, without_cookie.status_code) == (401, 401)
    assert victim.get("/seen").status_code == 303


def test_an_answer_works_once(house: House):
    browser = house.browser()
    back = begin(browser)
    jar = dict(browser.cookies)

    first = browser.get(back)
    again = house.browser()
    again.cookies.update(jar)

    assert first.status_code == 303
    assert again.get(back).status_code == 401


def test_an_answer_from_another_issuer_is_refused(house: House):
    browser = house.browser()
    back = begin(browser)

    mixed = back.replace("iss=http", "iss=https")

    assert mixed != back
    assert browser.get(mixed).status_code == 401


def test_a_login_that_took_too_long_is_begun_anew(house: House):
    browser = house.browser()
    back = begin(browser)

    house.clock.go_on(minutes=11)

    answer = browser.get(back)
    assert answer.status_code == 401
    assert "too long" in answer.text


@pytest.mark.parametrize("cookie", ["", "a", "a.b.c.d", "é", "a" * 5000])
def test_a_cookie_that_we_did_not_sign_is_refused(house: House, cookie: str):
    raw = [(b"cookie", f"feedback-bridge-oidc={cookie}".encode())]

    answer = house.browser().get("/login/oidc/back?code=x&state=a", headers=raw)  # type: ignore[arg-type]

    assert answer.status_code == 401


def test_a_refusal_of_the_provider_is_said_in_words(house: House):
    browser = house.browser()
    state = parse_qs(urlsplit(begin(browser)).query)["state"][0]

    answer = browser.get("/login/oidc/back", params={"error": "access_denied<script>", "state": state})

    assert answer.status_code == 401
    assert "access_denied&lt;script&gt;" in answer.text


def test_a_provider_that_cannot_be_reached_or_names_itself_otherwise_is_told(
    empty: Any, now: datetime, provider: IdentityProvider
):
    gone = make(empty, now, provider, oidc={"issuer": "http://127.0.0.1:9"})
    provider.says = {"issuer": "https://other.example"}
    other = make(empty, now, provider)

    unreachable = gone.browser().get("/login/oidc")
    misnamed = other.browser().get("/login/oidc")

    assert (unreachable.status_code, misnamed.status_code) == (502, 502)
    assert "can&#39;t be reached" in unreachable.text
    assert "names itself" in misnamed.text


def test_a_provider_that_wants_unencrypted_answers_is_refused(house: House, provider: IdentityProvider):
    provider.says = {"token_endpoint": "http://login.example.org/token"}

    answer = house.browser().get("/login/oidc")

    assert answer.status_code == 502
    assert "token_endpoint" in answer.text


def test_a_login_there_leads_nowhere_but_to_our_own_pages(house: House):
    assert log_in(house.browser(), "//evil.example").headers["location"] == "/"


def test_guessing_answers_is_slowed_down(house: House, provider: IdentityProvider):
    browser = house.browser()

    found = [browser.get("/login/oidc/back?code=x&state=y").status_code for _ in range(22)]

    assert found == [401] * 20 + [429] * 2
    assert "/token" not in provider.asked


def test_the_binding_and_the_login_are_in_the_audit_log(house: House):
    log_in(house.browser())

    with house.database.reading() as session:
        found = [(row.actor, row.verb) for row in session.exec(select(Audit))]
        ana = accounts.named(session, "ana@example.org")
    assert found[-2:] == [("ana@example.org", "bind account"), ("ana@example.org", "log in")]
    assert ana.subject == "248289761001"


def test_where_there_is_no_provider_its_pages_are_not_there(empty: Any, now: datetime):
    browser = House(empty.database, empty.path, now, login=("accounts",)).browser()

    assert browser.get("/login/oidc").status_code == 404
    assert browser.get("/login/oidc/back").status_code == 404
