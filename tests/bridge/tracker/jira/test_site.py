"""Which addresses are taken, and how secrets stay unseen."""

from __future__ import annotations

import pytest

from bridge.errors import SettingsError
from bridge.tracker.jira import Account, JiraSite, JiraTracker


def site(url: str, **changes: object) -> JiraSite:
    return JiraSite(url=url, token=lambda: "secret", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.atlassian.net",
        "https://jira.example.com/jira/",
        "https://api.atlassian.com/ex/jira/0a1b",
        "http://127.0.0.1:8080",
        "http://localhost:2990/jira",
        "http://[::1]:8080",
    ],
)
def test_these_addresses_are_taken(url: str):
    assert site(url).base == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://jira.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.5",
        "ftp://jira.example.com",
        "jira.example.com",
        "https://",
        "https://ann:pass@jira.example.com",
        "https://jira.example.com/?next=x",
        "https://jira.example.com:port",
        "",
    ],
)
def test_these_addresses_are_refused_for_they_would_give_the_token_away(url: str):
    with pytest.raises(SettingsError, match=r"jira\.url") as caught:
        site(url)

    assert "pass" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "flavour"),
    [
        ("https://acme.atlassian.net", "cloud"),
        ("https://api.atlassian.com/ex/jira/0a1b", "cloud"),
        ("https://jira.example.com", None),
    ],
)
def test_the_hosts_of_atlassian_are_cloud(url: str, flavour: str | None):
    assert site(url).told_flavour == flavour


def test_what_the_settings_say_goes_before_what_is_known():
    assert site("https://jira.example.com", known_flavour="cloud").told_flavour == "cloud"
    assert site("https://jira.example.com", flavour="dc", known_flavour="cloud").told_flavour == "dc"


def test_an_empty_token_is_a_fault_of_the_settings():
    tracker = JiraTracker(JiraSite(url="https://jira.example.com", token=lambda: " \n", flavour="dc"))

    with pytest.raises(SettingsError, match=r"jira\.token"):
        tracker.account()


def test_a_token_with_strange_characters_is_not_sent_and_not_shown():
    tracker = JiraTracker(
        JiraSite(url="http://127.0.0.1:1", token=lambda: "geheim\u0142", flavour="dc", user="b"),
        wait=lambda _: None,
    )

    with pytest.raises(Exception, match="character") as caught:
        tracker.account()

    assert "geheim" not in repr(caught.value)


def test_an_account_is_known_by_any_of_its_ids():
    me = Account.of(
        {"name": "bot", "key": "JIRAUSER1", "displayName": "The bot", "emailAddress": "b@example.com"}
    )

    assert me is not None
    assert (me.id, me.name) == ("bot", "The bot")
    assert me.made({"key": "JIRAUSER1"})
    assert not me.made({"name": "ann", "key": "JIRAUSER2"})
    assert not me.made(None)
    assert Account.of({"displayName": "nobody"}) is None
