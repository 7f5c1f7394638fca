"""Whether a request that came to nothing was sent: what decides between asking again and reading first."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
import requests
from urllib3 import exceptions as urllib3
from urllib3.connectionpool import HTTPConnectionPool

from bridge.errors import TrackerUnreachable
from bridge.render.document import Document
from bridge.tracker.jira import JiraSite, JiraTracker
from bridge.tracker.jira.lost import lost

POOL = HTTPConnectionPool("jira.example.com")
ADDRESS = "/rest/api/3/issue?secret=customer"


def tried(reason: Exception) -> urllib3.MaxRetryError:
    return urllib3.MaxRetryError(POOL, ADDRESS, reason)


UNSENT: list[Exception] = [
    requests.ConnectTimeout(tried(urllib3.ConnectTimeoutError("slow"))),
    requests.ConnectionError(tried(urllib3.NewConnectionError(POOL, "refused"))),  # type: ignore[arg-type]
    requests.exceptions.SSLError(tried(urllib3.SSLError(ssl.SSLCertVerificationError("self-signed")))),
    requests.exceptions.ProxyError(tried(urllib3.ProxyError("no", OSError("Tunnel connection failed: 407")))),
    requests.exceptions.InvalidURL("no host"),
    UnicodeEncodeError("latin-1", "geheim", 0, 1, "no"),
]
SENT: list[Exception] = [
    requests.ReadTimeout("slow"),
    requests.ConnectionError("Read timed out."),
    requests.ConnectionError(
        urllib3.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
    ),
    requests.exceptions.ChunkedEncodingError(urllib3.IncompleteRead(10, 20)),
    requests.exceptions.SSLError(tried(urllib3.SSLError(ssl.SSLEOFError("EOF occurred")))),
    requests.exceptions.ContentDecodingError("gzip"),
    ConnectionResetError(104, "reset"),
    OSError("something"),
]


@pytest.mark.parametrize("fault", UNSENT, ids=repr)
def test_these_prove_that_nothing_was_sent(fault: Exception):
    assert lost(fault).sent is False


@pytest.mark.parametrize("fault", SENT, ids=repr)
def test_these_prove_nothing(fault: Exception):
    assert lost(fault).sent is True


@pytest.mark.parametrize("fault", [*UNSENT, *SENT], ids=repr)
def test_what_is_said_of_them_holds_no_address_and_no_value(fault: Exception):
    told = str(lost(fault))

    assert not any(word in told for word in ("secret", "customer", "geheim", "example.com"))


def test_a_refused_connection_that_was_only_being_handled_is_not_this_requests():
    try:
        raise UNSENT[1]
    except requests.ConnectionError:
        try:
            raise requests.ConnectionError("Read timed out.")  # noqa: TRY301 - its context is the point
        except requests.ConnectionError as fault:
            found = lost(fault)

    assert found.sent is True


def test_a_server_that_speaks_no_tls_was_sent_nothing(canned: Any):
    site = JiraSite(url=canned.url.replace("http:", "https:"), token=lambda: "secret", flavour="dc")

    with pytest.raises(TrackerUnreachable):
        JiraTracker(site, wait=lambda _: None).edit_comment("1", "2", Document(()))

    assert canned.seen == []


def test_no_proxy_hears_what_is_for_this_machine_only(canned: Any, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    canned.says("GET /myself", {"name": "bot"})

    site = JiraSite(url=canned.url, token=lambda: "secret", flavour="dc")

    assert JiraTracker(site, wait=lambda _: None).account().id == "bot"
