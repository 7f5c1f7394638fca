"""What a statement is: problem, request, question, praise or other, with a calibrated probability of each.

Up to three views of the same text are averaged: a linear one of hashed word and letter n-grams with a few
signs that every language shares (`?`, `!`, emoji, stars), and a small network on each block of the vectors
that were made for the topics anyway (MiniLM, USE), where the caller has them. All are read row by row, so a
text scores the same alone and in any batch. The weights are learned by `topics.train`.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
BLOCKS: Final = {"minilm": 384, "use": 512}  # what vectors may be handed in, and their lengths
BUCKETS: Final = 1 << 16  # of words, and as many again of letters
_LETTER_GRAMS: Final = (3, 4, 5)
_LONGEST: Final = 2_000  # characters read of one text; a statement is far shorter
_BLOCK: Final = 512  # texts turned into n-grams at a time, to bound memory
_SIGNS: Final = 10
_UNITS: Final = 128
_REQUEST: Final = KINDS.index(Kind.REQUEST)

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
        float(not _GOOD.isdisjoint(text) or bool(_GOOD_FACE.search(text))),
        float(not _BAD.isdisjoint(text) or bool(_BAD_FACE.search(text))),
        (int(stars[1]) - 3) / 2 if stars else 0.0,
        sum(map(str.isupper, text)) / letters if letters > 7 else 0.0,  # noqa: PLR2004 - shorter says nothing
        min(sum(map(str.isdigit, text)), 10) / 10,
        min(len(text), 300) / 300,
    ]


@dataclass(frozen=True, slots=True)
class Network:
    """A small network that reads a vector and the signs; `count` is the vector's length and 10 signs."""

    inner: Floats  # (count, 128)
    inner_bias: Floats  # (128,)
    outer: Floats  # (128, 5)
    outer_bias: Floats  # (5,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """All the classifier knows; columns of kinds are in the order of `KINDS`."""

    rarity: Floats  # (2 * BUCKETS,) inverse document frequency
    grams: Floats  # (2 * BUCKETS, 5)
    text_signs: Floats  # (10, 5)
    text_bias: Floats  # (5,)
    networks: Mapping[str, Network]  # one a block of `BLOCKS`
    scales: Mapping[str, Floats]  # by the views that speak, see `views`: (6,) a scale, and a shift a kind


def views(blocks: Iterable[str] = ()) -> str:
    """Return the name of the views that speak: the text, and the blocks handed in, as "text+minilm"."""
    return "+".join(["text", *(name for name in BLOCKS if name in set(blocks))])


class KindClassifier:
    """Tells the kind of statements; the same statement gets the same scores alone and in any batch."""

    uses: tuple[str, ...] = tuple(BLOCKS)

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
                arrays = {name: file[name].astype(np.float32) for name in shapes()}
        except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile) as error:
            raise ModelError(
                f"{path} holds no kind weights ({error}); make them with python -m topics.train"
            ) from error
        _check(path, arrays, meta)
        return cls(from_arrays(arrays), model_id=str(meta["model_id"]), revision=str(meta["revision"]))

    def predict(
        self,
        texts: Sequence[str],
        vectors: NDArray[np.float32] | Mapping[str, NDArray[np.float32]] | None = None,
    ) -> list[KindScore]:
        """Return the kind of each text, in order, with calibrated probabilities that add up to 1.

        `vectors` are l2-normalised vectors of the same texts by block: "minilm", shape (len(texts), 384), and
        "use", (len(texts), 512), either or both; an array alone is MiniLM's. Without them the text alone
        decides. Where a row of a block is zero or not finite, all blocks of that text count as absent. Raises
        `ValueError` on another shape or block.
        """
        given = vectors if isinstance(vectors, Mapping) else {} if vectors is None else {"minilm": vectors}
        for name, array in given.items():
            _fits(name, array, len(texts))
        return [
            score
            for start in range(0, len(texts), _BLOCK)
            for score in self._block(
                [neutral(clean(text)) for text in texts[start : start + _BLOCK]],
                {name: array[start : start + _BLOCK] for name, array in given.items()},
            )
        ]

    def _block(self, texts: Sequence[str], vectors: Mapping[str, Floats]) -> Iterator[KindScore]:
        held = self._weights
        shown = np.array([signs(text) for text in texts], dtype=np.float64).reshape(len(texts), _SIGNS)
        by_view = {"text": text_logits(grams(texts), shown, held)}
        logits = combine(by_view, held)
        if vectors:
            usable = np.all([np.isfinite(part).all(1) & part.any(1) for part in vectors.values()], axis=0)
            for name, part in vectors.items():
                safe = np.where(usable[:, None], part, 0).astype(np.float64)
                by_view[name] = vector_logits(safe, shown, held.networks[name])
            logits = np.where(usable[:, None], combine(by_view, held), logits)
        for text, row in zip(texts, softmax(logits), strict=True):
            yield _score(row if text else _NOTHING)


