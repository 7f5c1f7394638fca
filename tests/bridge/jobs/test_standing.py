"""What `status`, `/readyz` and `/metrics` say."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from command import Desk
from fastapi.testclient import TestClient

from bridge.app import App
from bridge.jobs.pulse import Pulse
from bridge.models import Intent, SourceState, Ticket
from bridge.models.running import Job as Row
from bridge.store.database import Database
from bridge.web.metrics import Figure, lines
from bridge.web.site import make_site
from tests.bridge.jobs.conftest import START, Hands

SHAPES = Path(__file__).parents[3] / "docs/shapes.md"
SOURCE = '[[source]]\nname = "reviews"\nconnector = "files"\npath = "reviews.csv"\n'


def fill(database: Database):
    ago = START - timedelta(minutes=5)
    with database.writing() as session:
        session.add(
            Row(name="sync", last_ok_at=ago, next_due_at=ago, failures=2, last_error="no", seconds=1.5)
        )
        session.add(SourceState(name="reviews", connector="files", state="ok", last_ok_at=ago))
        ticket = Ticket(topic=1, tracker="local", proposed_at=ago)
        session.add(ticket)
        session.flush()
        for number, state in enumerate(("in doubt", "confirmed", "confirmed")):
            session.add(
                Intent(
                    ticket_id=ticket.id or 0,
                    effect="comment",
                    state=state,
                    marker="m",
                    payload_hash="h",
                    planned_at=ago,
                    sent_at=ago,
                    key=f"k{number}",
                    op=f"o{number}",
                )
            )


@pytest.fixture
def app(cli: Desk):
    cli.set(SOURCE)
    made = App()
    fill(made.database)
    yield made
    made.database.close()


def client(app: App, pulse: Pulse | None = None) -> TestClient:
    return TestClient(
        make_site(app.database, app.settings, lambda: START, pulse), base_url="http://127.0.0.1"
    )


def figures(text: str) -> dict[str, float]:
    pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name.removeprefix("feedback_bridge_"): float(value) for name, _, value in pairs}


def test_the_figures_are_those_of_the_store(app: App, clock: Hands):
    pulse = Pulse(clock)
    clock.pass_(seconds=7)
    answer = client(app, pulse).get("/metrics")
    found = figures(answer.text)

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert found["tick_lag_seconds"] == 7
    assert found['source_freshness_seconds{source="reviews"}'] == 300
    assert found['intents{state="in doubt"}'] == 1
    assert found['intents{state="confirmed"}'] == 2
    assert found["oldest_in_doubt_seconds"] == 300
    assert found['job_last_success_age_seconds{job="sync"}'] == 300
    assert found['job_overdue_seconds{job="sync"}'] == 300
    assert found['job_failures{job="sync"}'] == 2
    assert found["items"] == 0
    assert found["database_bytes"] > 10_000
    assert found["disk_free_bytes"] > 0


def test_every_figure_has_its_help_and_type_once(app: App, clock: Hands):
    text = client(app, Pulse(clock)).get("/metrics").text

    names = re.findall(r"^# TYPE (\S+) (?:gauge|counter)$", text, re.MULTILINE)
    assert len(names) == len({*names}) >= 12
    assert names == re.findall(r"^# HELP (\S+) \S.*\.$", text, re.MULTILINE)
    assert {line.partition("{")[0].partition(" ")[0] for line in text.splitlines() if line[0] != "#"} <= {
        *names
    }


def test_what_a_label_holds_is_escaped():
    figure = Figure("x", "X.", [({"job": 'a"b\\c\nd'}, 1.25)])

    assert lines(figure).splitlines()[-1] == r'feedback_bridge_x{job="a\"b\\c\nd"} 1.25'


def test_ready_while_the_scheduler_looks_and_no_job_fails_again_and_again(app: App, clock: Hands):
    pulse = Pulse(clock)

    assert client(app, pulse).get("/readyz").json() == {"status": "ready"}


def test_a_scheduler_that_looks_no_longer_is_named(app: App, clock: Hands):
    pulse = Pulse(clock)
    clock.pass_(minutes=5)
    answer = client(app, pulse).get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["failing"] == {"scheduler": "it last looked at what is due 300 s ago"}


def test_a_fault_of_the_store_is_named(app: App, clock: Hands):
    pulse = Pulse(clock)
    pulse.fault = "bridge.db is locked"

    assert client(app, pulse).get("/readyz").json()["failing"] == {"scheduler": "bridge.db is locked"}


def test_the_job_that_was_well_longest_ago_is_named(app: App, clock: Hands):
    with app.database.writing() as session:
        for name, ago in (("audit", 3), ("backup", 9)):
            at = START - timedelta(days=ago)
            session.add(Row(name=name, last_ok_at=at, failures=3, last_error=f"{name} broke"))
    first = client(app).get("/readyz").json()["failing"]
    with app.database.writing() as session:
        session.add(Row(name="run", failures=4, last_error="never well"))

    assert first == {"job backup": "failed 3 times in a row: backup broke"}
    assert client(app).get("/readyz").json()["failing"] == {"job run": "failed 4 times in a row: never well"}


def test_status_as_the_page_of_shapes_says(cli: Desk, app: App):
    block = re.search(r"## Status\n.*?```json\n(.*?)```", SHAPES.read_text("utf-8"), re.DOTALL)
    assert block
    shown, given = json.loads(block[1]), cli("status", "--json").data

    assert list(shown) == list(given)
    assert list(shown["sources"][0]) == list(given["sources"][0])
    assert list(shown["jobs"][0]) == list(given["jobs"][0])
    assert list(shown["intents"]) == list(given["intents"])
    assert list(shown["waiting"]) == list(given["waiting"])
    assert given["oldest_in_doubt"] == "2026-03-01T11:55:00Z"
    assert given["last_run"] is None


def test_the_last_run_is_told(cli: Desk):
    block = re.search(r"## Status\n.*?```json\n(.*?)```", SHAPES.read_text("utf-8"), re.DOTALL)
    assert block
    cli("sync")

    told = cli("status", "--json").data["last_run"]
    assert list(told) == list(json.loads(block[1])["last_run"])
    assert (told["state"], told["steps"]) == ("ok", ["decide", "plan", "sync"])


def test_status_in_words(cli: Desk, app: App):
    ended = cli("status")

    assert ended.code == 0
    assert re.search(r"sync +2026-03-01T11:55:00Z +2026-03-01T11:55:00Z +2 +1.5 +no", ended.out)
    assert "effects outside: 1 in doubt, 2 confirmed; the oldest in doubt since" in ended.out
