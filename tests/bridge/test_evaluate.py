from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builders import sixty
from command import Desk

from bridge.evaluate import Remembering, means, spreads
from topics.embed import make_encoder

CALL = ("eval", "said.csv", "--text", "text", "--label", "theme", "--id", "nr")


def said(cli: Desk, *, labels: bool = True) -> None:
    """Write the sixty items with their themes: bag, app, legroom, and more that belong to none."""
    lines = ["nr;theme;text"]
    for message in sixty():
        theme = message.external_id.partition("-")[0] if labels else ""
        lines.append(f"{message.external_id};{theme};{message.text}")
    cli.write("said.csv", "\n".join(lines) + "\n")


def test_the_measures_of_a_stream_stand_beside_those_of_a_baseline(cli: Desk):
    said(cli)

    ended = cli(*CALL, "--batches", "3", "--baselines", "nearest-centroid", "--json")

    assert ended.code == 0, ended.err
    ours, theirs = (ended.data["methods"][name]["mean"] for name in ("feedback-bridge", "nearest-centroid"))
    assert ended.code == 0, ended.err
    assert (ended.data["items"], ended.data["shape"], ended.data["batches"]) == (60, "bulk", 3)
    assert ours["items"] == theirs["items"] == 60
    assert ours["ari"] > 0.5
    assert ours["churn_max"] == 0
    assert ours["seconds"] <= ours["whole_seconds"]
    assert ours["peak_mb"] > 10
    assert theirs["unassigned"] == 0
    assert not (cli.root / "bridge.db").exists()


@pytest.mark.slow
def test_each_seed_is_an_order_of_its_own_and_the_same_each_time(cli: Desk):
    said(cli)
    words = ("--shape", "cold", "--batches", "3", "--seeds", "2", "--json")

    first, second = (cli(*CALL, *words).data["methods"]["feedback-bridge"]["seeds"] for _ in range(2))

    timeless = [
        [{k: v for k, v in s.items() if "seconds" not in k and k != "peak_mb"} for s in f]
        for f in (first, second)
    ]
    assert [seed["seed"] for seed in first] == [0, 1]
    assert timeless[0] == timeless[1]


def test_dropped_labels_are_strays_and_not_scored(cli: Desk):
    said(cli)
    drop = [word for name in ("repost", "praise", "care", "ad", "anon") for word in ("--drop", name)]

    found = cli(*CALL, "--batches", "2", *drop, "--json").data["methods"]["feedback-bridge"]["mean"]

    assert found["items"] == 48
    assert found["labels"] == 3
    assert found["strays"] is not None


def test_the_table_has_a_row_for_each_measure_there_is(cli: Desk):
    said(cli)

    ended = cli(*CALL, "--batches", "2", "--seeds", "2")

    assert ended.code == 0
    assert "60 items, bulk, 2 batches, 2 orders of arrival" in ended.err
    assert "adjusted Rand index" in ended.out
    assert "returned to their old id" not in ended.out
    assert "unscored items in topics" not in ended.out


@pytest.mark.slow
def test_given_vectors_follow_their_rows_into_every_order(cli: Desk):
    said(cli)
    themes = [message.external_id.partition("-")[0] for message in sixty()]
    axes = sorted(set(themes))
    noise = np.random.default_rng(1).normal(0, 0.02, (60, 12))
    np.save(cli.root / "v.npy", noise + np.eye(12)[[axes.index(theme) for theme in themes]])

    ended = cli(*CALL, "--batches", "2", "--vectors", "v.npy", "--baselines", "nearest-centroid", "--json")

    assert ended.code == 0, ended.err
    assert ended.data["methods"]["nearest-centroid"]["mean"]["ari"] == 1
    assert ended.data["methods"]["feedback-bridge"]["mean"]["mixed"] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--shape", "odd"), "--shape: 'odd' is none of cold, bulk, staged, file"),
        (("--shape", "staged", "--batches", "2"), "--shape: a staged stream needs at least 4 batches"),
        (("--granularity", "huge"), "--granularity: 'huge' is none of"),
        (("--baselines", "kmeans"), "--baselines: 'kmeans' is none of none, all, bertopic-refit"),
        (("--batches", "100"), "--batches: 100 batches, but only 60 items"),
        (("--label", "kind"), "--label names 'kind'"),
        (("--vectors", "said.csv"), "--vectors: said.csv is no .npy table"),
    ],
)
def test_what_was_asked_wrongly_is_said_before_anything_is_played(
    cli: Desk, words: tuple[str, ...], says: str
):
    said(cli)

    ended = cli(*CALL, *words)

    assert ended.code == 2
    assert says in ended.err
    assert ended.out == ""


def test_rows_without_labels_are_refused(cli: Desk):
    said(cli, labels=False)

    ended = cli(*CALL)

    assert ended.code == 2
    assert "--label: 'theme' is empty in row 1" in ended.err


@pytest.mark.slow
def test_granularity_is_another_than_the_setting(cli: Desk):
    said(cli)

    ends = {g: cli(*CALL, "--batches", "1", "--granularity", g, "--json") for g in ("coarser", "finer")}

    coarse, fine = (
        ends[g].data["methods"]["feedback-bridge"]["mean"]["tickets"] for g in ("coarser", "finer")
    )
    assert coarse <= fine
    assert all(end.code == 0 for end in ends.values())


def test_replay_with_labels_prints_the_measures_of_its_own_stream(cli: Desk):
    said(cli)
    words = ("--text", "text", "--id", "nr", "--batches", "2", "--whole", "--all-kinds", "--out", "out.jsonl")

    plain = cli("replay", "said.csv", *words)
    ended = cli("replay", "said.csv", *words, "--label", "theme")

    assert ended.code == 0, ended.err
    assert "measures" not in plain.data
    assert ended.data["measures"]["items"] == 60
    assert ended.data["measures"]["labels"] == 8
    assert "adjusted Rand index" in ended.err
    assert json.loads((cli.root / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])["batch"] == 1


def test_no_text_is_encoded_twice(tmp_path: Path):
    class Counting:
        def __init__(self) -> None:
            self._own = make_encoder("hash", cache=tmp_path)
            self.model_id, self.revision, self.dimension = "counting", "1", self._own.dimension
            self.blocks, self.languages = self._own.blocks, self._own.languages
            self.seen: list[str] = []

        def encode(self, texts: list[str]):
            self.seen += texts
            return self._own.encode(texts)

    encoder = Counting()
    remembering = Remembering(encoder)

    first = remembering.encode(["a b", "c d", "a b"])
    second = remembering.encode(["c d", "e f"])

    assert encoder.seen == ["a b", "c d", "e f"]
    assert first.shape == (3, encoder.dimension)
    assert (first[1] == second[0]).all()


@pytest.mark.slow
def test_peak_memory_is_that_of_the_time_watched():
    code = """
import numpy as np
from bridge.evaluate import Watch
held = np.ones(200_000_000, np.uint8)
del held
watch = Watch()
low = watch.peak_mb()
held = np.ones(60_000_000, np.uint8)
print(low, watch.peak_mb())
"""

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    low, high = map(float, ended.stdout.split())
    assert 40 < high - low < 80
    assert high < 300


def test_means_and_spreads_leave_out_what_is_absent():
    rows = [{"seed": 0, "a": 1.0, "b": None}, {"seed": 1, "a": 3.0, "b": None}]

    assert means(rows) == {"a": 2.0, "b": None}
    assert spreads(rows) == {"a": pytest.approx(2**0.5, abs=1e-5), "b": None}
