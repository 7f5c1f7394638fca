from __future__ import annotations

import csv
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from bridge.cli import config
from bridge.config.keys import settings_keys
from bridge.errors import InputError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from tests.bridge.config.conftest import Desk

    Run = Callable[..., Result]

CANARY = "canary-7Q"


class FakeSession:
    """What the main command hands over, loading from a desk."""

    def __init__(
        self, desk: Desk, *, config_path: Path | None = None, env: dict[str, str] | None = None
    ) -> None:
        self.desk = desk
        self.cwd = desk.cwd
        self.config_path = config_path
        self.env = env

    def loaded(self):
        return self.desk.load(env=self.env, file=self.config_path)


@pytest.fixture
def run(desk: Desk):
    """Run a command line the way the main command would."""
    app = typer.Typer()
    app.add_typer(config.app, name="config")
    app.command()(config.init)

    def _run(*words: str, config_path: Path | None = None, env: dict[str, str] | None = None):
        session = FakeSession(desk, config_path=config_path, env=env)
        return CliRunner().invoke(app, list(words), obj=session)

    return _run


def test_show_prints_every_setting_as_toml(run: Run, desk: Desk):
    desk.write("[policy]\nmode = 'shadow'")

    result = run("config", "show")

    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines()[1:])
    assert result.exit_code == 0
    assert lines["policy.mode"] == '"shadow"'
    assert lines["policy.create_when.people"] == "5"
    assert lines["policy.kinds"] == '["problem", "request"]'
    assert len(lines) == len(settings_keys())


def test_show_origin_says_where_each_value_came_from(run: Run, desk: Desk):
    desk.write("[policy]\nmode = 'shadow'")

    result = run("config", "show", "--origin", env={"PORT": "80"})

    lines = {line.split()[0]: line.split() for line in result.stdout.splitlines()}
    assert lines["policy.mode"] == ["policy.mode", '"shadow"', "file", "bridge.toml"]
    assert lines["server.port"] == ["server.port", "80", "env", "PORT"]
    assert lines["tracker"] == ["tracker", '"local"', "default"]


def test_show_json_gives_values_with_their_types_and_origins(run: Run):
    rows = json.loads(run("config", "show", "--origin", "--json").stdout)

    assert {"key": "server.port", "value": 8765, "origin": "default", "where": ""} in rows
    assert json.loads(run("config", "show", "--json").stdout)[0] == {"key": "tracker", "value": "local"}


def test_show_speaks_every_format(run: Run):
    lines = [json.loads(line) for line in run("config", "show", "--format", "jsonl").stdout.splitlines()]
    table = list(csv.DictReader(io.StringIO(run("config", "show", "--format", "csv").stdout)))
    page = run("config", "show", "--format", "md").stdout.splitlines()

    assert {"key": "server.port", "value": 8765} in lines
    assert {"key": "policy.kinds", "value": '["problem", "request"]'} in table
    assert page[0] == "| key | value |"
    assert len(lines) == len(table) == len(page) - 2 == len(settings_keys())


@pytest.mark.parametrize("layout", ["table", "json", "jsonl", "csv", "md"])
def test_no_format_shows_a_secret(run: Run, desk: Desk, layout: str):
    desk.write(
        f'[database]\nurl = "postgresql://ann:{CANARY}@db/x"\n'
        f'[[source]]\nname = "a"\nconnector = "files"\ntoken = "{CANARY}"'
    )

    result = run("config", "show", "--origin", "--format", layout)

    assert result.exit_code == 0
    assert "postgresql://ann:***@db/x" in result.stdout
    assert CANARY not in result.output
    assert CANARY not in run("config", "get", "database.url").output
    assert CANARY not in run("config", "get", "source").output


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["policy.mode"], "review\n"),
        (["policy.mode", "--json"], '"review"\n'),
        (["server.port"], "8765\n"),
        (["policy.kinds"], '["problem", "request"]\n'),
    ],
)
def test_get_prints_one_value(run: Run, words: list[str], printed: str):
    assert run("config", "get", *words).stdout == printed


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("policy.mod", '"policy.mod" is no setting; did you mean policy.mode?'),
        ("zzzzz", '"zzzzz" is no setting; list them with: feedback-bridge config show'),
        ("server", "server is a table of settings; name one of: server.host, server.port, server.url"),
    ],
)
def test_get_names_the_nearest_setting(run: Run, key: str, message: str):
    error = run("config", "get", key).exception

    assert isinstance(error, InputError)
    assert str(error) == message


def test_path_prints_the_files_in_force(run: Run, desk: Desk):
    desk.write("")
    desk.write_user("")

    result = run("config", "path")

    assert result.stdout.splitlines() == [str(desk.cwd / "bridge.toml"), str(desk.user / "bridge.toml")]


def test_path_says_in_words_when_there_is_no_file(run: Run):
    result = run("config", "path")

    assert result.stdout == ""
    assert "feedback-bridge init" in result.stderr


def test_a_faulty_file_ends_in_a_settings_error(run: Run, desk: Desk):
    desk.write("policy.mod = 1")

    assert isinstance(run("config", "show").exception, SettingsError)


def test_init_writes_a_file_that_loads_and_says_what_next(run: Run, desk: Desk):
    result = run("init")

    assert result.exit_code == 0
    assert result.stdout == ""
    assert f"Wrote {desk.cwd / 'bridge.toml'}" in result.stderr
    assert "config show --origin" in result.stderr
    assert desk.load().files == (desk.cwd / "bridge.toml",)
    assert [path.name for path in desk.cwd.iterdir()] == ["bridge.toml"]


def test_init_writes_the_file_named_on_the_command_line(run: Run, desk: Desk):
    result = run("init", config_path=Path("demo/my.toml"))

    assert (desk.cwd / "demo" / "my.toml").exists()
    assert "--config demo/my.toml config show" in result.stderr


def test_init_keeps_a_file_that_is_there_unless_forced(run: Run, desk: Desk):
    desk.write("policy.mode = 'shadow'")

    refused = run("init")

    assert isinstance(refused.exception, InputError)
    assert "--force" in str(refused.exception)
    assert desk.load().settings.policy.mode == "shadow"
    assert run("init", "--force").exit_code == 0
    assert desk.load().settings.policy.mode == "review"


def test_init_says_why_it_cannot_write(run: Run, desk: Desk):
    (desk.cwd / "file").write_text("")

    error = run("init", config_path=Path("file/bridge.toml")).exception

    assert isinstance(error, InputError)
    assert str(error).endswith(f"can't be written: file exists ({desk.cwd / 'file'})")


def test_a_full_disk_leaves_the_old_file_as_it_was(run: Run, desk: Desk):
    desk.write("policy.mode = 'shadow'")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        result = run("init", "--force")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert isinstance(result.exception, InputError)
    assert "can't be written: file too large" in str(result.exception)
    assert desk.load().settings.policy.mode == "shadow"
    assert [path.name for path in desk.cwd.iterdir()] == ["bridge.toml"]


def test_the_commands_are_imported_without_the_model():
    code = "import sys, bridge.cli.config; print('pydantic' in sys.modules)"
    root = Path(__file__).parents[3]

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False\n"
