from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from visitors import PASSWORD, hash_quickly


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch):
    hash_quickly(monkeypatch)


def type_in(monkeypatch: pytest.MonkeyPatch, *passwords: str):
    """Sit at a terminal and type passwords."""
    left = iter(passwords)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(left))


def test_an_account_is_added_listed_changed_and_removed(cli: Any, monkeypatch: pytest.MonkeyPatch):
    type_in(monkeypatch, PASSWORD, PASSWORD)

    added = cli("accounts", "add", "Ana@Example.org", "--role", "admin")
    raised = cli("accounts", "role", "ana@example.org", "viewer")
    rows = cli("accounts", "list", "--json").data
    removed = cli("accounts", "remove", "ana@example.org")

    assert (added.code, raised.code, removed.code) == (0, 0, 0)
    assert 'access.login = ["accounts"]' in added.err
    assert "nobody is admin any more" in raised.err
    assert [(row["name"], row["role"], row["by"]) for row in rows] == [
        ("ana@example.org", "viewer", "password")
    ]
    assert cli("accounts", "list", "--json").data == []


def test_an_account_is_kept_out_and_let_in_again(cli: Any):
    cli("accounts", "add", "ana", "--role", "admin", "--by", "proxy")

    out = cli("accounts", "disable", "ana")
    rows = cli("accounts", "list", "--json").data
    twice = cli("accounts", "disable", "ana")
    back = cli("accounts", "enable", "ana")

    assert (out.code, back.code) == (0, 0)
    assert "nobody is admin any more" in out.err
    assert rows[0]["open"] is False
    assert twice.code != 0
    assert "disabled already" in twice.err
    assert "nobody is admin" not in back.err


def test_a_password_comes_from_a_file_or_from_stdin_and_is_shown_nowhere(
    cli: Any, monkeypatch: pytest.MonkeyPatch
):
    cli.write("password", PASSWORD + "\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))

    by_file = cli("accounts", "add", "ana", "--password-file", "password")
    by_stdin = cli("accounts", "add", "bob", "--password-file", "-")
    changed = cli("accounts", "password", "ana", "--password-file", "password")

    assert (by_file.code, by_stdin.code, changed.code) == (0, 0, 0)
    for ended in (by_file, by_stdin, changed):
        assert PASSWORD not in ended.out + ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "a b", "--password-file", "password"], "no name of an account"),
        (["add", "ana", "--role", "boss", "--password-file", "password"], "roles: viewer, triager"),
        (["add", "ana", "--by", "magic"], "ways: password, oidc, proxy"),
        (["add", "ana"], "--password-file FILE"),
        (["add", "ana", "--password-file", "short"], "12 to 1024"),
        (["add", "ana", "--password-file", "missing"], "can't be read"),
        (["role", "eve", "admin"], "there is no account"),
        (["password", "eve"], "there is no account"),
        (["remove", "eve"], "there is no account"),
    ],
)
def test_what_cannot_be_is_said_in_words(
    cli: Any, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    cli.write("password", PASSWORD)
    cli.write("short", "short")

    ended = cli("accounts", *words)

    assert ended.code == 2
    assert said in ended.err


def test_two_passwords_that_differ_change_nothing(cli: Any, monkeypatch: pytest.MonkeyPatch):
    type_in(monkeypatch, PASSWORD, PASSWORD + "x")

    assert cli("accounts", "add", "ana").code == 2
    assert cli("accounts", "list", "--json").data == []


def test_an_account_of_a_provider_has_no_password(cli: Any):
    assert cli("accounts", "add", "ana", "--by", "oidc").code == 0

    cli.write("password", PASSWORD)
    ended = cli("accounts", "password", "ana", "--password-file", "password")

    assert ended.code == 2
    assert "logs in by oidc" in ended.err


def test_a_token_is_printed_once_listed_without_its_secret_and_revoked(cli: Any):
    made = cli("tokens", "add", "dashboard", "--scope", "read", "--scope", "audit", "--expires", "30d")
    listed = cli("tokens", "list", "--json")
    revoked = cli("tokens", "revoke", "dashboard")

    assert made.code == listed.code == revoked.code == 0
    assert made.out.startswith("fb_")
    assert made.out.strip() not in made.err + listed.out
    assert [(row["name"], row["scopes"], row["account"]) for row in listed.data] == [
        ("dashboard", "read audit", None)
    ]
    assert cli("tokens", "list", "--json").data == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scope", "everything"], "scopes: read, decide"),
        (["--scope", "read", "--expires", "soon"], "--expires"),
        (["--scope", "read", "--account", "eve"], "there is no account"),
        (["--scope", "approve", "--account", "vera"], "vera is viewer and may not approve"),
    ],
)
def test_a_token_that_cannot_be_is_refused(cli: Any, words: list[str], said: str):
    cli("accounts", "add", "vera", "--by", "oidc")

    ended = cli("tokens", "add", "ci", *words)

    assert ended.code == 2
    assert said in ended.err
    assert cli("tokens", "revoke", "ci").code == 2


def test_serve_refuses_a_public_address_unless_people_have_to_log_in(cli: Any):
    ended = cli("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - the refusal under test

    assert ended.code == 3
    assert "nobody has to log in" in ended.err
    assert "access.login" in ended.err


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[access]\nlogin = ["proxy"]', "access.proxy_addresses"),
        ('[access]\nlogin = ["oidc"]', "access.oidc.issuer"),
        ('[access]\nlogin = ["oidc"]\noidc = { issuer = "http://login.example.org" }', "https://"),
        ('[access]\nproxy_addresses = ["proxy.example.org"]', "not an address"),
        ('[access]\nproxy_header = "Cookie"', "says something else"),
        ('[access]\nnewcomers = "admin"', "newcomers"),
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(cli: Any, toml: str, said: str):
    cli.set(toml)

    ended = cli("accounts", "list")

    assert ended.code == 3
    assert said in ended.err
