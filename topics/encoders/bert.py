"""A BERT-like sentence encoder as an ONNX graph: token numbers in, mean-pooled sentence vectors out.

It follows Devlin et al. 2019 (post-layer-norm transformer encoder) with the mean pooling of Reimers and
Gurevych 2019, in onnxruntime's fused operators where these are fast. Matrix products are in 32-bit floats, or
in 8-bit numbers (`eight_bit`) once it's known what each of them is fed.

Inputs: `ids` (batch, length) int64; `lengths` (batch,) int32, the real tokens of each row, the rest being
padding on the right; `pool` (batch, 1, length) float32, the weight of each token in the mean.
Output: `vectors` (batch, 1, width), not yet normalised; in floats also every value of `fed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topics.encoders import eight_bit
from topics.encoders.layers import layer_norm
from topics.encoders.onnx_graph import FLOAT, INT32, INT64, Graph

Weights = Mapping[str, NDArray[np.float32]]
Seen = Mapping[str, NDArray[np.float32]]
"""Of each value of `fed`, what it was over the calibration sentences, (tokens, width)."""


@dataclass(frozen=True, slots=True)
class BertShape:
    """The few facts of a model's config.json that its weights do not tell."""

    layers: int
    heads: int
    epsilon: float

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> BertShape:
        """Read them from a parsed config.json."""
        return cls(
            int(config["num_hidden_layers"]),
            int(config["num_attention_heads"]),
            float(config["layer_norm_eps"]),
        )


def build_bert(weights: Weights, shape: BertShape, *, max_tokens: int, seen: Seen | None = None) -> bytes:
    """Write the encoder as an ONNX file for texts of at most `max_tokens` tokens.

    In floats, or in 8 bits if `seen` is given.
    """
    bert = _Bert(Graph("bert"), weights, shape, seen)
    graph = bert.graph
    width = weights["embeddings.word_embeddings.weight"].shape[1]
    graph.input("ids", INT64, ["batch", "length"])
    graph.input("lengths", INT32, ["batch"])
    graph.input("pool", FLOAT, ["batch", 1, "length"])
    hidden = bert.embeddings(max_tokens)
    for number in range(shape.layers):
        hidden = bert.layer(number, hidden)
    graph.node("MatMul", ["pool", hidden], "vectors")
    graph.output("vectors", FLOAT, ["batch", 1, width])
    if seen is None:
        for value in fed(shape):
            graph.output(value, FLOAT, ["batch", "length", "channels"])
    return graph.to_bytes()


def fed(shape: BertShape) -> list[str]:
    """Return the names of all values that matrix products are fed."""
    ends = ["attention.mixed", "attention.output.hidden", "activated", "output.hidden"]
    names = [f"encoder.layer.{number}.{end}" for number in range(shape.layers) for end in ends]
    return ["hidden", *names[:-1]]


@dataclass(frozen=True, slots=True)
class _Bert:
    graph: Graph
    weights: Weights
    shape: BertShape
    seen: Seen | None

    def embeddings(self, max_tokens: int) -> str:
        graph, weights = self.graph, self.weights
        prefix = "embeddings."
        # every token is of the first segment, so that its embedding can be added once and for all
        positions = weights[prefix + "position_embeddings.weight"][:max_tokens]
        positions = positions + weights[prefix + "token_type_embeddings.weight"][0]
        words = graph.constant("words", weights[prefix + "word_embeddings.weight"])
        table = graph.constant("positions", positions)
        graph.node("Gather", [words, "ids"], "word_vectors", axis=0)
        graph.node("Shape", ["ids"], "length", start=1, end=2)
        start = graph.constant("start", np.zeros(1, dtype=np.int64))
        graph.node("Slice", [table, start, "length"], "position_vectors")
        graph.node("Add", ["word_vectors", "position_vectors"], "summed")
        return self.norm(prefix + "LayerNorm", "summed", "hidden")

    def layer(self, number: int, hidden: str) -> str:
        name = f"encoder.layer.{number}."
        mixed = self.attention(name + "attention.", hidden)
        hidden = self.add_and_norm(name + "attention.output", mixed, hidden)
        inner = self.dense(name + "intermediate.dense", hidden)
        self.graph.fused("Gelu", [inner], name + "activated")
        return self.add_and_norm(name + "output", name + "activated", hidden)

    def attention(self, name: str, hidden: str) -> str:
        graph = self.graph
        parts = [f"{name}self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self.weights[f"{part}.weight"] for part in parts]).T
        bias = graph.constant(f"{name}bias", np.concatenate([self.weights[f"{part}.bias"] for part in parts]))
        heads = self.shape.heads
        if self.seen is None:
            inputs = [hidden, graph.constant(f"{name}weight", weight), bias, "lengths"]
            return graph.fused("Attention", inputs, f"{name}mixed", num_heads=heads)
        left = self.narrow(hidden, weight)
        numbers, scales, zero = eight_bit.narrow_weight(graph, f"{name}self", left, weight)
        inputs = [left.value, numbers, bias, left.scale, scales, "lengths", left.zero, zero]
        return graph.fused("QAttention", inputs, f"{name}mixed", num_heads=heads)

    def add_and_norm(self, name: str, new: str, skipped: str) -> str:
        product = self.dense(f"{name}.dense", new)
        self.graph.node("Add", [product, skipped], f"{name}.sum")
        return self.norm(f"{name}.LayerNorm", f"{name}.sum", f"{name}.hidden")

    def norm(self, weights: str, value: str, name: str) -> str:
        gain, shift = self.weights[f"{weights}.weight"], self.weights[f"{weights}.bias"]
        return layer_norm(self.graph, name, value, gain, shift, epsilon=self.shape.epsilon)

    def dense(self, name: str, value: str) -> str:
        graph = self.graph
        weight, bias = self.weights[f"{name}.weight"].T, self.weights[f"{name}.bias"]
        if self.seen is not None:
            return eight_bit.product(graph, name, self.narrow(value, weight), weight, bias)
        graph.node("MatMul", [value, graph.constant(f"{name}.weight", weight)], f"{name}.raw")
        return graph.node("Add", [f"{name}.raw", graph.constant(f"{name}.bias", bias)], f"{name}.product")

    def narrow(self, value: str, weight: NDArray[np.float32]) -> eight_bit.Narrow:
        seen = (self.seen or {})[value]
        return eight_bit.narrow(self.graph, value, seen, eight_bit.smoothing(seen, weight))
