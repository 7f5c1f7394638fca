from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from builders import STORES, Bench, Fragile, Interrupted, copy_store, sixty


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """Sixty items, pulled; and what an uninterrupted run makes of them, in how many writes."""
    from quick import hurry

    with pytest.MonkeyPatch.context() as patch, STORES.here(request.param):
        hurry(patch)
        pulled = Bench(tmp_path_factory.mktemp("pulled"))
        pulled.take(sixty())
        straight = copy_store(pulled, tmp_path_factory.mktemp("whole"), database=dies_at(0))
        straight.run("sync")
        yield pulled, straight.picture(), straight.database.writes


def dies_at(write: int, *, after: bool = False) -> Any:
    return functools.partial(Fragile, stop_at=write, after=after)


def _stopped_and_resumed(pulled: Bench, root: Path, write: int, *, after: bool) -> dict[str, object]:
    root.mkdir()
    bench = copy_store(pulled, root, database=dies_at(write, after=after))
    with pytest.raises(Interrupted):
        bench.run("sync")
    bench.run("sync")
    seen = bench.picture()
    bench.database.close()
    return seen


def _check(whole, root: Path, writes: range, *, after: bool):
    pulled, expected, count = whole
    for write in writes:
        seen = _stopped_and_resumed(pulled, root / f"{write}", write, after=after)
        for part, value in expected.items():
            assert seen[part] == value, f"{part} differs after a stop at write {write} of {count}"


def test_a_run_that_dies_and_is_run_again_ends_as_one_that_did_not(whole, tmp_path: Path, quick: None):
    _check(whole, tmp_path, range(3, whole[2] + 1, 29), after=False)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(4))
@pytest.mark.parametrize("after", [False, True], ids=["before its commit", "after its commit"])
def test_it_may_die_at_any_write(whole, tmp_path: Path, share: int, after: bool, quick: None):
    every = 4 if STORES.on == "sqlite" else 20  # the same program: on a server a sample will do
    _check(whole, tmp_path, range(1 + share, whole[2] + 1, every), after=after)


def test_the_uninterrupted_run_has_something_to_lose(whole):
    _, expected, writes = whole

    assert writes > 20
    assert len(expected["counts"]) >= 3
    assert len(expected["evidence"]) >= 3
    assert len(expected["tickets"]) >= 3
    assert {row["reason"].partition(":")[0] for row in expected["rows"]} > {"kind"}
