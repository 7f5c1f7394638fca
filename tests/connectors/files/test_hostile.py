"""Any bytes are read, set aside or refused with a reason; nothing else ever comes out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors import Checkpoint
from connectors.errors import ConnectorError
from connectors.files import Files

NOW = datetime(2026, 2, 16, 8, 0, tzinfo=UTC)
PIECES = st.sampled_from(
    [
        b"id,text,at\n", b'"', b"\n", b"\r", b",", b";", b"\t", b"\x00", b"\xff\xfe",
        b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b'{"text": "a b"}\n', b'{"id": 1}', b'\\"', b"\\u",
        b"\xe9", b"1,hello there,2026-02-10\n", b"PK\x03\x04", b"WEBVTT\n",
        b"00:00:01.000 --> 00:00:02.000\n", b"sep=;\n", b"\xd0\xcf\x11\xe0", b"NaN", b"1e999",
        b"\xed\xa0\x80", b"   ",
    ]
)  # fmt: skip
BYTES = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=30).map(b"".join))
MANY = settings.default.max_examples * 3 // 2  # 150; fewer in the fast tier
QUIET = settings(
    max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.tsv", "a.xlsx", "a.vtt", "a.txt"])
@QUIET
@given(data=BYTES)
@example(data=b"\x00" * 50)
@example(data=b"\xff\xfe\x00\xd8\x00\xd8,\x00t\x00")
@example(data=b'text\n"' + b"a\n" * 100)
def test_any_bytes_are_read_or_refused(tmp_path: Path, name: str, data: bytes):
    path = tmp_path / name
    path.write_bytes(data)

    for wishes in ({}, {"columns": {"text": "text"}}, {"preset": "transcript"}):
        source = Files(path=str(path), now=NOW, **wishes)
        try:
            events = list(source.pull(None))
        except ConnectorError:
            continue
        assert isinstance(events[-1], Checkpoint)
        again = list(source.pull(json.loads(json.dumps(events[-1].cursor))))
        assert [type(event) for event in again] == [Checkpoint]
        repr(events).encode("utf-8")


@QUIET
@given(rows=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=20))
def test_every_written_text_comes_back(tmp_path: Path, rows: Any):
    path = tmp_path / "a.csv"
    lines = [f'{n},"{text.replace(chr(34), chr(34) * 2)}"\n' for n, text in enumerate(rows)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("id,text\n" + "".join(lines))

    events = Files(path=str(path), now=NOW, delimiter=",", columns={"text": "text", "id": "id"}).pull(None)
    found = {event.message.external_id: event.message.text for event in events if hasattr(event, "message")}

    assert found == {str(n): text.replace("\x00", "\ufffd") for n, text in enumerate(rows) if text.strip()}
