from __future__ import annotations

from typing import Any

import pytest
from visitors import House, bearer, hash_quickly

from bridge.models import Workspace
from bridge.store.topics import tickets

HOSTILE = "9" * 5000


@pytest.fixture
def house(full: Any, now: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    hash_quickly(monkeypatch)
    with full.database.writing() as session:
        session.get_one(Workspace, 1).last_topic = 20
    house = House(full.database, full.path, now, login=["accounts"])
    for name, role in (("tri", "triager"), ("app", "approver")):
        house.account(name, role)
    return house


def asker(house: House, name: str) -> Any:
    scopes = ("read", "decide", "approve") if name == "app" else ("read", "decide")
    head = bearer(house.token(f"of {name}", scopes, owner=name))

    def ask(verb: str, **fields: Any) -> Any:
        return house.browser().post(f"/api/topics/T-1/{verb}", json=fields, headers=head)

    return ask


def state(house: House) -> str | None:
    with house.database.reading() as session:
        ticket = tickets(session, [1]).get(1)
        return ticket.state if ticket else None


def test_an_approved_ticket_is_edited_by_those_alone_who_may_approve(house: House):
    tri, app = asker(house, "tri"), asker(house, "app")
    app("approve")

    refused = tri("edit", title="Quite another")
    allowed = app("edit", title="Ours")

    assert refused.status_code == 403
    assert "the ticket is approved as it stands" in refused.json()["error"]["message"]
    assert allowed.status_code == 200
    assert tri("undo").status_code == 403
    assert state(house) == "approved"


def test_who_may_not_approve_takes_no_approval_back(house: House):
    tri, app = asker(house, "tri"), asker(house, "app")
    app("approve")

    refused = tri("undo")

    assert refused.status_code == 403
    assert state(house) == "approved"
    assert app("undo").status_code == 200
    assert state(house) == "proposed"


def test_who_may_not_approve_revives_no_approval_by_an_undo(house: House):
    tri, app = asker(house, "tri"), asker(house, "app")
    app("approve")
    tri("reject")

    refused = tri("undo")

    assert refused.status_code == 403
    assert state(house) == "rejected"
    assert app("undo").status_code == 200
    assert state(house) == "approved"


def test_who_may_not_approve_still_takes_back_what_is_theirs(house: House):
    tri = asker(house, "tri")
    tri("reject")

    assert tri("undo").status_code == 200
    assert state(house) == "proposed"


def test_an_undo_takes_back_what_it_was_shown_for_and_nothing_newer(house: House):
    tri, app = asker(house, "tri"), asker(house, "app")
    mine = tri("rename", title="Suitcases are late").json()["decision"]
    theirs = app("ignore", reason="known").json()["decision"]

    late = tri("undo", decision=mine)

    assert late.status_code == 409
    assert "another by now: ignore by app" in late.json()["error"]["message"]
    assert tri("undo", decision=theirs).json()["decision"] == theirs


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("snooze", {"until": HOSTILE}),
        ("snooze", {"until": "9" * 20}),
        ("split", {"group": HOSTILE}),
    ],
)
def test_numbers_that_nothing_can_hold_are_refused_in_words(house: House, verb: str, fields: dict[str, str]):
    answer = asker(house, "tri")(verb, **fields)

    assert answer.status_code == 400
    assert "9 digits at most" in answer.json()["error"]["message"]


def test_a_body_that_is_nested_without_end_is_refused_in_words(house: House):
    head = bearer(house.token("deep", ("read", "decide")))

    answer = house.browser().post("/api/topics/T-1/ignore", content="[" * 200_000, headers=head)

    assert answer.status_code == 400
    assert "nested too deep" in answer.json()["error"]["message"]


def test_a_text_of_brackets_alone_is_no_draft(house: House):
    answer = asker(house, "tri")("edit", description="[" * 501)

    assert answer.status_code == 409
    assert "more than 500 signs" in answer.json()["error"]["message"]


def test_a_token_holds_only_while_its_owner_may_come_in(full: Any, now: Any, monkeypatch: pytest.MonkeyPatch):
    hash_quickly(monkeypatch)
    before = House(full.database, full.path, now, login=["accounts"])
    before.account("ana")
    head = bearer(before.token(owner="ana"))
    after = House(full.database, full.path, now, login=["proxy"], proxy_addresses=["10.0.0.5"])

    assert before.browser().get("/seen", headers=head).status_code == 200
    assert after.browser().get("/seen", headers=head).status_code == 401
