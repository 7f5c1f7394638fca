from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jira_twin import Twin
from sqlmodel import select

from bridge.models import Delivery, Mirror, Ticket
from bridge.web.guard import HEADERS
from bridge.web.site import make_site
from bridge.web.webhook import LIMIT, PATH, JiraHook, is_signed

if TYPE_CHECKING:
    from tests.bridge.web.conftest import Company

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "a secret of the tests"  # noqa: S105 - not one


def sign(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


class Jira:
    """Sends deliveries to the page of a store that tracks the issues 10001 and 10002."""

    def __init__(self, company: Company, secret: str = SECRET) -> None:
        self.company = company
        self.now = NOW
        self.sent = 0
        for number, issue in ((1, "10001"), (2, "10002")):
            company.topic(number)
            ticket = Ticket(
                topic=number,
                tracker="jira",
                state="open",
                remote_id=issue,
                key=f"FB-{number}",
                proposed_at=NOW,
                rule="",
            )
            with company.database.writing() as session:
                session.add(ticket)
                session.flush()
                session.add(
                    Mirror(
                        ticket_id=ticket.id or 0,
                        versions=[{"name": f"1.{number}", "released": False, "on": None}],
                    )
                )
        own = company.settings(
            jira={"webhook_secret": secret}, server={"url": "https://feedback.acme.example/x"}
        )
        self.client = TestClient(
            make_site(company.database, own, lambda: self.now), base_url="https://hook.acme.example"
        )

    def event(self, **values: Any) -> dict[str, Any]:
        self.sent += 1
        at = int((NOW.timestamp() + self.sent) * 1000)
        base = {"timestamp": at, "webhookEvent": "jira:issue_updated", "issue": {"id": "10001"}}
        return {**base, **values}

    def post(self, body: Any, *, raw: bytes | None = None, **headers: str) -> Any:
        raw = json.dumps(body).encode() if raw is None else raw
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if "X-Hub-Signature" not in named:
            named["X-Hub-Signature"] = sign(raw)
        return self.client.post(PATH, content=raw, headers=named)

    @property
    def stale(self) -> set[str]:
        with self.company.database.reading() as session:
            rows = session.exec(select(Ticket.remote_id, Mirror.stale).where(Ticket.id == Mirror.ticket_id))
            return {issue or "" for issue, stale in rows if stale}

    @property
    def kept(self) -> set[str]:
        with self.company.database.reading() as session:
            return set(session.exec(select(Delivery.id)))

    def clean(self) -> None:
        with self.company.database.writing() as session:
            for mirror in session.exec(select(Mirror)):
                mirror.stale = False
                session.add(mirror)


@pytest.fixture
def jira(empty: Company) -> Jira:
    return Jira(empty)


def test_a_signed_delivery_marks_its_issue_and_no_other(jira: Jira):
    answer = jira.post(jira.event(), X_Atlassian_Webhook_Identifier="one")

    assert (answer.status_code, answer.content) == (204, b"")
    assert jira.stale == {"10001"}
    assert "id:one" in jira.kept
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    "values",
    [
        {"webhookEvent": "jira:issue_deleted"},
        {"webhookEvent": "comment_created", "issue": {"id": 10001, "key": "FB-1"}},
        {"webhookEvent": "worklog_updated", "issue": None, "worklog": {"issueId": "10001"}},
        {
            "webhookEvent": "issuelink_created",
            "issue": None,
            "issueLink": {"sourceIssueId": 10001, "destinationIssueId": 5},
        },
        {"webhookEvent": "jira:version_released", "issue": None, "version": {"name": "1.1"}},
    ],
)
def test_every_kind_of_event_marks_what_it_is_about(jira: Jira, values: dict[str, Any]):
    assert jira.post(jira.event(**values)).status_code == 204

    assert jira.stale == {"10001"}


def test_nothing_else_is_believed_of_a_delivery(jira: Jira):
    told = {"id": "10001", "key": "EVIL-1", "fields": {"status": {"name": "Done"}, "summary": "changed"}}

    jira.post(jira.event(issue=told))

    with jira.company.database.reading() as session:
        ticket = session.exec(select(Ticket).where(Ticket.remote_id == "10001")).one()
        mirror = session.exec(select(Mirror).where(Mirror.ticket_id == ticket.id)).one()
    assert (ticket.key, ticket.title, mirror.status, mirror.category) == ("FB-1", "", "", "new")
    assert mirror.stale


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        sign(b"{}"),
        "sha256=\xe9",
        "0" * 64,
    ],
)
def test_a_wrong_signature_is_refused_and_nothing_happens(jira: Jira, signature: str):
    answer = jira.client.post(
        PATH, content=json.dumps(jira.event()), headers={"X-Hub-Signature": signature.encode("latin-1")}
    )

    assert answer.status_code == 401
    assert SECRET not in answer.text
    assert (jira.stale, jira.kept) == (set(), set())


