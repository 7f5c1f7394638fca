"""Learn the kind classifier's weights: `python -m topics.train --data DIR [--out DIR] [--evaluate]`.

A row may allow several kinds: its loss is minus the log of the probability of all of them together, so the
model itself shares ambiguous rows out (Jin and Ghahramani 2002, 'Learning with multiple labels'). Every set
has a voice that grows with the square root of its size. The calibration, and the figures of `--evaluate`,
come from sets the model has not seen: each is left out once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from topics.classify import (
    BUCKETS,
    KINDS,
    WEIGHTS,
    Doubles,
    Floats,
    Grams,
    Network,
    Weights,
    clean,
    combinations,
    grams,
    neutral,
    signs,
    softmax,
    text_logits,
    to_arrays,
    vector_logits,
    weigh,
)
from topics.normalise import normalise, plain
from topics.train_calibrate import OURS, Allowed, Unseen, calibrate
from topics.train_data import LICENCES, Row, measuring_rows, training_rows
from topics.train_judge import judge

Encode = Callable[[Sequence[str]], Mapping[str, NDArray[np.float32]]]

_BLOCK: Final = 2_000
_SIGN_SCALE: Final = (
    0.5  # how strongly a sign may pull before the penalty holds it, beside n-grams of length 1
)
_VECTOR_SCALE: Final = (
    5.0  # a vector's 384 columns have length 1 altogether; a network learns from larger ones
)
_PACE: Final = 0.002  # the network's first learning rate; it falls to zero
_SMALL: Final = 1_000  # values: smaller arrays are kept in full precision
_MODEL_ID: Final = "kinds-en-2"


@dataclass(frozen=True, slots=True)
class Known:
    """Training rows made into numbers: n-grams, signs, vectors, allowed kinds and the weight of each row."""

    sources: NDArray[np.str_]
    grams: Grams
    signs: Doubles
    vectors: Mapping[str, Doubles]  # by block
    allowed: Allowed
    voices: Doubles

    def __len__(self) -> int:
        return len(self.sources)


def blocks(cache: Path | None = None) -> Encode:
    """Return the default encoder's `encode`, its unit vectors parted by block as in `BLOCKS`."""
    from platformdirs import user_cache_path

    from topics.embed import make_encoder

    encoder = make_encoder("minilm+use", cache=cache or user_cache_path("feedback-bridge"))

    def encode(texts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        vectors = encoder.encode(texts)
        return {block.name: vectors[:, block.start : block.stop] for block in encoder.blocks}

    return encode


def read(text: str) -> str:
    """Return a text as the bridge hands it to the classifier, and as the classifier then reads it."""
    return clean(plain(normalise(text).text))


def know(rows: Sequence[Row], encode: Encode) -> Known:
    """Return the rows as numbers; each distinct text is encoded once."""
    read_rows = [read(row.text) for row in rows]
    texts = [neutral(text) for text in read_rows]
    distinct, position = np.unique(np.array(read_rows), return_inverse=True)
    vectors = encode(distinct.tolist())
    return Known(
        sources=np.array([row.source for row in rows]),
        grams=_all_grams(texts),
        signs=np.array([signs(text) for text in texts], dtype=np.float64),
        vectors={name: found[position].astype(np.float64) for name, found in vectors.items()},
        allowed=np.array([[kind in row.allowed for kind in KINDS] for row in rows]),
        voices=voices(rows),
    )


def _all_grams(texts: Sequence[str]) -> Grams:
    parts = [(start, grams(texts[start : start + _BLOCK])) for start in range(0, len(texts), _BLOCK)]
    return Grams(
        np.concatenate([part.rows + start for start, part in parts]),
        np.concatenate([part.buckets for _, part in parts]),
        np.concatenate([part.counts for _, part in parts]),
    )


def voices(rows: Sequence[Row]) -> Doubles:
    """Return the weight of each row.

    The rows of one set and label weigh together as the square root of their number, ours three times that.
    """
    sizes = Counter((row.source, row.allowed) for row in rows)
    found = np.array([OURS.get(row.source, 1.0) * sizes[row.source, row.allowed] ** -0.5 for row in rows])
    scaled: Doubles = found / found.mean()
    return scaled


# --- fitting ---


def fit_partial(
    features: Any, allowed: Allowed, row_voices: Doubles, penalty: float = 1.0, steps: int = 40
) -> tuple[Doubles, Doubles]:
    """Return weights (features, kinds) and biases that make the allowed kinds of each row likely.

    `features` is a dense or scipy sparse matrix; `penalty` weighs half the squared weights.
    """
    from scipy.optimize import minimize

    columns, kinds = features.shape[1], allowed.shape[1]
    turned = features.T.tocsr() if hasattr(features, "tocsr") else features.T
    permitted = allowed.astype(np.float64)

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        weights, bias = flat[:-kinds].reshape(columns, kinds), flat[-kinds:]
        shares = softmax(np.asarray(features @ weights) + bias)
        inside = np.maximum((shares * permitted).sum(axis=1), 1e-9)
        pull = (shares - shares * permitted / inside[:, None]) * row_voices[:, None]
        slope = np.asarray(turned @ pull) + penalty * weights
        value = -(row_voices * np.log(inside)).sum() + penalty / 2 * (weights**2).sum()
        return float(value), np.concatenate([slope.ravel(), pull.sum(axis=0)])

    found = minimize(
        loss,
        np.zeros((columns + 1) * kinds),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "maxcor": 6},
    ).x
    return found[:-kinds].reshape(columns, kinds), found[-kinds:]


