"""The twins of pages: the same as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from unicodedata import category

from fastapi.responses import Response

_FORMULA = frozenset("=+-@＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide forms for formulas too

_BREAKS: Final = frozenset("\t\r\n")


def json_answer(value: Any) -> Response:
    """Answer with JSON."""
    return Response(json.dumps(value, ensure_ascii=False), media_type="application/json")


def csv_answer(text: str, name: str) -> Response:
    """Answer with a file of CSV."""
    named = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=named)


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV with a line of headings; no cell runs as a formula in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([inert(row[name]) for name in columns])
    return text.getvalue()


def inert(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    Signs that nobody sees hide none: what a spreadsheet drops from the front is passed over here too.
    """
    if not isinstance(value, str):
        return value
    first = next((sign for sign in value if not sign.isspace() and category(sign) not in ("Cc", "Cf")), "")
    return f"'{value}" if first in _FORMULA or value[:1] in _BREAKS else value
