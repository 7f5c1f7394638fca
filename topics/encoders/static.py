"""Static word vectors in the Model2Vec format: a text is the mean of its tokens' vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import digest_of, readable, single_block, unit_rows
from topics.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CHUNK: Final = 1_024  # texts whose token vectors are gathered at once
_FILES: Final = ("model.safetensors", "tokenizer.json")


class Static:
    """A Model2Vec folder: very fast, coarser than a transformer; languages as the model has them."""

    languages: frozenset[str] | None = None

    def __init__(self, table: NDArray[np.float32], tokenizer: Tokenizer, unknown: int | None) -> None:
        self.model_id = "model2vec"
        self.revision = ""
        self.dimension = table.shape[1]
        self.blocks = single_block("model2vec", self.dimension)
        self._table = table
        self._tokenizer = tokenizer
        self._unknown = unknown

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text; a text without a known word gets the fixed row of wordless texts."""
        out = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _CHUNK):
            chunk = [readable(text) for text in texts[start : start + _CHUNK]]
            found = self._tokenizer.encode_batch(chunk, add_special_tokens=False)
            for place, encoding in enumerate(found, start):
                ids = [token for token in encoding.ids if token != self._unknown]
                if ids:
                    out[place] = self._table[ids].mean(axis=0)
        return unit_rows(out)


def load_static(folder: Path) -> Static:
    """Load a Model2Vec folder; raise ModelError when files are missing or don't fit together."""
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"'model2vec:{folder}' lacks {' and '.join(missing)}; give a folder saved by Model2Vec"
        )
    tokenizer, unknown = _tokenizer(folder)
    table = _table(folder)
    if len(table) < tokenizer.get_vocab_size():
        raise ModelError(
            f"'model2vec:{folder}' has {len(table)} vectors for {tokenizer.get_vocab_size()} tokens; "
            "the files are not of one model, save it again"
        )
    encoder = Static(table, tokenizer, unknown)
    encoder.model_id = f"model2vec:{folder.resolve().name}"
    encoder.revision = digest_of(*(folder / name for name in _FILES))
    return encoder


def _table(folder: Path) -> NDArray[np.float32]:
    """Return one vector per token id, with the weights and the shared rows of newer files applied."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        parts: dict[str, NDArray[Any]] = load_file(folder / "model.safetensors")
        table = np.asarray(parts["embeddings"], dtype=np.float32)
        if "mapping" in parts:
            table = table[parts["mapping"]]
        if "weights" in parts:
            table = table * parts["weights"].astype(np.float32)[:, None]
    except (SafetensorError, KeyError, ValueError, IndexError) as error:
        raise ModelError(
            f"'model2vec:{folder}': model.safetensors is damaged or of another kind ({error})"
        ) from error
    if table.ndim != 2 or not np.isfinite(table).all():  # noqa: PLR2004 - rows and columns
        raise ModelError(f"'model2vec:{folder}': its vectors are not finite rows; save the model again")
    return table


def _tokenizer(folder: Path) -> tuple[Tokenizer, int | None]:
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(f"'model2vec:{folder}': tokenizer.json can't be read ({error})") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    name = json.loads(path.read_text("utf-8"))["model"].get("unk_token")
    return tokenizer, tokenizer.token_to_id(name) if name else None
