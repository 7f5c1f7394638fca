from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from visitors import PASSWORD, House, hash_quickly

from bridge.access import passwords
from bridge.access.door import Refused
from bridge.errors import InputError
from bridge.store.database import Database


@pytest.mark.parametrize("password", ["", "eleven sign", " " * 12, "x" * 1025])
def test_a_password_that_is_too_short_too_long_or_nothing_is_refused(password: str):
    with pytest.raises(InputError):
        passwords.refuse_weak(password)


@pytest.mark.parametrize("password", ["aaaaaaaaaaaa", "twelve signs", "пароль на двенадцать", "x" * 1024])
def test_what_a_password_is_made_of_is_free(password: str):
    passwords.refuse_weak(password)


def test_a_hash_fits_its_password_however_the_letters_were_typed(monkeypatch: pytest.MonkeyPatch):
    hash_quickly(monkeypatch)
    kept = passwords.hashed("caf\u00e9 on the corner")

    assert kept.startswith("$argon2id$")
    assert passwords.is_right("cafe\u0301 on the corner", kept)
    assert not passwords.is_right("cafe on the corner", kept)
    assert not passwords.is_right("cafe on the corner", "rubbish")
    assert not passwords.is_right("a password that nobody has", None)


class Counting(PasswordHasher):
    """A hasher that counts what it checks."""

    checked = 0

    def verify(self, *words: Any) -> Any:
        self.checked += 1
        return super().verify(*words)


def test_a_failed_login_takes_as_long_for_a_name_that_nobody_has(
    tmp_path: Path, fresh_store: Path, monkeypatch: pytest.MonkeyPatch
):
    middling = Counting(time_cost=3, memory_cost=8192, parallelism=1)
    passwords._of_nobody.cache_clear()
    monkeypatch.setattr(passwords, "hasher", lambda: middling)
    shutil.copy(fresh_store, tmp_path / "bridge.db")
    database = Database(f"sqlite:///{tmp_path / 'bridge.db'}")
    house = House(database, tmp_path, datetime(2026, 11, 21, tzinfo=UTC), login=("accounts", "oidc"), **OIDC)
    house.account("ana")
    house.account("otto", way="oidc")
    names, checked = ("ana", "otto", "nobody"), set()

    def seconds(name: str) -> float:
        house.clock.go_on(minutes=20)
        before, begun = middling.checked, time.process_time()
        with pytest.raises(Refused):
            house.door.log_in(name, "wrong " + PASSWORD, "203.0.113.9")
        checked.add(middling.checked - before)
        return time.process_time() - begun

    rounds = [[seconds(name) for name in names] for _ in range(9)]
    database.close()
    passwords._of_nobody.cache_clear()

    least = [min(found) for found in zip(*rounds, strict=True)]
    assert checked == {1}
    assert max(least) < 2 * min(least), dict(zip(names, least, strict=True))


OIDC = {"oidc": {"issuer": "https://login.example.org", "client_id": "x"}}


@pytest.fixture
def fresh_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a fresh store."""
    path = tmp_path_factory.mktemp("fresh") / "bridge.db"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.close()
    return path
