"""Texts to vectors: encoders by name.

>>> from pathlib import Path
>>> encoder = make_encoder("hash", cache=Path("unused"))
>>> encoder.encode(["my bag is lost", "lost my bag"]).shape
(2, 256)
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import Block, Encoder, Progress
from topics.encoders.endpoint import ClientFactory
from topics.errors import ModelError, UnknownEncoder

__all__ = ["Block", "Encoder", "describe", "encode_distinct", "make_encoder"]

USE_WEIGHT: Final = 0.85  # of the block "use" beside "minilm"; chosen on labelled sets, see docs/encoders.md

_NAMES: Final = ("default", "minilm+use", "multilingual", "minilm", "use", "hash")
_KINDS: Final = {
    "sentence-transformers": "sentence-transformers:NAME_OR_FOLDER",
    "model2vec": "model2vec:FOLDER",
    "openai": "openai:BASE_URL#MODEL",
}


def make_encoder(
    name: str,
    *,
    cache: Path,
    progress: Progress | None = None,
    http: ClientFactory | None = None,
    api_key: str | None = None,
) -> Encoder:
    """Make the encoder of a name; `describe` lists the names.

    `cache` is the folder for models made on this machine. `progress` is told of work that takes seconds.
    `http` makes the client for an endpoint (httpx.Client will do); `api_key` goes to that endpoint only.
    Raise UnknownEncoder for a wrong name, ModelError when the model can't be made or loaded.
    """
    if name in _NAMES:
        return _built_in(name, cache, progress)
    kind, _, rest = name.partition(":")
    if kind not in _KINDS or not rest:
        raise UnknownEncoder(describe(name))
    if kind == "openai":
        return _endpoint(name, rest, http, api_key)
    return _from_files(kind, rest)


def describe(name: str) -> str:
    """Say that no encoder has this name, which names there are, and which is nearest."""
    valid = [*_NAMES, *_KINDS.values()]
    wanted = name.partition(":")[0].casefold()
    near = difflib.get_close_matches(wanted, [*_NAMES, *_KINDS], n=1, cutoff=0.5)
    hint = f" Did you mean {_KINDS.get(near[0], near[0])!r}?" if near else ""
    return f"no encoder is called {name!r}; there are: {', '.join(valid)}.{hint}"


def encode_distinct(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Encode each distinct text once; returns (len(texts), dimension), equal texts having equal rows."""
    places: dict[str, int] = {}
    rows = [places.setdefault(text, len(places)) for text in texts]
    vectors = encoder.encode(list(places))
    return vectors if len(places) == len(texts) else vectors[rows]


def _built_in(name: str, cache: Path, progress: Progress | None) -> Encoder:
    from topics.encoders.by_language import ByLanguage
    from topics.encoders.hashed import Hashed
    from topics.encoders.joined import Joined
    from topics.encoders.minilm import load_minilm
    from topics.encoders.use import load_use

    makers: dict[str, Callable[[], Encoder]] = {
        "hash": Hashed,
        "use": lambda: load_use(cache, progress),
        "minilm": lambda: load_minilm(cache, progress),
    }
    if name in makers:
        return makers[name]()
    both = (load_minilm(cache, progress), 1.0), (load_use(cache, progress), USE_WEIGHT)
    return ByLanguage(*both) if name == "multilingual" else Joined(list(both))


def _from_files(kind: str, rest: str) -> Encoder:
    from topics.encoders.sentence import load_sentence_model
    from topics.encoders.static import load_static

    return load_static(Path(rest)) if kind == "model2vec" else load_sentence_model(rest)


def _endpoint(name: str, rest: str, http: ClientFactory | None, api_key: str | None) -> Encoder:
    from topics.encoders.endpoint import open_endpoint

    base_url, _, model = rest.rpartition("#")
    if not model or not base_url.startswith(("http://", "https://")):
        raise ModelError(f"{name!r} is not complete; write openai:BASE_URL#MODEL, the address with https://")
    if http is None:
        raise ModelError(f"{name!r} needs the network, and none was handed in; pass http=httpx.Client")
    return open_endpoint(base_url, model, http, api_key)
