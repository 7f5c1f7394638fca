"""Verdicts of blind judges, counted."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

Verdict: TypeAlias = Mapping[str, Any]
"""`belongs`: a truth value for each text; `title`: whether the title is acceptable."""
Judge: TypeAlias = Mapping[int, Verdict]
Entries: TypeAlias = Sequence[Mapping[str, Any]]

RESAMPLES = 2_000
ASKED = ("belongs", "title")


class JudgeError(Exception):
    """A judge's file is not as the instructions say."""


def read_judge(path: Path, entries: Entries) -> Judge:
    """Return a judge's verdicts by number, their notes left out.

    Raise `JudgeError` unless each number has as many truth values as texts, and one for the title.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: {error}; give a JSON file as the instructions say"
        raise JudgeError(msg) from error
    wanted = {str(entry["number"]): len(entry["items"]) for entry in entries}
    faulty = [
        number
        for number, count in wanted.items()
        if not isinstance(found, dict) or not _is_verdict(found.get(number), count)
    ]
    if faulty:
        msg = (
            f"{path}: no whole verdict for {', '.join(faulty)}; each number of the sheet needs "
            '"belongs" with as many true or false as it has texts, and "title" with true or false'
        )
        raise JudgeError(msg)
    return {int(number): {name: found[number][name] for name in ASKED} for number in wanted}


def _is_verdict(found: Any, count: int) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("title"), bool):
        return False
    belongs = found.get("belongs")
    return (
        isinstance(belongs, list) and len(belongs) == count and all(isinstance(one, bool) for one in belongs)
    )


def figures(entries: Entries, title: str, judges: Sequence[Judge]) -> dict[str, Any]:
    """Return a sheet's figures as JSON; `title` names the entries' field that it showed."""
    engines = sorted({entry["engine"] for entry in entries}, reverse=True)
    return {
        "titles": title,
        "engines": {
            engine: {asked: _shares(_of(entries, engine), asked, judges) for asked in ASKED}
            for engine in engines
        },
        "kappa": {
            asked: {
                "all": kappa(*(_answers(entries, asked, judge) for judge in judges)),
                **{
                    engine: kappa(*(_answers(_of(entries, engine), asked, judge) for judge in judges))
                    for engine in engines
                },
            }
            for asked in ASKED
        },
        "rows": [
            {
                **{name: entry[name] for name in ("number", "engine", "topic", "items")},
                "title": entry[title],
                "verdicts": [judge[entry["number"]] for judge in judges],
            }
            for entry in entries
        ],
    }


def _of(entries: Entries, engine: str) -> Entries:
    return [entry for entry in entries if entry["engine"] == engine]


def _answers(entries: Entries, asked: str, judge: Judge) -> list[bool]:
    return [answer for entry in entries for answer in _listed(judge[entry["number"]][asked])]


def _listed(answer: bool | list[bool]) -> list[bool]:
    return [answer] if isinstance(answer, bool) else answer


def _shares(entries: Entries, asked: str, judges: Sequence[Judge]) -> dict[str, Any]:
    """Return the share of yes by judge, their mean with its 95 % interval, and of what both said yes to."""
    by_judge = [_answers(entries, asked, judge) for judge in judges]
    rows = [[yes for judge in judges for yes in _listed(judge[entry["number"]][asked])] for entry in entries]
    return {
        "judges": [mean(answers) for answers in by_judge],
        "mean": mean([yes for row in rows for yes in row]),
        "interval": interval(rows),
        "both": mean([all(pair) for pair in zip(*by_judge, strict=True)]),
    }


def mean(answers: Sequence[bool]) -> float:
    """Return the share of yes, to four digits; 0 of nothing."""
    return round(sum(answers) / len(answers), 4) if answers else 0.0


def interval(rows: Sequence[Sequence[bool]]) -> list[float]:
    """Return the 95 % interval of the share of yes, by drawing whole topics anew (bootstrap; Efron 1979).

    Verdicts on one topic hang together, so that rows, not single verdicts, are drawn.
    """
    draw = random.Random(0)  # noqa: S311 - a draw that repeats
    shares = sorted(
        mean([yes for row in draw.choices(rows, k=len(rows)) for yes in row]) for _ in range(RESAMPLES)
    )
    return [shares[int(0.025 * RESAMPLES)], shares[int(0.975 * RESAMPLES) - 1]]


def kappa(left: Sequence[bool], right: Sequence[bool]) -> float | None:
    """Return Cohen's kappa (1960): agreement beyond chance; None when chance alone explains all of it.

    >>> kappa([True, True, False, False], [True, False, False, False])
    0.5
    """
    share: Callable[[Sequence[bool]], float] = lambda answers: sum(answers) / len(answers)  # noqa: E731
    agreed = share([one == other for one, other in zip(left, right, strict=True)])
    chance = share(left) * share(right) + (1 - share(left)) * (1 - share(right))
    return None if chance >= 1 else round((agreed - chance) / (1 - chance), 4)
