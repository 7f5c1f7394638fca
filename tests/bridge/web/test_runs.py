"""The runs: the list, the page of each, and how far the one at work is."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.models import RejectedInput, Run, SetAside
from bridge.store.runs import SILENT
from bridge.work import waves


def test_runs_show_steps_and_faults_the_latest_first(full: Any, strictly: Callable[[str], Any]):
    full.run("partial", ["tweets: <b>refused</b>"])

    page = full.browser().get("/runs").text

    strictly(page)
    assert page.index("Run 2") < page.index("Run 1")
    assert "read 12" in page
    assert "tweets: &lt;b&gt;refused&lt;/b&gt;" in page


def test_a_run_at_work_shows_how_much_waits(full: Any, now: datetime):
    assert "At work now</dt><dd>nothing" in full.browser().get("/runs").text

    full.add(Run(started_at=now - timedelta(minutes=2), as_of=now, steps={}, beat_at=now))

    page = full.browser().get("/runs").text
    assert 'At work now</dt><dd><a href="/runs/2">run 2</a>' in page
    assert "Waiting: " in page


def test_runs_as_json_hold_what_the_command_says_of_the_last_one(full: Any):
    full.run("failed", ["no disk"])

    found = full.browser().get("/runs.json").json()

    assert [run["state"] for run in found] == ["failed", "ok"]
    assert found[0]["errors"] == ["no disk"]
    assert found[0]["steps"]["pull"]["read"] == 12


def test_runs_as_a_file_run_no_formula(full: Any):
    full.run("failed", ["=1+1"])

    row = next(csv.DictReader(io.StringIO(full.browser().get("/runs.csv").text)))

    assert row["errors"] == "'=1+1"


def test_runs_come_in_pages(full: Any):
    for _ in range(25):
        full.run()

    assert "Run 26<" in full.browser().get("/runs").text
    assert "Run 6<" in full.browser().get("/runs?page=2").text
    assert full.browser().get("/runs?page=3").status_code == 404


FAR = {
    "step": "embed",
    "done": 1200,
    "total": 5000,
    "seconds": 8.0,
    "steps": {"pull": {"read": 7, "seconds": 1.5}},
}


@pytest.fixture
def at_work(full: Any, now: datetime):
    """A run that is at work, and was heard of just now."""
    full.add(Run(started_at=now - timedelta(minutes=2), as_of=now, beat_at=now, progress=FAR))
    return full


def test_a_run_at_work_shows_its_step_how_far_it_is_and_how_fast(
    at_work: Any, strictly: Callable[[str], Any]
):
    for path in ("/runs", "/runs/2"):
        page = at_work.browser().get(path).text

        strictly(page)
        assert "<strong>embed</strong> · 1,200 of 5,000 · 150.0 a second · for 8.0 s" in page
        assert '<progress aria-label="embed of run 2" max="5000" value="1200">' in page
        assert "data-live" in page
    found = at_work.browser().get("/runs/2.json").json()
    assert found["state"] == "running"
    assert found["progress"] == {"step": "embed", "done": 1200, "total": 5000, "per_s": 150.0, "seconds": 8.0}
    assert found["steps"] == FAR["steps"]


def test_a_run_whose_process_is_gone_has_died_and_tells_how_far_it_was(
    at_work: Any, now: datetime, strictly: Callable[[str], Any]
):
    later = at_work.browser(clock=lambda: now + SILENT + timedelta(seconds=1))

    page = later.get("/runs/2").text

    strictly(page)
    assert "✕ died" in page
    assert "read 7" in page
    assert "data-live" not in page
    assert later.get("/runs.json").json()[0]["state"] == "died"
    assert "✕ died" in later.get("/").text


def test_a_run_that_the_next_one_found_open_has_died(full: Any, now: datetime):
    full.add(Run(started_at=now, as_of=now, state="stopped", progress=FAR))
    full.add(Run(started_at=now, as_of=now, state="stopped", ended_at=now))

    states = [run["state"] for run in full.browser().get("/runs.json").json()]

    assert states[:2] == ["stopped", "died"]


def test_shared_work_goes_on_without_a_process_and_tells_its_phase(
    full: Any, now: datetime, strictly: Callable[[str], Any]
):
    with full.database.writing() as session:
        wave = waves.begin(session, now)
    assert wave is not None
    later = full.browser(clock=lambda: now + timedelta(hours=1))

    page = later.get(f"/runs/{wave.run}").text

    strictly(page)
    assert f"<strong>{wave.phase}</strong> · 0 of {len(wave.parts)} parts" in page


def test_a_run_tells_what_it_set_aside_and_what_was_not_taken_in_by_reason(
    full: Any, now: datetime, strictly: Callable[[str], Any]
):
    for item, reason in ((1, "ValueError in embed"), (2, "ValueError in embed"), (3, "<b>no</b>")):
        full.add(SetAside(item_id=item, revision="1", step="embed", tries=3, reason=reason, at=now))
    full.add(
        SetAside(item_id=4, revision="1", step="embed", tries=3, reason="of another run", at=now - SILENT)
    )
    full.add(RejectedInput(source="tweets", pull="p", at=now, place="row 3", reason="no text"))

    page = full.browser().get("/runs/1").text
    found = full.browser().get("/runs/1.json").json()

    strictly(page)
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "of another run" not in page
    assert found["set_aside"] == [
        {"step": "embed", "reason": "ValueError in embed", "count": 2},
        {"step": "embed", "reason": "<b>no</b>", "count": 1},
    ]
    assert found["rejected"] == [{"source": "tweets", "reason": "no text", "count": 1}]


@pytest.mark.parametrize("name", ["99", "x", "-1", "9" * 30, "²"])
def test_a_run_that_is_not_there_is_not_found(full: Any, name: str):
    assert full.browser().get(f"/runs/{name}").status_code == 404
    assert full.browser().get(f"/runs/{name}.json").status_code == 404


@pytest.mark.parametrize("path", ["/runs", "/runs/2", "/"])
def test_a_page_asks_the_store_few_questions(at_work: Any, path: str):
    browser = at_work.browser()
    browser.get(path)

    with at_work.counting_queries() as asked:
        browser.get(path)

    assert len(asked) <= 12
