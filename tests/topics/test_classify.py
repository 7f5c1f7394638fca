from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topics.classify import BLOCKS, KINDS, WEIGHTS, KindClassifier, clean, combinations, grams
from topics.embed import make_encoder
from topics.errors import ModelError
from topics.records import Kind
from topics.train_data import LICENCES

SENTENCES = {
    Kind.PROBLEM: [
        "where is my bag?!",
        "The app crashes every time I open the camera.",
        "Two hours on hold and then you hung up on me.",
        "My parcel never arrived and nobody answers.",
        "Great, cancelled again. Thanks for nothing.",
        "I can't log in since the update, please help!",
        "I was charged twice for one ticket.",
        "Worst service I have ever had.",
        "Die App stürzt ständig ab.",
        "Mon colis n'est jamais arrivé.",
    ],
    Kind.REQUEST: [
        "Please add a dark theme.",
        "It would be great if we could filter by date.",
        "I wish there was a family plan.",
        "You should offer vegan meals.",
        "Add support for two accounts.",
        "Allow users to export the list.",
        "Would love to see a tablet version.",
        "Es wäre schön, wenn man die Liste drucken könnte.",
    ],
    Kind.QUESTION: [
        "How do I change my address?",
        "What are your opening hours?",
        "Do you ship to Norway?",
        "Is breakfast included?",
        "Which terminal do you use?",
        "Wie lange gilt der Gutschein?",
    ],
    Kind.PRAISE: [
        "Thank you so much, the crew was wonderful!",
        "Love this app, works perfectly.",
        "Best flight I've had in years.",
        "The staff were so friendly and helpful.",
        "Highly recommended, great value.",
        "Vielen Dank, alles hat wunderbar geklappt!",
    ],
    Kind.OTHER: [
        "Airline reports higher profit for the third quarter",
        "Win a free holiday, text YES to 80800 now",
        "see you tomorrow",
        "ok, sent you a message",
        "Hi, we're sorry to hear that. Please send us a message with your booking number.",
    ],
}
TOLD = [(kind, text) for kind, texts in SENTENCES.items() for text in texts]


@pytest.fixture(scope="module")
def classifier() -> KindClassifier:
    return KindClassifier.load()


def some_vectors(count: int, length: int = 384, seed: int = 3) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(count, length))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def real_vectors(texts: list[str], cache: Path) -> dict[str, np.ndarray]:
    encoder = make_encoder("minilm+use", cache=cache)
    vectors = encoder.encode(texts)
    return {block.name: vectors[:, block.start : block.stop] for block in encoder.blocks}


@pytest.mark.parametrize(("kind", "text"), TOLD, ids=[text for _, text in TOLD])
def test_a_plain_statement_is_told_by_its_text_alone(classifier: KindClassifier, kind: Kind, text: str):
    assert classifier.predict([text])[0].kind is kind


@pytest.mark.slow
def test_plain_statements_are_told_with_vectors_too(classifier: KindClassifier, tmp_path: Path):
    texts = [text for _, text in TOLD]
    vectors = real_vectors(texts, tmp_path)

    for names in (["minilm"], ["use"], ["minilm", "use"]):
        scores = classifier.predict(texts, {name: vectors[name] for name in names})

        right = [score.kind is kind for (kind, _), score in zip(TOLD, scores, strict=True)]
        assert sum(right) >= 0.9 * len(right)


@pytest.mark.slow
def test_a_hundredth_of_noise_in_the_vectors_hardly_moves_a_probability(
    classifier: KindClassifier, tmp_path: Path
):
    texts = [text for _, text in TOLD]
    vectors = real_vectors(texts, tmp_path)
    noisy = {
        name: found + 0.01 * some_vectors(len(texts), BLOCKS[name], seed=8) for name, found in vectors.items()
    }

    still, moved = classifier.predict(texts, vectors), classifier.predict(texts, noisy)

    changes = [
        abs(one.scores[kind] - other.scores[kind])
        for one, other in zip(still, moved, strict=True)
        for kind in KINDS
    ]
    assert max(changes) < 0.05
    assert np.mean(changes) < 0.005


