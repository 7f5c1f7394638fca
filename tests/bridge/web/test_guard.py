from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.cli.daemon import AT_ONCE, Daemon
from bridge.errors import SettingsError
from bridge.web import guard
from bridge.web.guard import HEADERS, host_name
from bridge.web.listen import listen


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8765", "LOCALHOST", "localhost.", "127.0.0.1:1", "[::1]:8765", "[::1]"]
)
def test_loopback_names_are_answered(empty: Any, host: str):
    assert empty.browser().get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "192.168.1.5",
        "localhost@evil.example",
        "[evil.example]",
    ],
)
def test_a_foreign_name_is_refused_before_anything_is_read(
    full: Any, strictly: Callable[[str], Any], host: str
):
    with full.counting_queries() as found:
        answer = full.browser().get("/", headers={"Host": host})

    assert answer.status_code == 400
    assert "Bags" not in answer.text
    assert found == []
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    strictly(answer.text)


def test_the_configured_name_is_answered(empty: Any):
    browser = empty.browser(host="bridge.example.org", login=["accounts"])

    assert browser.get("/healthz", headers={"Host": "Bridge.Example.org:80"}).status_code == 200
    assert browser.get("/healthz", headers={"Host": "other.example.org"}).status_code == 400


def test_while_nobody_has_to_log_in_the_address_of_links_lets_nobody_in(full: Any):
    address = "https://feedback.acme.example"

    open_ = full.browser(url=address).get("/", headers={"Host": "feedback.acme.example"})
    asks = full.browser(url=address, login=["accounts"]).get("/", headers={"Host": "feedback.acme.example"})
    here = full.browser(url=address).get("/")

    assert (open_.status_code, asks.status_code, here.status_code) == (400, 303, 200)
    assert "access.login" in open_.text
    assert "Bags" not in open_.text


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - the settings under test
def test_a_server_at_all_addresses_answers_to_addresses_but_not_to_names(empty: Any, host: str):
    browser = empty.browser(host=host, login=["accounts"])

    assert browser.get("/healthz", headers={"Host": "192.168.1.5:8765"}).status_code == 200
    assert browser.get("/healthz", headers={"Host": "[fd00::5]:8765"}).status_code == 200
    assert browser.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("header", "name"), [("A.b:80", "a.b"), ("[::1]:80", "::1"), ("a.", "a"), ("", ""), (":80", "")]
)
def test_the_name_in_a_host_header(header: str, name: str):
    assert host_name(header) == name


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "bridge.example.org"])  # noqa: S104 - the refusal under test
def test_nobody_listens_at_a_public_address_without_asking_who_it_is(host: str):
    with pytest.raises(SettingsError, match=r"access\.login") as refused, listen(host, 0):
        pass

    assert refused.value.exit_code == 3


def test_a_page_that_asks_may_listen_anywhere():
    with listen("0.0.0.0", 0, asks=True) as opened:  # noqa: S104 - what is under test
        assert opened.getsockname()[1] > 0


def test_a_form_that_never_comes_whole_is_not_waited_for(full: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guard, "SECONDS", 0.05)
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/topics/T-1/ignore",
        "query_string": b"",
        "client": ("127.0.0.1", 5),
        "scheme": "http",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/x-www-form-urlencoded")],
    }
    parts = [{"type": "http.request", "body": b"csrf=", "more_body": True}]

    async def receive() -> Any:
        return parts.pop() if parts else await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask() -> None:
        await asyncio.wait_for(full.browser().app(scope, receive, send), 20)

    asyncio.run(ask())

    assert sent[0]["status"] == 408


def test_the_server_has_so_many_connections_at_once_and_no_more(full: Any):
    app = SimpleNamespace(
        database=full.database,
        settings=full.settings(),
        loaded=lambda: SimpleNamespace(origins={}),
        context=lambda: None,
    )
    daemon: Any = SimpleNamespace(_app=app, _metronome=None, _pulse=None)

    server, _thread = Daemon._page(daemon, daemon)

    assert server.config.limit_concurrency == AT_ONCE
