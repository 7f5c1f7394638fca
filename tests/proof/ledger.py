"""The proof of the ledger: is each effect outside had exactly once, whatever dies and whatever is lost?

    python tests/proof/ledger.py [--trials 100000] [--kills 5000] [--seed 1] [--only kills,machine,sim]
        [--jobs N] [--write]

Plays a seeded simulation with two programs that keep no ledger beside it, a Hypothesis state machine, and
real processes that are killed. Prints a table, writes docs/proof.md (with `--write`, or when all parts are
played in full), and exits with 1 on any violation.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
for folder in (HERE.parents[1], HERE.parent / "support", HERE):
    sys.path.insert(0, str(folder))

import ledger_page  # noqa: E402 - found by the path above
from ledger_page import Row  # noqa: E402
from ledger_sim import PER_STORE, Tally, baseline, one_store  # noqa: E402
from shared import _share_statements as share_statements  # noqa: E402

PARTS = ("kills", "machine", "sim")
EXAMPLE = 100
"""Simulated trials for each example of the state machine, which has forty steps."""

SWEEP = (0, 30, 60, 120, 240)
"""Settle times that are too short, in seconds, to show what the wait is worth."""


def main() -> int:
    """Play the parts, print the table, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    parts = [part for part in PARTS if part in asked.only.split(",")]
    plays: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
        "sim": simulated,
        "machine": machine,
        "kills": killed,
    }
    rows: list[Row] = []
    for part in parts:
        found = plays[part](asked)
        rows += found
        print(ledger_page.table(found), flush=True)
    in_full = len(parts) == len(PARTS) and asked.trials >= 100_000 and asked.kills >= 5_000
    if in_full or asked.write:
        ledger_page.write(HERE.parents[1] / "docs" / "proof.md", rows, seed=asked.seed)
    bad = [row for row in rows if row.is_ours and row.violations]
    for row in bad:
        print(f"NOT proved: {row.name}; failing seeds: {' '.join(map(str, row.failing[:20]))}")
    return 1 if bad else 0


def simulated(asked: argparse.Namespace) -> list[Row]:
    """Play the simulation and the programs without a ledger, on the same seeds and faults."""
    seeds = range(asked.seed, asked.seed + max(asked.trials // PER_STORE, 1))
    rows = [
        _row("post, then save", _all(_naive, seeds, asked.jobs), is_ours=False),
        _row("search, then post", _all(_searching, seeds, asked.jobs), is_ours=False),
    ]
    short = seeds[: max(len(seeds) // 50, 1)]
    for settle_s in SWEEP:
        tally = _all(_settling, [(seed, settle_s) for seed in short], asked.jobs)
        rows.append(_row(f"ledger that settles {settle_s} s", tally, is_ours=False))
    return [*rows, _row("ledger that settles 420 s", _all(_ours, seeds, asked.jobs, told=True), is_ours=True)]


def machine(asked: argparse.Namespace) -> list[Row]:
    """Let Hypothesis look for an order of events that breaks a promise."""
    from hypothesis import HealthCheck, Verbosity, seed, settings
    from hypothesis.stateful import run_state_machine_as_test
    from ledger_machine import LedgerMachine

    examples = max(asked.trials // EXAMPLE, 10)
    started = time.perf_counter()
    failing: list[int] = []
    kept = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        database=None,
        verbosity=Verbosity.normal,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(asked.seed)(LedgerMachine), settings=kept)
    except AssertionError as error:
        print(error, file=sys.stderr)
        failing.append(asked.seed)
    took = time.perf_counter() - started
    return [Row("Hypothesis state machine", examples, len(failing), 0, 0, tuple(failing), took, True)]


def killed(asked: argparse.Namespace) -> list[Row]:
    """Kill real processes at each statement and each moment of a call."""
    from ledger_kills import play

    return play(asked.kills, asked.seed, asked.jobs)


def _row(name: str, played: tuple[Tally, float], *, is_ours: bool) -> Row:
    tally, took = played
    return Row(
        name,
        tally.trials,
        tally.duplicates,
        tally.lost + tally.broken,
        tally.double_comments,
        tuple(tally.failing),
        took,
        is_ours,
        note=f"{tally.crashes} deaths, {tally.doubts} settled readings, a person asked {tally.asked} times"
        if is_ours
        else "",
    )


def _all(
    play: Callable[..., Tally], seeds: Sequence[object], jobs: int, *, told: bool = False
) -> tuple[Tally, float]:
    total, started = Tally(), time.perf_counter()
    with ProcessPoolExecutor(jobs, initializer=_calm) as pool:
        for number, tally in enumerate(pool.map(play, seeds), 1):
            total.add(tally)
            if told and (number % 10 == 0 or tally.violations):
                rate = total.trials / (time.perf_counter() - started)
                print(f"  {total.trials} trials, {total.violations} violations, {rate:.0f}/s", flush=True)
    return total, time.perf_counter() - started


def _calm() -> None:
    """Look for garbage seldom, and compile each statement once for all stores."""
    share_statements(pytest.MonkeyPatch())
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)


def _ours(seed: int) -> Tally:
    return one_store(seed, PER_STORE)


def _settling(asked: tuple[int, float]) -> Tally:
    return one_store(asked[0], PER_STORE, settle_s=asked[1])


def _naive(seed: int) -> Tally:
    return baseline(seed, PER_STORE, search_first=False)


def _searching(seed: int) -> Tally:
    return baseline(seed, PER_STORE, search_first=True)


if __name__ == "__main__":
    sys.exit(main())