def fit_network(
    features: Doubles,
    allowed: Allowed,
    row_voices: Doubles,
    *,
    hidden: int = 64,
    rounds: int = 8,
    seeds: Sequence[int] = (1, 2),
) -> list[Floats]:
    """Return the layers of a small network on dense features.

    Shapes are (features, units), (units,), (units, kinds) and (kinds,). One network a seed, `hidden` units
    each, put side by side so that their logits are averaged.
    """
    halves = [_one_network(features, allowed, row_voices, hidden, rounds, seed) for seed in seeds]
    return [
        np.concatenate([half[0] for half in halves], axis=1),
        np.concatenate([half[1] for half in halves]),
        np.concatenate([half[2] for half in halves]) / len(halves),
        np.mean([half[3] for half in halves], axis=0).astype(np.float32),
    ]


def _one_network(
    features: Doubles, allowed: Allowed, row_voices: Doubles, hidden: int, rounds: int, seed: int
) -> list[Floats]:
    import torch

    torch.set_num_threads(1)  # repeatable, and faster for so small a network
    torch.manual_seed(seed)
    given, permitted, loud = (
        torch.tensor(values, dtype=torch.float32) for values in (features, allowed, row_voices)
    )
    inner, outer = torch.nn.Linear(given.shape[1], hidden), torch.nn.Linear(hidden, permitted.shape[1])
    network = torch.nn.Sequential(torch.nn.Dropout(0.1), inner, torch.nn.ReLU(), torch.nn.Dropout(0.3), outer)
    chooser = torch.optim.AdamW(network.parameters(), lr=_PACE, weight_decay=0.01)
    for turn in range(rounds):
        chooser.param_groups[0]["lr"] = _PACE * (1 - turn / rounds)
        for batch in torch.randperm(len(given)).split(128):
            shares = torch.softmax(network(given[batch]), dim=1)
            loss = -(loud[batch] * torch.log((shares * permitted[batch]).sum(1).clamp_min(1e-9))).mean()
            chooser.zero_grad()
            loss.backward()
            chooser.step()
    return [
        tensor.detach().numpy().T.copy() for tensor in (inner.weight, inner.bias, outer.weight, outer.bias)
    ]


def fit_weights(known: Known, keep: NDArray[np.bool_]) -> Weights:
    """Return weights learned from the rows where `keep` is true, not yet calibrated."""
    from scipy.sparse import csr_matrix, hstack

    rarity = _rarity(known.grams, len(known))
    values = weigh(known.grams, rarity, len(known))
    sparse = csr_matrix((values, (known.grams.rows, known.grams.buckets)), shape=(len(known), 2 * BUCKETS))
    both = hstack([sparse, csr_matrix(known.signs * _SIGN_SCALE)]).tocsr()[keep]
    by_text, text_bias = fit_partial(both, known.allowed[keep], known.voices[keep])
    return Weights(
        rarity=rarity,
        grams=by_text[: 2 * BUCKETS].astype(np.float32),
        text_signs=(by_text[2 * BUCKETS :] * _SIGN_SCALE).astype(np.float32),
        text_bias=text_bias.astype(np.float32),
        networks={name: _network(vectors, known, keep) for name, vectors in known.vectors.items()},
        scales={name: np.array([1.0, 0, 0, 0, 0, 0], dtype=np.float32) for name in combinations()},
    )


