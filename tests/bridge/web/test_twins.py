from __future__ import annotations

import pytest

from bridge.web.twins import inert


@pytest.mark.parametrize("front", ["", " ", "\ufeff", "\u200b", "\x00", "\x1b", " \u202e\u00ad", "\u2066 "])
def test_no_cell_runs_as_a_formula_whatever_unseen_signs_stand_before_it(front: str):
    assert inert(f"{front}=1+1") == f"'{front}=1+1"


@pytest.mark.parametrize("text", ["", "late", "\ufeffa=b", "3 - 2"])
def test_a_plain_text_stays_as_it_is(text: str):
    assert inert(text) == text
