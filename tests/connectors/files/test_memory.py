"""Memory does not grow with the file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import connectors

READ = """
import resource, sys
from datetime import UTC, datetime
from connectors.files import Files

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

now = datetime(2026, 2, 16, tzinfo=UTC)
few, many = (Files(path=path, now=now) for path in sys.argv[1:])
list(few.pull(None))
before = peak()
print(sum(hasattr(event, "message") for event in many.pull(None)), (peak() - before) // 1024)
"""


def count_and_growth(few: Path, many: Path):
    """Return how many messages a big file has, and the megabytes it takes beyond a small one."""
    command = [sys.executable, "-c", READ, str(few), str(many)]
    done = subprocess.run(
        command, cwd=Path(connectors.__file__).parent.parent, capture_output=True, text=True, check=True
    )
    count, growth = done.stdout.split()
    return int(count), int(growth)


def csv_file(path: Path, rows: int):
    with path.open("w") as file:
        file.write("id,at,author,text\n")
        file.writelines(f'{n},2026-02-10T10:00:00Z,p{n % 999},"{"words, more " * 9}"\n' for n in range(rows))
    return path


def json_file(path: Path, rows: int):
    objects = (json.dumps({"id": n, "text": "words and more " * 8}) for n in range(rows))
    path.write_text("[" + ",\n".join(objects) + "]" if path.suffix == ".json" else "\n".join(objects))
    return path


@pytest.mark.slow
def test_200_000_rows_of_csv_take_less_than_50_megabytes(tmp_path: Path):
    few, many = csv_file(tmp_path / "few.csv", 100), csv_file(tmp_path / "many.csv", 200_000)

    count, growth = count_and_growth(few, many)

    assert count == 200_000
    assert growth < 50


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_json_takes_no_more(tmp_path: Path, suffix: str):
    few, many = json_file(tmp_path / f"few{suffix}", 100), json_file(tmp_path / f"many{suffix}", 50_000)

    count, growth = count_and_growth(few, many)

    assert count == 50_000
    assert growth < 10