COUNTERFACTUALS = [
    ("no {} at all, thanks", Kind.PRAISE),
    ("your staff solved my {} in minutes", Kind.PRAISE),
    ("never had a single {} with it, love it", Kind.PRAISE),
    ("had an {} last week, fixed within the hour, fantastic team", Kind.PRAISE),
    ("We apologise for the {}. Please send us a message and we will look into it.", Kind.OTHER),
]


@pytest.mark.parametrize("word", ["problem", "issue", "Problem", "issues"])
@pytest.mark.parametrize(("shape", "kind"), COUNTERFACTUALS)
def test_problem_and_issue_in_a_kind_sentence_do_not_make_a_complaint(
    classifier: KindClassifier, shape: str, kind: Kind, word: str
):
    assert classifier.predict([shape.format(word)])[0].kind is kind


@pytest.mark.slow
def test_problem_and_issue_do_not_decide_with_vectors_either(classifier: KindClassifier, tmp_path: Path):
    texts = [shape.format(word) for shape, _ in COUNTERFACTUALS for word in ("problem", "issue")]
    kinds = [kind for _, kind in COUNTERFACTUALS for _ in range(2)]

    scores = classifier.predict(texts, real_vectors(texts, tmp_path))

    assert [score.kind for score in scores] == kinds


@pytest.mark.parametrize("text", [text for _, text in TOLD])
def test_swapping_problem_for_a_neutral_word_changes_nothing(classifier: KindClassifier, text: str):
    loud, neutral = classifier.predict([f"{text} problem", f"{text} thing"])

    assert loud == neutral


def test_taking_problem_out_of_a_complaint_leaves_a_complaint(classifier: KindClassifier):
    with_word, without = classifier.predict(["big problem, my bag never arrived", "my bag never arrived"])

    assert with_word.kind is without.kind is Kind.PROBLEM


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=12), st.sampled_from(combinations()))
def test_a_text_scores_the_same_alone_and_in_any_batch(texts: list[str], names: str):
    classifier = KindClassifier.load()
    vectors = {name: some_vectors(len(texts), BLOCKS[name]) for name in names.split("+") if name in BLOCKS}

    together = classifier.predict(texts, vectors)

    for place, text in enumerate(texts):
        (alone,) = classifier.predict(
            [text], {name: found[place : place + 1] for name, found in vectors.items()}
        )
        for kind in KINDS:
            assert abs(alone.scores[kind] - together[place].scores[kind]) < 1e-6


def test_blocks_of_many_texts_score_as_one_text_does(classifier: KindClassifier):
    texts = [f"{text} {number}" for number in range(30) for _, text in TOLD]

    together = classifier.predict(texts)

    for text, score in zip(texts[500:530], together[500:530], strict=True):
        assert score.scores == pytest.approx(classifier.predict([text])[0].scores, abs=1e-9)


@pytest.mark.parametrize(
    "text", ["", "   ", "😀😀😀", "????", "x", "\ud800", "\x00", "word " * 50_000, "谢谢"]
)
def test_odd_texts_get_probabilities_that_add_up(classifier: KindClassifier, text: str):
    (score,) = classifier.predict([text])

    assert abs(sum(score.scores.values()) - 1) < 1e-9
    assert all(0 <= share <= 1 for share in score.scores.values())
    assert score.score == score.scores[score.kind] == max(score.scores.values())
    assert set(score.scores) == set(Kind)


def test_no_text_is_other(classifier: KindClassifier):
    assert [score.kind for score in classifier.predict(["", "  ", "https://example.org @someone"])] == [
        Kind.OTHER
    ] * 3


def test_no_texts_get_no_scores(classifier: KindClassifier):
    assert classifier.predict([]) == []
    assert classifier.predict([], np.empty((0, 384), dtype=np.float32)) == []


def test_handles_and_links_do_not_count(classifier: KindClassifier):
    plain, dressed = classifier.predict(
        ["where is my bag?", "@skylark where is my bag? https://example.org/a"]
    )

    assert plain == dressed


