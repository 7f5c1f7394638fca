"""A BERT sentence encoder as an ONNX graph: token ids in, mean-pooled vectors out.

The graph is written with onnxruntime's fused operators for attention, skip connections and GELU, which is
what makes it fast on a CPU. It follows Devlin et al. 2019 (post-layer-norm transformer encoder) with the mean
pooling of Reimers and Gurevych 2019.

Inputs: `ids` (batch, length) int64; `lengths` (batch,) int32, the real tokens of each row, the rest being
padding on the right; `pool` (batch, 1, length) float32, the weight of each token in the mean.
Output: `vectors` (batch, 1, width), not yet normalised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topics.encoders.onnx_graph import FLOAT, INT32, INT64, Graph

Weights = Mapping[str, NDArray[np.float32]]


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


def build_bert(weights: Weights, shape: BertShape, *, max_tokens: int) -> bytes:
    """Write the encoder as an ONNX file for texts of at most `max_tokens` tokens."""
    graph = Graph("bert")
    width = weights["embeddings.word_embeddings.weight"].shape[1]
    graph.input("ids", INT64, ["batch", "length"])
    graph.input("lengths", INT32, ["batch"])
    graph.input("pool", FLOAT, ["batch", 1, "length"])
    hidden = _embeddings(graph, weights, shape, max_tokens)
    for number in range(shape.layers):
        hidden = _layer(graph, weights, shape, number, hidden)
    graph.node("MatMul", ["pool", hidden], "vectors")
    graph.output("vectors", FLOAT, ["batch", 1, width])
    return graph.to_bytes()


def _embeddings(graph: Graph, weights: Weights, shape: BertShape, max_tokens: int) -> str:
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
    norm = _norm(graph, weights, prefix + "LayerNorm")
    return graph.node("LayerNormalization", ["summed", *norm], "hidden", axis=-1, epsilon=shape.epsilon)


def _layer(graph: Graph, weights: Weights, shape: BertShape, number: int, hidden: str) -> str:
    name = f"encoder.layer.{number}."
    parts = [f"{name}attention.self.{part}" for part in ("query", "key", "value")]
    mixed_weight = np.concatenate([weights[f"{part}.weight"] for part in parts]).T
    mixed_bias = np.concatenate([weights[f"{part}.bias"] for part in parts])
    mixing = [graph.constant(name + "qkv", mixed_weight), graph.constant(name + "qkv_bias", mixed_bias)]
    graph.fused("Attention", [hidden, *mixing, "lengths"], name + "mixed", num_heads=shape.heads)
    hidden = _add_and_norm(graph, weights, shape, name + "attention.output", name + "mixed", hidden)
    inner = _matmul(graph, weights, name + "intermediate.dense", hidden)
    bias = graph.constant(f"{inner}.bias", weights[name + "intermediate.dense.bias"])
    graph.fused("BiasGelu", [inner, bias], name + "activated")
    return _add_and_norm(graph, weights, shape, name + "output", name + "activated", hidden)


def _add_and_norm(graph: Graph, weights: Weights, shape: BertShape, name: str, new: str, skipped: str) -> str:
    product = _matmul(graph, weights, f"{name}.dense", new)
    norm = _norm(graph, weights, f"{name}.LayerNorm")
    bias = graph.constant(f"{name}.bias", weights[f"{name}.dense.bias"])
    inputs = [product, skipped, *norm, bias]
    return graph.fused("SkipLayerNormalization", inputs, f"{name}.hidden", epsilon=shape.epsilon)


def _matmul(graph: Graph, weights: Weights, name: str, left: str) -> str:
    right = graph.constant(f"{name}.weight", weights[f"{name}.weight"].T)
    return graph.node("MatMul", [left, right], f"{name}.product")


def _norm(graph: Graph, weights: Weights, name: str) -> list[str]:
    return [graph.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
