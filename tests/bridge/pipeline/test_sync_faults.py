"""The proofs of syncs against faults, people and large sites, in short; and a command line among faults."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "proof"))

import jira_faults
import jira_site
from builders import Bench, copy_store
from interleavings import Tally, play
from jira_faults import CASES, World, chosen, edit, first_half, trial, world_of
from jira_twin import Twin

FLAVOURS = ("cloud", "dc")
CONFIG = """
topics.encoder = "hash"
database.url = "sqlite:///bridge.db"
paths.data = "data"
tracker = "jira"
[jira]
url = "{url}"
project = "WEB"
token = "{token}"
settle_s = 0.5
{user}
[policy]
mode = "automatic"
create_when = {{ people = 3, within_days = 90 }}
"""
AS_OF = "2026-03-01T12:00:00Z"


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    from quick import hurry

    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        return first_half(tmp_path_factory.mktemp("half"))


@pytest.fixture(params=FLAVOURS)
def world(request: pytest.FixtureRequest, half: Bench, quick: None) -> Iterator[World]:
    with world_of(half, request.param, 1) as made:
        made.twin.index_lag = 0.0
        yield made


@pytest.mark.proof
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", [*(case.name for case in CASES), "mixture"])
def test_a_fault_breaks_no_promise(half: Bench, quick: None, name: str, flavour: str):
    rng = random.Random(7)  # noqa: S311 - seeded, no secret

    assert trial(half, flavour, chosen(rng, name), 7) == []


@pytest.mark.proof
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_peoples_edits_outlive_ours(half: Bench, quick: None, flavour: str):
    tally = Tally()

    play(half, flavour, 7, 5, tally)

    assert tally.failing == []
    assert tally.edits > 0


@pytest.mark.proof
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_site_costs_a_call_for_a_hundred_topics_and_is_never_pressed(
    half: Bench, quick: None, flavour: str
):
    assert jira_site.play(half, flavour, 120, 30, 1) == []


def test_what_a_person_wrote_right_before_a_lost_answer_is_put_back(world: World):
    world.sync()
    issue = world.ours()[0]
    _rename(world, issue)
    world.twin.before("PUT /issue/{id}", lambda: edit(world, issue, "summary", "Ann1"), times=1)
    world.twin.fault("reset-after", route="PUT /issue/{id}", times=1)

    world.sync()
    world.until_quiet()

    assert world.twin.issue(issue.id).fields["summary"] == "Ann1 knows better"
    assert jira_faults.judge(world) == []


def test_what_a_person_wrote_right_before_our_death_is_put_back(world: World):
    world.sync()
    issue = world.ours()[0]
    _rename(world, issue)
    world.twin.before("PUT /issue/{id}", lambda: edit(world, issue, "figure", "Ann1"), times=1)
    _more_people(world)
    world.die = lambda method, route, done: (method, route, done) == ("PUT", "issue/{id}", True)

    world.sync()
    world.die = lambda *_: False
    world.until_quiet()

    assert jira_faults.judge(world) == []


def test_a_later_word_of_a_person_is_not_replaced_by_an_earlier_one(world: World):
    world.sync()
    issue = world.ours()[0]
    _rename(world, issue)
    world.twin.before("PUT /issue/{id}", lambda: edit(world, issue, "summary", "Ann1"), times=1)
    world.twin.fault("reset-after", route="PUT /issue/{id}", times=1)
    world.sync()

    edit(world, issue, "summary", "Ann2")
    world.until_quiet()

    assert world.twin.issue(issue.id).fields["summary"] == "Ann2 knows better"


def test_a_project_out_of_sight_is_told_and_the_others_go_on(world: World):
    world.sync()
    world.second_half()
    world.twin.site.projects["WEB"].gone = True

    result = world.sync()

    assert result is not None
    assert result.left is not None
    assert [error for error in result.refused if "project WEB" in error]
    assert {person.project for person in result.left.needs_person} == {"WEB"}
    assert world.twin.issues("APP")


def test_a_service_desk_gets_nothing_unless_it_is_allowed(world: World):
    world.twin.project("WEB", kind="service_desk")

    result = world.sync()

    assert world.twin.issues("WEB") == []
    assert result is not None
    assert [error for error in result.refused if "service desk" in error]
    assert result.left is not None
    assert all("service desk" in person.reason for person in result.left.needs_person)


def test_a_refused_create_says_what_to_do(world: World):
    world.twin.project("WEB", required={name: {"customfield_1": "Severity"} for name in ("Bug", "Task")})

    result = world.sync()

    assert result is not None
    assert result.left is not None
    assert {"Severity" in person.reason for person in result.left.needs_person} == {True}


def test_a_canary_that_can_not_be_put_does_not_keep_a_doubt_for_ever(world: World):
    world.sync()
    for issue in world.ours():
        world.twin.as_person("ann").archive(issue)
    world.twin.fault("reset-after", route="POST /issue", times=1)
    world.second_half()
    world.bench.run(first="decide", until="decide")
    world.sync()

    world.until_quiet()

    assert world.bench.query("SELECT 1 FROM intent WHERE effect = 'create' AND state != 'confirmed'") == []


def _rename(world: World, issue: Any) -> None:
    topic = world.bench.query("SELECT topic FROM ticket WHERE remote_id = ?", issue.id)[0][0]
    with world.bench.deciding() as verbs:
        verbs.rename(topic, "A better title")


def _more_people(world: World) -> None:
    import interleavings

    interleavings.more(world, random.Random(3), 500)  # noqa: S311 - seeded, no secret


@pytest.fixture(params=FLAVOURS)
def live(request: pytest.FixtureRequest, half: Bench, cli: Any, tmp_path: Path) -> Iterator[tuple[Any, Twin]]:
    """A command line, and a Jira on the machine's own time."""
    with Twin(flavour=request.param, seed=1) as twin:
        folder = tmp_path / "copy"
        folder.mkdir()
        copy_store(half, folder)
        shutil.copy(folder / "bridge.db", cli.root / "bridge.db")
        user = f'user = "{twin.user}"' if twin.flavour == "cloud" else ""
        cli.root.joinpath("bridge.toml").write_text(
            CONFIG.format(url=twin.url, token=twin.token, user=user), encoding="utf-8"
        )
        yield cli, twin


def test_the_command_line_ends_with_0_when_all_is_well(live: tuple[Any, Twin]):
    cli, twin = live

    ended = cli("sync", "--json", "--as-of", AS_OF)

    assert ended.code == 0, ended.err
    assert ended.data["changes"] == []
    assert twin.issues("WEB")


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("unauthorised", {"body": "html"}),
        ("expired-anonymous", {}),
        ("login-page", {}),
        ("limit-413", {}),
        ("throttle", {"reason": "jira-quota-global-based", "retry_after": 1847}),
    ],
)
def test_the_command_line_ends_with_5_when_jira_refuses(
    live: tuple[Any, Twin], name: str, detail: dict[str, Any]
):
    cli, twin = live
    twin.fault(name, times=None, **detail)

    ended = cli("sync", "--as-of", AS_OF)

    assert ended.code == 5
    assert "Traceback" not in ended.out + ended.err
    assert "Jira" in ended.err
    assert twin.issues("WEB") == []


def test_the_command_line_ends_with_5_when_nobody_answers(live: tuple[Any, Twin], patch_waits: None):
    cli, twin = live
    twin.stop()

    ended = cli("sync", "--as-of", AS_OF)

    assert ended.code == 5
    assert "Traceback" not in ended.out + ended.err


@pytest.fixture
def patch_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two tries of a reading."""
    from bridge.tracker.jira import client

    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
