"""Every command in the documentation is one, and what the README shows works."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from bridge.cli import app

if TYPE_CHECKING:
    from tests.docs.conftest import Page

ROOT = Path(__file__).parents[2]
NAME = "feedback-bridge"
TREE: Any = typer.main.get_command(app)
STEPS = "Your own file"


def shell_lines(pages: dict[str, Page]) -> Iterator[tuple[str, str]]:
    """Yield the page and text of each line in a shell block."""
    for page in pages.values():
        for block in page.blocks("sh"):
            yield from ((page.name, line) for line in block.splitlines() if line.strip())


def spans(pages: dict[str, Page]) -> Iterator[tuple[str, str]]:
    """Yield the page and text of each code span that is a command of ours."""
    for page in pages.values():
        yield from ((page.name, span) for span in page.spans() if re.match(rf"{NAME} [a-z-]", span))


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that these words name, and its arguments; its own options come first."""
    command, left = TREE, list(words)
    while left and left[0].startswith("-"):
        option = left.pop(0)
        known = {"--help", *options_of(TREE)}  # click adds --help by itself
        assert option in known, f"{option} is no option of {NAME}"
        if option == "--config":
            left.pop(0)
    while hasattr(command, "commands") and left:
        assert left[0] in command.commands, f"{left[0]!r} is no command"
        command = command.commands[left.pop(0)]
    return command, left


def options_of(command: Any) -> set[str]:
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


def test_every_command_in_a_shell_block_parses(pages: dict[str, Page]):
    seen = 0
    for name, line in shell_lines(pages):
        words = shlex.split(line, comments=True)
        if words[:1] != [NAME]:
            continue
        command, left = resolve(words[1:])
        assert not hasattr(command, "commands"), f"{name}: {line!r} names a group only"
        try:
            command.make_context(command.name, left)
        except Exception as error:  # noqa: BLE001 - whatever Typer raises, the line is at fault
            pytest.fail(f"{name}: {line!r}: {error!r}")
        seen += 1

    assert seen >= 20


def test_every_command_in_the_prose_is_one_and_has_its_options(pages: dict[str, Page]):
    seen = 0
    for name, span in spans(pages):
        command, left = resolve(shlex.split(span.replace("…", ""))[1:])
        used = {word.partition("=")[0] for word in left if word.startswith("--")}
        assert used <= options_of(command) | {"--help"}, f"{name}: {span!r} has unknown options"
        seen += 1

    assert seen >= 20


def test_other_commands_in_shell_blocks_are_make_targets_that_are_there(pages: dict[str, Page]):
    targets = {
        tuple(words)
        for _, line in shell_lines(pages)
        if (words := shlex.split(line, comments=True))[:1] == ["make"]
    }

    assert {("make", "run"), ("make", "test")} <= targets | {("make", "test")}
    for words in sorted(targets | {("make", "test"), ("make", "run", "SERVE=0")}):
        done = subprocess.run(
            [*words[:1], "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        assert done.stdout


def test_make_in_the_prose_names_targets_that_are_there(pages: dict[str, Page]):
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        (page.name, word)
        for page in pages.values()
        for span in page.spans()
        if (found := re.match(r"make ((?:[a-z-]+ ?)+)", span))
        for word in found[1].split()
    }

    assert named
    assert {(name, word) for name, word in named if word not in made} == set()


def test_every_module_that_make_runs_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    modules = re.findall(r"/python -m ((?:bridge|topics|connectors)[\w.]*)", makefile)

    assert modules
    for name in modules:
        place = ROOT.joinpath(*name.split("."))
        assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), f"no module {name}"


def test_the_readmes_table_has_every_command_and_no_other(pages: dict[str, Page]):
    rows = [row for row in pages["README.md"].text.splitlines() if row.startswith(f"| `{NAME} ")]
    listed: set[tuple[str, ...]] = set()
    for row in rows:
        first, *rest = re.findall(r"`([^`]+)`", row.split(" | ")[0])
        path = tuple(first.split()[1:])
        listed.add(path)
        for more in (tuple(span.split()) for span in rest):
            listed.add((path[0], *more) if len(path) > len(more) else more)

    def leaves(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            yield from leaves(command, (*path, name)) if hasattr(command, "commands") else [(*path, name)]

    assert listed == set(leaves(TREE))


def test_every_command_answers_help():
    def paths(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        yield path
        for name, command in getattr(group, "commands", {}).items():
            yield from paths(command, (*path, name))

    for path in paths(TREE):
        result = CliRunner().invoke(app, [*path, "--help"])
        assert result.exit_code == 0
        assert "Usage:" in result.output


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages: dict[str, Page]) -> Path:
    """A folder with the README's file, and a home of its own."""
    (tmp_path / "feedback.csv").write_text(pages["README.md"].blocks("csv")[0], encoding="utf-8")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def do(line: str) -> Any:
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    assert result.exit_code == 0, f"{line}: {result.output} {result.exception!r}"
    return result


def own_file(pages: dict[str, Page]) -> list[str]:
    """Return the README's steps for one's own file."""
    block = next(b for b in pages["README.md"].blocks("sh", below=STEPS) if "init" in b)
    return block.splitlines()


def test_the_readmes_file_is_imported_as_it_says_and_only_once(pages: dict[str, Page], desk: Path):
    lines = own_file(pages)
    assert [line.split()[1] for line in lines] == ["init", "import", "run", "summary", "serve"]

    do(lines[0])
    first = do(lines[1])
    again = do(lines[1])

    assert (desk / "bridge.toml").is_file()
    assert first.stdout == "reviews: 3 read, 3 new, 0 changed, 0 unchanged, 0 rejected, 0 removed\n"
    assert again.stdout == "reviews: 3 read, 0 new, 0 changed, 3 unchanged, 0 rejected, 0 removed\n"


def test_the_readmes_columns_are_guessed_as_they_are_mapped(pages: dict[str, Page], desk: Path):
    assert desk
    guessed = do("feedback-bridge import feedback.csv --source guessed")

    for pair in re.findall(r"--map (\S+)", own_file(pages)[1])[0].split(","):
        key, column = pair.split("=")
        assert f"{key} = '{column}' (guessed)" in guessed.stderr


def test_looking_works_on_an_empty_desk(desk: Path):
    assert desk

    for line in (
        "topics list",
        "topics list --json",
        "tickets list",
        "rules list",
        "rules simulate",
        "sources list",
    ):
        do(f"feedback-bridge {line}")
    for line in ("config show --origin", "config get policy.mode", "config path", "db check", "db current"):
        do(f"feedback-bridge {line}")
    assert do("feedback-bridge topics list --json").stdout == "[]\n"
    assert "T-" not in do("feedback-bridge rules simulate").stdout


@pytest.mark.slow
def test_the_readmes_steps_work_with_the_real_models(pages: dict[str, Page], desk: Path):
    assert desk

    for line in own_file(pages)[:-1]:
        result = do(line)

    assert "3 items by 3 people, 3 statements" in result.stdout
    kinds = re.findall(r'"kind": "(\w+)"', do("feedback-bridge export assignments").stdout)
    assert kinds == ["problem", "request", "question"]
