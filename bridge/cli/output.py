"""How data is printed, on stdout: a table for people; JSON, JSON Lines, CSV or Markdown for scripts."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MD = "md"


JsonFlag = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
FormatFlag = Annotated[Format, typer.Option("--format", help="How to print.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Set the bridge's clock, e.g. 2026-11-21 (its end, UTC)."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")]


_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def seen(text: str) -> str:
    """Return a text with U+FFFD for each sign that would steer a terminal or turn its lines around."""
    return _STEERING.sub("\ufffd", text.replace("\r\n", "\n"))


def print_seen(text: str) -> None:
    """Print a text for people, on stdout."""
    print(seen(text))


def say(text: str) -> None:
    """Print words for people, on stderr."""
    print(text, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def print_rows(
    rows: Sequence[Mapping[str, Any]], layout: Format, *, columns: Mapping[str, str] | None = None
) -> None:
    """Print rows. `columns` names what a table shows, as key → heading; the other layouts show all."""
    match layout:
        case Format.JSON:
            print_json(list(rows))
        case Format.JSONL:
            for row in rows:
                print(json.dumps(row, ensure_ascii=False))
        case Format.CSV:
            _print_csv(rows)
        case Format.MD | Format.TABLE:
            chosen = columns or {key: key for key in (rows[0] if rows else {})}
            cells = [[seen(_cell(row.get(key))) for key in chosen] for row in rows]
            _print_aligned([list(chosen.values()), *cells], is_markdown=layout is Format.MD)


def _print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([[_safe(_cell(value)) for value in row.values()] for row in rows])


def _safe(text: str) -> str:
    """Keep a spreadsheet from running a customer's text as a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _print_aligned(lines: Sequence[Sequence[str]], *, is_markdown: bool) -> None:
    if is_markdown:
        for place, line in enumerate(lines):
            print("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |")
            if place == 0:
                print("|" + " --- |" * len(line))
        return
    flat = [[" ".join(cell.split()) for cell in line] for line in lines]
    widths = [max(len(line[place]) for line in flat) for place in range(len(flat[0]))] if flat else []
    for line in flat:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


class Terminal:
    """Progress on stderr: one line that is written over on a terminal, a line a step otherwise."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._live = sys.stderr.isatty() and not quiet
        self._quiet = quiet
        self._last = ""

    def step(self, name: str, done: int, total: int | None) -> None:
        """Say how far a step is."""
        if self._quiet:
            return
        if not self._live:
            if name != self._last:
                say(f"{name} …")
            self._last = name
            return
        end = f"/{total}" if total else ""
        new_line = "\n" if self._last and name != self._last else ""
        sys.stderr.write(f"{new_line}\r{name} {done}{end}\x1b[K")
        sys.stderr.flush()
        self._last = name

    def end(self) -> None:
        """Leave the line that was written over."""
        if self._live and self._last:
            sys.stderr.write("\n")
        self._last = ""
