"""Layers that several models have in common, as steps of an ONNX graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topics.encoders.onnx_graph import Graph


def layer_norm(
    graph: Graph,
    name: str,
    value: str,
    gain: NDArray[np.float32],
    shift: NDArray[np.float32],
    *,
    epsilon: float,
) -> str:
    """Add layer normalisation over the last axis (Ba et al. 2016); the result is called `name`.

    In single steps: onnxruntime's own operator works number by number, three times slower.
    """
    last = graph.constant(f"{name}.axis", np.array([-1]))
    share = graph.constant(f"{name}.share", np.array(1 / len(gain), dtype=np.float32))
    tiny = graph.constant(f"{name}.epsilon", np.array(epsilon, dtype=np.float32))
    graph.node("ReduceSum", [value, last], f"{name}.sum", keepdims=1)
    graph.node("Mul", [f"{name}.sum", share], f"{name}.mean")
    graph.node("Sub", [value, f"{name}.mean"], f"{name}.centred")
    graph.node("Mul", [f"{name}.centred", f"{name}.centred"], f"{name}.square")
    graph.node("ReduceSum", [f"{name}.square", last], f"{name}.squares", keepdims=1)
    graph.node("Mul", [f"{name}.squares", share], f"{name}.raw_variance")
    graph.node("Add", [f"{name}.raw_variance", tiny], f"{name}.variance")
    graph.node("Sqrt", [f"{name}.variance"], f"{name}.deviation")
    graph.node("Div", [f"{name}.centred", f"{name}.deviation"], f"{name}.normal")
    graph.node("Mul", [f"{name}.normal", graph.constant(f"{name}.gain", gain)], f"{name}.scaled")
    return graph.node("Add", [f"{name}.scaled", graph.constant(f"{name}.shift", shift)], name)
