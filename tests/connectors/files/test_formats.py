"""CSV and its relatives, JSON and XLSX, whole and damaged."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors import Event, Rejected, Upsert
from connectors.errors import BadSettings
from connectors.files import Files

NOW = datetime(2026, 2, 16, 8, 0, tzinfo=UTC)


def pulled(path: Path, content: str | bytes, **settings: Any):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(Files(path=str(path), now=NOW, **settings).pull(None))


def texts(events: Iterable[Event]):
    return [event.message.text for event in events if isinstance(event, Upsert)]


def reasons(events: Iterable[Event]):
    return [(event.where, event.reason) for event in events if isinstance(event, Rejected)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_recognised(tmp_path: Path, mark: str):
    rows = [["id", "text"], ["1", "One, with a comma; and more"], ["2", "Two | three"]]
    lines = "".join(mark.join(f'"{cell}"' for cell in row) + "\r\n" for row in rows)

    assert texts(pulled(tmp_path / "a.csv", lines)) == ["One, with a comma; and more", "Two | three"]


def test_excels_own_delimiter_line_is_understood(tmp_path: Path):
    assert texts(pulled(tmp_path / "a.csv", "sep=;\nid;text\n1;One, two, three\n")) == ["One, two, three"]


def test_a_set_delimiter_is_used_and_a_wrong_one_refused(tmp_path: Path):
    assert texts(pulled(tmp_path / "a.csv", "id^text\n1^One\n", delimiter="^")) == ["One"]
    with pytest.raises(BadSettings, match="delimiter '::' is not one character"):
        pulled(tmp_path / "a.csv", "id::text\n", delimiter="::")


def test_one_column_of_prose_is_not_cut_at_its_commas(tmp_path: Path):
    prose = "text\nFirst, second, third.\nNo comma here.\nOne, two.\nAgain none.\n"

    assert texts(pulled(tmp_path / "a.txt", prose)) == prose.splitlines()[1:]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_and_newlines_in_quotes(tmp_path: Path, end: str):
    content = f'id,text{end}1,"one{end}two"{end}2,three{end}'

    assert texts(pulled(tmp_path / "a.csv", content)) == [f"one{end}two", "three"]


def test_a_lone_quotation_mark_in_tab_separated_text_swallows_no_row(tmp_path: Path):
    content = 'id\ttext\n1\t"never closed\n2\tplain\n3\t"closed"\n'

    assert len(texts(pulled(tmp_path / "a.tsv", content))) == 3


def test_a_quotation_mark_that_is_never_closed_costs_one_row(tmp_path: Path):
    content = "id,text\n1,fine\n" + '2,"never closed\n' + "".join(f"{n},row {n}\n" for n in range(3, 100))

    events = pulled(tmp_path / "a.csv", content)

    assert len(texts(events)) == 98
    assert reasons(events) == [
        ("row 3", "a quotation mark is opened here and never closed; double it or close it")
    ]


def test_escaped_quotation_marks_are_understood(tmp_path: Path):
    content = 'id,text\n1,"He said \\"no, thanks\\" twice"\n2,"plain, too"\n'

    assert texts(pulled(tmp_path / "a.csv", content)) == ['He said "no, thanks" twice', "plain, too"]


def test_a_text_of_two_megabytes_comes_whole(tmp_path: Path):
    text = "word " * 400_000

    assert texts(pulled(tmp_path / "a.csv", f'id,text\n1,"{text}"\n2,next\n')) == [text, "next"]


def test_a_line_longer_than_any_text_costs_one_row(tmp_path: Path):
    events = pulled(tmp_path / "a.csv", "id,text\n1," + "x" * 8_500_000 + "\n2,next\n")

    assert texts(events) == ["next"]
    assert reasons(events) == [("row 2", "the line is longer than 8,000,000 characters")]


def test_repeated_and_blank_column_names_are_told_apart(tmp_path: Path):
    path = tmp_path / "a.csv"
    events = pulled(path, "id,Body,Body,\n1,one,two words here,three\n", columns={"text": "Body (2)"})

    assert texts(events) == ["two words here"]
    with pytest.raises(BadSettings, match=r"'id', 'Body', 'Body \(2\)', 'column 4'"):
        pulled(path, "id,Body,Body,\n1,one,two,three\n", columns={"text": "Boddy"})


def test_blank_lines_count_in_the_row_numbers_and_nowhere_else(tmp_path: Path):
    events = pulled(tmp_path / "a.csv", "id,text\n\n1,one\n\n,none\n")

    assert texts(events) == ["one"]
    assert reasons(events) == [("row 5", "id: 'id' is empty")]


@pytest.mark.parametrize("content", ["", " \n \n", "\ufeff", "\n\n\n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, content: str | bytes):
    with pytest.raises(BadSettings, match=r"empty|no rows"):
        pulled(tmp_path / "a.csv", content)


def test_a_header_alone_has_no_items(tmp_path: Path):
    assert texts(pulled(tmp_path / "a.csv", "id,at,text\n")) == []


def test_nul_bytes_are_replaced(tmp_path: Path):
    assert texts(pulled(tmp_path / "a.csv", b"id,text\n1,one\x00two\n")) == ["one\ufffdtwo"]


def test_json_lines_with_objects_within_and_broken_lines(tmp_path: Path):
    lines = [
        json.dumps({"id": 1, "text": "one", "user": {"screen_name": "@ana"}}),
        "{broken",
        "[1, 2]",
        "",
        '{"id": 2, "text": "half \\ud83d pair"}',
        "[" * 100_000,
        json.dumps({"id": 10**30, "text": None}),
    ]

    events = pulled(tmp_path / "a.jsonl", "\n".join(lines))

    assert texts(events) == ["one", "half \ufffd pair"]
    assert next(event for event in events if isinstance(event, Upsert)).message.author.handle == "ana"
    assert [where for where, _ in reasons(events)] == ["row 2", "row 3", "row 6", "row 7"]
    assert "not a JSON object but list" in reasons(events)[1][1]


def test_a_json_array_is_read_object_by_object(tmp_path: Path):
    rows = [{"id": n, "text": f"words {n} " + "x" * 3000} for n in range(200)]

    assert texts(pulled(tmp_path / "a.json", json.dumps(rows, indent=1))) == [row["text"] for row in rows]


def test_a_json_array_that_breaks_off_says_that_nothing_after_it_can_be_read(tmp_path: Path):
    events = pulled(tmp_path / "a.json", '[{"id": 1, "text": "one"}, {"id": 2, "te')

    assert texts(events) == ["one"]
    assert "nothing after it can be read" in reasons(events)[0][1]


def test_json_that_holds_no_objects_is_refused(tmp_path: Path):
    for content in ("[1, 2, 3]", '{\n "a":\n 1\n}', "[", "[]"):
        with pytest.raises(BadSettings, match="no object can be read"):
            pulled(tmp_path / "a.json", content)


def workbook(rows: Any, *, title: str = "Reviews", also: Any = ()):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for name, content in [(title, rows), *also]:
        page = book.create_sheet(name)
        for row in content:
            page.append(row)
    del book["Sheet"]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


ROWS = [
    ["Weekly export"],
    [],
    ["id", "date", "text", "stars"],
    [1, datetime(2026, 2, 10, 9, 30), "one", 5],  # noqa: DTZ001 - Excel knows no zones
    [2.0, datetime(2026, 2, 11), "two\nlines", 4],  # noqa: DTZ001 - the same
    [3, "31/31/2026", "three", 1],
]


def test_a_workbook_is_read_with_its_dates_in_the_sources_zone(tmp_path: Path):
    events = pulled(tmp_path / "a.xlsx", workbook(ROWS), timezone="Europe/Madrid")

    first = next(event for event in events if isinstance(event, Upsert)).message
    assert texts(events) == ["one", "two\nlines"]
    assert (first.external_id, first.rating) == ("1", 1.0)
    assert first.said_at == datetime(2026, 2, 10, 8, 30, tzinfo=UTC)
    assert [where for where, _ in reasons(events)] == ["sheet Reviews row 6"]


def test_a_sheet_is_chosen_by_name_and_a_wrong_one_names_the_nearest(tmp_path: Path):
    data = workbook(ROWS, also=[("Old", [["id", "text"], [9, "nine"]])])

    assert texts(pulled(tmp_path / "a.xlsx", data, sheet="Old")) == ["nine"]
    with pytest.raises(
        BadSettings, match=r"no sheet 'Review'. Did you mean 'Reviews'\? Its sheets: Reviews, Old"
    ):
        pulled(tmp_path / "a.xlsx", data, sheet="Review")


def test_a_truncated_workbook_is_said_to_be_damaged(tmp_path: Path):
    data = workbook(ROWS)

    for length in (10, len(data) // 3, len(data) // 2, len(data) - 5):
        with pytest.raises(BadSettings, match="cut short or damaged"):
            pulled(tmp_path / "a.xlsx", data[:length])


def test_a_workbook_with_a_damaged_sheet_is_said_to_be_damaged(tmp_path: Path):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(ROWS))) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            data = old.read(part)
            new.writestr(part, data[: len(data) // 2] if "worksheets/" in part else data)

    with pytest.raises(BadSettings, match="damaged"):
        pulled(tmp_path / "a.xlsx", out.getvalue())


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (100 << 20))

    with pytest.raises(BadSettings, match="more than is safe"):
        pulled(tmp_path / "a.xlsx", out.getvalue())


def test_a_workbook_that_unpacks_to_too_much_is_refused_however_well_it_is_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connectors.files.workbook.UNPACKED_BYTES", 1000)

    with pytest.raises(BadSettings, match="more than is safe"):
        pulled(tmp_path / "a.xlsx", workbook(ROWS))


def test_an_old_or_locked_workbook_says_what_to_do(tmp_path: Path):
    with pytest.raises(BadSettings, match="has a password"):
        pulled(tmp_path / "a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000))


def test_a_workbook_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)

    with pytest.raises(BadSettings, match=r'pip install "feedback-bridge\[xlsx\]"'):
        pulled(tmp_path / "a.xlsx", workbook_bytes())


def workbook_bytes():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


def test_every_sample_is_small():
    import connectors.files

    for sample in (Path(connectors.files.__file__).parent / "samples").iterdir():
        assert sample.stat().st_size < 4000, sample
