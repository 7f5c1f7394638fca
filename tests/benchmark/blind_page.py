"""docs/judged.md, and the instructions that judges get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from blind_draw import OURS, THEIRS

MUST, STRETCH = 0.85, 0.92
SAYS = {"belongs": "texts that belong", "title": "titles acceptable"}
SHOWN = {
    "title": "BERTopic's titles are its topics' names, as they come",
    "phrase": "BERTopic's titles are its best phrases by KeyBERTInspired",
}

INSTRUCTIONS = """\
# How to judge

The sheet has numbered topics.
Each has a title and ten short texts that customers of airlines wrote.
Different programs made the topics; don't try to find out which made what.
Judge each topic by itself, by what stands on the sheet only, and read every text.

## Does a text belong?

First read all ten texts and the title.
Say to yourself which one point most of the ten and the title share: a problem, a wish or a question that one
person in the company could take up.
A text **belongs** when it makes that point, in whatever words, also in passing, as a joke or as a question.
It does not belong when it only shares a word with the others, is about the same thing in general but makes
another point ("my bag is lost" does not belong to "fee for a second bag"), or says too little to tell.
When most of the ten share a point and the title names another, go by the ten.
When most of the ten share none, go by the title: those belong that make its point.
When the title names none either, none belongs.

## Is the title acceptable?

Say yes when all of this is true:

* it reads like the title of a ticket: someone who sees only it knows what is wrong, wished or asked;
* it names what most of the ten texts share, not one text's detail, and not something so wide
  that most complaints would fit under it;
* it is grammatical, in the short form of titles ("Bags arrive damaged", "No reply to messages");
* it has no company's or product's brand name and no swear word.

A list of keywords is not an acceptable title, and neither is a single word that leaves the point open.

## What to hand back

One JSON file with an entry for each number on the sheet, nothing left out.
`belongs` has one `true` or `false` for each text, in the sheet's order; `title` is `true` or `false`;
`note` may hold a few words on why, in your own words.

```json
{
  "1": {"belongs": [true, true, false, true, true, true, true, true, true, false], "title": true, "note": ""},
  "2": {"belongs": [false, true, true, true, true, true, true, true, true, true], "title": false, "note": ""}
}
```
"""

HEAD = """\
# Topics judged blind

This page is written by `tests/benchmark/blind.py` from the verdicts in `docs/quality/judged.json`.
It says how many texts belong in their topics and how many titles would do for a ticket, by readers who did
not know which engine made a topic.
Customers' texts are not shown: the tweets' licence leaves them out of this repository.
The ids of the tweets lead to them in the public set of airline tweets.
"""


def write_page(found: Mapping[str, Any], page: Path) -> str:
    """Write the page; return its tables of figures, to be printed."""
    shown = "\n".join(part for sheet in found["sheets"] for part in _figures(sheet))
    rows = "\n".join(part for sheet in found["sheets"] for part in _rows(sheet))
    parts = [HEAD, *_aims(found["sheets"]), shown, *_how(found), *_quoted(), rows]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")
    return "\n".join([*_aims(found["sheets"]), shown])


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body]) + "\n"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _aims(sheets: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Set our mean on the first sheet against the aims, and against the best that BERTopic got anywhere."""
    yield "## Aims\n"
    rows = [["figure", "must", "stretch", "ours", "BERTopic at best", "reached", "better than BERTopic"]]
    for asked, says in SAYS.items():
        ours = sheets[0]["engines"][OURS][asked]["mean"]
        theirs = max(sheet["engines"][THEIRS][asked]["mean"] for sheet in sheets)
        reached = "stretch" if ours >= STRETCH else "must" if ours >= MUST else "**missed**"
        aims = [f"≥ {100 * aim:.0f} %" for aim in (MUST, STRETCH)]
        better = "yes" if ours > theirs else "**no**"
        rows.append([says, *aims, _share(ours), _share(theirs), reached, better])
    yield _table(rows)
    if len(sheets) > 1:
        yield "Ours is of the first sheet; BERTopic's is of the sheet where it did better.\n"


def _figures(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield f"## Figures: {SHOWN[sheet['titles']]}\n"
    rows = [["engine", "figure", "first judge", "second judge", "mean", "95 % interval", "both say yes"]]
    for engine, asked in ((e, a) for e in sheet["engines"] for a in SAYS):
        found = sheet["engines"][engine][asked]
        low, high = (_share(end) for end in found["interval"])
        judges = [_share(value) for value in found["judges"]]
        rows.append(
            [engine, SAYS[asked], *judges, _share(found["mean"]), f"{low} to {high}", _share(found["both"])]
        )
    yield _table(rows)
    yield "Agreement of the two judges beyond chance (Cohen's kappa; – where one answer alone was given):\n"
    rows = [["figure", "all", OURS, THEIRS]]
    for asked, says in SAYS.items():
        rows.append([says, *(_kappa(sheet["kappa"][asked].get(name)) for name in ("all", OURS, THEIRS))])
    yield _table(rows)


def _kappa(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _how(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"""\
## How it was drawn and judged

* **Who judged**: {found["who"]}.
  Each saw one sheet and the instructions below, and nothing else: no key, no other judge's verdicts.
  The sheet was drawn on {found["day"]} with seed {found["seed"]} and judged by {found["judged"]}.
* **Statements**: the {found["statements"]:,} that customers made in the set of airline tweets and that are
  problems, requests or questions by our classifier; both engines got the very same.
* **{OURS}**: a run with the settings of a fresh installation; a topic's published statements.
  What it holds back as unsure is in no topic.
* **{THEIRS}**: its defaults (UMAP with a fixed seed) on our vectors of the same MiniLM model.
  Its outliers are in no topic.
  Its names come with its defaults; its phrases have been given stop words, up to three words and
  KeyBERTInspired, and were judged on a second sheet, by judges of their own, where that is shown.
* **The sheet**: of each engine up to 30 topics at random among those with at least ten statements, of each
  topic ten statements at random, all shuffled and numbered.
* The interval draws whole topics anew (bootstrap), because verdicts on one topic hang together.
"""
    rows = [["engine", "topics", "with ten or more", "drawn", "statements in a topic"]]
    for pool in found["engines"]:
        placed = f"{pool['placed']:,} ({_share(pool['placed'] / found['statements'])})"
        rows.append([pool["engine"], str(pool["topics"]), str(pool["large"]), str(pool["drawn"]), placed])
    yield _table(rows)


def _quoted() -> Iterator[str]:
    yield "## The instructions, as the judges got them\n"
    yield "\n".join(f"> {line}".rstrip() for line in INSTRUCTIONS.splitlines()) + "\n"


def _rows(sheet: Mapping[str, Any]) -> Iterator[str]:
    yield f"## All rows: {SHOWN[sheet['titles']]}\n"
    yield "y: belongs, or acceptable; n: not. The verdicts stand in the order of the ids.\n"
    rows = [["number", "engine", "title", "items", "first judge", "second judge"]]
    for row in sheet["rows"]:
        verdicts = [f"{_letters(v['belongs'])}, title {_letters([v['title']])}" for v in row["verdicts"]]
        title = row["title"].replace("|", "\\|")
        rows.append([str(row["number"]), row["engine"], title, " ".join(row["items"]), *verdicts])
    yield _table(rows)


def _letters(answers: Sequence[bool]) -> str:
    return "".join("y" if yes else "n" for yes in answers)
