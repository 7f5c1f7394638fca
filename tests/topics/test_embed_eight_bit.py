"""Products in 8-bit numbers, against the same in floats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from topics.encoders import eight_bit
from topics.encoders.base import digest_of
from topics.encoders.calibration import SENTENCES
from topics.encoders.layers import layer_norm
from topics.encoders.onnx_graph import FLOAT, Graph
from topics.encoders.running import open_session, run_groups

NUMBERS = st.floats(-1e3, 1e3, width=32)
RANDOM = np.random.default_rng(11)


@given(arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 4)), elements=NUMBERS))
def test_two_neighbouring_weights_never_overflow_sixteen_bits(weight: np.ndarray):
    numbers, scales = eight_bit.whole_weights(weight)

    wide = numbers.astype(int)
    assert np.abs(wide).max() <= 128
    assert np.abs(wide[:-1] + wide[1:]).max(initial=0) <= 128
    assert np.abs(numbers * scales - weight).max() <= scales.max() * 0.5001


@given(arrays(np.float32, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=NUMBERS))
def test_a_range_holds_zero_exactly_and_most_of_what_was_seen(seen: np.ndarray):
    scale, zero_point = eight_bit.range_of(seen)

    assert 0 <= zero_point <= 255
    assert scale > 0
    assert (255 - zero_point) * scale >= 0.39 * seen.max() - scale
    assert -zero_point * scale <= 0.39 * seen.min() + scale


def test_the_last_bits_of_what_was_seen_do_not_change_a_range():
    seen = RANDOM.normal(size=(500, 20)).astype(np.float32)

    assert eight_bit.range_of(seen) == eight_bit.range_of(seen * np.float32(1.0000003))


def test_a_lone_outlier_is_cut_rather_than_making_everything_coarse():
    seen = RANDOM.normal(0, 0.01, size=(600, 2_000)).astype(np.float32)
    seen[0, 0] = 1

    assert eight_bit.range_of(seen)[0] < 0.8 / 255


def test_smoothing_moves_the_size_of_a_loud_channel_into_its_weights_by_powers_of_two():
    seen = np.ones((3, 4), dtype=np.float32)
    seen[:, 2] = 64

    factors = eight_bit.smoothing(seen, np.ones((4, 5), dtype=np.float32))

    assert np.array_equal(np.log2(factors), np.round(np.log2(factors)))
    assert factors[2] >= 16 * factors[0]


def test_a_product_in_eight_bits_is_near_the_one_in_floats_and_the_same_in_any_company():
    values = RANDOM.normal(size=(40, 32)).astype(np.float32)
    values[:, 5] *= 30
    weight, bias = (RANDOM.normal(size=shape).astype(np.float32) for shape in ((32, 16), (16,)))
    graph = Graph("product")
    graph.input("x", FLOAT, ["rows", 32])
    left = eight_bit.narrow(graph, "x", values, eight_bit.smoothing(values, weight))
    graph.output(eight_bit.product(graph, "y", left, weight, bias), FLOAT, ["rows", 16])
    session = open_session(graph.to_bytes())

    (found,) = session.run(None, {"x": values})
    alone = np.concatenate([session.run(None, {"x": values[row : row + 1]})[0] for row in range(40)])

    expected = values @ weight + bias
    assert np.abs(found - expected).max() < 0.03 * np.abs(expected).max()
    assert np.array_equal(found, alone)


def test_layer_norm_in_single_steps_is_layer_norm():
    values = RANDOM.normal(2, 3, size=(5, 8)).astype(np.float32)
    values[4] = 7  # no spread at all
    gain, shift = (RANDOM.normal(size=8).astype(np.float32) for _ in range(2))
    graph = Graph("norm")
    graph.input("x", FLOAT, ["rows", 8])
    graph.output(layer_norm(graph, "y", "x", gain, shift, epsilon=1e-6), FLOAT, ["rows", 8])

    (found,) = open_session(graph.to_bytes()).run(None, {"x": values})

    centred = values - values.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-6) * gain + shift
    assert np.allclose(found, expected, atol=1e-5)


def test_every_group_fills_its_own_rows_whatever_its_turn():
    out = np.zeros((6, 1), dtype=np.float32)

    run_groups([[4, 0], [2], [1, 3, 5]], lambda group: np.array(group, dtype=np.float32)[:, None], out)

    assert out[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_an_error_in_one_group_is_not_lost():
    def work(group: list[int]) -> np.ndarray:
        if 2 in group:
            raise ValueError("no memory")
        return np.zeros((len(group), 1), dtype=np.float32)

    with pytest.raises(ValueError, match="no memory"):
        run_groups([[0], [1], [2], [3]], work, np.zeros((4, 1), dtype=np.float32))


def test_another_recipe_for_the_same_files_is_another_revision(tmp_path: Path):
    (tmp_path / "weights").write_bytes(b"weights")

    assert digest_of(tmp_path / "weights", recipe="1 a") != digest_of(tmp_path / "weights", recipe="1 b")
    assert digest_of(tmp_path / "weights", recipe="1 a") == digest_of(tmp_path / "weights", recipe="1 a")


def test_the_sentences_a_model_is_fitted_to_are_many_different_and_mixed():
    assert len(set(SENTENCES)) == len(SENTENCES) >= 100
    assert min(map(len, SENTENCES)) < 5
    assert max(map(len, SENTENCES)) > 250
    assert any(not sentence.isascii() for sentence in SENTENCES)
