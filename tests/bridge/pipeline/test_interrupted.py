from __future__ import annotations

from pathlib import Path

import pytest
from builders import Bench, Fragile, Interrupted, copy_store, sixty


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory):
    """Sixty items, pulled; and what an uninterrupted run makes of them, in how many writes."""
    from quick import hurry

    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        pulled = Bench(tmp_path_factory.mktemp("pulled"))
        pulled.take(sixty())
        root = tmp_path_factory.mktemp("whole")
        counting = Fragile(f"sqlite:///{root / 'bridge.db'}", stop_at=0)
        straight = copy_store(pulled, root, database=counting)
        straight.run("sync")
        yield pulled, straight.picture(), counting.writes


def _stopped_and_resumed(pulled: Bench, root: Path, write: int, *, after: bool) -> dict[str, object]:
    root.mkdir()
    fragile = Fragile(f"sqlite:///{root / 'bridge.db'}", stop_at=write, after=after)
    bench = copy_store(pulled, root, database=fragile)
    with pytest.raises(Interrupted):
        bench.run("sync")
    bench.run("sync")
    seen = bench.picture()
    fragile.close()
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
    _check(whole, tmp_path, range(1 + share, whole[2] + 1, 4), after=after)


def test_the_uninterrupted_run_has_something_to_lose(whole):
    _, expected, writes = whole

    assert writes > 20
    assert len(expected["counts"]) >= 3
    assert len(expected["evidence"]) >= 3
    assert len(expected["tickets"]) >= 3
    assert {row["reason"].partition(":")[0] for row in expected["rows"]} > {"kind"}
