"""What only a process of its own shows: what it loads, how signals end it, what kill -9 leaves."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders import NOW, sixty, theme

PROGRAM = [sys.executable, "-m", "bridge"]
HEAVY = [
    "torch",
    "bertopic",
    "spacy",
    "sqlalchemy",
    "sqlmodel",
    "numpy",
    "scipy",
    "sklearn",
    "onnxruntime",
    "umap",
    "hdbscan",
    "pandas",
    "transformers",
    "alembic",
    "fastapi",
    "uvicorn",
    "jinja2",
    "httpx",
    "openpyxl",
    "pydantic",
    "py3langid",
]
DAY = f"{NOW:%Y-%m-%d}"


def desk(root: Path) -> Path:
    (root / "bridge.toml").write_text(
        'topics.encoder = "hash"\ndatabase.url = "sqlite:///bridge.db"\npaths.data = "data"\n',
        encoding="utf-8",
    )
    return root


def command(root: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], cwd=root, capture_output=True, text=True, check=False, **options
    )  # type: ignore[call-overload]


def test_help_loads_nothing_heavy(tmp_path: Path):
    code = (
        "import sys\nfrom bridge.cli import app\n"
        "try:\n    app(['--help'], standalone_mode=False)\nexcept SystemExit:\n    pass\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    loaded = {name.partition(".")[0] for name in done.stderr.replace("'", " ").replace(",", " ").split()}
    assert "feedback" in done.stdout
    assert "typer" in loaded
    assert loaded & set(HEAVY) == set()


@pytest.mark.parametrize("words", [["--help"], ["topics", "--help"], ["import", "--help"], ["--version"]])
def test_it_answers_as_a_module(tmp_path: Path, words: list[str]):
    done = command(tmp_path, *words)

    assert done.returncode == 0
    assert done.stdout
    assert done.stderr == ""


def test_whoever_leaves_before_a_short_answer_is_no_fault(tmp_path: Path):
    desk(tmp_path)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}

    with subprocess.Popen(
        [*PROGRAM, "rules", "list"],
        cwd=tmp_path,
        env=buffered,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as listed:
        assert listed.stdout is not None
        assert listed.stderr is not None
        listed.stdout.close()
        said = listed.stderr.read().decode()
        listed.wait()

    assert (said, listed.returncode) == ("", 0)


@pytest.mark.slow
def test_whoever_stops_reading_early_is_no_fault(tmp_path: Path):
    desk(tmp_path)
    rows = [{"id": n, "text": f"the seat number {n} is broken", "at": "2026-02-01"} for n in range(1500)]
    (tmp_path / "many.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert command(tmp_path, "import", "many.jsonl", "--source", "many").returncode == 0
    assert command(tmp_path, "-q", "run", "--until", "statements").returncode == 0

    with subprocess.Popen(
        [*PROGRAM, "export", "assignments"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as export:
        assert export.stdout is not None
        assert export.stderr is not None
        export.stdout.readline()
        export.stdout.close()
        said = export.stderr.read().decode()
        export.wait()

    assert said == ""
    assert export.returncode == 0


@pytest.mark.slow
def test_an_interrupted_run_says_so_and_ends_with_130(tmp_path: Path):
    desk(tmp_path)
    (tmp_path / "pipe.csv").write_text(
        "text,date\n" + "the app crashed again today,2026-02-01\n" * 30_000, encoding="utf-8"
    )

    with subprocess.Popen(
        [*PROGRAM, "import", "pipe.csv", "--source", "many"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stderr is not None
        line = b""
        while b"pull many" not in line:
            line = run.stderr.readline()
            assert line, "it ended before it was interrupted"
        run.send_signal(signal.SIGINT)
        said = run.stderr.read().decode()
        run.wait()

    assert run.returncode == 130
    assert "interrupted; what was done so far is saved, run again to go on" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_kill_9_at_ten_random_moments_changes_nothing_in_the_end(tmp_path: Path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for root in (whole, killed):
        root.mkdir()
        desk(root)
        _three_hundred(root / "file.csv")
        done = command(root, "import", "file.csv", "--source", "mine")
        assert done.returncode == 0, done.stderr
    started = time.monotonic()
    done = command(whole, "run", "--as-of", DAY)
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stderr

    moments = random.Random(11)  # noqa: S311 - moments, not secrets
    hit = 0
    for _ in range(10):
        run = subprocess.Popen(
            [*PROGRAM, "-q", "run", "--as-of", DAY],
            cwd=killed,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            run.wait(timeout=moments.uniform(0.1, 0.6) * seconds)
        except subprocess.TimeoutExpired:
            os.kill(run.pid, signal.SIGKILL)
            hit += 1
        run.wait()
    done = command(killed, "run", "--as-of", DAY)
    assert done.returncode == 0, done.stderr

    assert hit >= 3  # on a busy machine the times differ; what was killed counts
    for words in (
        ["export", "assignments"],
        ["topics", "list", "--json", "--as-of", DAY],
        ["tickets", "list", "--json"],
    ):
        assert command(killed, *words).stdout == command(whole, *words).stdout
    assert "fine" in command(killed, "db", "check").stdout


def _three_hundred(path: Path) -> None:
    said = [*sixty(), *(m for name in ("bag", "app", "legroom") for m in theme(name, 80, first=100, days=25))]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "date", "author"])
        writer.writerows(
            [m.external_id, m.text, m.said_at.isoformat(), m.author.handle if m.author else ""] for m in said
        )
