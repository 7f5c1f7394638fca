"""An encoder behind an OpenAI-compatible endpoint, reached by a client the caller hands in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from topics.encoders.base import readable, single_block, unit_rows
from topics.errors import ModelError, ModelUnavailable

if TYPE_CHECKING:
    import httpx

_PER_REQUEST: Final = 64  # texts
_TIMEOUT_S: Final = 60.0
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_ERROR: Final = 400

ClientFactory = Callable[..., "httpx.Client"]
"""Makes a client from httpx.Client's keywords base_url, headers and timeout; httpx.Client itself is one."""


class Endpoint:
    """A model behind `POST BASE_URL/embeddings`; what it says is checked before it's believed.

    `revision` tells address, model name and dimension apart: weights changed silently behind an endpoint
    can't be seen from here.
    """

    languages: frozenset[str] | None = None

    def __init__(self, client: httpx.Client, model: str) -> None:
        self.model_id = f"openai:{model}"
        self._model = model
        self._client = client
        self.dimension = 0
        self.dimension = self._ask(["dimension"]).shape[1]
        self.blocks = single_block("openai", self.dimension)
        facts = f"{client.base_url}#{model}#{self.dimension}"
        self.revision = hashlib.sha256(facts.encode()).hexdigest()[:12]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text; raise ModelUnavailable or ModelError rather than give a doubtful one."""
        # endpoints refuse an empty text
        asked = [readable(text).strip() or "-" for text in texts]
        parts = [self._ask(asked[at : at + _PER_REQUEST]) for at in range(0, len(asked), _PER_REQUEST)]
        return unit_rows(np.concatenate([np.empty((0, self.dimension), dtype=np.float32), *parts]))

    def _ask(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import httpx

        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        try:
            response = self._client.post("embeddings", json=body)
        except httpx.HTTPError as error:  # its request carries the key: it's not passed on
            raise ModelUnavailable(
                f"the endpoint of {self.model_id} didn't answer ({type(error).__name__}); the texts wait for "
                "the next tick"
            ) from None
        self._check_status(response.status_code)
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            raise self._nonsense("something that is not JSON") from None
        return self._vectors(answer, len(texts))

    def _check_status(self, status: int) -> None:
        if status == _TOO_MANY or status >= _SERVER_ERROR:
            raise ModelUnavailable(
                f"the endpoint of {self.model_id} answered {status}; the texts wait for the next tick"
            )
        if status >= _ERROR:
            raise ModelError(
                f"the endpoint of {self.model_id} refused with {status}; check its address, the model's name "
                "and the key"
            )

    def _vectors(self, answer: Any, count: int) -> NDArray[np.float32]:
        try:
            rows = sorted(answer["data"], key=lambda row: int(row["index"]))
            with np.errstate(over="ignore"):  # too large a number becomes infinity, which is refused below
                vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
            places = [int(row["index"]) for row in rows]
        except (KeyError, TypeError, ValueError, OverflowError):
            raise self._nonsense("no list of vectors of one length") from None
        if len(places) != count or vectors.ndim != 2:  # noqa: PLR2004 - rows and columns
            raise self._nonsense(f"{len(places)} vectors for {count} texts")
        if places != list(range(count)):
            raise self._nonsense("vectors whose indices are not those of the texts")
        if self.dimension not in (0, vectors.shape[1]) or vectors.shape[1] == 0:
            raise self._nonsense(f"vectors of {vectors.shape[1]} numbers instead of {self.dimension}")
        if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
            raise self._nonsense("vectors with NaN, infinity or only zeros")
        return vectors

    def _nonsense(self, what: str) -> ModelError:
        return ModelError(
            f"the endpoint of {self.model_id} sent {what}; nothing of it was used. Check that the model "
            "is one for embeddings and has not been replaced"
        )


def open_endpoint(base_url: str, model: str, http: ClientFactory, api_key: str | None) -> Endpoint:
    """Make the client and ask for one vector, to learn the dimension."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    client = http(base_url=base_url, headers=headers, timeout=_TIMEOUT_S)
    return Endpoint(client, model)
