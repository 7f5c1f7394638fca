"""The commands that do the work: run, sync, recluster, classify, replay."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.cli.output import AsOf, DryRun, JsonFlag, print_json, print_seen, say, seen
from bridge.cli.session import context, session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bridge.pipeline.run import RunResult

Text = Annotated[str, typer.Option("--text", metavar="COL", help="Column with the text.")]
Id = Annotated[
    str | None, typer.Option("--id", metavar="COL", help="Column with the id; else the row number.")
]
Out = Annotated[Path, typer.Option("--out", metavar="OUT.jsonl", help="File to write.")]
Detailed = Annotated[
    bool, typer.Option("--detailed-exitcode", help="With --dry-run: exit with 10 when changes are pending.")
]
REASONS = 5  # why rows were left out, at most


SendNothing = Annotated[
    bool,
    typer.Option("--dry-run", help="Propose and send nothing; say what would change in the tracker."),
]


def run(
    ctx: typer.Context,
    until: Annotated[str, typer.Option("--until", metavar="STEP", help="Last step to do.")] = "sync",
    as_of: AsOf = None,
    dry_run: SendNothing = False,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry-set-aside", help="Try once more what was set aside because it ended a step each time."
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Do the whole pipeline once: pull, understand, gather into topics, decide, and send what is due."""
    if retry:
        _take_back(ctx)
    _run(ctx, first="pull", until=until, as_of=as_of, dry_run=dry_run, as_json=as_json, detailed=False)


def sync(
    ctx: typer.Context,
    as_of: AsOf = None,
    dry_run: SendNothing = False,
    detailed: Detailed = False,
    as_json: JsonFlag = False,
) -> None:
    """Decide, plan, and bring the tracker up to date; the last part of run."""
    _run(ctx, first="decide", until="sync", as_of=as_of, dry_run=dry_run, as_json=as_json, detailed=detailed)


def _take_back(ctx: typer.Context) -> None:
    from bridge.store.tries import take_back

    app = session(ctx).app
    with app.only_one(), app.database.writing() as store:
        count = take_back(store)
    say(f"{count} that were set aside are tried again")


def _run(
    ctx: typer.Context,
    *,
    first: str,
    until: str,
    as_of: str | None,
    dry_run: bool,
    as_json: bool,
    detailed: bool,
) -> None:
    from bridge.errors import EXIT_PENDING, InputError, PartialFailure, TrackerError
    from bridge.pipeline.context import STEPS
    from bridge.pipeline.run import run as run_pipeline

    if until not in STEPS:
        raise InputError(f"--until: {until!r} is no step; steps: {', '.join(STEPS)}")
    app, here = session(ctx).app, context(ctx, as_of)
    with app.only_one():
        result = run_pipeline(here, app.pull(here), first=first, until=until, dry_run=dry_run)
    session(ctx).progress.end()
    if as_json:
        print_json(sync_json(result) if first == "decide" else result_json(result))
    else:
        print_result(result, tracker=here.settings.tracker, dry_run=dry_run)
    _hint_old(ctx, here)
    if result.refused:
        raise TrackerError("; ".join([*result.refused, *result.errors]))
    if result.errors:
        raise PartialFailure("; ".join(result.errors))
    if detailed and dry_run and result.plan is not None and not result.plan.empty:
        raise typer.Exit(EXIT_PENDING)


def result_json(result: RunResult) -> dict[str, Any]:
    """Return a run in the shape that `--json` prints."""
    shown: dict[str, Any] = {"steps": result.steps, "errors": [*result.errors, *result.refused]}
    if result.plan is not None:
        shown["plan"] = _plan_json(result)
    return shown


def sync_json(result: RunResult) -> dict[str, Any]:
    """Return a sync in the shape that `--json` prints: what is still to be done first."""
    plan = _plan_json(result) if result.plan is not None else {}
    return {**plan, "steps": result.steps, "errors": [*result.errors, *result.refused]}


def _plan_json(result: RunResult) -> dict[str, Any]:
    """Return the plan; after a sync what is left of it, and what was done."""
    plan = result.left or result.plan
    assert plan is not None  # noqa: S101 - the callers have looked
    done = result.plan.actions if result.left is not None and result.plan is not None else ()
    return {**plan.as_json(), "done": [action.as_json() for action in done]}