def _fits(name: str, array: Floats, count: int) -> None:
    if name not in BLOCKS:
        raise ValueError(f"there is no block {name!r}; the classifier reads {', '.join(BLOCKS)}")
    if array.shape != (count, BLOCKS[name]):
        raise ValueError(
            f"the {name} vectors have shape {array.shape}; {count} texts need ({count}, {BLOCKS[name]}): "
            "pass the vectors of the same texts, or None"
        )


def text_logits(found: Grams, shown: Doubles, weights: Weights) -> Doubles:
    """Return the evidence of the n-grams and signs of texts for each kind, shape (texts, 5)."""
    values = weigh(found, weights.rarity, len(shown)).astype(np.float64)
    summed = [
        np.bincount(found.rows, weights=values * column[found.buckets], minlength=len(shown))
        for column in weights.grams.T
    ]
    return np.stack(summed, axis=1) + _times(shown, weights.text_signs) + weights.text_bias


def vector_logits(vectors: Doubles, shown: Doubles, network: Network) -> Doubles:
    """Return the evidence of the vectors of one block and the signs for each kind, shape (texts, 5)."""
    units = np.maximum(_times(np.hstack([vectors, shown]), network.inner) + network.inner_bias, 0)
    return _times(units, network.outer) + network.outer_bias


def combine(by_view: Mapping[str, Doubles], weights: Weights) -> Doubles:
    """Return calibrated logits from the evidence of the text and of each block there is."""
    scales = weights.scales[views(by_view)]
    return np.asarray(join(by_view) * scales[0] + scales[1:])


def join(by_view: Mapping[str, Doubles]) -> Doubles:
    """Return the mean of the views' log-probabilities, not yet calibrated.

    What asks is told by its form, and MiniLM knows what a text is about: it told requests
    worst on left-out sets, so where USE speaks it is not heard on them.
    """
    said = {name: _logs(evidence) for name, evidence in by_view.items()}
    mean = np.mean(list(said.values()), axis=0)
    heard = [part for name, part in said.items() if name != "minilm" or "use" not in said]
    mean[:, _REQUEST] = np.mean([part[:, _REQUEST] for part in heard], axis=0)
    return np.asarray(mean)


def _logs(logits: Doubles) -> Doubles:
    lowered = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(lowered - np.log(np.exp(lowered).sum(axis=1, keepdims=True)))


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


def combinations() -> list[str]:
    """Return the names of all sets of views that may speak: the text with none, some or all of the blocks."""
    return [
        views(blocks) for count in range(len(BLOCKS) + 1) for blocks in itertools.combinations(BLOCKS, count)
    ]


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of the arrays of a file of weights."""
    kinds = len(KINDS)
    found: dict[str, tuple[int, ...]] = {
        "rarity": (2 * BUCKETS,),
        "grams": (2 * BUCKETS, kinds),
        "text_signs": (_SIGNS, kinds),
        "text_bias": (kinds,),
    }
    for name, columns in BLOCKS.items():
        found[f"{name}.inner"] = (columns + _SIGNS, _UNITS)
        found[f"{name}.inner_bias"] = (_UNITS,)
        found[f"{name}.outer"] = (_UNITS, kinds)
        found[f"{name}.outer_bias"] = (kinds,)
    return found | {f"scales.{name}": (1 + kinds,) for name in combinations()}


def to_arrays(weights: Weights) -> dict[str, Floats]:
    """Return the weights as the arrays of a file, named as in `shapes`."""
    found = {name: getattr(weights, name) for name in ("rarity", "grams", "text_signs", "text_bias")}
    for block, network in weights.networks.items():
        found |= {f"{block}.{name}": getattr(network, name) for name in Network.__slots__}
    return found | {f"scales.{name}": scales for name, scales in weights.scales.items()}


def from_arrays(arrays: Mapping[str, Floats]) -> Weights:
    """Return the weights that `to_arrays` wrote out."""
    return Weights(
        rarity=arrays["rarity"],
        grams=arrays["grams"],
        text_signs=arrays["text_signs"],
        text_bias=arrays["text_bias"],
        networks={
            block: Network(*(arrays[f"{block}.{name}"] for name in Network.__slots__)) for block in BLOCKS
        },
        scales={name: arrays[f"scales.{name}"] for name in combinations()},
    )


def _check(path: Path, arrays: Mapping[str, Floats], meta: Mapping[str, object]) -> None:
    for name, shape in shapes().items():
        if arrays[name].shape != shape:
            raise ModelError(
                f"{path}: {name} has shape {arrays[name].shape}, not {shape}; train the weights again"
            )
    if missing := [name for name in ("model_id", "revision") if name not in meta]:
        raise ModelError(f"{path}: its meta names no {', '.join(missing)}; train the weights again")
