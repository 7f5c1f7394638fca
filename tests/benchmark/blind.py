"""Topics judged by readers who don't know which engine made them: ours and BERTopic's on one sheet.

    python tests/benchmark/blind.py make --db bridge.db --csv posts.csv --out sheets --seed 1
    python tests/benchmark/blind.py score --key sheets-key.json --judges a.json b.json

`make` writes `sheets/sheet.md` and `sheets/instructions.md` for the judges, the same in `sheets-2` with
BERTopic's better titles, and the key beside them. A judge gets one of the two folders, and nothing else.
`score` writes `docs/judged.md` and `docs/quality/judged.json`; neither holds a customer's words.
What lies between needs people, or language models, who read.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blind_draw import Pool, shuffled, store_pool, their_pool
from blind_page import INSTRUCTIONS, write_page
from blind_score import JudgeError, figures, read_judge

DOCS = Path(__file__).parents[2] / "docs"
WHO = "two independent language models, not people"


def main() -> int:
    """Make sheets, or score what came back."""
    wanted = _options().parse_args()
    try:
        return make(wanted) if wanted.step == "make" else score(wanted)
    except JudgeError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(dest="step", required=True)
    making = steps.add_parser("make", help="draw topics of both engines and write the sheets")
    making.add_argument("--db", type=Path, required=True, help="the SQLite store after a run, only read")
    making.add_argument("--csv", type=Path, required=True, help="the file that the store was filled from")
    making.add_argument("--id", default="tweet_id", help="the file's column with the items' ids")
    making.add_argument("--out", type=Path, required=True, help="the folder that judges get")
    making.add_argument("--seed", type=int, default=1)
    scoring = steps.add_parser("score", help="count the judges' verdicts and write the page")
    scoring.add_argument("--key", type=Path, required=True)
    scoring.add_argument("--judges", type=Path, nargs=2, required=True, metavar="JSON")
    scoring.add_argument("--second", type=Path, nargs=2, metavar="JSON", help="judges of the second sheet")
    scoring.add_argument("--who", default=WHO, help="who judged")
    scoring.add_argument("--page", type=Path, default=DOCS / "judged.md")
    scoring.add_argument("--results", type=Path, default=DOCS / "quality" / "judged.json")
    return parser


def make(wanted: argparse.Namespace) -> int:
    """Draw, fit BERTopic, and write two folders and the key."""
    ours, statements = store_pool(wanted.db)
    _same_items([s.item for s in statements], wanted.csv, wanted.id)
    theirs = their_pool(statements)
    entries = shuffled([ours, theirs], wanted.seed)
    texts = {s.key: " ".join(s.text.split()) for s in statements}
    second = wanted.out.with_name(f"{wanted.out.name}-2")
    for folder, title in ((wanted.out, "title"), (second, "phrase")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "instructions.md").write_text(INSTRUCTIONS, encoding="utf-8")
        (folder / "sheet.md").write_text(_sheet(entries, texts, title), encoding="utf-8")
    key = wanted.out.with_name(f"{wanted.out.name}-key.json")
    found = {
        "seed": wanted.seed,
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "statements": len(statements),
        "engines": [_summary(pool, entries) for pool in (ours, theirs)],
        "entries": entries,
    }
    key.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(entries)} topics: {wanted.out}, {second}; key: {key}\n")
    return 0


def _same_items(items: list[str], file: Path, column: str) -> None:
    """Stop when the store holds items of something else than the file."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        known = {row[column] for row in csv.DictReader(source)}
    strange = sorted(set(items) - known)
    if strange:
        msg = (
            f"{file}: {len(strange)} items of the store are not in it, e.g. {strange[0]}; "
            "give the file that the run read"
        )
        raise SystemExit(msg)


def _sheet(entries: list[dict[str, Any]], texts: dict[int, str], title: str) -> str:
    parts = ["# Topics to judge\n"]
    for entry in entries:
        lines = [f"{place}. {texts[key]}" for place, key in enumerate(entry["statements"], start=1)]
        parts.append(f"## {entry['number']}\n\nTitle: **{entry[title]}**\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _summary(pool: Pool, entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "engine": pool.engine,
        "topics": len(pool.topics),
        "large": len(pool.large()),
        "drawn": sum(entry["engine"] == pool.engine for entry in entries),
        "placed": sum(len(topic.members) for topic in pool.topics),
    }


def score(wanted: argparse.Namespace) -> int:
    """Count, print and write."""
    key = json.loads(wanted.key.read_text(encoding="utf-8"))
    found = {
        **{name: key[name] for name in ("seed", "day", "statements", "engines")},
        "judged": f"{datetime.now(UTC):%Y-%m-%d}",
        "who": wanted.who,
        "sheets": [
            figures(key["entries"], title, [read_judge(path, key["entries"]) for path in judges])
            for title, judges in (("title", wanted.judges), ("phrase", wanted.second))
            if judges
        ],
    }
    wanted.results.parent.mkdir(parents=True, exist_ok=True)
    wanted.results.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(write_page(found, wanted.page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