def _network(vectors: Doubles, known: Known, keep: NDArray[np.bool_]) -> Network:
    features = np.hstack([vectors * _VECTOR_SCALE, known.signs])
    layers = fit_network(features[keep], known.allowed[keep], known.voices[keep])
    layers[0][: vectors.shape[1]] *= _VECTOR_SCALE
    return Network(*layers)


def _rarity(found: Grams, count: int) -> Floats:
    seen = np.bincount(found.buckets, minlength=2 * BUCKETS)
    return np.asarray(np.log((1 + count) / (1 + seen)) + 1, dtype=np.float32)


def evidence(known: Known, weights: Weights, keep: NDArray[np.bool_]) -> Unseen:
    """Return what the weights say of the rows where `keep` is true."""
    chosen = keep[known.grams.rows]
    places = np.cumsum(keep) - 1
    found = Grams(places[known.grams.rows[chosen]], known.grams.buckets[chosen], known.grams.counts[chosen])
    by_view = {"text": text_logits(found, known.signs[keep], weights)} | {
        name: vector_logits(vectors[keep], known.signs[keep], weights.networks[name])
        for name, vectors in known.vectors.items()
    }
    return Unseen(known.sources[keep], by_view, known.allowed[keep])


def leave_one_out(known: Known, say: Callable[[str], None]) -> Unseen:
    """Return what weights learned from all other sets say of each set's rows; our patterns only teach."""
    parts = []
    for source in sorted({str(name) for name in known.sources} - {"patterns"}):
        say(f"learning without {source}")
        held = known.sources == source
        parts.append(evidence(known, fit_weights(known, ~held), held))
    return Unseen(
        np.concatenate([part.sources for part in parts]),
        {name: np.concatenate([part.by_view[name] for part in parts]) for name in parts[0].by_view},
        np.concatenate([part.allowed for part in parts]),
    )


# --- keeping ---


def save(weights: Weights, folder: Path, sources: Sequence[str]) -> Path:
    """Write `kinds.npz` and `licences.json` into the folder; return the former's path."""
    folder.mkdir(parents=True, exist_ok=True)
    small: dict[str, Any] = {
        name: array.astype(np.float16 if array.size > _SMALL else np.float32)
        for name, array in to_arrays(weights).items()
    }
    digest = hashlib.sha256(b"".join(array.tobytes() for array in small.values())).hexdigest()[:12]
    meta = json.dumps({"model_id": _MODEL_ID, "revision": digest, "sets": sorted(set(sources))})
    path = folder / WEIGHTS.name
    np.savez_compressed(path, meta=np.array(meta), **small)
    licences = json.dumps([LICENCES[name] for name in sorted(set(sources))], indent=2, ensure_ascii=False)
    (folder / "licences.json").write_text(licences + "\n", encoding="utf-8")
    return path


def train(rows: Sequence[Row], encode: Encode, say: Callable[[str], None]) -> tuple[Weights, Unseen]:
    """Return calibrated weights from all rows, and what was said of each set while it was left out."""
    known = know(rows, encode)
    unseen = leave_one_out(known, say)
    say("learning from all sets")
    return calibrate(fit_weights(known, np.ones(len(known), dtype=np.bool_)), unseen), unseen


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, write the weights and, with `--evaluate`, print the figures; return the exit code."""
    options = _options(arguments)
    try:
        rows = training_rows(options.data)
    except FileNotFoundError as missing:
        return _fail(
            f"{missing.filename} is missing; --data or FEEDBACK_DATA must name the folder of the sets"
        )
    encode = blocks(options.cache)
    weights, unseen = train(rows, encode, _say)
    path = save(weights, options.out, [row.source for row in rows])
    _say(f"{path} written, {path.stat().st_size / 1e6:.1f} MB")
    if options.evaluate:
        _print(f"Sets left out of training in turn\n\n{judge(unseen, weights)}")
        if never := measuring_rows(options.data):
            known = know(never, encode)
            said = evidence(known, weights, np.ones(len(known), dtype=np.bool_))
            _print(f"\nSets never trained on\n\n{judge(said, weights)}")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m topics.train", description="Learn the kind classifier's weights."
    )
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("FEEDBACK_DATA", "."), help="folder of the sets"
    )
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS.parent, help="folder for kinds.npz and licences.json"
    )
    parser.add_argument("--cache", type=Path, default=None, help="folder where the encoder is made once")
    parser.add_argument("--evaluate", action="store_true", help="print the figures of docs/models.md")
    return parser.parse_args(arguments)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _fail(line: str) -> int:
    _say(line)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
