"""Accounts, logins and tokens on either kind of store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from visitors import PASSWORD, Clock, House, hash_quickly

from bridge.access import accounts, sessions, tokens
from bridge.access.door import Refused
from bridge.access.roles import Actor
from bridge.errors import InputError
from bridge.models import UserAccount
from bridge.saving import Views
from bridge.store import saved
from bridge.store.audit import first_broken
from bridge.store.database import Database

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_kind(request: pytest.FixtureRequest) -> str:
    """The kind of store."""
    kind: str = request.param
    return kind


@pytest.fixture
def house(stores: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A site with an account on a store of that kind."""
    hash_quickly(monkeypatch)
    database = Database(stores.address(tmp_path / "bridge.db"))
    database.upgrade()
    made = House(database, tmp_path, NOW, login=("accounts",))
    made.account("ana", "admin")
    return made


def test_a_life_of_an_account(house: House):
    door = house.door
    first = door.log_in("Ana", PASSWORD, "203.0.113.9")
    actor = door.by_session(first)
    assert actor is not None
    assert (actor.name, actor.role, actor.via) == ("ana", "admin", "session")
    secret = house.token("ci", ["read", "decide"], owner="ana")

    second = door.log_in("ana", PASSWORD, "203.0.113.9", instead_of=first)
    by_token = door.by_token(secret, "203.0.113.9")
    with pytest.raises(Refused):
        door.log_in("ana", PASSWORD + "x", "203.0.113.9")
    with house.database.writing() as session:
        accounts.remove(session, accounts.named(session, "ana"), NOW, "test")

    assert door.by_session(first) is None
    assert by_token is not None
    assert by_token.scopes == {"read", "decide"}
    assert door.by_session(second) is None
    assert door.by_token(secret, "203.0.113.9") is None
    with house.database.reading() as session:
        assert tokens.all_tokens(session) == []
        assert accounts.all_accounts(session) == []
        assert first_broken(session) is None


def test_old_logins_are_swept_and_used_ones_noted(house: House):
    clock: Clock = house.clock
    with house.database.writing() as session:
        ana = accounts.named(session, "ana")
        old = sessions.start(session, ana, clock())
    clock.go_on(hours=7)
    house.door.by_session(old)
    clock.go_on(hours=7)
    assert house.door.by_session(old) is not None

    clock.go_on(hours=9)
    with house.database.writing() as session:
        ana = accounts.named(session, "ana")
        new = sessions.start(session, ana, clock())
        held = sessions.of_account(session, ana.id or 0, clock())

    assert house.door.by_session(old) is None
    assert house.door.by_session(new) is not None
    assert len(held) == 1


def test_a_token_says_when_it_was_used_and_ends_on_its_day(house: House):
    secret = house.token("ci", days=2)
    house.clock.go_on(days=1)
    house.door.by_token(secret, "203.0.113.9")

    with house.database.reading() as session:
        used = tokens.named(session, "ci").used_at
    house.clock.go_on(days=1)

    assert used == NOW + timedelta(days=1)
    assert house.door.by_token(secret, "203.0.113.9") is None


def test_names_are_one_however_they_are_typed(house: House):
    with pytest.raises(InputError, match="already"):
        house.account(" ANA ")
    house.token("ci")
    with pytest.raises(InputError, match="already"):
        house.token("ci")
    with house.database.reading() as session:
        assert accounts.by_name(session, "a\0na") is None
        assert isinstance(accounts.by_name(session, "ÁNA".replace("Á", "A")), UserAccount)


def test_the_last_admin_is_known(house: House):
    house.account("bob", "viewer")
    with house.database.writing() as session:
        ana, bob = accounts.named(session, "ana"), accounts.named(session, "bob")
        assert accounts.is_last_admin(session, ana)
        assert not accounts.is_last_admin(session, bob)
        accounts.set_role(session, bob, "admin", NOW, "test")
        session.flush()
        assert not accounts.is_last_admin(session, ana)


def test_who_was_seen_when_and_who_is_the_last_admin(house: House):
    door = house.door
    key = door.log_in("ana", PASSWORD, "203.0.113.9")
    house.account("bob", "admin")

    with house.database.writing() as session:
        ana, bob = accounts.named(session, "ana"), accounts.named(session, "bob")
        assert accounts.last_seen(session) == {ana.id: NOW}
        assert not accounts.is_last_admin(session, ana, {"password"})
        accounts.set_open(session, bob, NOW, "test", is_open=False)
        assert accounts.is_last_admin(session, ana, {"password"})
        assert not accounts.is_last_admin(session, bob)
        accounts.set_open(session, ana, NOW, "test", is_open=False)

    assert door.by_session(key) is None


def test_views_of_ones_own_and_shared_ones(house: House):
    house.account("bob", "triager")
    with house.database.writing() as session:
        ana, bob = (
            Actor(name=name, role="admin", via="session", account_id=accounts.named(session, name).id)
            for name in ("ana", "bob")
        )
        mine = Views(session, bob, NOW).save("Mine", "/topics?kind=problem", shared=False)
        Views(session, bob, NOW).save("Ours", "/review?view=low", shared=True)
        Views(session, bob, NOW).delete(mine.id or 0)
        Views(session, bob, NOW).undo(mine.id or 0, "2")
        seen = [[view.name for view in saved.seen_by(session, who.account_id)] for who in (ana, bob)]
        Views(session, bob, NOW).delete(mine.id or 0)
        saved.forget_deleted(session, NOW + timedelta(days=1))
        accounts.remove(session, accounts.named(session, "bob"), NOW, "test")

    assert seen == [["Ours"], ["Mine", "Ours"]]
    with house.database.reading() as session:
        assert [(view.name, view.account_id) for view in saved.seen_by(session, None)] == [("Ours", None)]
