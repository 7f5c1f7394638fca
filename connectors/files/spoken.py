"""Transcripts of calls: subtitle files and "Speaker: text" notes as tables, and fragments joined to turns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from connectors.files.lines import lines_of
from connectors.files.snapshot import Snapshot
from connectors.rows import RECORD_CHARS, Broken, Cut, Row

HEADER = ("call", "speaker", "start", "text")
"""The columns a spoken file is given; `call` is the file's name without its ending."""

_CUE = re.compile(r"(?P<start>(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3})\s+-->")
_VOICE = re.compile(r"<v(?:\.[^ >]*)?\s+(?P<speaker>[^>]{1,80})>")
_TAG = re.compile(r"<[^<>]{1,80}>")
_SAID = re.compile(
    r"(?:\[?\(?(?P<start>(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)\)?\]?\s*[-–]?\s*)?"
    r"(?P<speaker>[^\W_][^:\t]{0,59}):\s+(?P<text>\S.*)"
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A .vtt, .srt or .txt transcript as a table."""

    snapshot: Snapshot
    encoding: str
    header: tuple[str, ...] = HEADER

    @property
    def kind(self) -> str:
        """What was recognised, for people."""
        return f"transcript, {self.encoding}"

    @property
    def place(self) -> str:
        """Rows are lines."""
        return ""

    def rows(self) -> Iterator[Row | Broken | Cut]:
        """Yield one row for each line spoken, numbered by the line it begins on."""
        call, start, speaker = self.snapshot.path.stem, "", ""
        for number, line in enumerate(lines_of(self.snapshot, self.encoding), start=1):
            text = line.strip("\ufeff \t\r\n")
            if cue := _CUE.match(text):
                start, speaker = cue["start"], ""
            elif text and not text.isdigit() and not text.startswith(("WEBVTT", "NOTE", "STYLE")):
                voice, said = _VOICE.search(text), _SAID.fullmatch(_TAG.sub("", text))
                if voice:
                    speaker, text = voice["speaker"], _TAG.sub("", text).strip()
                elif said:
                    speaker, text = said["speaker"], said["text"]
                    start = said["start"] or start
                yield Row(number, dict(zip(HEADER, (call, speaker, start, text), strict=True)))


def turns(rows: Iterable[Row | Broken | Cut], columns: Mapping[str, str]) -> Iterator[Row | Broken | Cut]:
    """Join neighbouring rows of one speaker in one call: recognisers cut a sentence at every breath.

    A row without a speaker goes on with the one before.
    """
    open_turn: Row | None = None
    for row in rows:
        if isinstance(row, Row) and open_turn and _goes_on(open_turn, row, columns):
            text = columns["text"]
            joined = f"{open_turn.cells[text]} {row.cells.get(text, '').strip()}".strip()
            open_turn = replace(open_turn, cells={**open_turn.cells, text: joined}, last=row.end)
            continue
        if open_turn:
            yield open_turn
        open_turn = row if isinstance(row, Row) else None
        if open_turn is None:
            yield row
    if open_turn:
        yield open_turn


def _goes_on(turn: Row, row: Row, columns: Mapping[str, str]) -> bool:
    def same(key: str) -> bool:
        name = columns.get(key, "")
        return turn.cells.get(name, "") == row.cells.get(name, "")

    text = columns["text"]
    if len(turn.cells.get(text, "")) + len(row.cells.get(text, "")) > RECORD_CHARS:
        return False
    unnamed = not row.cells.get(columns.get("author", ""), "").strip() and "author" in columns
    return same("thread") and same("role") and (unnamed or ("author" in columns and same("author")))
