from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from topics.encoders.made_once import made_once


class Maker:
    """Counts how often it was needed."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return b"model" * 1000


def test_a_file_is_made_once_and_read_afterwards(tmp_path: Path):
    make = Maker()

    first = made_once(tmp_path / "deep" / "model.onnx", make)
    second = made_once(tmp_path / "deep" / "model.onnx", make)

    assert first == second == b"model" * 1000
    assert make.times == 1
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["model.onnx", "model.onnx.sha256"]


@pytest.mark.parametrize("damage", [b"", b"model" * 999, b"Model" + b"model" * 999])
def test_a_half_written_or_damaged_file_is_made_anew(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
):
    make = Maker()
    path = tmp_path / "model.onnx"
    made_once(path, make)
    path.write_bytes(damage)

    content = made_once(path, make)

    assert content == path.read_bytes() == b"model" * 1000
    assert make.times == 2
    assert "damaged or half written" in caplog.text


@pytest.mark.parametrize("checksum", [None, b"", b"\xff\xfe", b"0" * 64])
def test_a_file_without_its_right_checksum_is_not_trusted(tmp_path: Path, checksum: bytes | None):
    make = Maker()
    path = tmp_path / "model.onnx"
    made_once(path, make)
    beside = tmp_path / "model.onnx.sha256"
    beside.unlink() if checksum is None else beside.write_bytes(checksum)

    made_once(path, make)

    assert make.times == 2
    assert beside.read_text() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder_that_cannot_be_written_costs_only_the_making(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    make = Maker()
    (tmp_path / "file").write_text("in the way")  # holds for root too, unlike a read-only mode

    with caplog.at_level(logging.WARNING):
        content = made_once(tmp_path / "file" / "model.onnx", make)

    assert content == b"model" * 1000
    assert "can't be written" in caplog.text


def test_a_write_that_breaks_off_leaves_nothing_that_would_be_trusted(tmp_path: Path):
    make = Maker()
    path = tmp_path / "model.onnx"
    path.mkdir()  # the last step, putting the file in its place, fails
    (path / "thing").touch()

    made_once(path, make)

    assert [found.name for found in tmp_path.iterdir()] == ["model.onnx"]


def test_a_maker_that_fails_writes_nothing(tmp_path: Path):
    def make() -> bytes:
        raise ValueError("no weights")

    with pytest.raises(ValueError, match="no weights"):
        made_once(tmp_path / "model.onnx", make)

    assert list(tmp_path.iterdir()) == []


def test_processes_that_make_the_same_file_at_once_leave_one_whole_file(tmp_path: Path):
    path = tmp_path / "cache" / "model.onnx"
    program = (
        "import sys; from pathlib import Path; from topics.encoders.made_once import made_once; "
        "content = b'model' * 200_000; "
        "found = [made_once(Path(sys.argv[1]), lambda: content) for _ in range(20)]; "
        "sys.exit(any(one != content for one in found))"
    )

    made = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(3)]

    assert [process.wait(60) for process in made] == [0, 0, 0]
    assert sorted(found.name for found in path.parent.iterdir()) == ["model.onnx", "model.onnx.sha256"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == path.with_name("model.onnx.sha256").read_text()
