"""Any model of the sentence-transformers library, by name or folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import readable, single_block, unit_rows
from topics.errors import ModelError


class SentenceModel:
    """A sentence-transformers model on the CPU; which languages it understands, only its card says."""

    languages: frozenset[str] | None = None

    def __init__(self, model: Any, name: str) -> None:
        self.model_id = f"sentence-transformers:{name}"
        self.revision = _revision(model)
        self.dimension = len(model.encode("dimension"))
        self.blocks = single_block("sentence", self.dimension)
        self._model = model

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text; a long text is cut where the model's own limit is."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        found = self._model.encode([readable(text) for text in texts], show_progress_bar=False)
        return unit_rows(np.asarray(found, dtype=np.float32))


def load_sentence_model(name: str) -> SentenceModel:
    """Load a model by name or folder; raise ModelError when it's neither here nor to be had."""
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(name, device="cpu")
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"sentence-transformers can't load {name!r} ({type(error).__name__}); give a folder with a saved "
            "model, or a name this machine can fetch"
        ) from error
    folder = Path(name)
    return SentenceModel(model, folder.resolve().name if folder.is_dir() else name)


def _revision(model: Any) -> str:
    total = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        total.update(name.encode())
        total.update(values.cpu().float().numpy().tobytes())
    return total.hexdigest()[:12]