def test_a_body_signed_with_another_secret_or_changed_on_the_way_is_refused(jira: Jira):
    raw = json.dumps(jira.event()).encode()

    other = jira.post(None, raw=raw, **{"X-Hub-Signature": sign(raw, "another")})
    changed = jira.post(None, raw=raw.replace(b"10001", b"10002"), **{"X-Hub-Signature": sign(raw)})

    assert (other.status_code, changed.status_code) == (401, 401)
    assert jira.stale == set()


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b"<html>", b"9" * 5000, b"null"],
)
def test_what_is_no_json_object_is_refused(jira: Jira, raw: bytes):
    assert jira.post(None, raw=raw).status_code == 400
    assert jira.kept == set()


@pytest.mark.parametrize("told", ["soon", True, 1.5, 10**400, -(10**30), {}])
def test_a_time_that_is_none_is_refused(jira: Jira, told: Any):
    assert jira.post(jira.event(timestamp=told)).status_code == 400
    assert jira.stale == set()


def test_a_body_that_is_too_long_is_refused_before_it_is_judged(jira: Jira):
    def parts():
        yield from (b"x" * 65_536 for _ in range(40))

    told = jira.post(None, raw=b"x" * (LIMIT + 1))
    untold = jira.client.post(PATH, content=parts(), headers={"X-Hub-Signature": sign(b"x")})

    assert (told.status_code, untold.status_code) == (413, 413)


def test_a_body_of_exactly_the_limit_is_taken(jira: Jira):
    raw = json.dumps(jira.event()).encode()

    assert jira.post(None, raw=raw + b" " * (LIMIT - len(raw))).status_code == 204
    assert jira.stale == {"10001"}


def test_the_same_delivery_again_changes_nothing(jira: Jira):
    event = jira.event()
    jira.post(event, X_Atlassian_Webhook_Identifier="one")
    jira.clean()

    again = jira.post(event, X_Atlassian_Webhook_Identifier="one", X_Atlassian_Webhook_Retry="1")
    replayed = jira.post(event, X_Atlassian_Webhook_Identifier="two")
    same_name = jira.post(jira.event(), X_Atlassian_Webhook_Identifier="one")

    assert {again.status_code, replayed.status_code, same_name.status_code} == {204}
    assert jira.stale == set()


def test_two_changes_of_one_issue_are_two_deliveries(jira: Jira):
    jira.post(jira.event(), X_Atlassian_Webhook_Identifier="one")
    jira.clean()

    jira.post(jira.event(), X_Atlassian_Webhook_Identifier="two")

    assert jira.stale == {"10001"}


@pytest.mark.parametrize(
    ("minutes", "headers", "status"),
    [
        (4.9, {}, 204),
        (5.1, {}, 400),
        (-4.9, {}, 204),
        (-5.1, {}, 400),
        (75, {"X_Atlassian_Webhook_Retry": "5"}, 204),
        (75, {"X_Atlassian_Webhook_Retry": "0"}, 400),
        (75, {"X_Atlassian_Webhook_Retry": "many"}, 400),
        (14, {"X_Atlassian_Webhook_Flow": "Secondary"}, 204),
        (14, {"X_Atlassian_Webhook_Flow": "Primary"}, 400),
        (24 * 60 - 1, {"X_Atlassian_Webhook_Retry": "5"}, 204),
        (24 * 60 + 1, {"X_Atlassian_Webhook_Retry": "5"}, 400),
        (-6, {"X_Atlassian_Webhook_Retry": "5"}, 400),
    ],
)
def test_an_old_delivery_is_taken_only_if_jira_held_it_back(
    jira: Jira, minutes: float, headers: dict[str, str], status: int
):
    at = int((NOW - timedelta(minutes=minutes)).timestamp() * 1000)

    answer = jira.post(jira.event(timestamp=at), **headers)

    assert answer.status_code == status
    assert jira.stale == ({"10001"} if status == 204 else set())


def test_a_delivery_without_a_time_is_taken_once(jira: Jira):
    event = {"issue": {"id": "10002"}}
    jira.post(event)
    jira.clean()

    assert jira.post(event).status_code == 204
    assert jira.stale == set()


def test_deliveries_are_forgotten_after_thirty_days(jira: Jira):
    jira.post(jira.event(), X_Atlassian_Webhook_Identifier="one")
    jira.now = NOW + timedelta(days=30, minutes=1)
    at = int(jira.now.timestamp() * 1000)

    jira.post(jira.event(timestamp=at), X_Atlassian_Webhook_Identifier="two")

    assert [name for name in jira.kept if name.startswith("id:")] == ["id:two"]


