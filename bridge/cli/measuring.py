"""The command `eval`, and the measures that `replay --label` prints."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.cli.output import Format, JsonFlag, print_json, print_rows, say
from bridge.cli.session import session

if TYPE_CHECKING:
    from bridge.evaluate import Played

Label = Annotated[str, typer.Option("--label", metavar="COL", help="Column with the true topic.")]

WORDS: Mapping[str, str] = {
    "items": "items scored",
    "labels": "labels",
    "tickets": "topics of 5 items and more",
    "ari": "adjusted Rand index",
    "precision": "B-cubed precision",
    "recall": "B-cubed recall",
    "f1": "B-cubed F1",
    "duplicates": "duplicates, share of these",
    "mixed": "mixed, share of these",
    "found": "labels found",
    "unassigned": "items without a topic",
    "strays": "unscored items in topics",
    "churn_mean": "churn a batch, mean",
    "churn_max": "churn a batch, most",
    "orphans": "orphaned topics",
    "survival": "survival",
    "survival_worst": "survival, worst batch",
    "flips": "topics whose label changed",
    "returned": "returned to their old id",
    "seconds": "seconds for topics",
    "whole_seconds": "seconds for all steps",
    "peak_mb": "peak MB",
}
"""What each figure is called in a table."""

_COUNTS = frozenset({"items", "labels", "tickets", "orphans", "flips", "seconds", "whole_seconds", "peak_mb"})


def evaluate(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON Lines or XLSX file.")],
    text: Annotated[str, typer.Option("--text", metavar="COL", help="Column with the text.")],
    label: Label,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="COL", help="Column with the id; else the row number.")
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", metavar="LABEL", help="Play items of this label, but don't score them."),
    ] = None,
    drop_col: Annotated[
        str | None,
        typer.Option(
            "--drop-col", metavar="COL", help="The same where this column isn't empty, 0, no, false."
        ),
    ] = None,
    shape: Annotated[
        str, typer.Option("--shape", metavar="cold|bulk|staged|file", help="How the items arrive.")
    ] = "bulk",
    batches: Annotated[int, typer.Option("--batches", min=1, help="In how many batches.")] = 20,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many orders of arrival to take.")] = 1,
    baselines: Annotated[
        str,
        typer.Option("--baselines", metavar="none|all|NAMES", help="What to compare with; names by comma."),
    ] = "none",
    granularity: Annotated[
        str | None,
        typer.Option("--granularity", metavar="finer|auto|coarser", help="Other than the setting."),
    ] = None,
    vectors: Annotated[
        Path | None, typer.Option("--vectors", metavar="FILE.npy", help="Vectors by row of the file.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure topics against the labels of a file, which arrives in batches, and compare with other ways."""
    from bridge.app import App
    from bridge.evaluate import OURS, Bench
    from bridge.labelled import Columns, read_labelled

    _check(shape, granularity)
    names = [OURS, *_baselines(baselines)]
    columns = Columns(text=text, label=label, id=id_, drop=frozenset(drop or ()), drop_column=drop_col)
    labelled = read_labelled(file, columns)
    here = session(ctx)
    flags = {"topics.granularity": granularity} if granularity else None
    app = App(config_path=here.config_path, flags=flags) if flags else here.app
    bench = Bench(app, labelled, shape=shape, batches=batches, vectors=vectors, progress=here.progress)
    orders = 1 if shape == "file" else seeds
    played = {name: [bench.play(name, seed) for seed in range(orders)] for name in names}
    here.progress.end()
    if as_json:
        print_json(
            {"file": str(file), "shape": shape, "batches": batches, "items": len(labelled.messages)}
            | {"methods": {name: _shape(runs) for name, runs in played.items()}}
        )
        return
    many = "1 order" if orders == 1 else f"{orders} orders"
    say(f"{len(labelled.messages)} items, {shape}, {batches} batches, {many} of arrival")
    print_measures({name: [run.as_json() for run in runs] for name, runs in played.items()})


def _shape(runs: Sequence[Played]) -> dict[str, Any]:
    from bridge.evaluate import means, spreads

    rows = [run.as_json() for run in runs]
    return {"mean": means(rows), "deviation": spreads(rows), "seeds": rows}


def _check(shape: str, granularity: str | None) -> None:
    from bridge.errors import InputError
    from topics.streams import SHAPES

    if shape not in SHAPES:
        raise InputError(f"--shape: {shape!r} is none of {', '.join(SHAPES)}")
    if granularity not in (None, "finer", "auto", "coarser"):
        raise InputError(f"--granularity: {granularity!r} is none of finer, auto, coarser")


def _baselines(asked: str) -> list[str]:
    from bridge.errors import InputError
    from topics.baselines import BASELINES

    names = {"none": [], "all": list(BASELINES)}.get(asked, [name.strip() for name in asked.split(",")])
    unknown = [name for name in names if name not in BASELINES]
    if unknown:
        raise InputError(f"--baselines: {unknown[0]!r} is none of none, all, {', '.join(BASELINES)}")
    return names


def print_measures(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Print a table: a row for each measure that any way has, a column for each way; means over the seeds."""
    from bridge.evaluate import means, spreads

    middle = {name: means(rows) for name, rows in found.items()}
    width = {name: spreads(rows) for name, rows in found.items()}
    rows = [
        {"measure": words} | {name: _cell(key, middle[name].get(key), width[name].get(key)) for name in found}
        for key, words in WORDS.items()
        if any(middle[name].get(key) is not None for name in found)
    ]
    print_rows(rows, Format.TABLE)


def _cell(key: str, value: float | None, spread: float | None) -> str:
    if value is None:
        return "–"
    digits = (0 if value == int(value) else 1) if key in _COUNTS else 3
    if key.startswith("churn"):
        digits = 5
    return f"{value:.{digits}f}" + (f" ±{spread:.{digits}f}" if spread else "")


def labels_of(file: Path, *, text: str, label: str, id_: str | None) -> dict[str, str]:
    """Return the labels of a file's items, named as `replay` names them."""
    from bridge.labelled import Columns, read_labelled

    return dict(read_labelled(file, Columns(text=text, label=label, id=id_)).labels)


def measure_replay(written: Path, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the measures of a stream that `replay` wrote, and print them on stderr."""
    import dataclasses

    from bridge.evaluate import OURS, snapshots
    from topics.measures import measure

    found = dataclasses.asdict(measure(snapshots(written), labels))
    with contextlib.redirect_stdout(sys.stderr):
        print_measures({OURS: [found]})
    return found
