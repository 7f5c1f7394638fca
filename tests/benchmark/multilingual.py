"""Does what is said in German, French, Spanish or Portuguese land in the topic of its English original?

200 items of the sample company, translated by hand (`tests/topics/translations.json`), through the program's
front door: first the sample company, then the translations, each language alone beside the English items, and
all four at once. Alone is the harder: four translations and their original can make a topic among themselves.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

LANGUAGES = ("de", "fr", "es", "pt")
ENCODER = "multilingual"
_LAST_DAY = date(2026, 6, 28)  # the sample's; what it says doesn't depend on it
_TRANSLATIONS = Path(__file__).parents[1] / "topics" / "translations.json"


def figures(_data: Path, method: str, rows: int | None) -> dict[str, Any]:
    """Return for each language alone, and for all together, where the translations went.

    `method` may name another encoder.
    """
    said = json.loads(_TRANSLATIONS.read_text(encoding="utf-8"))[:rows]
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        _settle(base, method if method and method != "ours" else ENCODER)
        _bridge(base, "run")
        found = {code: _place(base, Path(folder) / code, said, [code])[code] for code in LANGUAGES}
        together = _place(base, Path(folder) / "all", said, LANGUAGES)
    return {
        "items": len(said),
        "alone": found,
        "together": together,
        "alone landed": _landed(found),
        "together landed": _landed(together),
    }


def _landed(found: Mapping[str, Mapping[str, int]]) -> float:
    """Return the share that landed, of those whose English original is in a topic."""
    whole = sum(one["originals in a topic"] for one in found.values())
    landed = sum(one["landed"] for one in found.values())
    return round(landed / max(whole, 1), 4)


def _settle(folder: Path, encoder: str) -> None:
    """Write the sample company's settings with the multilingual setting on."""
    from bridge.demo.settings import demo_toml

    folder.mkdir()
    codes = json.dumps(["en", *LANGUAGES])
    topics = f"[topics]\nencoder = {json.dumps(encoder)}\nlanguages = {codes}\n\n[policy]"
    text = demo_toml(_LAST_DAY, str(folder / "bridge.db")).replace("[policy]", topics, 1)
    (folder / "bridge.toml").write_text(text, encoding="utf-8")


def _place(
    base: Path, folder: Path, said: Sequence[Mapping[str, str]], codes: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Take translations into a copy of the sample company; say what became of them, for each language."""
    shutil.copytree(base, folder)
    settings = folder / "bridge.toml"
    settings.write_text(settings.read_text("utf-8").replace(str(base), str(folder)), encoding="utf-8")
    with (folder / "said.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "at", "author"])
        for code in codes:
            rows.writerows(
                [_id(code, one), one[code], "2026-06-27T10:00:00Z", _id(code, one)] for one in said
            )
    _bridge(
        folder, "import", "--source", "translated", "--map", "id=id,text=text,at=at,author=author", "said.csv"
    )
    _bridge(folder, "run")
    lines = [json.loads(line) for line in _bridge(folder, "export", "assignments").splitlines()]
    return {code: _counts(said, code, lines) for code in codes}


def _id(code: str, one: Mapping[str, str]) -> str:
    return f"{code}-{one['item']}"


def _bridge(folder: Path, *words: str) -> str:
    """Run the program in a folder; return what it prints."""
    command = [sys.executable, "-m", "bridge", "--quiet", "--config", "bridge.toml", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def _counts(
    said: Sequence[Mapping[str, str]], code: str, lines: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Count what became of one language's items. An item may hold several statements: any one counts."""
    topics: dict[str, set[str]] = {}
    reasons: dict[str, set[str]] = {}
    for line in lines:
        if line["topic"]:
            topics.setdefault(line["item"], set()).add(line["topic"])
        reasons.setdefault(line["item"], set()).add(line["reason"].partition(":")[0])
    counts = dict.fromkeys(("originals in a topic", "landed", "elsewhere", "unsure", "kind", "language"), 0)
    for one in said:
        english, other = topics.get(one["item"], set()), topics.get(_id(code, one), set())
        if not english:
            continue
        counts["originals in a topic"] += 1
        counts[_fate(english, other, reasons.get(_id(code, one), set()))] += 1
    return counts


def _fate(english: set[str], other: set[str], reasons: set[str]) -> str:
    if english & other:
        return "landed"
    if other:
        return "elsewhere"
    return next((name for name in ("unsure", "kind", "language") if name in reasons), "unsure")
