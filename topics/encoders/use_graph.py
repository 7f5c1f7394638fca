"""The Universal Sentence Encoder (multilingual, convolutional, version 3) as an ONNX graph.

Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval". Token vectors go through
two convolutions in each of three branches (windows of 2, 3 and 5 tokens), are normalised and summed over the
text, and pass a small network. All tokens of a batch lie in one row, without padding; a window that reaches
out of its text finds zeros there. What depends on a token alone is computed once for each distinct token.

Inputs, numbers of rows being int64:
* `tokens` (distinct,), and `chunk`, the same modulo CHUNKS; `place` (count,), each token's row in `tokens`;
* `windows` (count, 7), the rows of a token's neighbours in `tokens`, and `neighbours`, their rows among all
  tokens; the row after the last is the outside of the text;
* `pool` (texts, count) float32, 1 where a token is of a text; `size` (texts, 1) float32, its tokens counted.
Output: `vectors` (texts, 512), not yet normalised; in floats also every value of `FED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders import eight_bit
from topics.encoders.layers import layer_norm
from topics.encoders.onnx_graph import FLOAT, INT64, Graph

CHUNKS: Final = 17  # the embedding table is stored in so many parts, each with its own scale
WIDTH: Final = 512
FED: Final = tuple(f"{kind}{order}" for order in (2, 3, 5) for kind in ("first", "second"))

_BRANCH: Final = 256
_BRANCHES: Final = ((2, 0), (3, 1), (5, 2))  # tokens in a window, and how many of them lie to the left
_LEFT: Final = 2
_RIGHT: Final = 4
_CAST_FLOAT: Final = 1

Weights = Mapping[str, NDArray[Any]]
Seen = Mapping[str, NDArray[np.float32]]


def build_use(weights: Weights, seen: Seen | None = None) -> bytes:
    """Write the encoder as an ONNX file: in floats, or in 8 bits if `seen` is given."""
    use = _Use(Graph("use"), weights, seen)
    graph = use.graph
    graph.input("tokens", INT64, ["distinct"])
    graph.input("chunk", INT64, ["distinct"])
    graph.input("place", INT64, ["count"])
    graph.input("windows", INT64, ["count", _LEFT + 1 + _RIGHT])
    graph.input("neighbours", INT64, ["count", _LEFT + 1 + _RIGHT])
    graph.input("pool", FLOAT, ["texts", "count"])
    graph.input("size", FLOAT, ["texts", 1])
    use.words()
    parts = [graph.node("Gather", ["words", "place"], "own", axis=0)]
    parts += [use.branch(number, order, left) for number, (order, left) in enumerate(_BRANCHES)]
    graph.node("Concat", parts, "features", axis=1)
    use.norm("features", "features_normal", weights["ln_g"], weights["ln_b"])
    use.texts()
    graph.output("vectors", FLOAT, ["texts", WIDTH])
    if seen is None:
        for value in FED:
            graph.output(value, FLOAT, ["rows", _BRANCH])
    return graph.to_bytes()


def inputs_of(rows: Sequence[Sequence[int]]) -> dict[str, NDArray[Any]]:
    """Lay the token numbers of some texts out as the graph wants them."""
    sizes = np.array([len(row) for row in rows])
    flat = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows])
    tokens, place = np.unique(flat, return_inverse=True)
    ends = np.cumsum(sizes)
    at = np.arange(len(flat))[:, None] + np.arange(-_LEFT, _RIGHT + 1)
    inside = (at >= np.repeat(ends - sizes, sizes)[:, None]) & (at < np.repeat(ends, sizes)[:, None])
    neighbours = np.where(inside, at, len(flat))
    pool = np.zeros((len(rows), len(flat)), dtype=np.float32)
    pool[np.repeat(np.arange(len(rows)), sizes), np.arange(len(flat))] = 1
    return {
        "tokens": tokens,
        "chunk": tokens % CHUNKS,
        "place": place,
        "windows": np.append(place, len(tokens))[neighbours],
        "neighbours": neighbours,
        "pool": pool,
        "size": sizes[:, None].astype(np.float32),
    }


@dataclass(frozen=True, slots=True)
class _Use:
    graph: Graph
    weights: Weights
    seen: Seen | None

    def norm(self, value: str, name: str, gain: NDArray[np.float32], shift: NDArray[np.float32]) -> str:
        return layer_norm(self.graph, name, value, gain, shift, epsilon=float(self.weights["eps"]))

    def words(self) -> None:
        """Make `words` (distinct, 512) and `projected` (distinct, 3 * 256)."""
        graph, weights = self.graph, self.weights
        graph.node("Gather", [graph.constant("table", weights["table"]), "tokens"], "whole", axis=0)
        graph.node("Cast", ["whole"], "numbers", to=_CAST_FLOAT)
        for part in ("scale", "lo"):
            column = graph.constant(f"{part}s", weights[part].reshape(-1, 1))
            graph.node("Gather", [column, "chunk"], part, axis=0)
        graph.node("Mul", ["numbers", "scale"], "scaled")
        graph.node("Add", ["scaled", "lo"], "words")
        joined = {
            part: np.concatenate([weights[f"{part}{order}"] for order, _ in _BRANCHES], axis=-1)
            for part in ("proj", "proj_b", "ln_g", "ln_b")
        }
        product = self.product("projection", "words", joined["proj"], joined["proj_b"])
        self.norm(product, "projected", joined["ln_g"], joined["ln_b"])

    def branch(self, number: int, order: int, left: int) -> str:
        start = number * _BRANCH
        first = self.columns("projected", start, _BRANCH, f"first{order}")
        here = self.graph.node("Gather", [first, "place"], f"here{order}", axis=0)
        found = self.convolution(first, "windows", order, left, "1")
        second = self.graph.node("Add", [found, here], f"second{order}")
        found = self.convolution(second, "neighbours", order, left, "2")
        return self.graph.node("Add", [found, second], f"third{order}")

    def convolution(self, value: str, windows: str, order: int, left: int, which: str) -> str:
        graph, name = self.graph, f"convolution{which}_{order}"
        weight, bias = self.weights[f"w{which}_{order}"], self.weights[f"b{which}_{order}"]
        narrow = None if self.seen is None else eight_bit.narrow(graph, value, self.seen[value])
        outside = np.zeros((1, _BRANCH), dtype=np.float32)
        if narrow is not None:
            outside = np.full((1, _BRANCH), narrow.zero_point, dtype=np.uint8)
        rows = [narrow.value if narrow else value, graph.constant(f"{name}.outside", outside)]
        graph.node("Concat", rows, f"{name}.rows", axis=0)
        at = self.columns(windows, _LEFT - left, order, f"{name}.at")
        graph.node("Gather", [f"{name}.rows", at], f"{name}.gathered", axis=0)
        flat = graph.constant(f"{name}.flat", np.array([-1, order * _BRANCH]))
        wide = graph.node("Reshape", [f"{name}.gathered", flat], f"{name}.wide")
        if narrow is None:
            found = self.product(name, wide, weight, bias)
        else:
            left_side = eight_bit.Narrow(wide, narrow.scale, narrow.zero, narrow.zero_point, None)
            found = eight_bit.product(graph, name, left_side, weight, bias)
        return graph.node("Relu", [found], f"{name}.result")

    def texts(self) -> None:
        """Sum the features of each text, divide by the root of its size, and make `vectors`."""
        graph, weights = self.graph, self.weights
        graph.node("MatMul", ["pool", "features_normal"], "summed")
        graph.node("Mul", ["size", graph.constant("text_bias", weights["cnn_b"].reshape(1, -1))], "biases")
        graph.node("Add", [self.matmul("summed", "cnn_W"), "biases"], "projected_sum")
        graph.node("Sqrt", ["size"], "root")
        graph.node("Div", ["projected_sum", "root"], "mean")
        graph.node("Relu", [self.matmul("mean", "d0")], "deep1")
        graph.node("Add", [self.matmul("mean", "p1"), self.matmul("deep1", "d1")], "raw2")
        graph.node("Relu", ["raw2"], "deep2")
        graph.node("Relu", [self.matmul("deep2", "d2")], "deep3")
        graph.node("Add", [self.matmul("deep2", "p3"), self.matmul("deep3", "d3")], "raw4")
        graph.node("Tanh", ["raw4"], "vectors")

    def matmul(self, value: str, weight: str) -> str:
        stored = self.graph.constant(weight, self.weights[weight])
        return self.graph.node("MatMul", [value, stored], f"{value}.{weight}")

    def product(self, name: str, value: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        stored = self.graph.constant(f"{name}.weight", weight)
        self.graph.node("MatMul", [value, stored], f"{name}.raw")
        return self.graph.node(
            "Add", [f"{name}.raw", self.graph.constant(f"{name}.bias", bias)], f"{name}.sum"
        )

    def columns(self, value: str, start: int, count: int, name: str) -> str:
        edges = [
            self.graph.constant(f"{name}.{end}", np.array([number]))
            for end, number in (("start", start), ("stop", start + count), ("axis", 1))
        ]
        return self.graph.node("Slice", [value, *edges], name)
