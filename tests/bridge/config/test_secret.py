from __future__ import annotations

import json
import shlex
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.keys import shown_values
from bridge.config.model import Settings
from bridge.config.secret import MAX_BYTES, Secret, SecretUrl, looks_secret, mask_url, read_command, read_file
from bridge.errors import SettingsError

if TYPE_CHECKING:
    from bridge.config.load import Loaded
    from tests.bridge.config.conftest import Desk

CANARY = "canary-7Q"
URL = f"postgresql://ann:{CANARY}@db.example/feedback"
SOURCE = '[[source]]\nname = "desk"\nconnector = "files"\n'


def _python(code: str):
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def _every_form(loaded: Loaded):
    """Everything a program might print of the settings."""
    settings = loaded.settings
    yield from (
        repr(loaded),
        str(settings),
        repr(settings),
        f"{settings.database.url}",
        f"{settings.sources}",
    )
    yield from (settings.model_dump_json(), str(settings.model_dump()), str(settings.database.model_dump()))
    yield from (json.dumps(shown_values(settings)), "\n".join(loaded.warnings), repr(loaded.origins))
    yield from (str([source.settings for source in settings.sources]), str(list(settings)))


def test_a_secret_shows_only_whether_it_is_set():
    assert (str(Secret("x")), str(Secret("")), repr(Secret("x"))) == ("set", "not set", "Secret(set)")
    assert (f"{Secret('x')}", f"{Secret('x')!r}", "%s" % Secret("x")) == ("set", "Secret(set)", "set")  # noqa: UP031 - one more way to print
    assert Secret("x").reveal() == "x"
    assert not hasattr(Secret("x"), "__dict__")


def test_secrets_are_equal_when_their_values_are():
    assert Secret("x") == Secret("x") != Secret("y")
    assert Secret("x") != SecretUrl("x") != "x"
    assert len({Secret("x"), Secret("x")}) == 1
    assert (bool(Secret("x")), bool(Secret(""))) == (True, False)


@given(
    password=st.text(alphabet="abc:/@?#%&=! \n", min_size=1, max_size=12), user=st.sampled_from(["", "ann"])
)
def test_no_password_in_an_address_is_shown_whatever_it_holds(password: str, user: str):
    secret = f"{password}{CANARY}{password}"

    shown = mask_url(f"postgresql://{user}:{secret}@db.example/feedback")

    assert shown == f"postgresql://{user}:***@db.example/feedback"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://token@host/x", "https://***@host/x"),
        ("postgresql://ann@db/x", "postgresql://ann@db/x"),
        ("sqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("postgresql://db/x?sslpassword=pw&user=ann", "postgresql://db/x?sslpassword=***&user=ann"),
        ("https://host/hook?api_key=pw", "https://host/hook?api_key=***"),
        ("ann@example.com", "ann@example.com"),
    ],
)
def test_addresses_are_masked_only_where_they_hold_a_secret(address: str, shown: str):
    assert mask_url(address) == shown
    assert SecretUrl(address).has_password == (shown != address)


@pytest.mark.parametrize(
    "name", ["token", "api_token", "Password", "client_secret", "api_key", "private-key"]
)
def test_these_names_tell_of_a_secret(name: str):
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["token_limit", "key", "keywords", "name", "secretary", "monkey"])
def test_these_names_do_not(name: str):
    assert not looks_secret(name)


def test_no_form_of_the_settings_shows_a_secret(desk: Desk):
    desk.write(
        f'[database]\nurl = "{URL}"\n{SOURCE}token = "{CANARY}"\nsite = "https://{CANARY}@host/"\n'
        f'headers = {{ Authorization = "{CANARY}" }}\ncredentials = {{ user = "{CANARY}" }}\n'
        f'passwords = ["{CANARY}", 7]\n'
    )

    loaded = desk.load()

    for form in _every_form(loaded):
        assert CANARY not in form
    revealed = loaded.settings.sources[0].revealed()
    assert loaded.settings.database.url.reveal() == URL
    assert revealed["token"] == CANARY
    assert revealed["headers"] == {"Authorization": CANARY}
    assert revealed["passwords"] == [CANARY, "7"]


def test_a_secret_written_into_a_file_is_a_warning_for_each(desk: Desk):
    desk.write(f'[database]\nurl = "{URL}"\n{SOURCE}token = "x"\nsite = "https://u:p@host/"')

    warnings = desk.load().warnings

    assert warnings == (
        (
            "`database.url` in bridge.toml holds a password that each reader of the file sees; "
            "hand it over by `database.url_file` or `database.url_command` instead"
        ),
        (
            "`token` of a [[source]] in bridge.toml is seen by every reader of the file; "
            "hand it over by `token_file` or `token_command` instead"
        ),
        (
            "`site` of a [[source]] in bridge.toml is seen by every reader of the file; "
            "leave the password out of the address"
        ),
    )


def test_a_secret_in_the_environment_or_a_file_of_its_own_is_no_warning(desk: Desk):
    (desk.cwd / "token").write_text("x")
    desk.write(f'{SOURCE}token_file = "token"')

    assert desk.load(env={"FEEDBACK_BRIDGE_DATABASE__URL": URL}).warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        f"database = '{URL}'",
        f"database.url = 'mysql://ann:{CANARY}@db'",
        f"database.url = '{CANARY}'",
        f"database.url = ['{CANARY}']",
        f"database.url = {CANARY}",
        f"database.url = '{URL}'\nserver.port = 0.5\ndatabase.urls = '{CANARY}'",
        f"source = '{CANARY}'",
        f"source = ['{CANARY}']",
        f"[[source]]\ntoken = '{CANARY}'\nevery = 'x'",
        f"tracker = '{URL}'",
    ],
)
def test_no_message_and_no_traceback_shows_a_secret(desk: Desk, text: str):
    desk.write(text)

    with pytest.raises(SettingsError) as caught:
        desk.load()

    lines = traceback.format_exception(caught.value)
    assert CANARY not in str(caught.value)
    assert CANARY not in "".join(lines)


