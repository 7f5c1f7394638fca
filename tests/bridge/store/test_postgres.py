from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from builders import NOW, STORES, Bench, item
from postgres import Server, server
from sqlalchemy import event, text

from bridge.errors import AlreadyRunning, StoreError
from bridge.models import Remembered, Workspace
from bridge.store import postgres_faults
from bridge.store.database import Database, faults
from bridge.store.lease import current


@pytest.fixture
def store_kind():
    return "postgresql"


def again(bench: Bench) -> Database:
    """Open the store as another program would."""
    return Database(STORES.address(bench.path))


def refused(url: str) -> str:
    database = Database(url)
    with pytest.raises(StoreError) as caught:
        database.upgrade()
    database.close()
    return str(caught.value)


def test_a_session_has_what_a_store_relies_on(bench: Bench):
    with bench.database.writing() as writing, bench.database.reading() as reading:
        asked = {
            name: (
                writing.execute(text(f"SHOW {name}")).scalar(),
                reading.execute(text(f"SHOW {name}")).scalar(),
            )
            for name in ("transaction_isolation", "transaction_read_only", "TimeZone", "synchronous_commit")
        }

    assert asked == {
        "transaction_isolation": ("read committed", "repeatable read"),
        "transaction_read_only": ("off", "on"),
        "TimeZone": ("UTC", "UTC"),
        "synchronous_commit": ("on", "on"),
    }


def impatient(database: Database) -> None:
    @event.listens_for(database.engine, "connect")
    def _soon(connection, _record: object) -> None:
        connection.autocommit = True
        connection.execute("SET lock_timeout = '30ms'")
        connection.autocommit = False


def test_two_writers_wait_for_each_other_from_the_start_of_their_transactions(bench: Bench):
    other = again(bench)
    impatient(other)

    with bench.database.writing(), pytest.raises(StoreError) as caught, other.writing():
        pass

    assert "is locked by another program; wait for it to end, or stop it, and try again" in str(caught.value)


def test_a_writer_that_waited_sees_what_the_other_wrote(bench: Bench):
    code = (
        "import sys\n"
        "from bridge.models import Workspace\n"
        "from bridge.store.database import Database\n"
        "database = Database(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "with database.writing() as session: print(session.get_one(Workspace, 1).name)\n"
    )
    with bench.database.writing() as session:
        waiting = subprocess.Popen(
            [sys.executable, "-c", code, STORES.address(bench.path)], stdout=subprocess.PIPE, text=True
        )
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "ready\n"
        until_waiting(bench)
        session.get_one(Workspace, 1).name = "changed meanwhile"

    assert waiting.communicate(timeout=30)[0] == "changed meanwhile\n"


def until_waiting(bench: Bench) -> None:
    """Return once a session waits for the writers' lock."""
    for _ in range(3000):
        with bench.database.engine.connect() as connection:
            if connection.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).first():
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_reading_goes_on_while_another_writes_and_sees_one_state(bench: Bench):
    with bench.database.reading() as reading:
        before = reading.get_one(Workspace, 1).name
        with bench.database.writing() as session:
            session.get_one(Workspace, 1).name = "changed"
        reading.expire_all()
        after = reading.get_one(Workspace, 1).name

    assert (before, after) == ("default", "default")
    assert bench.query("SELECT name FROM workspace") == [("changed",)]


def test_one_run_at_a_time_and_the_next_may_begin_when_it_ended(bench: Bench):
    other = again(bench)

    with (
        bench.database.only_one(NOW),
        pytest.raises(AlreadyRunning, match="another run is at work on postgresql://"),
        other.only_one(NOW),
    ):
        pass
    with other.only_one(NOW), other.writing() as session:
        fence = current(session, "run")

    assert fence == 2


