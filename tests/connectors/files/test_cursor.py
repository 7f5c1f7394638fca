"""A file is read once; what is added is read when it is added; nothing is lost while it grows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from connectors import Checkpoint, Event, Gap, Rejected, Upsert
from connectors.errors import BadSettings, Gone
from connectors.files import Files

NOW = datetime(2026, 2, 16, 8, 0, tzinfo=UTC)


def rows(start: int, stop: int):
    return "".join(f"{n},2026-02-10,ana,words {n}\n" for n in range(start, stop))


HEAD = "id,at,author,text\n"


def source(path: Path, **settings: Any):
    return Files(path=str(path), **settings)


def ids(events: Iterable[Event]):
    return [event.message.external_id for event in events if isinstance(event, Upsert)]


def cursor_of(events: Iterable[Event]):
    return json.loads(json.dumps(events[-1].cursor))


def test_a_checkpoint_comes_every_500_rows(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 1200))

    events = list(source(path).pull(None))

    marks = [number for number, event in enumerate(events) if isinstance(event, Checkpoint)]
    assert marks[:2] == [500, 1001]
    assert len(ids(events)) == 1200


def test_killed_in_the_middle_it_goes_on_after_the_committed_rows(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 1200))
    first = list(islice(source(path).pull(None), 700))
    cursor = next(event.cursor for event in reversed(first) if isinstance(event, Checkpoint))

    rest = list(source(path).pull(cursor))

    assert ids(rest) == [str(n) for n in range(500, 1200)]


def test_an_unchanged_or_only_touched_file_yields_nothing(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 30))
    cursor = cursor_of(list(source(path).pull(None)))

    again = list(source(path).pull(cursor))
    os.utime(path, (1, 1))
    touched = list(source(path).pull(cursor))

    assert [type(event) for event in again] == [Checkpoint]
    assert ids(touched) == []


def test_added_rows_alone_are_read(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 30))
    cursor = cursor_of(list(source(path).pull(None)))

    with path.open("a") as file:
        file.write(rows(30, 35))
    events = list(source(path).pull(cursor))

    assert ids(events) == ["30", "31", "32", "33", "34"]


def test_a_row_that_was_finished_later_is_read_again(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 2) + "2,2026-02-10,ana,half")
    cursor = cursor_of(list(source(path).pull(None)))

    with path.open("a") as file:
        file.write(" and whole\n" + rows(3, 4))
    events = list(source(path).pull(cursor))

    assert [event.message.text for event in events if isinstance(event, Upsert)] == [
        "half and whole",
        "words 3",
    ]


def test_a_row_without_a_last_line_end_is_not_read_again_when_more_come(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text((HEAD + rows(0, 3)).rstrip("\n"))
    cursor = cursor_of(list(source(path).pull(None)))

    with path.open("a") as file:
        file.write("\n" + rows(3, 5))

    assert ids(source(path).pull(cursor)) == ["3", "4"]


def test_a_rewritten_file_is_read_anew_even_if_it_only_grew(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 3))
    cursor = cursor_of(list(source(path).pull(None)))

    path.write_text(HEAD + rows(0, 5).replace("words 1", "other words"))

    assert ids(source(path).pull(cursor)) == ["0", "1", "2", "3", "4"]


def test_other_settings_read_the_file_anew(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 3))
    cursor = cursor_of(list(source(path).pull(None)))

    assert ids(source(path, timezone="Asia/Tokyo").pull(cursor)) == ["0", "1", "2"]


@pytest.mark.parametrize(
    "cursor", [{"v": 99}, {"v": 1, "files": {"x": {"row": "many"}}}, [], "old", 7, {"v": 1, "files": []}]
)
def test_a_cursor_we_cannot_understand_reads_anew(tmp_path: Path, cursor: Any):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 3))

    assert ids(source(path).pull(cursor)) == ["0", "1", "2"]


def test_what_is_written_while_reading_is_left_for_the_next_time(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 20))
    events = []

    for event in source(path).pull(None):
        events.append(event)
        if len(events) == 5:
            with path.open("a") as file:
                file.write(rows(20, 25))

    assert ids(events) == [str(n) for n in range(20)]
    assert not [event for event in events if isinstance(event, Gap)]
    assert ids(source(path).pull(cursor_of(events))) == [str(n) for n in range(20, 25)]


def test_a_row_cut_by_a_growing_file_is_left_out_said_and_read_whole_later(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 20) + "20,2026-02-10,ana,the beginning")
    events = []

    for event in source(path).pull(None):
        events.append(event)
        if len(events) == 5:
            with path.open("a") as file:
                file.write(" and the end\n")
    later = list(source(path).pull(cursor_of(events)))

    assert ids(events) == [str(n) for n in range(20)]
    assert "last row is cut and was left out; import it again" in next(
        e.why for e in events if isinstance(e, Gap)
    )
    assert [event.message.text for event in later if isinstance(event, Upsert)] == [
        "the beginning and the end"
    ]


def test_a_quoted_row_cut_by_a_growing_file_is_left_out(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 20) + '20,2026-02-10,ana,"first line\nsecond line\n')
    events = []

    for event in source(path).pull(None):
        events.append(event)
        if len(events) == 5:
            with path.open("a") as file:
                file.write('third line"\n')

    assert ids(events) == [str(n) for n in range(20)]
    assert not [event for event in events if isinstance(event, Rejected)]
    assert ids(source(path).pull(cursor_of(events))) == ["20"]


def test_a_file_that_shrinks_while_read_is_said(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + rows(0, 30_000))
    events = []

    for event in source(path).pull(None):
        events.append(event)
        if len(events) == 5:
            os.truncate(path, 400_000)

    assert any("became shorter" in event.why for event in events if isinstance(event, Gap))


def test_a_folder_is_read_file_by_file_and_new_files_when_they_come(tmp_path: Path):
    (tmp_path / "b.csv").write_text(HEAD + rows(0, 2))
    (tmp_path / "a.jsonl").write_text('{"id": "j1", "at": "2026-02-10", "text": "from JSON"}\n')
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    (tmp_path / ".hidden.csv").write_text("x")
    first = list(source(tmp_path).pull(None))

    (tmp_path / "c.csv").write_text(HEAD + rows(2, 3))
    second = list(source(tmp_path).pull(cursor_of(first)))

    assert ids(first) == ["j1", "0", "1"]
    assert ids(second) == ["2"]
    assert set(cursor_of(second)["files"]) == {str(tmp_path / name) for name in ("a.jsonl", "b.csv", "c.csv")}


def test_one_bad_file_in_a_folder_is_set_aside_once_and_the_others_go_on(tmp_path: Path):
    (tmp_path / "a.csv").write_text("")
    (tmp_path / "b.csv").write_text(HEAD + rows(0, 1) + "9,never,ana,words\n")
    first = list(source(tmp_path).pull(None))
    second = list(source(tmp_path).pull(cursor_of(first)))

    assert [event.where for event in first if isinstance(event, Rejected)] == ["a.csv", "b.csv row 3"]
    assert ids(first) == ["0"]
    assert [type(event) for event in second] == [Checkpoint]


def test_a_file_that_is_gone_is_forgotten(tmp_path: Path):
    (tmp_path / "a.csv").write_text(HEAD + rows(0, 1))
    (tmp_path / "b.csv").write_text(HEAD + rows(1, 2))
    cursor = cursor_of(list(source(tmp_path).pull(None)))

    (tmp_path / "a.csv").unlink()
    events = list(source(tmp_path).pull(cursor))

    assert list(cursor_of(events)["files"]) == [str(tmp_path / "b.csv")]


def test_a_pattern_chooses_files(tmp_path: Path):
    (tmp_path / "march.csv").write_text(HEAD + rows(0, 1))
    (tmp_path / "april.csv").write_text(HEAD + rows(1, 2))

    assert ids(source(tmp_path / "m*.csv").pull(None)) == ["0"]
    with pytest.raises(Gone, match="no file fits"):
        list(source(tmp_path / "x*.csv").pull(None))


def test_an_empty_folder_is_healthy_and_quiet(tmp_path: Path):
    assert source(tmp_path).check().ok
    assert [type(event) for event in source(tmp_path).pull(None)] == [Checkpoint]


def test_a_missing_file_is_gone(tmp_path: Path):
    health = source(tmp_path / "no.csv").check()

    assert not health.ok
    with pytest.raises(Gone, match=r"no\.csv isn't there; check the path"):
        list(source(tmp_path / "no.csv").pull(None))


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.csv")

    with pytest.raises(BadSettings, match="not a regular file"):
        list(source(tmp_path / "pipe.csv").pull(None))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_an_unreadable_file_says_what_to_do(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD)
    path.chmod(0)

    with pytest.raises(BadSettings, match="give this user permission"):
        list(source(path).pull(None))


def test_the_health_shows_how_columns_are_understood(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("id,at,Body\n1,2026-02-10,Some words\n")

    health = source(path, columns={"text": "Body"}).check()

    assert health.ok
    assert health.message.startswith("a.csv: CSV, comma, utf-8; text = 'Body' (set); id = 'id' (guessed)")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": ""}, "names no file"),
        ({"path": 7}, "path = 7 is not text"),
        ({"path": "a.csv", "columns": "text=Body"}, "is not a table"),
        ({"path": "a.csv", "columns": {"txt": "Body"}}, "columns has no 'txt'. Did you mean 'text'"),
        ({"path": "a.csv", "columns": {"text": 3}}, "columns.text = 3 is not the name of a column"),
        ({"path": "a.csv", "timezone": "Mars"}, "timezone 'Mars' is unknown"),
        ({"path": "a.csv", "encoding": "utf-99"}, "encoding 'utf-99' is unknown"),
        ({"path": "a.csv", "staff": "Marta"}, "is not a list of names"),
        ({"path": "a.csv", "rating_max": 0}, "is not a number above 0"),
        ({"path": "a.csv", "now": datetime(2026, 1, 1)}, "now has no time zone"),  # noqa: DTZ001 - on purpose
    ],
)
def test_settings_that_cannot_work_are_refused_when_made(settings: Any, message: Any):
    with pytest.raises(BadSettings, match=message):
        Files(**settings)