def test_a_refused_secret_from_a_file_is_not_shown(desk: Desk):
    (desk.cwd / "secret").write_text(f"mysql://{CANARY}")

    with pytest.raises(
        SettingsError, match=r"`database\.url` in FEEDBACK_BRIDGE_DATABASE__URL_FILE"
    ) as caught:
        desk.load(env={"FEEDBACK_BRIDGE_DATABASE__URL_FILE": "secret"})
    assert CANARY not in str(caught.value)


def test_an_address_is_read_from_a_file_beside_the_settings(desk: Desk):
    (desk.cwd / "secret").write_text(URL + "\r\n")
    desk.write('[database]\nurl_file = "secret"')

    loaded = desk.load()

    assert loaded.settings.database.url.reveal() == URL
    assert loaded.origins["database.url"].kind == "file"
    assert loaded.origins["database.url"].where == "bridge.toml (database.url_file)"
    assert loaded.warnings == ()


def test_a_relative_database_named_in_a_secret_file_begins_at_the_settings_file(desk: Desk):
    (desk.cwd / "secret").write_text("sqlite:///mine.db")
    desk.write('[database]\nurl_file = "secret"')

    assert desk.load().settings.database.url.reveal() == f"sqlite:///{desk.cwd}/mine.db"


def test_an_address_is_printed_by_a_command_run_without_a_shell(desk: Desk):
    code = f"import os, sys; print('{URL}?options=' + os.path.basename(os.getcwd()) + sys.argv[1])"

    loaded = desk.load(env={"FEEDBACK_BRIDGE_DATABASE__URL_COMMAND": _python(code) + " '$HOME'"})

    assert loaded.settings.database.url.reveal() == f"{URL}?options=work$HOME"


def test_a_command_that_is_not_in_force_is_not_run(desk: Desk):
    desk.write(f"[database]\nurl_command = {json.dumps(_python('open(chr(97), chr(119))'))}")

    desk.load(env={"DATABASE_URL": "sqlite://"})

    assert not (desk.cwd / "a").exists()


def test_a_sources_secrets_come_from_files_and_commands_too(desk: Desk):
    (desk.cwd / "token").write_text(CANARY + "\n")
    command = json.dumps(_python(f"print('{CANARY}2')"))
    desk.write(
        f'{SOURCE}token_file = "token"\nlogin = {{ password_command = {command} }}\nlist_file = "kept"'
    )

    source = desk.load().settings.sources[0]

    assert source.revealed() == {"token": CANARY, "login": {"password": f"{CANARY}2"}, "list_file": "kept"}
    assert CANARY not in str(source)


def test_a_sources_secret_given_twice_is_refused(desk: Desk):
    desk.write(f'{SOURCE}token = "a"\ntoken_file = "b"')

    with pytest.raises(
        SettingsError, match=r"`token_file` of \[\[source\]\] 1 in bridge\.toml gives `token` a second"
    ):
        desk.load()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "can't be read (no such file or directory)"),
        (b"\n", "is empty"),
        (b"\xff", "is not UTF-8 text"),
        (b"a\x00b", "holds a NUL byte"),
        (b"a" * (MAX_BYTES + 1), f"is longer than {MAX_BYTES} bytes, which is no secret"),
    ],
)
def test_a_secret_file_that_cannot_be_used_says_why(tmp_path: Path, content: bytes | None, reason: str):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared below
        read_file(path)
    assert str(caught.value) == f"{path} {reason}"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("", "the command is empty"),
        ("a 'b", "the command can't be split into words (No closing quotation)"),
        ("no-such-program --now", "'no-such-program' can't be started (no such file or directory)"),
        ("false", "'false' failed with code 1; run it by hand to see why"),
        ("true", "the output of 'true' is empty"),
        ("sleep 60", "'sleep' gave no answer within 0.1 s"),
        ("sh -c 'sleep 60 & echo canary; wait'", "'sh' gave no answer within 0.1 s"),
        ("sh -c 'echo canary >&2; exit 3' canary", "'sh' failed with code 3; run it by hand to see why"),
    ],
)
def test_a_command_that_fails_says_why_and_shows_no_argument_or_output(
    tmp_path: Path, command: str, reason: str
):
    limit_s = 0.1 if "sleep" in command else 10

    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared below
        read_command(command, tmp_path, limit_s)
    assert str(caught.value) == reason


def test_a_failing_command_is_a_settings_error_that_names_the_setting(desk: Desk):
    desk.write('[database]\nurl_command = "false"')

    with pytest.raises(SettingsError) as caught:
        desk.load()
    assert caught.value.faults == (
        "`database.url_command` in bridge.toml: 'false' failed with code 1; run it by hand to see why",
    )


def test_the_models_own_refusal_shows_no_value_either():
    with pytest.raises(ValueError, match=r"database\.url") as caught:
        Settings.model_validate(
            {"database": {"url": f"mysql://{CANARY}"}, "paths": {"data": "a", "cache": "b"}}
        )
    assert CANARY not in str(caught.value)
