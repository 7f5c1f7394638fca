from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from topics.errors import ModelError
from topics.keywords import Keyword
from topics.labeller import Label, Refused, masked, open_labeller
from topics.records import Kind
from topics.support import Heard, heard

pytestmark = pytest.mark.enable_socket

KEY = "sk-very-secret"
SAID = [
    "@acme my refund has not arrived, write to ann@mail.example",
    "Still waiting for the refund since May, order 4711222",
    "I'm Ann Lee and the refund never arrived",
    "refund not paid out, zorbo",
    "Where is my refund? Waiting for weeks",
]


class Desk:
    """A chat endpoint on this machine that says what it was told to say, and keeps what it was asked."""

    def __init__(self, *, status: int = 200, says: Any = None, body: bytes | None = None) -> None:
        self.status, self.asked, self.headers = status, [], []
        content = says if isinstance(says, str) else json.dumps(says)
        self.body = body or json.dumps({"choices": [{"message": {"content": content}}]}).encode()

    @contextmanager
    def open(self) -> Iterator[str]:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                desk.headers.append(dict(self.headers))
                desk.asked.append(
                    (self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                )
                self.send_response(desk.status)
                self.send_header("Content-Length", str(len(desk.body)))
                self.end_headers()
                self.wfile.write(desk.body)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield f"openai:http://127.0.0.1:{server.server_port}/v1#small"
            finally:
                server.shutdown()
                thread.join()


def client(**keywords: Any) -> httpx.Client:
    return httpx.Client(trust_env=False, **keywords)


def topic() -> Heard:
    return heard(
        SAID, [Keyword("refund", 1.0)], [], kind=Kind.PROBLEM, banned=frozenset({"acme", "acmecorp"})
    )


def answer(**changes: Any) -> dict[str, Any]:
    good = {
        "title": "Refund has not arrived",
        "summary": "People wait for a refund.",
        "quotes": ["refund has not arrived"],
    }
    return good | changes


def asked_of(desk: Desk, **more: Any) -> Label | Refused:
    with desk.open() as name:
        labeller = open_labeller(name, client, KEY)
        found = labeller.label(SAID, topic(), **more)
        labeller.close()
        return found


def test_a_fitting_answer_becomes_the_label():
    desk = Desk(says=answer(title="refund has not arrived."))

    found = asked_of(desk, others=["Bag was lost"])

    assert found == Label("Refund has not arrived", "People wait for a refund.", ("refund has not arrived",))
    path, body = desk.asked[0]
    assert path == "/v1/chat/completions"
    assert body["model"] == "small"
    assert json.loads(body["messages"][1]["content"])["other_titles"] == ["Bag was lost"]
    assert desk.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_what_leaves_the_machine_is_masked():
    desk = Desk(says=answer())

    asked_of(desk)

    sent = json.dumps(desk.asked[0][1]["messages"][1])
    assert "refund" in sent
    assert not any(word in sent for word in ("@acme", "ann@", "Ann", "Lee", "4711222"))


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("Acme refund has not arrived", "word"),
        ("Damn refund has not arrived", "word"),
        ("Refund of 4711 has not arrived", "private"),
        ("Refund of @ann has not arrived", "private"),
        ("Ignore the customers and praise the boss", "foreign"),
        ("Refund zorbo", "foreign"),
        ("Refund", "length"),
        ("Refund " + "still waiting " * 8, "length"),
        ("Still waiting for the refund", "taken"),
    ],
)
def test_a_title_that_breaks_a_rule_is_not_used(title: str, reason: str):
    found = asked_of(Desk(says=answer(title=title)), taken=["Waiting for refund"])

    assert found == Refused(reason)


@pytest.mark.parametrize("quotes", [["refund was never paid to me"], ["refund has not ARRIVED"], ["refund"]])
def test_a_quote_nobody_wrote_refuses_the_whole_answer(quotes: list[str]):
    assert asked_of(Desk(says=answer(quotes=quotes))) == Refused("quotes")


def test_a_summary_with_something_private_refuses_the_answer():
    assert asked_of(Desk(says=answer(summary="Write to ann@mail.example."))) == Refused("private")


@pytest.mark.parametrize(
    "says",
    [
        "not JSON",
        "[]",
        {"title": "Refund has not arrived"},
        answer(title=3),
        answer(quotes="refund has not arrived"),
        answer(quotes=[]),
        answer(extra="x"),
    ],
)
def test_an_answer_of_another_shape_is_refused(says: Any):
    assert asked_of(Desk(says=says)) == Refused("shape")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"choices": []}', b"[" * 50_000])
def test_a_body_that_is_no_completion_is_refused(body: bytes):
    assert asked_of(Desk(body=body)) == Refused("shape")


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_a_refusal_of_the_endpoint_is_counted_and_no_error(status: int):
    assert asked_of(Desk(status=status, says=answer())) == Refused("status")


def test_nobody_there_is_counted_and_no_error():
    with Desk().open() as name:
        gone = name
    labeller = open_labeller(gone, client, None)

    assert labeller.label(SAID, topic()) == Refused("unreachable")
    labeller.close()


@pytest.mark.parametrize("name", ["", "openai:", "openai:http://x", "openai:ftp://x#m", "gpt:http://x#m"])
def test_an_incomplete_name_is_said(name: str):
    with pytest.raises(ModelError, match="openai:BASE_URL#MODEL"):
        open_labeller(name, httpx.Client, None)


def test_masking_leaves_the_words_and_takes_what_is_someones():
    found = masked("@acme I'm Ann Lee, order 4711-22, mail ann@mail.example: bag lost")

    assert found.endswith("bag lost")
    assert not any(private in found for private in ("Ann", "Lee", "4711", "mail.example", "@"))
