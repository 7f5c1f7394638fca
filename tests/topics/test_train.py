from __future__ import annotations

import csv
import json
import os
import zlib
from pathlib import Path

import numpy as np
import pytest

from topics.classify import BLOCKS, KINDS, KindClassifier, Weights, combinations, combine, softmax
from topics.records import Kind
from topics.train import fit_partial, main, read, save, train, voices
from topics.train_calibrate import Unseen, calibrate
from topics.train_data import LICENCES, READERS, Row, measuring_rows, own_rows, training_rows
from topics.train_judge import calibration_error, figures, table


def hashed(texts: list[str]):
    """Stand in for the encoder: each word a fixed direction in each block."""
    return {name: hashed_block(texts, length) for name, length in BLOCKS.items()}


def hashed_block(texts: list[str], length: int):
    rows = np.zeros((len(texts), length), dtype=np.float32)
    for place, text in enumerate(texts):
        for word in text.lower().split():
            rows[place, zlib.crc32(word.encode()) % length] += 1
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


SHAPES = {
    Kind.PROBLEM: "the {} broke and nobody answers",
    Kind.REQUEST: "please add a {} to the menu",
    Kind.QUESTION: "how do I open the {}?",
    Kind.PRAISE: "lovely {}, thank you so much",
    Kind.OTHER: "just bought a {} in town",
}
THINGS = [
    "door",
    "lamp",
    "radio",
    "table",
    "clock",
    "kettle",
    "bike",
    "phone",
    "chair",
    "window",
    "ladder",
    "drum",
]


def synthetic(*sources: str):
    return [
        Row(source, shape.format(thing), frozenset({kind}))
        for source in sources
        for kind, shape in SHAPES.items()
        for thing in THINGS
    ]


def silent(line: str):
    """Say nothing."""


def test_a_row_that_allows_two_kinds_goes_to_the_one_its_features_speak_for():
    features = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    allowed = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [1, 1]], dtype=bool)

    weights, bias = fit_partial(features, allowed, np.ones(6), penalty=0.1)

    assert (features @ weights + bias).argmax(axis=1).tolist() == [0, 0, 1, 1, 0, 1]


def test_a_set_four_times_as_large_has_twice_the_voice():
    rows = [Row("small", "a", frozenset({Kind.PRAISE}))] * 4 + [
        Row("large", "b", frozenset({Kind.PRAISE}))
    ] * 16

    found = voices(rows)

    assert found[4:].sum() == pytest.approx(2 * found[:4].sum())


def test_calibration_error_is_the_distance_between_what_is_said_and_what_is_so():
    assert calibration_error(np.full(10, 0.95), np.array([True] * 7 + [False] * 3)) == pytest.approx(0.25)
    assert calibration_error(np.full(10, 0.75), np.array([True] * 3 + [False])[np.arange(10) % 4]) < 0.06


def unsure(source: str, lean: float, share: float, count: int = 2_000):
    """Return evidence that leans as far to a problem in every row, of which a share are problems."""
    allowed = np.zeros((count, len(KINDS)), dtype=bool)
    allowed[: int(share * count), 0] = True
    allowed[int(share * count) :, 3] = True
    logits = np.zeros((count, len(KINDS)))
    logits[:, 0] = lean
    return Unseen(np.array([source] * count), {"text": logits, **dict.fromkeys(BLOCKS, logits)}, allowed)


def bare():
    nothing = np.zeros(0, dtype=np.float32)
    return Weights(
        rarity=nothing, grams=nothing, text_signs=nothing, text_bias=nothing, networks={}, scales={}
    )


@pytest.mark.parametrize("names", combinations())
def test_calibrated_probabilities_are_as_high_as_the_share_that_is_right(names: str):
    unseen = unsure("urr", lean=3.0, share=0.6)

    weights = calibrate(bare(), unseen)

    shares = softmax(combine(unseen.seen_by(names), weights))
    assert shares[:, 0].mean() == pytest.approx(0.6, abs=0.05)


def test_our_own_sentences_say_nothing_of_how_common_a_kind_is():
    theirs, ours = unsure("urr", lean=3.0, share=0.6), unsure("own", lean=3.0, share=0.1)
    both = Unseen(
        np.concatenate([theirs.sources, ours.sources]),
        {name: np.concatenate([theirs.by_view[name], ours.by_view[name]]) for name in theirs.by_view},
        np.concatenate([theirs.allowed, ours.allowed]),
    )

    for names in combinations():
        assert calibrate(bare(), both).scales[names] == pytest.approx(calibrate(bare(), theirs).scales[names])


