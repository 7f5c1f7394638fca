"""Numbers, names and rules that the pages tell are those of the program."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builders import Bench
from sqlmodel import SQLModel

from bridge.decide import PROVED, Create, Nothing, Propose, TopicView, WouldCreate, decide
from bridge.pipeline import context, deciding, pulling, saying, themes
from bridge.report import WEEKS
from bridge.tracker import intents
from connectors.files import PRESETS
from topics import assign, discover, evidence, graph, records, resolution, trend, working

if TYPE_CHECKING:
    from tests.docs.conftest import Page

WORTH = (evidence._MIN_WORDS, evidence._NEED, evidence._WALL)
WEIGHTS = tuple(evidence._WEIGHTS.values())
KNOB = {"finer": 2.0, "auto": 1.0, "coarser": 0.5}
FIGURES = [
    ("docs/concepts.md", "26 windows of 7 days", WEEKS == 26 and timedelta(days=7) == trend._WEEK),
    ("docs/concepts.md", "last 4 weeks with that of the 8 weeks", (trend.RECENT, trend.BEFORE) == (4, 8)),
    ("docs/concepts.md", "two pseudo-mentions", trend.PRIOR == 2),
    ("docs/concepts.md", "at least 5 mentions", trend.LEAST_BURST == 5),
    ("docs/concepts.md", "at least twice the expected", trend.LEAST_FACTOR == 2),
    ("docs/concepts.md", "a probability below 0.001", trend.BURST_P == 0.001),
    ("docs/concepts.md", "is at least 0.1", trend.LEAST_SPREAD == 0.1),
    ("docs/concepts.md", "at least 4 calm weeks", trend.LEAST_CALM == 4),
    ("docs/concepts.md", "after 28 days or more", trend.recurrence.__kwdefaults__["quiet_days"] == 28),
    ("docs/concepts.md", "for 56 days", timedelta(days=56) == saying.DORMANT_AFTER),
    ("docs/concepts.md", "Up to seven quotes", evidence.choose.__kwdefaults__["limit"] == 7),
    ("docs/concepts.md", "0.55 × score in the topic + 0.15 × kind", WEIGHTS == (0.55, 0.15, 0.30)),
    ("docs/concepts.md", "best 40 to 280 characters", (evidence._SHORT, evidence._LONG) == (40, 280)),
    ("docs/concepts.md", "3 words or 15 characters, or of more than 2,000", WORTH == (3, 15, 2000)),
    ("docs/concepts.md", "while its confidence is below 0.6", PROVED == 0.6),
    ("docs/concepts.md", "at most twenty", working.MOST_NEIGHBOURS == 20),
    ("docs/how-it-works.md", "a cosine of at least 0.2", working.MIN_COSINE == 0.2),
    ("docs/how-it-works.md", "about 12,000 statements", working.LIMIT == 12_000),
    ("docs/how-it-works.md", "the newest 3,000 without a topic", working.WAITING == 3_000),
    ("docs/how-it-works.md", "at least twelve", working.MIN_EXEMPLARS == 12),
    ("docs/how-it-works.md", "is at least 0.5", assign.GATE == 0.5),
    ("docs/how-it-works.md", "At least a quarter of it", discover.KNOWN == 0.25),
    ("docs/how-it-works.md", "the first 3,000 statements of a cold start", resolution.SMALL == 3000),
    (
        "docs/how-it-works.md",
        "its five nearest is at least 0.65",
        (graph.CLOSEST, graph.TYPICAL) == (5, 0.65),
    ),
    ("docs/how-it-works.md", "twenty from 5,000 statements on", working.neighbours_for(5000) == 20),
    ("docs/how-it-works.md", "Up to 1,500 statements", (resolution.FEW, resolution.MANY) == (1500, 5000)),
    ("docs/how-it-works.md", "less than a fifth", assign.LEAVE == 0.2),
    ("docs/how-it-works.md", "at least five of its free statements", discover.MIN_BIRTH == 5),
    ("docs/how-it-works.md", "A first round of 100 statements", discover.BACKLOG == 100),
    ("docs/how-it-works.md", "it takes 1,000 statements", discover.BULK == 1000),
    ("docs/how-it-works.md", "a factor of two", resolution.KNOB == KNOB),
    ("docs/how-it-works.md", "a fixed seed", isinstance(graph.SEED, int)),
    ("docs/how-it-works.md", "at most 500 items", context.SLICE == 500 and pulling.BATCH == 500),
    ("docs/how-it-works.md", "at most 10,000 statements", themes.CHUNK == 10_000),
    ("docs/how-it-works.md", "after three times", intents.GENERATIONS == 3),
    ("README.md", "at least five statements that are alike", discover.MIN_BIRTH == 5),
    ("README.md", "about a hundred statements", discover.BACKLOG == 100),
]


@pytest.mark.parametrize(("name", "words", "holds"), FIGURES, ids=[f"{n}: {w}" for n, w, _ in FIGURES])
def test_a_figure_is_told_and_holds(pages: dict[str, Page], name: str, words: str, holds: bool):
    assert words in pages[name].text
    assert holds, f"{name} says {words!r}, and the program does otherwise"


def test_the_steps_are_told_in_their_order(pages: dict[str, Page]):
    rows = re.findall(r"^\| `([a-z]+)` \|", pages["docs/how-it-works.md"].text, re.MULTILINE)

    assert tuple(row for row in rows if row in context.STEPS) == context.STEPS


def test_every_table_is_told(pages: dict[str, Page]):
    part = pages["docs/how-it-works.md"].text.partition("| tables | hold |")[2].partition("\n\n")[0]

    told = {
        name
        for row in part.splitlines()
        if " | " in row
        for name in re.findall(r"`(\w+)`", row.split(" | ")[0])
    }
    assert told == set(SQLModel.metadata.tables)


def test_every_field_of_recurrence_and_trend_is_defined(pages: dict[str, Page]):
    page = pages["docs/concepts.md"].text

    fields = [field.name for field in dataclasses.fields(trend.Recurrence)]
    assert re.findall(r"^\| `(\w+)` \| (?:weeks,|weeks|how|whole) ", page, re.MULTILINE) == fields
    for name in ("per_week", "ratio", "burst"):
        assert re.search(rf"^`{name}` ", page, re.MULTILINE), f"docs/concepts.md does not define {name}"


def test_confidence_is_as_defined(pages: dict[str, Page]):
    formula = "confidence = (mean score of its published statements) × n / (n + 2)"

    assert formula in pages["docs/concepts.md"].text
    assert saying._confidence(0.9, 6) == pytest.approx(0.9 * 6 / (6 + 2))


def test_kinds_roles_and_what_forms_topics_are_told(pages: dict[str, Page]):
    page = pages["docs/concepts.md"].text

    rows = re.findall(r"^\| `(\w+)` \| (?:tells|asks|only|is) ", page, re.MULTILINE)
    assert rows == [kind.value for kind in records.Kind]
    assert all(role.value in page for role in records.Role)
    assert {records.Kind.PROBLEM, records.Kind.REQUEST, records.Kind.QUESTION} == themes.TOPIC_KINDS
    assert "Problems, requests and questions form topics." in page


def test_the_presets_are_told(pages: dict[str, Page]):
    for preset in PRESETS:
        assert preset in pages["README.md"].text


def test_the_default_project_and_types_are_told(pages: dict[str, Page]):
    page = pages["docs/rules.md"].text

    assert (
        f"it is `{deciding.LOCAL_PROJECT}`, "
        "and `Bug` for a problem, `Story` for a request, `Task` for the rest" in page
    )
    assert deciding.DEFAULT_TYPES == {"problem": "Bug", "request": "Story"}


@pytest.mark.parametrize("name", ["README.md", "docs/rules.md", "docs/settings.md"])
def test_every_example_of_settings_loads(pages: dict[str, Page], name: str, tmp_path: Path):
    blocks = pages[name].blocks("toml")

    assert blocks
    for block in blocks:
        Bench(tmp_path, block)


def topic(title: str, people: int, kind: str = "problem", **rest: object) -> TopicView:
    """A topic that so many people spoke of in every window."""
    parts: dict[str, object] = {
        "number": 1,
        "title": title,
        "kind": kind,
        "state": "new",
        "confidence": 0.7,
        "reach": people,
        "people_within": {2: people, 14: people, 28: people, 90: people},
        "sources": frozenset({"reviews"}),
        "languages": frozenset({"en"}),
        "words": frozenset(title.casefold().split()),
        "ticket_state": None,
    }
    return TopicView(**{**parts, **rest})  # type: ignore[arg-type]


def settings_below(pages: dict[str, Page], heading: str, root: Path):
    (block,) = pages["docs/rules.md"].blocks("toml", below=heading)
    return Bench(root, block).settings


def test_the_first_example_of_rules_does_as_told(pages: dict[str, Page], tmp_path: Path):
    settings = settings_below(pages, "Crashes wake us, everything else waits", tmp_path)

    assert isinstance(decide(topic("App crashes at start", 4), settings), Create)
    assert isinstance(decide(topic("Seats are too narrow", 7), settings), Nothing)
    assert isinstance(decide(topic("Seats are too narrow", 8), settings), Propose)


def test_the_second_example_of_rules_does_as_told(pages: dict[str, Page], tmp_path: Path):
    settings = settings_below(pages, "The help-desk counts more than public posts", tmp_path)
    both = frozenset({"reviews", "help-desk"})

    assert isinstance(decide(topic("Invoice is wrong", 2, sources=both), settings), Propose)
    assert isinstance(decide(topic("Invoice is wrong", 2), settings), Nothing)
    assert isinstance(decide(topic("Invoice is wrong", 2, sources=both, confidence=0.4), settings), Nothing)


def test_the_third_example_of_rules_does_as_told(pages: dict[str, Page], tmp_path: Path):
    settings = settings_below(pages, "Try a policy before you trust it", tmp_path)

    decision = decide(topic("Dark mode please", 4, "request"), settings)

    assert isinstance(decision, WouldCreate)
    assert decision.rule.project == "IDEAS"
