"""docs/shapes.md shows exactly the fields that the program gives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builders import Bench, RuleClassifier
from typer.testing import CliRunner

from bridge import errors
from bridge.app import App
from bridge.cli import app
from bridge.models import Mirror, SourceState, Ticket
from bridge.pipeline.context import STEPS

if TYPE_CHECKING:
    from tests.docs.conftest import Page

Tell = Callable[..., str]
AUTOMATIC = '[policy]\nmode = "automatic"\ncreate_when = { people = 3, within_days = 90 }\n'
OPTIONAL = {"gaps", "rejected_file", "error"}
"""Fields of an import that are there only when there is something to say."""


@pytest.fixture(scope="session")
def shapes(pages: dict[str, Page]) -> Page:
    return pages["docs/shapes.md"]


def example(shapes: Page, heading: str, place: int = 0) -> Any:
    """Return the n-th JSON example below a heading."""
    return json.loads(shapes.blocks("json", below=heading)[place])


def fields(value: Any) -> Any:
    """Return the names in a value, and in the first of each list, without the values."""
    if isinstance(value, dict):
        return {name: fields(part) for name, part in value.items()}
    if isinstance(value, list):
        return [fields(value[0])] if value else []
    return None


def same(shown: Any, given: Any, place: str = "") -> None:
    """Compare the fields of an example with those the program gives; an empty list or null tells nothing."""
    if isinstance(shown, dict) and isinstance(given, dict):
        assert list(shown) == list(given), f"{place or 'the top'}: shown {list(shown)}, given {list(given)}"
        for name, part in shown.items():
            same(part, given[name], f"{place}.{name}")
    elif isinstance(shown, list) and isinstance(given, list) and shown and given:
        same(shown[0], given[0], f"{place}[]")


@pytest.fixture
def full(in_topics: Bench) -> Bench:
    """A store with topics, reposts, decisions and tickets."""
    in_topics.set(AUTOMATIC)
    assert len(in_topics.reports()) >= 2, "the sample should give topics"
    return in_topics


@pytest.fixture
def tell(full: Bench, monkeypatch: pytest.MonkeyPatch):
    """Call the command line on that store, and return what it prints."""
    monkeypatch.setenv("XDG_DATA_HOME", str(full.root))
    monkeypatch.setattr(App, "classifier", RuleClassifier())
    monkeypatch.setattr(App, "encoder", full.encoder)
    monkeypatch.setattr("bridge.app.now", lambda: full.now)

    def do(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["--quiet", "--config", str(full.root / "bridge.toml"), *words])
        assert result.exit_code == code, f"{words}: {result.output} {result.exception!r}"
        return result.stdout

    return do


def test_every_json_example_parses(shapes: Page):
    blocks = shapes.blocks("json")

    assert len(blocks) >= 15
    for block in blocks:
        json.loads(block)


def test_the_counts_of_an_import(shapes: Page, tell: Tell, tmp_path: Path):
    file = tmp_path / "said.csv"
    file.write_text("id,text\n1,hello there\n2,\n", encoding="utf-8")

    given = json.loads(tell("import", str(file), "--source", "shown", "--json"))
    shown = example(shapes, "Import and pull")
    rejected = json.loads(Path(given["rejected_file"]).read_text(encoding="utf-8").splitlines()[0])
    line = tell("import", str(file), "--source", "shown")

    always = [name for name in given if name not in OPTIONAL]
    assert list(shown)[: len(always)] == always
    assert {*shown, *given} <= {*always, *OPTIONAL}
    assert list(example(shapes, "Import and pull", 1)) == list(rejected)
    pattern = re.sub(r"\d+", r"\\d+", shapes.blocks("text", below="Import and pull")[0].strip())
    assert re.fullmatch(pattern.replace("reviews", "shown"), line.strip())


def test_topics(shapes: Page, full: Bench, tell: Tell):
    full.sync()

    listed = json.loads(tell("topics", "list", "--json"))
    detail = json.loads(tell("topics", "show", listed[0]["id"], "--json"))

    same(example(shapes, "Topics"), listed)
    same(example(shapes, "Topics", 1), detail)
    assert listed[0]["ticket"]
    assert len(detail["evidence"]) > 1
    assert detail["nearest"]
    assert len(listed[0]["trend"]["per_week"]) == len(example(shapes, "Topics")[0]["trend"]["per_week"]) == 26


def test_a_digest(shapes: Page, full: Bench, tell: Tell, tmp_path: Path):
    with full.database.writing() as session:
        session.add(SourceState(name="desk", connector="files", state="failing", last_error="401"))
        ticket = Ticket(topic=1, state="done", tracker="local", key="FB-1", proposed_at=full.now)
        session.add(ticket)
        session.flush()
        session.add(Mirror(ticket_id=ticket.id, category="done", done_at=full.now))
    full.set(f'[digest]\nfolder = "{tmp_path}/digests"\n')

    sent = json.loads(tell("digest", "--to", "folder", "--since", "30d", "--json"))
    given = json.loads(tell("digest", "--since", "30d", "--json"))

    same(example(shapes, "Digest"), given)
    assert given["new"]["topics"]
    assert given["ended"]["tickets"]
    assert given["sent"] == [sent]
    same(example(shapes, "Digest")["sent"][0], example(shapes, "Status")["digests"][0])


def test_assignments_and_their_reasons(shapes: Page, full: Bench, tell: Tell):
    lines = [json.loads(line) for line in tell("export", "assignments").splitlines()]
    named = [re.sub(r"[:…].*", "", reason) for reason in _reasons(shapes)]

    assert len(lines) == len(full.rows())
    for line in lines:
        same(example(shapes, "Assignments"), line)
        if line["topic"] is None:
            assert any(line["reason"].startswith(start.strip()) for start in named), line["reason"]


def _reasons(shapes: Page) -> list[str]:
    """Return how the reasons begin that the page names: in its table, and those of reposts below it."""
    part = shapes.text.partition("## Assignments\n")[2].partition("\n## ")[0]
    cells = [row.split(" | ")[0] for row in part.splitlines() if row.startswith("| `")]
    below = re.findall(r"`([a-z ]+ …)`", part)
    return [*below, *(span for cell in cells for span in re.findall(r"`([^`]+)`", cell))]


def test_items_tickets_sources_and_settings(shapes: Page, full: Bench, tell: Tell):
    full.sync()

    same(example(shapes, "Items"), json.loads(tell("items", "show", "bag-000", "--json")))
    found = json.loads(tell("items", "search", "suitcase", "--json"))
    assert list(found[0]) == [name for name in example(shapes, "Items")[0] if name != "statements"]
    same(example(shapes, "Tickets"), json.loads(tell("tickets", "list", "--json")))
    same(example(shapes, "Sources"), json.loads(tell("sources", "list", "--json")))
    same(example(shapes, "Settings"), json.loads(tell("config", "show", "--origin", "--json")))
    same([{"key": "", "value": ""}], json.loads(tell("config", "show", "--json")))
    kinds = json.loads(tell("sources", "list", "--available", "--json"))
    assert list(kinds[0]) == ["connector", "title", "summary"]


def test_a_plan(shapes: Page, tell: Tell):
    shown = example(shapes, "Run and sync")

    given = json.loads(tell("sync", "--dry-run", "--json"))

    assert list(shown) == list(given)
    same(shown["changes"], given["changes"])
    assert list(given["steps"]) == list(shown["steps"])
    changed = {field["name"] for change in given["changes"] for field in change["fields"]}
    assert changed == {"title", "reach", "mentions", "recurrence", "last_seen", "evidence"}


def test_a_run(shapes: Page, tell: Tell):
    shown = example(shapes, "Run and sync", 1)

    given = json.loads(tell("run", "--json"))

    assert list(shown) == list(given)
    assert list(shown["plan"]) == list(given["plan"])
    same(shown["plan"]["done"], given["plan"]["done"])
    assert given["plan"]["changes"] == []
    assert tuple(given["steps"]) == STEPS
    for name, step in shown["steps"].items():
        assert list(step) == list(given["steps"][name]), name
    assert f"`{' '.join(STEPS)}`" in shapes.text


def test_a_run_that_ends_before_the_plan_has_none(tell: Tell):
    assert "plan" not in json.loads(tell("run", "--until", "track", "--json"))


def test_pending_changes_have_their_own_exit_code(tell: Tell):
    assert tell("sync", "--dry-run", "--detailed-exitcode", code=errors.EXIT_PENDING)


def test_a_simulation(shapes: Page, tell: Tell):
    same(example(shapes, "Rules"), json.loads(tell("rules", "simulate", "--days", "60", "--json")))


def test_a_reclustering(shapes: Page, full: Bench, tell: Tell):
    from bridge.recluster import Reclustering, as_json
    from topics.identity import Lineage

    lineage = Lineage(
        continued={1: 0}, born=(1,), split={2: (2,)}, merged={3: (3, 4)}, dormant=(5,), unseen=(6,)
    )
    members = {number: (number + 1,) for number in range(4)}
    texts = dict.fromkeys(range(9), "said")
    made = Reclustering(
        lineage=lineage, members=members, topics={1: 1}, quotes=texts, titles=texts, looked_at=4
    )

    same(example(shapes, "Recluster"), as_json(made))
    assert full.reports()
    given = json.loads(tell("recluster", "--dry-run", "--json"))
    same(example(shapes, "Recluster"), given)
    applied = json.loads(tell("recluster", "--json"))
    assert list(applied) == [*given, "applied"]
    assert list(applied["applied"]) == list(example(shapes, "Recluster", 1))


def test_proposals_and_splits(shapes: Page, full: Bench, tell: Tell):
    heading = "Proposals and splits"
    topics = {row["item"]: row["topic"] for row in full.rows() if row["topic"]}
    app, bag, legroom = (topics[f"{name}-004"] for name in ("app", "bag", "legroom"))
    full.query(f"UPDATE assignment SET topic = {app[2:]} WHERE topic = {bag[2:]}")  # a mixed topic
    full.query("DELETE FROM ticket")
    members = full.query(f"SELECT statement_id FROM assignment WHERE topic = {legroom[2:]}")
    for (key,) in members[::2]:  # and two halves of one
        full.query(f"UPDATE assignment SET topic = {bag[2:]} WHERE statement_id = {key}")

    asked = json.loads(tell("topics", "proposals", "--json"))
    suggested = json.loads(tell("topics", "split", app, "--json"))
    into = ",".join(suggested["groups"][0]["items"][:2])
    done = json.loads(tell("topics", "split", app, "--into", into, "--json"))

    assert asked["merge"]
    assert asked["split"]
    same(example(shapes, heading), asked)
    same(example(shapes, heading, 1), suggested)
    same(example(shapes, heading, 2), done)
    assert done["statements"] == 2


def test_kinds_of_a_file(shapes: Page, tell: Tell, tmp_path: Path):
    file, out = tmp_path / "said.csv", tmp_path / "kinds.jsonl"
    file.write_text("nr,body\nr-1,my bag is lost\n,thank you\n", encoding="utf-8")

    tell("classify", str(file), "--text", "body", "--out", str(out))

    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["1", "2"]
    for line in lines:
        same(example(shapes, "Classify"), line)


def test_a_replay(shapes: Page, tell: Tell, tmp_path: Path):
    file, out = tmp_path / "said.csv", tmp_path / "replay.jsonl"
    rows = [f"{n},the bag {n} is lost again" for n in range(9)]
    file.write_text("\n".join(["nr,body", *rows]), encoding="utf-8")

    printed = tell(
        "replay", str(file), "--text", "body", "--id", "nr", "--batches", "2", "--whole", "--out", str(out)
    )

    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    timings = json.loads(out.with_name("replay.timings.json").read_text(encoding="utf-8"))
    shown = example(shapes, "Replay", 1)
    for line in lines:
        same(example(shapes, "Replay"), line)
    assert [line["batch"] for line in lines] == [1] * 4 + [2] * 9
    assert fields({**shown, "batches": [{**shown["batches"][0], "steps": {}}]}) == fields(
        {**timings, "batches": [{**batch, "steps": {}} for batch in timings["batches"]]}
    )
    assert set(shown["batches"][0]["steps"]) <= set(timings["batches"][0]["steps"]) <= set(STEPS)
    same(example(shapes, "Replay", 2), json.loads(printed))


def test_the_exit_codes_are_those_of_the_errors(shapes: Page):
    rows = re.findall(r"^\| (\d+) \|", shapes.text, re.MULTILINE)

    def codes(error: type[errors.BridgeError]) -> set[int]:
        return {error.exit_code}.union(*(codes(inner) for inner in error.__subclasses__()))

    ours = {errors.EXIT_FINE, errors.EXIT_PENDING, errors.EXIT_INTERRUPTED}
    assert {int(row) for row in rows} == codes(errors.BridgeError) | ours
    assert [int(row) for row in rows] == sorted(int(row) for row in rows)


def test_the_variables_of_the_environment_are_those_the_program_reads(shapes: Page):
    root = Path(errors.__file__).parent
    read = {
        name
        for path in root.rglob("*.py")
        for name in re.findall(
            r'"((?:FEEDBACK_BRIDGE_[A-Z]+|DATABASE_URL|PORT|USER))"', path.read_text("utf-8")
        )
    }

    assert {"DATABASE_URL", "PORT", "USER", "FEEDBACK_BRIDGE_TRACEBACK"} <= read
    for name in read:
        assert f"`{name}`" in shapes.text
