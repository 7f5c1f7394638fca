"""The daemon as a process: what it does, how signals end it, what kill -9 leaves, and two at once."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "proof"))

from two_daemons import SETTINGS, SQLITE, prove

pytestmark = pytest.mark.slow

PROOF = Path(__file__).parents[2] / "proof"
PATIENCE_S = 90.0
NIGHTLY = ("audit", "backup", "tidy", "recluster")


class Process:
    """A daemon on a folder, and its log."""

    def __init__(
        self, root: Path, name: str, *words: str, start: Sequence[str] = ("-m", "bridge"), **env: str
    ) -> None:
        self.log = root / f"{name}.log"
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                [sys.executable, *start, "serve", "--port", "0", *words],
                cwd=root,
                stderr=log,
                env={**os.environ, **env},
            )

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.endswith("}")]

    @property
    def done(self) -> list[str]:
        return [line["job"] for line in self.lines if line.get("outcome") == "ok"]

    def until(self, what: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not what():
            assert self.popen.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < end, self.log.read_text("utf-8")
            time.sleep(0.05)

    def get(self, path: str) -> str:
        self.until(lambda: self.lines)
        found = re.search(r"http://[^ ]+/", self.lines[0]["message"])
        assert found
        with urllib.request.urlopen(found[0].rstrip("/") + path, timeout=10) as answer:  # noqa: S310 - loopback
            return str(answer.read().decode())

    def end(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(40)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "bridge.toml").write_text(SETTINGS.replace("ADDRESS", SQLITE), encoding="utf-8")
    rows = [f"{n},the app crashes when checkout opens {n},2026-03-0{n % 9 + 1},p{n}" for n in range(40)]
    text = "\n".join(["id,text,date,author", *rows]) + "\n"
    (tmp_path / "reviews.csv").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def start(root: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def begin(name: str, *words: str, **more: Any) -> Process:
        started.append(Process(root, name, *words, **more))
        return started[-1]

    yield begin
    for process in started:
        if process.popen.poll() is None:
            process.popen.kill()
        process.popen.wait()


def test_it_pulls_runs_and_syncs_tells_how_it_is_and_ends_with_0(root: Path, start: Callable[..., Process]):
    daemon = start("one")
    daemon.until(lambda: {"pull reviews", "run", "sync"} <= {*daemon.done})

    assert json.loads(daemon.get("/readyz")) == {"status": "ready"}
    figures = daemon.get("/metrics")
    assert "\nfeedback_bridge_items 40\n" in figures
    assert '\nfeedback_bridge_waiting{of="statements"} 0\n' in figures
    assert 'feedback_bridge_job_failures{job="pull reviews"} 0\n' in figures
    assert float(re.findall(r"\nfeedback_bridge_tick_lag_seconds (\S+)\n", figures)[0]) < 30

    began = time.monotonic()
    assert daemon.end() == 0
    assert time.monotonic() - began < 30
    assert daemon.lines[-1]["message"] == "ended as asked: all is saved"

    said = subprocess.run(
        [sys.executable, "-m", "bridge", "status", "--json"], cwd=root, capture_output=True, check=True
    )
    told = json.loads(said.stdout)
    assert {job["job"] for job in told["jobs"]} == {"pull reviews", "run", "read", "sync", *NIGHTLY}
    assert told["last_run"]["state"] == "ok"


def test_a_killed_daemon_is_taken_over_by_the_next(start: Callable[..., Process]):
    first = start("one")
    first.until(lambda: "sync" in first.done)
    first.popen.kill()
    assert first.popen.wait() == -signal.SIGKILL

    second = start("two")
    second.until(lambda: "sync" in second.done)

    assert not [line for line in second.lines if line["level"] != "info"]
    assert second.end(signal.SIGINT) == 0


def test_without_jobs_the_page_alone_is_served(root: Path, start: Callable[..., Process]):
    daemon = start("one", "--no-jobs")

    assert json.loads(daemon.get("/healthz")) == {"status": "ok"}
    assert "tick_lag" not in daemon.get("/metrics")
    assert daemon.end() == 0
    assert daemon.done == []


def test_systemd_hears_that_it_is_ready_alive_and_stopping(root: Path, start: Callable[..., Process]):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        place = f"@feedback-bridge-{os.getpid()}"
        listening.bind("\0" + place[1:])
        listening.settimeout(PATIENCE_S)
        daemon = start("one", "--no-jobs", NOTIFY_SOCKET=place)

        heard = [listening.recv(100).decode(), listening.recv(100).decode()]
        code = daemon.end()
        heard.append(listening.recv(100).decode())

    assert (heard, code) == (["READY=1", "WATCHDOG=1", "STOPPING=1"], 0)


def test_a_second_signal_ends_it_at_once_as_the_shell_expects(root: Path, start: Callable[..., Process]):
    rows = [f"{n},checkout crashes for me in shop {n}" for n in range(60_000)]
    (root / "reviews.csv").write_text("\n".join(["id,text", *rows]), encoding="utf-8")
    daemon = start("one")
    daemon.until((root / "bridge.db.lock").exists)
    daemon.popen.send_signal(signal.SIGSTOP)  # so that both signals wait for it together
    daemon.popen.send_signal(signal.SIGTERM)
    daemon.popen.send_signal(signal.SIGINT)

    code = daemon.end(signal.SIGCONT)

    assert code in (130, 143)


def test_a_job_that_hangs_ends_the_process_and_is_named_in_the_last_line(
    root: Path, start: Callable[..., Process]
):
    settings = (root / "bridge.toml").read_text("utf-8")
    (root / "bridge.toml").write_text(settings.replace("[serve]", '[serve]\nhung_after = "10s"'), "utf-8")
    (root / "reviews.csv").write_text("id,text\n1,thank you\n", encoding="utf-8")
    daemon = start("one", start=(str(PROOF / "broken.py"), "hang"))
    daemon.until(lambda: "sync" in daemon.done)
    (root / "break").touch()

    code = daemon.popen.wait(PATIENCE_S)

    assert code == 1
    assert daemon.lines[-1]["message"].startswith("the job 'pull reviews' gave no sign of life for 1")


def test_two_daemons_on_one_store_do_each_due_job_once(tmp_path: Path):
    report = prove(tmp_path, 20, kill_every=8)

    assert report.kills >= 1
    assert report.twice == []
    assert report.faults == []
    assert {"pull reviews", "run", "sync"} <= {*report.jobs}