def test_vectors_count(classifier: KindClassifier):
    text = ["see below"]

    first, second = (classifier.predict(text, row[None, :])[0] for row in some_vectors(2))

    assert first.scores != second.scores


def test_every_block_counts(classifier: KindClassifier):
    blocks = {name: some_vectors(1, length) for name, length in BLOCKS.items()}

    told = [
        classifier.predict(["see below"], {name: blocks[name] for name in names.split("+")[1:]})[0].score
        for names in combinations()
    ]

    assert len(set(told)) == len(told)


def test_an_array_alone_is_read_as_minilm_vectors(classifier: KindClassifier):
    vectors = some_vectors(1)

    assert classifier.predict(["see below"], vectors) == classifier.predict(
        ["see below"], {"minilm": vectors}
    )


def test_no_blocks_are_no_vectors(classifier: KindClassifier):
    assert classifier.predict(["where is my bag?"], {}) == classifier.predict(["where is my bag?"])


def test_a_block_it_never_learned_is_refused_with_those_there_are(classifier: KindClassifier):
    with pytest.raises(ValueError, match="there is no block 'bert'; the classifier reads minilm, use"):
        classifier.predict(["hello"], {"bert": some_vectors(1)})


def test_a_vector_that_is_not_finite_counts_as_absent(classifier: KindClassifier):
    vectors = some_vectors(2)
    vectors[0, 5] = np.nan

    broken, whole = classifier.predict(["where is my bag?", "thanks a lot"], vectors)

    assert broken == classifier.predict(["where is my bag?"])[0]
    assert whole != classifier.predict(["thanks a lot"])[0]


def test_a_text_without_a_vector_in_one_block_is_told_by_its_text(classifier: KindClassifier):
    vectors = {name: some_vectors(1, length) for name, length in BLOCKS.items()}
    vectors["use"][:] = 0

    assert classifier.predict(["where is my bag?"], vectors) == classifier.predict(["where is my bag?"])


def test_vectors_of_another_shape_are_refused_with_the_shape_that_is_needed(classifier: KindClassifier):
    with pytest.raises(ValueError, match=r"\(1, 12\); 1 texts need \(1, 384\)"):
        classifier.predict(["hello"], np.zeros((1, 12), dtype=np.float32))


def test_the_same_letters_in_another_composition_are_the_same_text():
    assert clean("défaut") == clean("de\u0301faut")


def test_letters_of_two_texts_never_mix():
    both = grams(["ab", "cd"])

    assert sorted(both.buckets[both.rows == 1]) == sorted(grams(["cd"]).buckets)


def test_a_file_that_holds_no_weights_is_refused_with_what_to_do(tmp_path: Path):
    path = tmp_path / "kinds.npz"
    np.savez(path, meta=np.array("{}"))

    with pytest.raises(ModelError, match=r"kinds\.npz holds no kind weights .* python -m topics\.train"):
        KindClassifier.load(path)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04half"])
def test_a_damaged_or_missing_file_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "kinds.npz"
    path.write_bytes(content)

    with pytest.raises(ModelError):
        KindClassifier.load(path)
    with pytest.raises(ModelError):
        KindClassifier.load(tmp_path / "absent.npz")


def test_every_set_behind_the_weights_has_its_licence_named():
    with np.load(WEIGHTS, allow_pickle=False) as file:
        sets = json.loads(str(file["meta"]))["sets"]
    named = {
        entry["set"]: entry["licence"]
        for entry in json.loads(Path(WEIGHTS).with_name("licences.json").read_text())
    }

    assert set(sets) == set(named) == set(LICENCES)
    assert all(named.values())


def test_no_set_that_forbids_it_is_behind_the_weights():
    named = Path(WEIGHTS).with_name("licences.json").read_text()

    assert not any("NC" in entry["licence"] for entry in json.loads(named))
    assert not any(word in named for word in ("airline", "semeval", "tweets_8"))


def test_the_packaged_weights_are_small():
    assert sum(path.stat().st_size for path in WEIGHTS.parent.glob("kinds*")) < 6e6
