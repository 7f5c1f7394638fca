"""Matrix products in 8-bit whole numbers, for graphs that onnxruntime runs.

The range of every input of a product is fixed when the model is made, from what was seen over `calibration`.
So a text's numbers never depend on its neighbours in a batch, as they would with ranges found anew each time.

* Inputs: 0 to 255 with a zero point. Weights: whole numbers with one scale per output column.
* A few channels with large numbers would cost all others their precision. Part of their size is moved into
  the weights (Xiao et al. 2023, "SmoothQuant"), here by powers of two, which lose nothing.
* Old x86 processors add two neighbouring products in 16 bits. Weights are scaled so that this can't overflow:
  the result is exact on every processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.onnx_graph import Graph

Floats = NDArray[np.float32]

LEVELS: Final = 255
LARGEST_WEIGHT: Final = 127
SMOOTHING: Final = 0.8  # the share of a channel's size that moves into the weights; measured .5 to 1
_CUTS: Final = np.linspace(0.4, 1.0, 31)  # how much of the range is kept: clipping outliers serves the rest
_ROWS: Final = 600  # enough of what was seen to choose a range
_DIGITS: Final = 3  # so that the last bits of another processor's floats don't make another model


@dataclass(frozen=True, slots=True)
class Narrow:
    """A value of a graph in 8 bits: `number = scale * (value - zero)`, after division by `factors`."""

    value: str
    scale: str
    zero: str
    zero_point: int
    factors: Floats | None


def narrow(graph: Graph, name: str, seen: Floats, factors: Floats | None = None) -> Narrow:
    """Add the steps that turn the float value `name` into 8 bits.

    `seen` (rows, channels) is what the value was over the calibration sentences; `factors` (channels,) is
    what `smoothing` said.
    """
    value = name
    if factors is not None:
        inverse = graph.constant(f"{name}.inverse", (1 / factors).astype(np.float32))
        value = graph.node("Mul", [name, inverse], f"{name}.smooth")
        seen = seen / factors
    scale, zero_point = range_of(seen)
    scale_name = graph.constant(f"{name}.scale", np.array(scale, dtype=np.float32))
    zero_name = graph.constant(f"{name}.zero", np.array(zero_point, dtype=np.uint8))
    graph.node("QuantizeLinear", [value, scale_name, zero_name], f"{name}.narrow")
    return Narrow(f"{name}.narrow", scale_name, zero_name, zero_point, factors)


def product(graph: Graph, name: str, left: Narrow, weight: Floats, bias: Floats) -> str:
    """Add `left @ weight + bias`, a float value again; `weight` is (in, out)."""
    columns, scales, zero = narrow_weight(graph, name, left, weight)
    inputs = [left.value, columns, left.scale, scales, left.zero, zero, graph.constant(f"{name}.bias", bias)]
    return graph.fused("MatMulIntegerToFloat", inputs, f"{name}.product")


def narrow_weight(graph: Graph, name: str, left: Narrow, weight: Floats) -> tuple[str, str, str]:
    """Store a weight in 8 bits; return the names of its numbers, its scale per column and its zero."""
    numbers, scales = whole_weights(weight if left.factors is None else weight * left.factors[:, None])
    return (
        graph.constant(f"{name}.weight", numbers),
        graph.constant(f"{name}.scales", scales),
        graph.constant(f"{name}.weight_zero", np.zeros((), dtype=np.int8)),
    )


def smoothing(seen: Floats, weight: Floats) -> Floats:
    """Return by which power of two each input channel is divided, and its row of the weight multiplied."""
    inputs = np.abs(seen).max(axis=0) + 1e-5
    rows = np.abs(weight).max(axis=1) + 1e-5
    factors = np.log2(inputs) * SMOOTHING - np.log2(rows) * (1 - SMOOTHING)
    return np.asarray(2.0 ** np.round(factors - factors.mean()), dtype=np.float32)


def range_of(seen: Floats) -> tuple[float, int]:
    """Return the scale and zero point of 0 to 255 with the least mean square error over `seen`."""
    some = seen[:: len(seen) // _ROWS + 1]
    low, high = min(0.0, float(some.min())), max(1e-6, float(some.max()))
    choices = [_rounded(low * cut, high * cut) for cut in _CUTS]
    errors = [_error(some, scale, zero_point) for scale, zero_point in choices]
    return choices[int(np.argmin(errors))]


def _rounded(low: float, high: float) -> tuple[float, int]:
    scale = float(f"{(high - low) / LEVELS:.{_DIGITS}g}")
    return scale, int(np.clip(round(-low / scale), 0, LEVELS))


def _error(values: Floats, scale: float, zero_point: int) -> float:
    numbers = np.clip(np.rint(values / np.float32(scale)) + zero_point, 0, LEVELS)
    return float(np.square((numbers - zero_point) * np.float32(scale) - values).mean())


def whole_weights(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return a weight (in, out) as whole numbers and the scale of each column.

    Two neighbours in a column sum to 128 at most, either way: 255 times that still fits 16 bits.
    """
    pairs = np.abs(weight[:-1] + weight[1:])
    # two half steps of rounding may come on top, hence 127 and not 128
    largest = np.maximum(np.abs(weight).max(axis=0), pairs.max(axis=0, initial=0.0))
    scales = np.maximum(largest / LARGEST_WEIGHT, 1e-12).astype(np.float32)
    return np.rint(weight / scales).astype(np.int8), scales
