"""Monitors can read the figures, and what they are told to look at is there."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import yaml
from command import Desk
from prometheus_client.parser import text_string_to_metric_families

from bridge import tally
from bridge.app import App
from bridge.errors import BridgeError
from bridge.jobs.pulse import Pulse
from bridge.models import Job, RejectedInput, Run, SourceState
from bridge.tracker.clock import MachineClock
from bridge.web.metrics import Figure, lines, metrics_text
from tests.bridge.web.conftest import NOW

if TYPE_CHECKING:
    from tests.bridge.web.conftest import Company

EXAMPLES = Path(__file__).parents[3] / "docs/examples"
OPERATIONS = Path(__file__).parents[3] / "docs/operations.md"
NAME = re.compile(r"feedback_bridge_[a-z_]+")


@pytest.fixture
def text(empty: Company) -> str:
    """All figures of a store in which everything has happened once."""
    ago = NOW - timedelta(minutes=5)
    empty.add(
        Job(name="audit", last_ok_at=ago, next_due_at=ago, counts={"doubled": 2}),
        RejectedInput(source="desk", pull="p", at=ago, place="row 1", reason="no"),
        Run(started_at=ago, as_of=ago, state="ok"),
        SourceState(name="reviews", connector="files", last_ok_at=ago),
        SourceState(name="desk", connector="webhook", last_ok_at=ago),
    )
    tally.count("throttled", by="jira")
    tally.count("hook_deliveries", source="desk", outcome="taken")
    pulse = Pulse(MachineClock())
    pulse.begin("sync")
    secret = {"secret": "a secret of the tests", "columns": {"text": "body"}}
    sources = [
        {"name": "reviews", "connector": "files", "path": "x.csv"},
        {"name": "desk", "connector": "webhook", **secret},
    ]
    with empty.database.reading() as session:
        return metrics_text(empty.database, session, empty.settings(source=sources), NOW, pulse)


def values(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("feedback_bridge_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def families(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def test_prometheus_own_parser_reads_every_figure(text: str):
    found = values(text)

    assert found["source_freshness_seconds", "reviews"] == 300
    assert found["source_freshness_seconds", "desk"] == 300
    assert found["source_period_seconds", "reviews"] == 3600
    assert ("source_period_seconds", "desk") not in found
    assert found["duplicate_tickets",] == 2
    assert found["rejected_rows", "desk"] == 1
    assert found["throttled_total", "jira"] >= 1
    assert {name[1] for name in found if name[0] == "step_waiting"} == {
        "normalise", "statements", "roles", "dedupe", "classify", "embed", "assign",
    }  # fmt: skip
    assert len(text.splitlines()) == len(found) + 2 * len(families(text))


def test_what_a_label_holds_comes_back_as_it_was():
    strange = 'a"b\\c\nd{e="f"} 1'

    (family,) = text_string_to_metric_families(lines(Figure("x", "X.", [({"job": strange}, 2.5)])))

    assert family.samples[0].labels == {"job": strange}


def test_items_are_counted_by_the_step_they_wait_for(empty: Company):
    from bridge.models import Item

    for stage in (0, 0, 3):
        empty.said()
        with empty.database.writing() as session:
            item = session.get(Item, empty._items)
            assert item is not None
            item.stage = stage
            session.add(item)
    with empty.database.reading() as session:
        found = values(metrics_text(empty.database, session, empty.settings(), NOW, None))

    assert (found["step_waiting", "normalise"], found["step_waiting", "dedupe"]) == (2, 1)


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / "grafana.json").read_text(encoding="utf-8"))
    return found


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((EXAMPLES / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_the_dashboard_shows_every_figure_and_no_other(text: str):
    shown = {
        name
        for panel in dashboard()["panels"]
        for target in panel["targets"]
        for name in NAME.findall(target["expr"])
    }

    assert shown == families(text)


def test_the_dashboard_has_the_shape_that_grafana_imports():
    board = dashboard()

    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert board["schemaVersion"] >= 36  # since then a panel names its data source as an object
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert panel["type"] in ("timeseries", "stat")
        assert 0 <= place["x"] <= 24 - place["w"]
        assert all(target["datasource"]["uid"] == "${source}" for target in panel["targets"])
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken)), "two panels lie over each other"


def test_every_alarm_looks_at_figures_that_are_there_and_says_what_to_do(text: str):
    named = {name for rule in rules() for name in NAME.findall(rule["expr"])}

    assert named <= families(text)
    assert all(rule["annotations"]["what_to_do"] for rule in rules())
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_the_page_for_operators_lists_what_the_alarms_watch():
    page = OPERATIONS.read_text(encoding="utf-8")
    table = page[page.index("| figure (`feedback_bridge_…`)") :].partition("\n\n")[0]
    listed = set(re.findall(r"`([a-z_]+)`", "\n".join(row.split("|")[1] for row in table.splitlines()[2:])))

    watched = {name.removeprefix("feedback_bridge_") for r in rules() for name in NAME.findall(r["expr"])}
    assert watched - {"source_period_seconds", "database_bytes"} == listed


class Watcher(http.server.BaseHTTPRequestHandler):
    """The watcher elsewhere, on this machine: notes who asks, and answers as it is told."""

    status: ClassVar[int] = 200
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def watcher() -> Iterator[http.server.HTTPServer]:
    Watcher.asked, Watcher.status = [], 200
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Watcher) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_watcher_elsewhere_is_asked_at_the_address_of_the_settings(
    cli: Desk, watcher: http.server.HTTPServer
):
    cli.set(f'[serve]\nping_url = "http://127.0.0.1:{watcher.server_port}/ping/one"\n')
    app = App()

    app._ping()
    Watcher.status = 503

    with pytest.raises(BridgeError, match=r"serve.ping_url: HTTPStatusError"):
        app._ping()
    assert Watcher.asked == ["/ping/one", "/ping/one"]
