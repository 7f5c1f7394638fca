"""A digest goes out once by each way, whatever ends the sender, and whoever else sends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from builders import NOW, STORES, Bench, Fragile, Interrupted
from letterbox import HOST, letterbox
from sqlmodel import select

from bridge.config.digest import Way
from bridge.digest.sending import Sender
from bridge.digest.ways import Parcel, WayOut, way_out, ways_out
from bridge.errors import InDoubt, InputError, SendError
from bridge.models import Audit, DigestSent, SourceState
from bridge.store import digests
from bridge.store.audit import first_broken
from bridge.store.database import Database
from tests.bridge.digest.conftest import sender

DAY = timedelta(days=1)
DUE = NOW.replace(hour=7)


@dataclass
class Noting:
    """A way out that notes what went, and does before it what a test wants."""

    name: Way = "email"
    repeatable: bool = False
    recipients: tuple[str, ...] = ("ana@acme.example",)
    before: Callable[[], object] = lambda: None
    sent: list[Parcel] = field(default_factory=list)

    def send(self, parcel: Parcel) -> str:
        self.before()
        self.sent.append(parcel)
        return ""


def refusing(error: Exception) -> Callable[[], object]:
    def refuse() -> None:
        raise error

    return refuse


def rows(bench: Bench) -> dict[tuple[str, datetime], DigestSent]:
    with bench.database.reading() as session:
        return {(row.way, row.due_at): row for row in digests.newest(session, 99)}


@pytest.fixture
def busy(in_topics: Bench) -> Bench:
    """A store with topics, and always something to tell: a source that fails."""
    with in_topics.database.writing() as session:
        session.add(SourceState(name="desk", connector="files", state="failing", last_error="401"))
    return in_topics


def test_what_is_due_goes_out_once_by_each_way(busy: Bench):
    mail, slack = Noting(), Noting("slack")

    first = sender(busy).due([mail, slack])
    again = sender(busy, NOW + timedelta(hours=3)).due([mail, slack])

    assert first.counts == {"sent": 2}
    assert again.counts == {}
    assert [len(way.sent) for way in (mail, slack)] == [1, 1]
    assert mail.sent[0].due == DUE
    row = rows(busy)["email", DUE]
    assert (row.state, row.recipients, row.tries) == ("sent", ["ana@acme.example"], 1)


def test_the_next_one_tells_what_came_since(busy: Bench):
    mail = Noting()

    sender(busy).due([mail])
    sender(busy, NOW + DAY).due([mail])

    first, second = rows(busy)["email", DUE], rows(busy)["email", DUE + DAY]
    assert second.since_at == first.until_at == NOW
    assert "SOURCES THAT FAIL" in mail.sent[1].letter.text


def test_what_was_missed_while_nobody_ran_is_one_digest(busy: Bench):
    mail = Noting()
    sender(busy).due([mail])
    busy.query("UPDATE digest SET told = '{}'")

    sender(busy, NOW + 5 * DAY).due([mail])

    assert [parcel.due for parcel in mail.sent] == [DUE, DUE + 5 * DAY]
    assert rows(busy)["email", DUE + 5 * DAY].since_at == NOW


def test_nothing_is_sent_when_there_is_nothing_to_tell(bench: Bench):
    mail = Noting()

    sent = sender(bench).due([mail])

    assert sent.counts == {"quiet": 1}
    assert mail.sent == []
    assert rows(bench)["email", DUE].outcome == "there was nothing to tell"


def test_a_sender_that_died_before_it_could_note_that_it_was_sent_leaves_a_doubt(busy: Bench):
    mail = Noting()
    writes_until_noted = 3  # what is lost, what goes, how it went
    fragile = Fragile(STORES.address(busy.path), writes_until_noted)

    with pytest.raises(Interrupted):
        Sender(fragile, busy.settings, NOW).due([mail])
    fragile.close()
    after = sender(busy, NOW + timedelta(minutes=5)).due([mail])

    assert len(mail.sent) == 1
    assert after.counts == {}
    row = rows(busy)["email", DUE]
    assert (row.state, row.outcome) == ("in doubt", "the program ended while it was being sent")


def test_a_sender_that_died_before_it_sent_noted_nothing_and_sends(busy: Bench):
    mail = Noting()
    fragile = Fragile(STORES.address(busy.path), 2)

    with pytest.raises(Interrupted):
        Sender(fragile, busy.settings, NOW).due([mail])
    fragile.close()

    assert sender(busy).due([mail]).counts == {"sent": 1}
    assert len(mail.sent) == 1


def test_what_can_be_done_twice_is_done_again_after_a_death(busy: Bench, tmp_path: Path):
    busy.set(f'[digest]\nfolder = "{tmp_path / "digests"}"\n')
    fragile = Fragile(STORES.address(busy.path), 3)

    with pytest.raises(Interrupted):
        Sender(fragile, busy.settings, NOW).due(ways_out(busy.settings.digest))
    fragile.close()
    sender(busy).due(ways_out(busy.settings.digest))

    assert [file.name for file in (tmp_path / "digests").iterdir()] == ["digest-20260301T070000Z.md"]
    assert rows(busy)["folder", DUE].state == "sent"


def test_of_two_holders_at_once_one_sends(busy: Bench):
    both = Barrier(2, timeout=20)
    mail = Noting()
    found: list[dict[str, int]] = []

    def send() -> None:
        database = Database(STORES.address(busy.path))
        both.wait()
        found.append(Sender(database, busy.settings, NOW).due([mail]).counts)
        database.close()

    threads = [Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(mail.sent) == 1
    assert sorted(found, key=len) == [{}, {"sent": 1}]


def test_a_refusal_is_tried_again_and_nothing_else_is_sent_twice(busy: Bench):
    mail, slack = Noting(before=refusing(SendError("550 no"))), Noting("slack")

    first = sender(busy).due([mail, slack])
    mail.before = lambda: None
    again = sender(busy, NOW + timedelta(minutes=1)).due([mail, slack])

    assert first.refused == ["email: 550 no"]
    assert again.counts == {"sent": 1}
    assert [len(way.sent) for way in (mail, slack)] == [1, 1]
    assert rows(busy)["email", DUE].tries == 2


def test_what_was_refused_for_days_is_all_in_the_next_one(busy: Bench):
    mail = Noting(before=refusing(SendError("550 no")))
    sender(busy).due([mail])
    mail.before = lambda: None

    sender(busy, NOW + DAY).due([mail])

    assert rows(busy)["email", DUE].state == "refused"
    assert rows(busy)["email", DUE + DAY].since_at == NOW - DAY


def test_what_nobody_knows_is_not_sent_again_and_is_told(busy: Bench):
    mail = Noting(before=refusing(InDoubt("no answer")))

    first = sender(busy).due([mail])
    mail.before = lambda: None
    again = sender(busy, NOW + timedelta(minutes=1)).due([mail])

    assert first.doubts == ["email: no answer"]
    assert again.counts == {}
    assert mail.sent == []


def test_by_hand_it_goes_at_once_and_the_schedule_goes_on_as_before(busy: Bench):
    mail = Noting()

    by_hand = sender(busy).by_hand(mail, "ana", NOW - 30 * DAY)
    sender(busy).due([mail])

    assert (by_hand.state, by_hand.by, by_hand.due_at) == ("sent", "ana", NOW)
    assert rows(busy)["email", DUE].since_at == NOW - DAY
    assert len(mail.sent) == 2


def test_what_went_out_is_in_the_audit_log_without_a_word_of_it(busy: Bench):
    sender(busy).due([Noting()])
    sender(busy).by_hand(Noting("slack"), "ana", None)

    with busy.database.reading() as session:
        told = [row for row in session.exec(select(Audit)) if row.verb.startswith("digest")]
        assert first_broken(session) is None
    assert [(row.actor, row.verb, row.subject, row.details) for row in told] == [
        ("bridge", "digest sent", "email", {"tries": 1}),
        ("ana", "digest sent", "slack", {"tries": 1}),
    ]


CHILD = """
import sys
from pathlib import Path
from bridge.app import App
App(config_path=Path(sys.argv[1])).duties().digest()
"""


class TestAProcess:
    """A process of its own, on SQLite alone: how the store keeps its word is tried elsewhere."""

    @pytest.fixture
    def store_kind(self) -> str:
        return "sqlite"

    @pytest.mark.slow
    def test_a_process_killed_between_the_sending_and_the_noting_never_sends_twice(self, busy: Bench):
        with letterbox() as box:
            smtp = f'host = "{HOST}", port = {box.port}, security = "none"'
            busy.set(f'[digest]\nevery = "28d"\nto = ["ana@acme.example"]\nsmtp = {{ {smtp} }}\n')
            file = busy.root / "bridge.toml"

            def start() -> subprocess.Popen[bytes]:
                return subprocess.Popen([sys.executable, "-c", CHILD, str(file)])

            children: list[subprocess.Popen[bytes]] = []
            box.on_taken = lambda: os.kill(children[-1].pid, signal.SIGKILL)
            children.append(start())
            assert children[-1].wait(60) == -signal.SIGKILL
            box.on_taken = lambda: None
            children.append(start())
            assert children[-1].wait(60) == 0

        assert len(box.taken) == 1
        assert [row.state for row in rows(busy).values()] == ["in doubt"]


def test_a_way_is_what_the_settings_make_it(busy: Bench):
    busy.set('[digest]\nfolder = "digests"\nslack_url = "http://127.0.0.1:1/x"\n')

    ways: list[WayOut] = ways_out(busy.settings.digest)

    assert [way.name for way in ways] == ["slack", "folder"]
    assert way_out(busy.settings.digest, "folder").recipients == (str(busy.root / "digests"),)


def test_a_digest_of_the_very_same_time_is_not_said_to_have_gone_again(busy: Bench):
    mail = Noting()
    sender(busy).by_hand(mail, "ana", None)

    with pytest.raises(InputError, match="has gone by email; nothing was sent"):
        sender(busy).by_hand(mail, "ana", None)

    assert len(mail.sent) == 1
    assert rows(busy)["email", NOW].state == "sent"
