from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "proof"))

import hostile
import pytest


def test_hostile_strings_are_inert_in_both_formats():
    figures, faults = hostile.prove_formats(150, seed=3)

    assert faults == []
    assert figures["strings"] == 150


def test_personal_data_of_ten_languages_does_not_leave_and_ordinary_words_do():
    figures, faults = hostile.prove_privacy(400, seed=3)

    assert faults == []
    assert min(figures.values()) > 10


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (r"a \[b\]", "a [b]"),
        ("a [b]", "a [b]⟦link⟧"),
        ("{code}", "{code}⟦macro⟧"),
        ("[words|https://e.example/a]", "words"),
        ("FB-1", "FB-1⟦key⟧"),
        ("&#92;n", "\\n"),
        ("(y)", "(y)⟦smiley⟧"),
    ],
)
def test_the_reader_of_the_proof_sees_what_is_live(raw: str, shown: str):
    assert hostile.read_line(raw) == shown


def test_the_proof_finds_a_tree_that_it_should_not():
    tree = {
        "type": "doc",
        "content": [{"type": "mention", "attrs": {"id": "x"}}, {"type": "text", "text": ""}],
    }

    assert len(list(hostile.adf_faults(tree))) == 3


def test_the_proof_finds_a_leak():
    assert hostile.leaks("call 0170 1234 56 now", "+49 170 123456", "phone")
    assert not hostile.leaks("call [phone] on 2026-03-01", "+49 170 123456", "phone")
