"""How a graph is run: one thread a batch, several batches at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import threads


def open_session(model: bytes) -> Any:
    """Open a model for onnxruntime; several threads may run it at once."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else the import writes an id and may report home
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # threads that share a batch wait for each other at every step
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run_groups(
    groups: Sequence[list[int]], work: Callable[[list[int]], NDArray[np.float32]], out: NDArray[np.float32]
) -> None:
    """Fill the rows of `out` that each group names with what `work` returns for it, on all cores."""

    def one(group: list[int]) -> None:
        out[group] = work(group)

    if len(groups) == 1 or threads() == 1:
        for group in groups:
            one(group)
        return
    with ThreadPoolExecutor(threads()) as pool:
        # list: so that an error of any group is raised here
        list(pool.map(one, groups))
