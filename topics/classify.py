"""What a statement is: problem, request, question, praise or other, with a calibrated probability of each.

Two views of the same text are added up: a linear one of hashed word and letter n-grams with a few signs
that every language shares (`?`, `!`, emoji, stars), and a small network on the MiniLM vectors that were
made for the topics anyway, when the caller has them. Both are read row by row, so a text scores the same
alone and in any batch. The weights are learned by `topics.train`.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from topics.errors import ModelError
from topics.records import Kind, KindScore

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

KINDS: Final = tuple(Kind)
WEIGHTS: Final = Path(__file__).with_name("weights") / "kinds.npz"
VECTOR_COLUMNS: Final = 384
BUCKETS: Final = 1 << 16  # of words, and as many again of letters
_LETTER_GRAMS: Final = (3, 4, 5)
_LONGEST: Final = 2_000  # characters read of one text; a statement is far shorter
_BLOCK: Final = 512  # texts turned into n-grams at a time, to bound memory
_SIGNS: Final = 10
_UNITS: Final = 128

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[^\w\s]", re.UNICODE)
_AWAY = re.compile(r"https?://\S+|www\.\S+|(?<!\w)@\w+")
_NEVER_DECIDE = re.compile(r"\b(?:problem|issue|problèm)(?:s|e|es|a|as|en)?\b", re.IGNORECASE)
_STARS = re.compile(r"([1-5])\s*(?:/\s*5|stars?\b|★)", re.IGNORECASE)
_GOOD = frozenset("😀😃😄😁😊😍🥰😘🤩😎👍👏🙏💪🎉❤💕💖💙💚💛💜🙌😻☺")
_BAD = frozenset("😡😠🤬😤😢😭😞😔😒🙄😑😩😫👎💔🤦😖😣😕🙁☹😬🤮")
_GOOD_FACE = re.compile(r"[:;=]-?[)DpP]|<3")
_BAD_FACE = re.compile(r"[:=]'?-?[(/|\\]")


def clean(text: str) -> str:
    """Return the text as the model reads it: no links or handles, 2,000 characters at most."""
    whole = text[: 4 * _LONGEST].encode("utf-8", "replace").decode()  # half a surrogate pair is no letter
    plain = _AWAY.sub(" ", unicodedata.normalize("NFKC", whole))
    return " ".join(plain.replace("’", "'").split())[:_LONGEST]


def neutral(text: str) -> str:
    """Return a cleaned text with 'problem' and 'issue' read as 'thing', so that they never decide.

    A brand says them as often as a customer does, and a happy customer as often as an angry one.
    """
    return _NEVER_DECIDE.sub("thing", text)


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of texts as a sparse matrix in three equally long columns, sorted by row, then bucket."""

    rows: NDArray[np.int64]
    buckets: NDArray[np.int64]
    counts: Floats