def print_result(result: RunResult, *, tracker: str, dry_run: bool) -> None:
    """Print what a run did, a line a step that did something, and the plan."""
    from bridge.plan import lines

    for name, step in result.steps.items():
        counts = ", ".join(f"{value} {key}" for key, value in step.items() if key != "seconds" and value)
        if counts:
            print(f"{name:<11} {counts}  ({step['seconds']:.1f} s)")
    if result.plan is not None:
        for line in lines(result.plan, tracker=tracker, sent=not dry_run):
            print_seen(line)
        if dry_run:
            print("Nothing was sent.")


def _hint_old(ctx: typer.Context, here: Any) -> None:
    """Say so when all feedback is so old that no window reaches it."""
    from bridge.store.counts import newest_said

    with here.database.reading() as store:
        newest = newest_said(store)
    days = here.settings.policy.create_when.within_days
    if newest is not None and (here.now - newest).days > days:
        session(ctx).hint(
            f"The newest item is of {newest:%Y-%m-%d}; rules count people in the last {days} days. "
            f"To stand at that time: feedback-bridge run --as-of {newest:%Y-%m-%d}"
        )


def recluster(
    ctx: typer.Context,
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Only what was said since.")
    ] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", metavar="T-n", help="Look inside one topic.")
    ] = None,
    granularity: Annotated[
        str | None, typer.Option("--granularity", metavar="finer|coarser", help="Other than the setting.")
    ] = None,
    as_of: AsOf = None,
) -> None:
    """Cluster afresh and compare with the lasting topics; without --dry-run, apply what it says."""
    from bridge.errors import InputError
    from bridge.recluster import apply, compare
    from bridge.recluster import as_json as shape
    from bridge.times import parse_as_of
    from bridge.verbs import topic_number

    if granularity not in (None, "finer", "auto", "coarser"):
        raise InputError(f"--granularity: {granularity!r} is none of finer, auto, coarser")
    app, here = session(ctx).app, context(ctx, as_of)
    number = topic_number(topic) if topic else None
    with app.only_one():
        found = compare(here, since=_start(since, parse_as_of), topic=number, granularity=granularity)
        done = {} if dry_run else apply(here, found)
        if not dry_run:
            from bridge.pipeline.saying import choose_evidence, label, track

            for step in (label, choose_evidence, track):
                step(here)
    session(ctx).progress.end()
    shown = shape(found)
    if as_json:
        print_json(shown if dry_run else {**shown, "applied": done})
    else:
        _print_lineage(shown)
        print("Nothing was changed." if dry_run else ", ".join(f"{v} {k}" for k, v in done.items()))


def _start(text: str | None, parse: Any) -> Any:
    from datetime import timedelta

    at = parse(text, "--since")
    whole_day = text is not None and len(text) == len("2026-11-21")
    return at - timedelta(days=1, microseconds=-1) if at is not None and whole_day else at


def _print_lineage(shown: dict[str, Any]) -> None:
    print_seen(f"{shown['statements']} statements looked at")
    for row in shown["continued"]:
        more = f", {row['join']} free ones would join" if row["join"] else ""
        print_seen(f"= {row['topic']} {row['title']}: {row['statements']} statements{more}")
    for row in shown["born"]:
        print_seen(f"+ born: {row['statements']} statements, e.g. “{row['quotes'][0]}”")
    for row in shown["split"]:
        for part in row["into"]:
            print_seen(
                f"/ {row['from']} {row['title']} splits: {part['statements']}, e.g. “{part['quotes'][0]}”"
            )
    for row in shown["merged"]:
        print_seen(
            f"& {', '.join(row['from'])} into {row['into']}: {row['statements']}, e.g. “{row['quotes'][0]}”"
        )
    for row in shown["dormant"]:
        print_seen(f"z {row['topic']} {row['title']}: nothing said")
    for row in shown["unseen"]:
        print_seen(f"? {row['topic']} {row['title']}: {row['statements']}, no cluster today; it stays")


