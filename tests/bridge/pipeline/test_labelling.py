from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from builders import Bench, sixty

from bridge.config.load import load
from bridge.errors import SettingsError
from bridge.pipeline import saying
from bridge.pipeline.context import Context
from topics.labeller import Label, Refused

KEY = "sk-very-secret"


class Says:
    """A labeller that says what it was told to say, and counts how often it was asked."""

    def __init__(self, answer: Label | Refused) -> None:
        self.answer, self.asked = answer, 0

    def label(self, *_: Any, **__: Any) -> Label | Refused:
        self.asked += 1
        return self.answer


@dataclass(slots=True, kw_only=True)
class Asking(Context):
    """A run that has a labeller at hand."""

    labeller: Any = None


def labelled(bench: Bench, answer: Label | Refused) -> tuple[dict[str, int], Says]:
    bench.run("discover")
    desk = Says(answer)
    plain = bench.context()
    parts = {name: getattr(plain, name) for name in Context.__dataclass_fields__}
    return saying.label(Asking(**parts | {"labeller": lambda: desk})), desk


def titles_of(bench: Bench) -> list[str]:
    return [title for (title,) in bench.query("SELECT title FROM topic WHERE root = number ORDER BY number")]


def test_a_labellers_title_is_used_and_counted(bench: Bench):
    bench.take(sixty())

    counts, desk = labelled(bench, Label("Seats are hard to change", "x", ("x",)))

    assert "Seats are hard to change" in titles_of(bench)
    assert counts["labeller_titles"] == desk.asked > 0


def test_a_refused_title_leaves_the_machines_and_is_counted_by_its_reason(bench: Bench, tmp_path: Path):
    bench.take(sixty())

    counts, desk = labelled(bench, Refused("quotes"))

    assert all(titles_of(bench))
    assert counts["labeller_quotes"] == desk.asked > 0
    assert "labeller_titles" not in counts


def test_a_silent_labeller_is_not_waited_for_again_and_again(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(saying, "PATIENCE", 1)
    bench.take(sixty())

    counts, desk = labelled(bench, Refused("unreachable"))

    assert desk.asked == 1
    assert counts["labeller_unreachable"] == counts["labelled"]


def settings_with(tmp_path: Path, toml: str) -> Any:
    file = tmp_path / "bridge.toml"
    file.write_text(toml, encoding="utf-8")
    home = {"user_dir": tmp_path, "data_dir": tmp_path, "cache_dir": tmp_path}
    return load(flags={}, env={}, file=file, cwd=tmp_path, **home).settings


def test_no_labeller_is_asked_unless_it_is_named(tmp_path: Path):
    settings = settings_with(tmp_path, "")

    assert settings.topics.labeller == ""
    assert not settings.topics.labeller_api_key


def test_the_labellers_key_does_not_show(tmp_path: Path):
    name = "openai:https://models.acme.example/v1#small"
    settings = settings_with(tmp_path, f'topics.labeller = "{name}"\ntopics.labeller_api_key = "{KEY}"\n')

    assert settings.topics.labeller == name
    assert settings.topics.labeller_api_key.reveal() == KEY
    assert KEY not in f"{settings!r} {settings.model_dump(mode='json')}"


def test_an_incomplete_labeller_is_said_with_what_is_valid(tmp_path: Path):
    with pytest.raises(SettingsError, match="openai:BASE_URL#MODEL"):
        settings_with(tmp_path, 'topics.labeller = "gpt"\n')