HOLDER = """
import sys, time
from datetime import UTC, datetime
from bridge.store.database import Database

with Database(sys.argv[1]).only_one(datetime.now(UTC)):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_holder_is_taken_over_at_once(bench: Bench):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, STORES.address(bench.path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(AlreadyRunning), bench.database.only_one(NOW):
        pass
    holder.kill()
    holder.communicate()
    killed = time.monotonic()

    while time.monotonic() - killed < 5:
        try:
            with bench.database.only_one(NOW):
                took = time.monotonic() - killed
                break
        except AlreadyRunning:
            continue

    assert took < 1


def test_a_holder_that_was_cut_off_writes_nothing_once_another_has_taken_over(bench: Bench):
    other = again(bench)
    impatient(other)

    with ExitStack() as stack:
        stack.enter_context(bench.database.only_one(NOW))
        bench.query(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
        )
        with bench.database.writing() as session:
            session.get_one(Workspace, 1).name = "nobody else is at work"
        take_over(other)
        with (
            pytest.raises(AlreadyRunning, match=r"lost its hold on .*nothing more was written"),
            bench.database.writing(),
        ):
            pass

    assert bench.query("SELECT name FROM workspace") == [("nobody else is at work",)]


def take_over(other: Database) -> None:
    import threading

    def hold() -> None:
        with other.only_one(NOW):
            pass

    thread = threading.Thread(target=hold)  # its holding is its own, not that of this thread
    thread.start()
    thread.join()


def test_texts_are_in_the_order_of_their_characters_whatever_the_locale():
    name = "bridge_locale"
    with server().connect("postgres") as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'"
        )
    database = Database(server().url(name))
    database.upgrade()
    words = ["b", "B", "a", "ä", "Z", "_", "1", "a b", "ab"]
    with database.writing() as session:
        session.add_all([Remembered(workspace_id=1, name=word, value="") for word in words])
    with database.reading() as session:
        found = session.execute(text("SELECT name FROM remembered ORDER BY name")).scalars().all()
        folded = session.execute(text("SELECT lower(name) FROM remembered WHERE name = 'Z'")).scalar()
    database.close()
    server().drop(name)

    assert found == sorted(words)
    assert folded == "z"


def test_a_text_with_nul_is_kept_with_a_sign_in_its_place(bench: Bench):
    with bench.database.writing() as session:
        session.get_one(Workspace, 1).name = "a\0b"

    assert bench.query("SELECT name FROM workspace WHERE name = ?", "a\0b") == [("a\ufffdb",)]


def test_a_missing_reference_shows(bench: Bench):
    bench.take([item("the app crashes", "1")])
    sound = faults(bench.database)
    bench.query("ALTER TABLE item_revision DROP CONSTRAINT fk_item_revision_item_id_item")
    bench.query("UPDATE item_revision SET item_id = 999")

    assert sound == []
    assert faults(bench.database) == ["item_revision.item_id refers to a missing row of item"]


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server of its own, that asks some users for a password, and may be stopped."""
    made = Server(password_encryption="scram-sha-256")  # noqa: S106 - the name of a way
    rules = made.data / "pg_hba.conf"
    rules.write_text(
        f"local all guarded scram-sha-256\n{rules.read_text(encoding='utf-8')}", encoding="utf-8"
    )
    made.stop()
    made.start()
    with made.connect("postgres") as connection:
        connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("CREATE DATABASE bridge")
    yield made
    made.remove()


def test_what_a_server_refuses_is_said_in_words_and_without_the_password(guarded: Server):
    cases = {
        guarded.url("bridge", user="guarded:wr0ng"): "doesn't take the password of database.url",
        guarded.url("bridge", user="guarded"): "doesn't take the password of database.url",
        guarded.url("bridge", user="stranger"): "doesn't let our user in",
        guarded.url("nowhere"): "has no such database; make it with createdb",
        guarded.url("bridge", user="reader"): "lets our user do too little",
        "postgresql://127.0.0.1:1/bridge": "doesn't answer; start it, or mend database.url",
        "postgresql://no.such.host.example/bridge": "doesn't answer; start it, or mend database.url",
    }
    for url, words in cases.items():
        message = refused(url)

        assert words in message, message
        assert "wr0ng" not in message


def test_a_server_that_was_restarted_is_gone_in_words_and_then_taken_up_again(guarded: Server):
    database = Database(guarded.url("bridge"))
    database.upgrade()

    guarded.stop(signal.SIGQUIT)
    with pytest.raises(StoreError, match=r"doesn't answer; start it.*nothing is lost"), database.writing():
        pass
    guarded.start()
    with database.writing() as session:
        session.get_one(Workspace, 1).name = "taken up"
    with database.reading() as session:
        name = session.get_one(Workspace, 1).name
    database.close()

    assert name == "taken up"


@pytest.mark.parametrize("state", sorted(postgres_faults._BY_STATE))
def test_each_foreseeable_state_of_a_server_is_said_in_words(bench: Bench, state: str):
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'as it says' USING ERRCODE = '{state}'; END $$"

    with pytest.raises(StoreError) as caught, bench.database.writing() as session:
        session.execute(text(raised))

    assert str(caught.value).startswith("postgresql://")
    assert postgres_faults._BY_STATE[state] in str(caught.value)


def test_a_mistake_of_ours_is_no_fault_of_the_server(bench: Bench):
    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError), bench.database.writing() as session:
        session.execute(text("SELECT nothing FROM nowhere"))


def test_without_its_driver_the_message_names_the_extra(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StoreError, match=r'pip install "feedback-bridge\[postgres\]"'):
        _ = again(bench).engine
