from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import Bench, sixty
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import InputError
from bridge.replay import Given, Wanted, play, shares, take_in
from connectors import Upsert
from connectors.testing import Canned

ALL = Wanted(id=True, at=True, author=True)


@given(st.integers(0, 500), st.integers(1, 20), st.one_of(st.none(), st.floats(0, 1)))
def test_batches_share_all_items_out_and_the_first_has_its_share(
    total: int, batches: int, first: float | None
):
    sizes = shares(total, batches, first)

    assert sum(sizes) == total
    assert len(sizes) == batches
    assert min(sizes) >= 0
    if first is None:
        assert max(sizes) - min(sizes) <= 1
    elif batches > 1:
        assert sizes[0] == round(total * first)


def replay(bench: Bench, wanted: Wanted, batches: int) -> list[str]:
    source = Canned(events=[Upsert(m) for m in sixty()], page=50)
    total = take_in(bench.context(), source, wanted)
    out = bench.root / "out.jsonl"
    play(bench.context(), total, shares(total, batches, None), out)
    return out.read_text(encoding="utf-8").splitlines()


def test_in_file_order_items_are_named_by_their_rows(bench: Bench):
    rows = replay(bench, Wanted(id=False, at=False, author=False), 2)

    assert len(rows) == 90
    assert rows[0].startswith('{"batch": 1, "id": "1", "statement": 1, ')
    assert bench.query("SELECT count(*) FROM person") == [(0,)]


def test_in_one_batch_it_ends_as_the_pipeline_itself_does(bench: Bench, tmp_path: Path):
    rows = replay(bench, ALL, 1)
    (tmp_path / "straight").mkdir()
    straight = Bench(tmp_path / "straight")
    straight.take(sixty())
    straight.run()

    assert len(rows) == 60
    assert {r["item"]: (r["topic"], r["score"]) for r in bench.rows()} == {
        r["item"]: (r["topic"], r["score"]) for r in straight.rows()
    }


def table(path: Path, rows: int) -> Path:
    np.save(path, np.random.default_rng(3).normal(size=(rows, 8)))
    return path


def test_vectors_that_were_given_stand_for_their_rows(bench: Bench, tmp_path: Path):
    given_ = Given(table(tmp_path / "v.npy", 60))
    context = bench.context(given=given_, encoder=lambda: given_)
    total = take_in(context, Canned(events=[Upsert(m) for m in sixty()], page=50), ALL)
    play(context, total, [30, 30], tmp_path / "out.jsonl")

    assert bench.query("SELECT count(*) FROM embedding") == [(0,)]
    assert bench.query("SELECT count(*) FROM position")[0][0] > 40


def test_too_few_vectors_are_told_with_the_item_that_has_none(bench: Bench, tmp_path: Path):
    given_ = Given(table(tmp_path / "v.npy", 10))

    with pytest.raises(InputError, match="10 rows for more items; item 'bag-010' has none"):
        take_in(
            bench.context(given=given_, encoder=lambda: given_),
            Canned(events=[Upsert(m) for m in sixty()]),
            ALL,
        )


def test_what_is_no_table_of_numbers_is_refused(tmp_path: Path):
    (tmp_path / "text.npy").write_text("no", encoding="utf-8")
    np.save(tmp_path / "flat.npy", np.zeros(5))
    holes = np.ones((2, 3))
    holes[1, 1] = np.nan
    np.save(tmp_path / "holes.npy", holes)

    for name, words in (
        ("text", "is no .npy table of numbers"),
        ("flat", "one row for each item is needed"),
        ("none", "is no .npy"),
    ):
        with pytest.raises(InputError, match=words):
            Given(tmp_path / f"{name}.npy")
    with pytest.raises(InputError, match="row 1 holds a value that is no finite number"):
        Given(tmp_path / "holes.npy").check(2)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.array([["a", "b"]]), "holds <U1; a .npy table of real numbers is needed"),
        (np.ones((2, 3), np.complex64), "holds complex64"),
        (np.ones((2, 3), bool), "holds bool"),
        (np.ones((2, 0)), "one row for each item is needed"),
    ],
)
def test_values_that_are_no_real_numbers_are_refused(tmp_path: Path, values: np.ndarray, words: str):
    np.save(tmp_path / "v.npy", values)

    with pytest.raises(InputError, match=words):
        Given(tmp_path / "v.npy")


def test_several_tables_in_one_file_are_refused(tmp_path: Path):
    np.savez(tmp_path / "v.npz", a=np.ones((2, 3)))

    with pytest.raises(InputError, match="holds several tables"):
        Given(tmp_path / "v.npz")


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_a_row_has_length_one_however_large_or_small_its_values(tmp_path: Path, size: float):
    np.save(tmp_path / "v.npy", np.full((1, 4), size))

    row = np.frombuffer(Given(tmp_path / "v.npy").read(["row:0"])["row:0"], "<f4")

    assert row.tolist() == [0.5] * 4


def test_more_rows_than_items_are_told_before_a_batch_is_played(bench: Bench, tmp_path: Path):
    given_ = Given(table(tmp_path / "v.npy", 61))

    with pytest.raises(InputError, match="61 rows for 60 items"):
        take_in(
            bench.context(given=given_, encoder=lambda: given_),
            Canned(events=[Upsert(m) for m in sixty()]),
            ALL,
        )
