"""The command `worker` as processes: it says when it is at work, does what waits, and ends as asked."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from builders import Bench, sixty
from crew import Crew


@pytest.mark.slow
def test_two_processes_do_a_wave_and_end_as_asked(bench: Bench, tmp_path: Path):
    crew = Crew(bench)
    file = tmp_path / "workers.toml"
    file.write_text(
        f'topics.encoder = "hash"\ndatabase.url = "{bench.database.url}"\npaths.data = "{tmp_path}"\n'
    )
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


def _is_over(bench: Bench) -> Any:
    return bench.query("SELECT count(*) FROM run WHERE state = 'ok'") == [(1,)]
