"""The command `worker` as processes: it says when it is at work, does what waits, and ends as asked."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import builders
import pytest
from builders import STORES, Bench, sixty
from crew import Crew
from postgres import Server


@pytest.mark.slow
def test_two_processes_do_a_wave_and_end_as_asked(bench: Bench, tmp_path: Path):
    crew = Crew(bench)
    file = _settings(tmp_path, bench.database.url)
    bench.take(sixty())
    crew.start()
    words = [sys.executable, "-m", "bridge", "--config", str(file), "worker", "--concurrency", "2"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)

    try:
        until = time.monotonic() + 120
        while time.monotonic() < until and not _is_over(bench):
            time.sleep(0.1)  # another process has to do it
        over = _is_over(bench)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()

    assert over, said
    assert process.returncode == 0, said
    assert said.count("At work on slices, engine, topics, ticks") == 2
    assert said.count("ended as asked") == 2
    assert bench.query("SELECT DISTINCT stage FROM item") == [(4,)]


@pytest.mark.slow
def test_a_worker_waits_for_a_server_that_restarts_and_goes_on(
    own: Server, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(builders, "server", lambda: own)
    with STORES.here("postgresql"):
        bench = Bench(tmp_path)
        bench.take(sixty())
        with working(tmp_path, bench.database.url) as (process, log):
            bench.database.close()
            own.stop(signal.SIGQUIT)  # a crash
            time.sleep(3)
            own.start()
            Crew(bench).start()
            _wait(lambda: _is_over(bench))
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
        stages = bench.query("SELECT DISTINCT stage FROM item")

    assert code == 0, log.read_text()
    assert stages == [(4,)]


@pytest.mark.proof  # it takes the half minute that a connection is waited for
def test_a_worker_that_waits_for_its_server_ends_at_once_when_asked(own: Server, tmp_path: Path):
    with working(tmp_path, own.url(own.create(own.template))) as (process, log):
        own.stop(signal.SIGQUIT)
        _wait(lambda: "again in" in log.read_text())
        process.send_signal(signal.SIGTERM)
        code = process.wait(45)

    assert code == 0, log.read_text()
    assert "ended as asked" in log.read_text()


@pytest.fixture
def own():
    """A server that nobody else uses, so that it may be stopped."""
    made = Server()
    yield made
    made.remove()


def _settings(folder: Path, address: str) -> Path:
    file = folder / "workers.toml"
    file.write_text(f'topics.encoder = "hash"\ndatabase.url = "{address}"\npaths.data = "{folder}"\n')
    return file


@contextmanager
def working(folder: Path, address: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Let a worker be at work in a process; yield it and the file that it logs to."""
    words = [sys.executable, "-m", "bridge", "--config", str(_settings(folder, address)), "worker"]
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(words, stderr=said)
    try:
        _wait(lambda: "At work on" in log.read_text())
        yield process, log
    finally:
        process.kill()
        process.wait()


def _wait(until: Callable[[], Any]) -> None:
    """Wait for what another process does."""
    last = time.monotonic() + 120
    while not until():
        assert time.monotonic() < last
        time.sleep(0.1)


def _is_over(bench: Bench) -> Any:
    return bench.query("SELECT count(*) FROM run WHERE state = 'ok'") == [(1,)]
