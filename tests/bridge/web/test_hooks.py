"""The contract of a webhook: what is believed, stored once, set aside, refused, and how it is answered."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from command import Desk
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from bridge import tally
from bridge.models import Delivery, Item, ItemRevision, RejectedInput, SourceState
from bridge.pipeline.receiving import Inbox
from bridge.store.database import Database
from bridge.web.guard import HEADERS
from bridge.web.hooks import DELIVERIES, Rate, address
from bridge.web.site import make_site

if TYPE_CHECKING:
    from tests.bridge.web.conftest import Company

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "a secret of the tests"  # noqa: S105 - not one
COLUMNS = {"text": "body", "id": "id", "author": "by", "at": "at"}


def said(name: str = "r1", body: str = "The app is slow.", **values: Any) -> dict[str, Any]:
    return {"id": name, "body": body, "by": "ana", "at": "2026-11-20T10:00:00Z", **values}


class Sender:
    """Sends deliveries to the hook "desk" of a store."""

    def __init__(self, company: Company, database: Database | None = None, **values: Any) -> None:
        self.company = company
        self.now = NOW
        source = {"name": "desk", "connector": "webhook", "secret": SECRET, "columns": COLUMNS, **values}
        self.settings = company.settings(source=[source], server={"url": "https://feedback.acme.example"})
        site = make_site(database or company.database, self.settings, lambda: self.now)
        self.client = TestClient(site, base_url="https://elsewhere.example")

    def headers(self, raw: bytes, *, at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
        stamp = str(int((at or self.now).timestamp()))
        digest = hmac.new(secret.encode(), stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
        return {
            "X-Webhook-Timestamp": stamp,
            "X-Webhook-Signature": f"sha256={digest}",
            "Content-Type": "application/json",
        }

    def send(self, payload: Any, *, at: datetime | None = None, secret: str = SECRET, **more: str) -> Any:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        named = {name.replace("_", "-"): value for name, value in more.items()}
        headers = {**self.headers(raw, at=at, secret=secret), **named}
        return self.client.post("/hooks/desk", content=raw, headers=headers)

    @property
    def texts(self) -> dict[str, str]:
        with self.company.database.reading() as session:
            rows = session.exec(
                select(Item.external_id, ItemRevision.text).where(
                    ItemRevision.item_id == Item.id, ItemRevision.revision == Item.revision
                )
            )
            return dict(rows.all())

    @property
    def remembered(self) -> list[str]:
        with self.company.database.reading() as session:
            return sorted(session.exec(select(Delivery.id)))

    @property
    def reasons(self) -> list[str]:
        with self.company.database.reading() as session:
            return list(session.exec(select(RejectedInput.reason)))

    @property
    def is_untouched(self) -> bool:
        return (self.texts, self.remembered, self.reasons) == ({}, [], [])


@pytest.fixture
def sender(empty: Company) -> Sender:
    return Sender(empty)


def test_a_signed_delivery_is_an_item_when_it_is_answered(sender: Sender):
    answer = sender.send(said())

    assert answer.status_code == 200
    assert answer.json() == {"new": 1, "changed": 0, "unchanged": 0, "rejected": 0}
    assert sender.texts == {"r1": "The app is slow."}
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    with sender.company.database.reading() as session:
        item, state = session.exec(select(Item)).one(), session.exec(select(SourceState)).one()
    assert (item.source, item.stage, item.pulled_at) == ("desk", 0, NOW)
    assert item.person_key
    assert (state.name, state.connector, state.state, state.last_ok_at) == ("desk", "webhook", "ok", NOW)


def test_one_delivery_may_hold_many_and_some_of_them_no_items(sender: Sender):
    answer = sender.send([said("r1"), said("r2", body=""), said("r3")], X_Webhook_Id="m1")

    assert answer.json() == {"new": 2, "changed": 0, "unchanged": 0, "rejected": 1}
    assert set(sender.texts) == {"r1", "r3"}
    assert sender.reasons == ["text: 'body' is empty"]
    (file,) = (sender.company.path / "rejected").iterdir()
    row = json.loads(file.read_text(encoding="utf-8"))
    assert row["reason"] == "text: 'body' is empty"
    assert json.loads(row["raw"])["id"] == "r2"


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 5000, b"null", b'"x"', b"[NaN]"])
def test_what_cant_be_mapped_is_set_aside_and_never_asked_for_again(sender: Sender, raw: bytes):
    answer = sender.send(raw)

    assert (answer.status_code, answer.json()["rejected"]) == (200, 1)
    assert len(sender.reasons) == 1
    assert sender.texts == {}


def test_a_delivery_that_was_set_aside_may_come_again_once_the_mapping_is_mended(empty: Company):
    wrong = Sender(empty, columns={**COLUMNS, "text": "words"})
    assert wrong.send(said(), X_Webhook_Id="m1").json()["rejected"] == 1

    mended = Sender(empty)
    mended.now = NOW + timedelta(minutes=20)

    assert mended.send(said(), X_Webhook_Id="m1").json()["new"] == 1


def test_an_edit_is_a_revision_of_the_same_item(sender: Sender):
    sender.send(said())

    again = sender.send(said(note="unmapped"))
    edited = sender.send(said(body="The app is slow again."))

    assert (again.json()["unchanged"], edited.json()["changed"]) == (1, 1)
    assert sender.texts == {"r1": "The app is slow again."}


def test_unsigned_requests_are_refused_before_their_body_is_read(sender: Sender):
    read = []

    def parts() -> Iterator[bytes]:
        for _ in range(3):
            read.append(1)
            yield b"words of a stranger"

    answer = sender.client.post("/hooks/desk", content=parts(), headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.text) == (401, "X-Webhook-Signature is missing\n")
    assert sender.is_untouched


@pytest.mark.parametrize(
    "change",
    [
        {"X-Webhook-Signature": ""},
        {"X-Webhook-Signature": "sha256=" + "0" * 64},
        {"X-Webhook-Signature": "sha256=\xe9"},
        {"X-Webhook-Timestamp": ""},
        {"X-Webhook-Timestamp": "1795262401"},
        {"X-Webhook-Timestamp": "soon"},
    ],
)
def test_a_wrong_signature_is_refused_and_nothing_happens(sender: Sender, change: dict[str, str]):
    raw = json.dumps(said()).encode()
    headers = {**sender.headers(raw), **change}

    answer = sender.client.post(
        "/hooks/desk", content=raw, headers={name: value.encode("latin-1") for name, value in headers.items()}
    )

    assert answer.status_code == 401
    assert "slow" not in answer.text
    assert SECRET not in answer.text
    assert sender.is_untouched


def test_another_secret_or_a_changed_body_is_refused(sender: Sender):
    raw = json.dumps(said()).encode()
    headers = sender.headers(raw)

    other = sender.send(said(), secret="another secret of the tests")  # noqa: S106 - not one
    changed = sender.client.post("/hooks/desk", content=raw.replace(b"slow", b"fast"), headers=headers)

    assert (other.status_code, changed.status_code) == (401, 401)
    assert sender.is_untouched


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (301, 401), (-299, 200), (-301, 401)])
def test_a_delivery_is_fresh_for_five_minutes_either_way(sender: Sender, seconds: int, status: int):
    assert sender.send(said(), at=NOW - timedelta(seconds=seconds)).status_code == status


def test_a_replay_is_answered_well_and_stores_nothing(sender: Sender):
    sender.send(said(), X_Webhook_Id="m1")
    sender.send(said(body="The app is fast."), X_Webhook_Id="m2")

    raw = json.dumps(said()).encode()
    same = sender.client.post("/hooks/desk", content=raw, headers=sender.headers(raw))
    renamed = sender.send(said(), X_Webhook_Id="m3")
    sender.now += timedelta(minutes=4)
    tried_again = sender.send(said(), X_Webhook_Id="m1")

    assert {answer.status_code for answer in (same, renamed, tried_again)} == {200}
    assert {answer.text for answer in (same, renamed, tried_again)} == {'{"repeated":true}'}
    assert sender.texts == {"r1": "The app is fast."}


def test_the_replay_cache_outlives_the_process_and_is_pruned(empty: Company):
    first = Sender(empty)
    first.send(said(), X_Webhook_Id="m1")
    second = Sender(empty)
    assert second.send(said(), X_Webhook_Id="m1").json() == {"repeated": True}

    second.now = NOW + timedelta(hours=2)
    second.send(said("r2"), X_Webhook_Id="m2")
    after_hours = second.remembered
    second.now = NOW + timedelta(days=31)
    second.send(said("r3"), X_Webhook_Id="m3")

    assert len(after_hours) == 3  # two senders' names, and the digest of the last
    assert len(second.remembered) == 2


def test_without_a_time_a_delivery_is_known_for_as_long_as_its_name(empty: Company):
    sender = Sender(empty, scheme="github", without_timestamp=True)
    raw = json.dumps(said()).encode()
    digest = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}

    first = sender.client.post("/hooks/desk", content=raw, headers={**headers, "X-GitHub-Delivery": "one"})
    sender.now = NOW + timedelta(days=20)
    sender.send(b"{}", at=sender.now)
    again = sender.client.post("/hooks/desk", content=raw, headers={**headers, "X-GitHub-Delivery": "two"})

    assert first.json()["new"] == 1
    assert again.json() == {"repeated": True}


def test_a_body_that_is_too_long_is_refused_told_or_not(empty: Company):
    sender = Sender(empty, max_bytes=2048)
    raw = json.dumps(said(note="x" * 2048)).encode()
    sent = []

    def parts() -> Iterator[bytes]:
        for _ in range(64):
            sent.append(1)
            yield b" " * 1024

    told = sender.send(raw)
    untold = sender.client.post("/hooks/desk", content=parts(), headers=sender.headers(b" " * 65_536))
    fits = json.dumps(said()).encode().ljust(2048)

    assert (told.status_code, untold.status_code) == (413, 413)
    assert sender.is_untouched
    assert sender.send(fits).status_code == 200


def test_a_body_in_parts_without_a_length_is_taken(sender: Sender):
    raw = json.dumps(said()).encode()

    answer = sender.client.post("/hooks/desk", content=iter([raw[:9], raw[9:]]), headers=sender.headers(raw))

    assert answer.json()["new"] == 1


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
        ("application/json; charset=utf-8", 200),
        ("application/vnd.desk+json", 200),
    ],
)
def test_only_json_is_taken(sender: Sender, kind: str, status: int):
    assert sender.send(said(), Content_Type=kind).status_code == status


def test_a_sender_is_held_to_its_rate_and_a_stranger_cant_use_it_up(empty: Company):
    sender = Sender(empty, per_minute=3)
    for _ in range(10):
        assert sender.send(said(), secret="the secret of a stranger").status_code == 401  # noqa: S106 - not one

    answers = [sender.send(said(f"r{number}")) for number in range(5)]
    sender.now += timedelta(seconds=int(answers[-1].headers["Retry-After"]))

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert sender.send(said("late")).status_code == 200


def test_a_rate_fills_up_again_and_never_beyond_a_minute():
    rate = Rate(60)

    assert [rate.wait_s(NOW) for _ in range(61)] == [0] * 60 + [1]
    assert rate.wait_s(NOW - timedelta(hours=1)) > 0
    later = NOW + timedelta(days=1)
    assert [rate.wait_s(later) for _ in range(61)] == [0] * 60 + [1]


def test_both_secrets_of_a_rotation_are_believed(empty: Company):
    sender = Sender(empty, secret=f"{SECRET}\nthe secret that comes next")

    assert sender.send(said("r1")).status_code == 200
    assert sender.send(said("r2"), secret="the secret that comes next").status_code == 200  # noqa: S106 - not one


def test_a_paused_source_and_one_that_cant_work_ask_to_come_later(empty: Company):
    paused = Sender(empty, paused=True).send(said())
    broken = Sender(empty, secret="short").send(said())  # noqa: S106 - not one

    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in (paused, broken)} == {
        (503, "3600")
    }
    assert "short" not in broken.text


def test_other_names_and_methods_lead_nowhere(sender: Sender):
    ours = {"Host": "localhost"}

    assert sender.client.post("/hooks/other", headers=ours).status_code == 404
    assert sender.client.get("/hooks/desk", headers=ours).status_code == 405
    assert sender.client.get("/hooks/desk").status_code == 400
    assert sender.client.post("/hooks/desk/").status_code == 400


def test_the_address_for_the_sender_is_the_public_one(sender: Sender):
    assert address(sender.settings, "desk") == "https://feedback.acme.example/hooks/desk"


def test_the_same_delivery_many_times_at_once_is_stored_once(sender: Sender):
    raw = json.dumps([said(f"r{number}") for number in range(20)]).encode()
    headers = {**sender.headers(raw), "X-Webhook-Id": "m1"}
    start = threading.Barrier(6)
    answers: list[Any] = []

    def send() -> None:
        start.wait(timeout=10)
        answers.append(sender.client.post("/hooks/desk", content=raw, headers=headers))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json() == {"repeated": True} for answer in answers) == 5
    assert len(sender.texts) == 20


class Killed(Exception):  # noqa: N818 - no fault
    """The process ends here."""


class Cut(Database):
    """A store whose process is killed just before or just after a commit."""

    when: str = ""

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with super().writing() as session:
            yield session
            if self.when == "before":
                raise Killed
        if self.when == "after":
            raise Killed


@pytest.mark.parametrize(("when", "stored"), [("before", {}), ("after", {"r1": "The app is slow."})])
def test_nothing_is_answered_before_the_commit(empty: Company, when: str, stored: dict[str, str]):
    database = Cut(empty.database.url)
    sender = Sender(empty, database)
    database.when = when
    taken: list[str] = []

    with pytest.raises(Killed):
        taken.append(sender.send(said(), X_Webhook_Id="m1").text)
    database.when = ""
    assert sender.texts == stored
    again = sender.send(said(), X_Webhook_Id="m1")
    database.close()

    assert taken == []
    assert again.json() == (
        {"repeated": True} if stored else {"new": 1, "changed": 0, "unchanged": 0, "rejected": 0}
    )
    assert sender.texts == {"r1": "The app is slow."}


def test_a_store_that_is_held_makes_the_sender_try_again(sender: Sender, monkeypatch: pytest.MonkeyPatch):
    from bridge.errors import StoreError

    def held(_self: Inbox, *_: object):
        raise StoreError("held")

    with monkeypatch.context() as patch:
        patch.setattr(Inbox, "take", held)
        refused = sender.send(said(), X_Webhook_Id="m1")
    accepted = sender.send(said(), X_Webhook_Id="m1")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    assert accepted.json()["new"] == 1


def test_what_happens_at_the_door_is_counted(sender: Sender):
    def counts() -> dict[str, int]:
        return {labels["outcome"]: value for labels, value in tally.counted(DELIVERIES)}

    before = counts()

    sender.send(said(), X_Webhook_Id="m1")
    sender.send(said(), X_Webhook_Id="m1")
    sender.send(said("r2"), secret="the secret of a stranger")  # noqa: S106 - not one
    sender.send({})
    sender.send([said("r3"), {}])

    grown = {name: value - before.get(name, 0) for name, value in counts().items()}
    assert {name: value for name, value in grown.items() if value} == {
        "taken": 1,
        "repeated": 1,
        "unsigned": 1,
        "set aside": 1,
        "partly set aside": 1,
    }


def test_rejected_rows_lie_in_the_folder_of_data(sender: Sender):
    sender.send({})

    assert Path(sender.settings.paths.data, "rejected").is_dir()


def test_a_source_that_is_sent_to_us_is_told_where_and_never_pulled(cli: Desk):
    columns = 'columns = { text = "body" }'
    cli.set(
        '[server]\nurl = "https://feedback.acme.example"\n'
        f'[[source]]\nname = "desk"\nconnector = "webhook"\nsecret = "{SECRET}"\n{columns}\n'
    )

    told = cli("sources", "test", "desk")
    pulled = cli("pull", "desk")
    everything = cli("pull")

    assert told.out.startswith("desk: send to https://feedback.acme.example/hooks/desk; takes JSON signed in")
    assert SECRET not in told.out + told.err
    assert pulled.code == 2
    assert "is sent to us" in pulled.err
    assert everything.code == 0
    assert "desk" not in everything.out