def classify(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON Lines or XLSX file.")],
    text: Text,
    out: Out,
    id_: Id = None,
) -> None:
    """Give each text of a file its kind; no database is touched."""
    from bridge.classify import classify_file

    here = session(ctx)
    with _writing(out, [file]) as target:
        count, left_out = classify_file(
            here.app, file, text=text, id_=id_, out=target, progress=here.progress
        )
    here.progress.end()
    say(f"{count} texts classified into {out}")
    if left_out:
        reasons = [f"{n} because of {reason}" for reason, n in left_out.most_common(REASONS)]
        more = ["…"] if len(left_out) > REASONS else []
        say(seen(f"{left_out.total()} rows were left out: {'; '.join([*reasons, *more])}"))


@contextmanager
def _writing(out: Path, inputs: Sequence[Path | None], *others: Path) -> Iterator[Path]:
    """Give a place to write to; what was written comes to stand at `out` only when all went well.

    Refuses, before the work begins, a place that can't be written or that is one of the inputs.
    """
    from bridge.errors import InputError

    for made in (out, *others):
        for source in filter(None, inputs):
            if made.exists() and source.exists() and made.samefile(source):
                raise InputError(f"--out: {made} would be written over, and is read; name another file")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.exists():
            out.open("a").close()
        beside = tempfile.TemporaryDirectory(prefix=f".{out.name[:80]}.", dir=out.parent)
    except OSError as error:
        raise InputError(f"--out: {out} can't be written: {error.strerror}") from error
    with beside as folder:
        if out.exists() and not out.is_file():  # a pipe or a device
            yield out
            return
        yield Path(folder) / out.name
        for made in Path(folder).iterdir():
            made.replace(out.with_name(made.name).resolve())


def replay(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON Lines or XLSX file.")],
    text: Text,
    batches: Annotated[int, typer.Option("--batches", min=1, help="In how many batches it arrives.")],
    out: Out,
    id_: Id = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="COL", help="Column with the time; else file order.")
    ] = None,
    author: Annotated[
        str | None, typer.Option("--author", metavar="COL", help="Column with the author.")
    ] = None,
    all_kinds: Annotated[bool, typer.Option("--all-kinds", help="Every kind forms topics.")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="One statement an item.")] = False,
    vectors: Annotated[
        Path | None,
        typer.Option("--vectors", metavar="FILE.npy", help="Vectors by row; one statement an item."),
    ] = None,
    first: Annotated[
        float | None, typer.Option("--first", metavar="SHARE", min=0, max=1, help="Share of the first batch.")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="COL", help="Column with the true topic, to measure by.")
    ] = None,
    as_of: AsOf = None,
) -> None:
    """Play a file as if it had arrived in batches, on a scratch database; see where everything ends up."""
    from bridge.app import build_source
    from bridge.cli.measuring import labels_of, measure_replay
    from bridge.errors import InputError
    from bridge.replay import Given, Wanted, play, shares, take_in, timings_of
    from bridge.times import parse_as_of

    here = session(ctx)
    named = {"text": text, "id": id_, "at": at, "author": author}
    columns = {key: column for key, column in named.items() if column}
    if label and out.exists() and not out.is_file():
        raise InputError(f"--label: what is written to {out} can't be read again; write to a file")
    labels = labels_of(file, text=text, label=label, id_=id_) if label else None
    with (
        tempfile.TemporaryDirectory(prefix="feedback-bridge-replay-") as folder,
        _writing(out, [file, vectors], timings_of(out)) as target,
    ):
        given = Given(vectors) if vectors else None
        scratch = here.app.scratch(Path(folder) / "replay.db", given)
        place = scratch.context(
            as_of=parse_as_of(as_of),
            progress=here.progress,
            all_kinds=all_kinds,
            whole=whole or given is not None,
            given=given,
            backlog=batches == 1 or first is not None,
        )
        source = build_source("files", {"path": str(file.absolute()), "columns": columns}, place.now)
        wanted = Wanted(id=id_ is not None, at=at is not None, author=author is not None)
        total = take_in(place, source, wanted)
        report = play(place, total, shares(total, batches, first), target)
        scratch.database.close()
        here.progress.end()
        more = {"measures": measure_replay(target, labels)} if labels else {}
    seconds = sum(batch["seconds"] for batch in report["batches"])
    say(f"{total} items in {batches} batches, {seconds:.1f} s, {report['peak_mb']} MB; {out}")
    print(json.dumps({"items": total, "batches": batches, "seconds": seconds, "out": str(out), **more}))