def test_training_reads_a_text_as_the_bridge_hands_it_over():
    assert read("@skylark where&#39;s my bag?? :( https://example.org #fail") == "where's my bag? :( fail"


def test_figures_judge_a_kind_on_the_rows_that_are_it_or_cannot_be():
    allowed = np.zeros((40, 5), dtype=bool)
    allowed[:20, 0] = True
    allowed[20:, 2] = True
    logits = np.zeros((40, 5))
    logits[:15, 0] = 9.0
    logits[15:, 2] = 9.0

    found = figures("toy", logits, allowed)

    assert found.agree == pytest.approx(35 / 40)
    assert found.f1[Kind.PROBLEM] == pytest.approx(2 * 15 / 35)
    assert set(found.f1) == {Kind.PROBLEM, Kind.QUESTION}
    assert "| toy | 40 | 0.875 |" in table([found])


def test_our_own_sentences_cover_every_kind_in_five_languages_without_doubles():
    rows = [row for row in own_rows() if row.source == "own"]

    assert {(kind, row.language) for row in rows for kind in row.allowed} == {
        (kind, language) for kind in Kind for language in ("en", "fr", "es", "de", "pt")
    }
    assert len({row.text for row in rows}) == len(rows)


def test_patterns_leave_no_slot_unfilled_and_are_the_same_each_time():
    first, second = own_rows(), own_rows()

    assert first == second
    assert not any("{" in row.text or "}" in row.text for row in first)


def test_every_reader_has_a_licence_that_allows_committing_weights():
    assert set(READERS) | {"own", "patterns"} == set(LICENCES)
    assert not any("NC" in entry["licence"] for entry in LICENCES.values())


def test_a_missing_set_is_named_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2

    said = capsys.readouterr().err
    assert "customer_feedback_ijcnlp17_part.csv" in said
    assert "--data or FEEDBACK_DATA" in said


def test_sets_that_may_only_be_measured_on_are_optional_and_kept_apart(tmp_path: Path):
    with (tmp_path / "suggestions_semeval19_train.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "label"], ["Let us print it", "1"], ["It prints", "0"]])

    rows = measuring_rows(tmp_path)

    assert [row.allowed for row in rows] == [frozenset({Kind.REQUEST}), frozenset(Kind) - {Kind.REQUEST}]
    assert {row.source for row in rows}.isdisjoint(READERS)


@pytest.mark.slow
def test_training_on_a_few_rows_works_from_end_to_end(tmp_path: Path):
    rows = synthetic("own", "hint3", "urr")

    weights, unseen = train(rows, hashed, silent)
    save(weights, tmp_path, [row.source for row in rows])
    classifier = KindClassifier.load(tmp_path / "kinds.npz")
    texts = [shape.format("sofa") for shape in SHAPES.values()]

    assert [score.kind for score in classifier.predict(texts, hashed(texts))] == list(SHAPES)
    assert [score.kind for score in classifier.predict(texts)] == list(SHAPES)
    assert set(unseen.sources) == {"own", "hint3", "urr"}
    named = {entry["set"] for entry in json.loads((tmp_path / "licences.json").read_text())}
    assert named == {"own", "hint3", "urr"}


@pytest.mark.slow
def test_the_same_rows_give_the_same_bytes(tmp_path: Path):
    rows = synthetic("own", "hint3")

    for name in ("first", "second"):
        save(train(rows, hashed, silent)[0], tmp_path / name, ["own", "hint3"])

    first, second = (KindClassifier.load(tmp_path / name / "kinds.npz") for name in ("first", "second"))
    assert first.revision == second.revision
    assert (tmp_path / "first/kinds.npz").read_bytes() == (tmp_path / "second/kinds.npz").read_bytes()


def data():
    folder = os.environ.get("FEEDBACK_DATA")
    if not folder:
        pytest.skip(
            "FEEDBACK_DATA names no folder: the training sets are not here, so their mapping is not tested"
        )
    return Path(folder)


@pytest.mark.slow
def test_every_set_is_read_and_mapped():
    rows = training_rows(data())

    by_set = {source: [row for row in rows if row.source == source] for source in LICENCES}
    assert all(len(found) >= 300 for found in by_set.values())
    assert all(row.allowed and row.text for row in rows)
    singles = {kind for row in rows if len(row.allowed) == 1 for kind in row.allowed}
    assert singles == set(Kind)