def grams(texts: Sequence[str]) -> Grams:
    """Return the words 1-2 (buckets below `BUCKETS`) and letters 3-5 (above) of cleaned texts.

    Counts are log(1 + count).
    """
    keys = np.concatenate([_word_keys(texts), *(_letter_keys(texts, size) for size in _LETTER_GRAMS)])
    unique, counts = np.unique(keys, return_counts=True)
    return Grams(unique // (2 * BUCKETS), unique % (2 * BUCKETS), np.log1p(counts).astype(np.float32))


def _word_keys(texts: Sequence[str]) -> NDArray[np.int64]:
    keys = []
    for row, text in enumerate(texts):
        tokens = ["^", *_TOKEN.findall(text.lower()), "$"]
        offset = row * 2 * BUCKETS
        keys += [offset + zlib.crc32(token.encode()) % BUCKETS for token in tokens[1:-1]]
        keys += [
            offset + zlib.crc32(f"{left} {right}".encode()) % BUCKETS
            for left, right in itertools.pairwise(tokens)
        ]
    return np.array(keys, dtype=np.int64)


def _letter_keys(texts: Sequence[str], size: int) -> NDArray[np.int64]:
    padded = [f" {text.lower()} " for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    lengths = np.array([len(text) for text in padded], dtype=np.int64)
    if len(codes) < size:
        return np.empty(0, dtype=np.int64)
    hashed = np.full(len(codes) - size + 1, size, dtype=np.uint64)
    for step in range(size):  # wraps at 2**64 on purpose
        hashed = (hashed ^ codes[step : len(codes) - size + 1 + step]) * np.uint64(0x9E3779B97F4A7C15)
        hashed ^= hashed >> np.uint64(29)
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    inside = owner[: len(hashed)] == owner[size - 1 :]
    buckets = (hashed[inside] >> np.uint64(20)).astype(np.int64) % BUCKETS
    return np.asarray(owner[: len(hashed)][inside] * 2 * BUCKETS + BUCKETS + buckets)


def weigh(found: Grams, rarity: Floats, count: int) -> Floats:
    """Return the value of each n-gram: log count times rarity, at length 1 for words and for letters."""
    values = found.counts * rarity[found.buckets]
    half = found.rows * 2 + (found.buckets >= BUCKETS)
    norms = np.sqrt(np.bincount(half, weights=values.astype(np.float64) ** 2, minlength=2 * count))
    return (values / np.maximum(norms, 1e-9)[half]).astype(np.float32)


def signs(text: str) -> list[float]:
    """Return what a text shows in any language: `?`, `!`, dots, faces, stars, capitals, digits, length."""
    letters = sum(map(str.isalpha, text)) or 1
    stars = _STARS.search(text)
    return [
        float("?" in text),
        float(text.rstrip("!.)").endswith("?")),
        min(text.count("!"), 3) / 3,
        float("..." in text or "…" in text),
        float(any(face in _GOOD for face in text) or bool(_GOOD_FACE.search(text))),
        float(any(face in _BAD for face in text) or bool(_BAD_FACE.search(text))),
        (int(stars[1]) - 3) / 2 if stars else 0.0,
        sum(map(str.isupper, text)) / letters if letters > 7 else 0.0,  # noqa: PLR2004 - shorter says nothing
        min(sum(map(str.isdigit, text)), 10) / 10,
        min(len(text), 300) / 300,
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """All the classifier knows; columns of kinds are in the order of `KINDS`."""

    rarity: Floats  # (2 * BUCKETS,) inverse document frequency
    grams: Floats  # (2 * BUCKETS, 5)
    text_signs: Floats  # (10, 5)
    text_bias: Floats  # (5,)
    inner: Floats  # (394, 128) from a vector and the signs to the units of a small network
    inner_bias: Floats  # (128,)
    outer: Floats  # (128, 5)
    outer_bias: Floats  # (5,)
    alone: Floats  # (2, 5) scale and shift of the text's evidence when it decides alone
    both: Floats  # (3, 5) scale of the text's and of the vector's evidence, and shift, when both decide


class KindClassifier:
    """Tells the kind of statements; the same statement gets the same scores alone and in any batch."""

    uses: str | None = "minilm"

    def __init__(self, weights: Weights, *, model_id: str, revision: str) -> None:
        self.model_id = model_id
        self.revision = revision
        self._weights = weights

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> KindClassifier:
        """Return the classifier with the weights in `path`, by default the packaged ones.

        Raises `ModelError` when the file can't be read or holds no such weights.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                meta = json.loads(str(file["meta"]))
                arrays = {name: file[name].astype(np.float32) for name in _shapes()}
        except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile) as error:
            raise ModelError(
                f"{path} holds no kind weights ({error}); make them with python -m topics.train"
            ) from error
        _check(path, arrays, meta)
        return cls(Weights(**arrays), model_id=str(meta["model_id"]), revision=str(meta["revision"]))

    def predict(self, texts: Sequence[str], vectors: NDArray[np.float32] | None = None) -> list[KindScore]:
        """Return the kind of each text, in order, with calibrated probabilities that add up to 1.

        `vectors` are the l2-normalised all-MiniLM-L6-v2 vectors of the same texts, shape (len(texts), 384);
        without them the text alone decides, and a row that is zero or not finite counts as absent. Raises
        `ValueError` on another shape.
        """
        if vectors is not None and vectors.shape != (len(texts), VECTOR_COLUMNS):
            raise ValueError(
                f"the vectors have shape {vectors.shape}; {len(texts)} texts need "
                f"({len(texts)}, {VECTOR_COLUMNS}): pass the MiniLM vectors of the same texts, or None"
            )
        return [
            score
            for start in range(0, len(texts), _BLOCK)
            for score in self._block(
                [neutral(clean(text)) for text in texts[start : start + _BLOCK]],
                None if vectors is None else vectors[start : start + _BLOCK],
            )
        ]

    def _block(self, texts: Sequence[str], vectors: NDArray[np.float32] | None) -> Iterator[KindScore]:
        held = self._weights
        shown = np.array([signs(text) for text in texts], dtype=np.float64)
        by_text = text_logits(grams(texts), shown, held)
        logits = combine(by_text, None, held)
        if vectors is not None:
            usable = np.isfinite(vectors).all(axis=1) & np.any(vectors, axis=1)
            safe = np.where(usable[:, None], vectors, 0).astype(np.float64)
            both = combine(by_text, vector_logits(safe, shown, held), held)
            logits = np.where(usable[:, None], both, logits)
        for text, row in zip(texts, softmax(logits), strict=True):
            yield _score(row if text else _NOTHING)


def text_logits(found: Grams, shown: Doubles, weights: Weights) -> Doubles:
    """Return the evidence of the n-grams and signs of texts for each kind, shape (texts, 5)."""
    values = weigh(found, weights.rarity, len(shown)).astype(np.float64)
    summed = [
        np.bincount(found.rows, weights=values * column[found.buckets], minlength=len(shown))
        for column in weights.grams.T
    ]
    return np.stack(summed, axis=1) + _times(shown, weights.text_signs) + weights.text_bias


def vector_logits(vectors: Doubles, shown: Doubles, weights: Weights) -> Doubles:
    """Return the evidence of the vectors and signs for each kind, shape (texts, 5)."""
    units = np.maximum(_times(np.hstack([vectors, shown]), weights.inner) + weights.inner_bias, 0)
    return _times(units, weights.outer) + weights.outer_bias


def combine(by_text: Doubles, by_vector: Doubles | None, weights: Weights) -> Doubles:
    """Return calibrated logits from the evidence of the text, and of the vector where there is one."""
    if by_vector is None:
        return np.asarray(by_text * weights.alone[0] + weights.alone[1])
    return np.asarray(by_text * weights.both[0] + by_vector * weights.both[1] + weights.both[2])


def softmax(logits: Doubles) -> Doubles:
    """Return rows of probabilities."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Doubles = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _times(left: Doubles, right: Floats) -> Doubles:
    # In doubles, so that the order in which a batch is summed stays far below 1e-6.
    return left @ right.astype(np.float64)


_NOTHING: Final = np.array([0.02, 0.02, 0.02, 0.02, 0.92])  # no text says nothing: other


def _score(row: Doubles) -> KindScore:
    scores: Mapping[Kind, float] = {kind: float(share) for kind, share in zip(KINDS, row, strict=True)}
    kind = max(KINDS, key=scores.__getitem__)  # a tie goes to the earlier kind
    return KindScore(kind=kind, score=scores[kind], scores=scores)


def _shapes() -> dict[str, tuple[int, ...]]:
    kinds = len(KINDS)
    return {
        "rarity": (2 * BUCKETS,),
        "grams": (2 * BUCKETS, kinds),
        "text_signs": (_SIGNS, kinds),
        "text_bias": (kinds,),
        "inner": (VECTOR_COLUMNS + _SIGNS, _UNITS),
        "inner_bias": (_UNITS,),
        "outer": (_UNITS, kinds),
        "outer_bias": (kinds,),
        "alone": (2, kinds),
        "both": (3, kinds),
    }


def _check(path: Path, arrays: Mapping[str, Floats], meta: Mapping[str, object]) -> None:
    for name, shape in _shapes().items():
        if arrays[name].shape != shape:
            raise ModelError(
                f"{path}: {name} has shape {arrays[name].shape}, not {shape}; train the weights again"
            )
    if missing := [name for name in ("model_id", "revision") if name not in meta]:
        raise ModelError(f"{path}: its meta names no {', '.join(missing)}; train the weights again")