def test_an_issue_that_is_not_ours_is_answered_and_nothing_is_marked(jira: Jira):
    for strange in ("99", "10001; DROP TABLE mirror", "", None, [], {}, 1e9, "\ud800", "9" * 99):
        assert jira.post(jira.event(issue={"id": strange})).status_code == 204

    assert jira.stale == set()


def test_without_a_secret_there_is_no_such_page(empty: Company):
    jira = Jira(empty, secret="")

    answer = jira.client.post(
        PATH, content=b"{}", headers={"X-Hub-Signature": sign(b"{}", ""), "Host": "localhost"}
    )

    assert answer.status_code == 404
    assert jira.kept == set()


def test_the_guard_lets_exactly_this_through_under_a_foreign_name(jira: Jira):
    assert jira.client.get("/").status_code == 400
    assert jira.client.get(PATH).status_code == 400
    assert jira.client.post("/topics").status_code == 400
    assert jira.client.post(f"{PATH}/").status_code == 400
    assert (
        jira.client.get("/", headers={"Host": "feedback.acme.example"}).status_code == 400
    )  # nobody logs in
    assert jira.client.get(PATH, headers={"Host": "localhost"}).status_code == 405


def test_a_store_that_is_held_makes_jira_try_again(jira: Jira, monkeypatch: pytest.MonkeyPatch):
    from bridge.errors import StoreError
    from bridge.store.database import Database

    event = jira.event()

    def held(_self: Database):
        raise StoreError("held")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "writing", held)
        refused = jira.post(event)
    accepted = jira.post(event, X_Atlassian_Webhook_Retry="1")

    assert (refused.status_code, accepted.status_code) == (503, 204)
    assert jira.stale == {"10001"}


def test_deliveries_of_a_whole_site_are_taken_in_any_order_and_twice(jira: Jira):
    twin = Twin("cloud")
    ann = twin.as_person()
    issue = ann.create("WEB", "Bags arrive late")
    other = ann.create("WEB", "Not ours")
    ann.edit(issue, summary="Bags come late")
    ann.comment(issue, "Seen here as well")
    ann.edit(other, summary="Still not ours")
    with jira.company.database.writing() as session:
        ticket = session.exec(select(Ticket).where(Ticket.remote_id == "10002")).one()
        ticket.remote_id = issue.id
        session.add(ticket)
    jira.now = twin.now

    good = [jira.client.post(PATH, content=body, headers=head) for head, body in twin.webhooks(SECRET)]
    marked = jira.stale
    jira.clean()
    again = twin.webhooks(SECRET, "duplicate", "out-of-order")
    codes = {jira.client.post(PATH, content=body, headers=head).status_code for head, body in again}
    for mode in ("bad-signature", "unsigned"):
        spoiled = twin.webhooks(SECRET, mode)
        codes |= {jira.client.post(PATH, content=body, headers=head).status_code for head, body in spoiled}

    assert len(good) >= 5
    assert {answer.status_code for answer in good} == {204}
    assert marked == {issue.id}
    assert codes == {204, 401}
    assert jira.stale == set()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: st.dictionaries(
            st.sampled_from(
                ["issue", "id", "timestamp", "version", "name", "worklog", "issueId", "issueLink"]
            ),
            inner | st.lists(inner, max_size=2),
        ),
        max_leaves=8,
    )
)
def test_any_signed_json_gets_an_answer(jira: Jira, body: Any):
    assert jira.post(body).status_code in {204, 400}


@given(raw=st.binary(max_size=50), secret=st.binary(min_size=1, max_size=20), flip=st.integers(0, 63))
def test_a_signature_holds_for_its_body_and_secret_only(raw: bytes, secret: bytes, flip: int):
    right = hmac.new(secret, raw, hashlib.sha256).hexdigest()
    wrong = right[:flip] + ("0" if right[flip] != "0" else "1") + right[flip + 1 :]

    assert is_signed(raw, f"sha256={right}", secret)
    assert is_signed(raw, f"SHA256={right.upper()}", secret)
    assert not is_signed(raw, f"sha256={wrong}", secret)
    assert not is_signed(raw + b" ", f"sha256={right}", secret)
    assert not is_signed(raw, right, secret)


def test_the_clock_is_the_one_handed_in(jira: Jira):
    jira.now = datetime.fromisoformat("2030-01-01T00:00:00+00:00")

    assert jira.post(jira.event()).status_code == 400


def test_what_can_not_be_signed_is_refused_before_its_body_is_read(jira: Jira):
    read: list[int] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "headers": [(b"x-hub-signature", b"sha256=none")],
    }

    async def receive() -> dict[str, Any]:
        read.append(1)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    hook = JiraHook(jira.company.database, SECRET, lambda: NOW)
    answer = asyncio.run(hook.receive(Request(scope, receive)))

    assert (answer.status_code, read) == (401, [])
