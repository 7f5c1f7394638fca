from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import SettingsError

if TYPE_CHECKING:
    from tests.bridge.config.conftest import Desk

SOURCE = '[[source]]\nname = "a"\nconnector = "files"\n'


def _faults(desk: Desk, **places: Any):
    with pytest.raises(SettingsError) as caught:
        desk.load(**places)
    return list(caught.value.faults)


def _outcome(desk: Desk, **places: Any):
    try:
        return desk.load(**places)
    except SettingsError as error:
        return error


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("policy.mod = 'x'", "`policy.mod` in bridge.toml: unknown setting; did you mean `policy.mode`?"),
        ("polcy.mode = 'x'", "`polcy` in bridge.toml: unknown setting; did you mean `policy`?"),
        ("kinds = []", "`kinds` in bridge.toml: unknown setting; did you mean `policy.kinds`?"),
        ("rules = []", "`rules` in bridge.toml: unknown setting; did you mean `rule`?"),
        (
            "zzzzz = 1",
            "`zzzzz` in bridge.toml: unknown setting; `feedback-bridge init` writes a file with every one",
        ),
        ("tracker_file = 'x'", "`tracker_file` in bridge.toml: unknown setting; did you mean `tracker`?"),
        ("policy = 3", "`policy` in bridge.toml is a table of settings, not a number: write [policy]"),
        (
            "database = 'canary'",
            "`database` in bridge.toml is a table of settings, not a text: write [database]",
        ),
        (
            "tracker = 'jiar'",
            '`tracker` in bridge.toml: "jiar" is not one of "local", "jira"; did you mean "jira"?',
        ),
        (
            "policy.kinds = ['problm']",
            (
                '`policy.kinds` in bridge.toml: "problm" is not one of '
                '"problem", "request", "question", "praise", '
                '"other"; did you mean "problem"?'
            ),
        ),
        ("brand.names = 'Acme'", "`brand.names` in bridge.toml is a text, but must be a list, each a text"),
        ("brand.names = [1]", "`brand.names` in bridge.toml: 1 is not a text"),
        (
            "server.port = 70000",
            "`server.port` in bridge.toml: 70000 is not a whole number from 0 to 65535",
        ),
        ("server.port = '80'", '`server.port` in bridge.toml: "80" is not a whole number from 0 to 65535'),
        ("server.port = true", "`server.port` in bridge.toml: true is not a whole number from 0 to 65535"),
        (
            "server.port = 2026-01-01",
            "`server.port` in bridge.toml is a date or time, but must be a whole number from 0 to 65535",
        ),
        (
            "policy.create_when.people = 0",
            "`policy.create_when.people` in bridge.toml: 0 is not a whole number, 1 or more",
        ),
        (
            "policy.create_when.confidence = nan",
            "`policy.create_when.confidence` in bridge.toml: NaN is not a number from 0 to 1",
        ),
        (
            "topics.encoder = ' '",
            "`topics.encoder` in bridge.toml is empty; write a text or leave the key out",
        ),
        ('server.host = "a\\u0000"', "`server.host` in bridge.toml holds a NUL character"),
        ('paths.data = "a\\u0000"', "`paths.data` in bridge.toml holds a NUL character"),
        ("paths.data = ''", "`paths.data` in bridge.toml is empty; write a text or leave the key out"),
        ("paths.data = 5", "`paths.data` in bridge.toml is not a path; write it as a text"),
        ("topics.languages = []", "`topics.languages` in bridge.toml is empty; name at least one"),
        (
            "topics.languages = ['english']",
            (
                '`topics.languages` in bridge.toml: "english" '
                'is not a language code such as "en" or "de" (ISO 639-1)'
            ),
        ),
        (
            "database.url = 'mysql://canary'",
            (
                '`database.url` in bridge.toml is not "sqlite:///PATH" or "postgresql://USER@HOST/NAME" '
                "(the value is not shown)"
            ),
        ),
        (
            "database.url = 'sqlite://canary.db'",
            (
                "`database.url` in bridge.toml needs three slashes before the path of a database file: "
                '"sqlite:///PATH"'
            ),
        ),
        (
            "database.url = 'sqlite:///a'\ndatabase.url_file = 'b'",
            "`database.url` in bridge.toml is given as `database.url` and as `database.url_file`; keep one",
        ),
        ("database.url_file = 5", "`database.url_file` in bridge.toml must be a text that names a file"),
        ("[[rule]]\nproject = 'A'", "`name` of [[rule]] 1 in bridge.toml is missing; every one needs it"),
        (
            "[[rule]]\nname = 'r'\nwhen = { kindz = [] }",
            '`when.kindz` of [[rule]] 1 "r" in bridge.toml: unknown setting; did you mean `kinds`?',
        ),
        (
            "[[rule]]\nname = 'r'\nxyz = 1",
            (
                '`xyz` of [[rule]] 1 "r" in bridge.toml: unknown setting; '
                "known here: name, when, project, also, type, "
                "mode, create_when"
            ),
        ),
        (
            "[[rule]]\nname = 'r'\n[[rule]]\nname = 's'\ncreate_when = { people = 0 }",
            '`create_when.people` of [[rule]] 2 "s" in bridge.toml: 0 is not a whole number, 1 or more',
        ),
        (
            "[[rule]]\nname = 'r'\n[[rule]]\nname = 'r'",
            'the names of [[rule]] must differ; used more than once: "r"',
        ),
        (SOURCE + SOURCE, 'the names of [[source]] must differ; used more than once: "a"'),
        ("rule = ['canary']", "[[rule]] 1 in bridge.toml is a text, but must be a table"),
        ("source = 'canary'", "`source` in bridge.toml is a text, but must be a list, each a table"),
        (
            "[[source]]\nname = 'Shop EU'\nconnector = 'files'",
            (
                '`name` of [[source]] 1 "Shop EU" in bridge.toml: "Shop EU" is not a source\'s name: '
                "small letters, "
                "digits, dots, dashes and underscores, beginning with a letter or digit"
            ),
        ),
        (
            SOURCE + "every = '5 min'",
            (
                '`every` of [[source]] 1 "a" in bridge.toml: "5 min" is not a duration '
                'such as "15m", "1h" or "1d" '
                "(at most 366 days)"
            ),
        ),
        (
            SOURCE + "every = 5",
            '`every` of [[source]] 1 "a" in bridge.toml is not a duration such as "15m", "1h" or "1d"',
        ),
        (
            SOURCE + "paused = 'yes'",
            '`paused` of [[source]] 1 "a" in bridge.toml: "yes" is not true or false',
        ),
    ],
)
def test_a_fault_names_the_setting_the_value_and_what_would_do(desk: Desk, text: str, fault: str):
    desk.write(text)

    assert _faults(desk) == [fault]


@pytest.mark.parametrize(
    ("env", "fault"),
    [
        (
            {"FEEDBACK_BRIDGE_POLICY__MOD": "canary"},
            (
                "`FEEDBACK_BRIDGE_POLICY__MOD` in the environment: unknown setting; "
                "did you mean `FEEDBACK_BRIDGE_POLICY__MODE`?"
            ),
        ),
        (
            {"FEEDBACK_BRIDGE_": "x"},
            (
                "`FEEDBACK_BRIDGE_` in the environment: unknown setting; "
                "`feedback-bridge init` writes a file with every one"
            ),
        ),
        ({"PORT": "abc"}, '`server.port` in PORT: "abc" is not a whole number from 0 to 65535'),
        (
            {"FEEDBACK_BRIDGE_POLICY__KINDS": "problem,request"},
            (
                "`policy.kinds` in FEEDBACK_BRIDGE_POLICY__KINDS is a text, but must be a list, "
                'each one of "problem", "request", "question", "praise", "other"'
            ),
        ),
        (
            {"FEEDBACK_BRIDGE_SERVER__PORT": "1\nx = 2"},
            (
                "`server.port` in FEEDBACK_BRIDGE_SERVER__PORT: "
                '"1\\nx = 2" is not a whole number from 0 to 65535'
            ),
        ),
        (
            {"FEEDBACK_BRIDGE_SOURCE": '[{ token = "canary"'},
            "`source` in FEEDBACK_BRIDGE_SOURCE is a text, but must be a list, each a table",
        ),
        (
            {"FEEDBACK_BRIDGE_TOPICS__ENCODER": "a\udc80"},
            "FEEDBACK_BRIDGE_TOPICS__ENCODER in the environment is not UTF-8 text",
        ),
        (
            {"FEEDBACK_BRIDGE_POLICY": '{ mode = "shadow", kind = [] }'},
            "`policy.kind` in FEEDBACK_BRIDGE_POLICY: unknown setting; did you mean `policy.kinds`?",
        ),
    ],
)
def test_a_faulty_variable_is_named(desk: Desk, env: dict[str, str] | None, fault: str):
    assert _faults(desk, env=env) == [fault]


def test_an_unknown_flag_is_named(desk: Desk):
    assert _faults(desk, flags={"server.prot": 1}) == [
        "`server.prot` in the command line: unknown setting; did you mean `server.port`?"
    ]


def test_all_faults_of_all_places_are_told_at_once(desk: Desk):
    desk.write("policy.mod = 1\nserver.port = -1\n[[rule]]\n")
    desk.write_user("nothing_like_it = 1\ntracker = 'x'")

    faults = _faults(desk, env={"FEEDBACK_BRIDGE_TOPICS__ENCODER": " "})

    assert len(faults) == 6


def test_a_weaker_value_that_is_not_in_force_is_not_judged(desk: Desk):
    desk.write("server.port = -1")

    assert desk.load(env={"PORT": "80"}).settings.server.port == 80


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"a = 1\nb = canary\n", r"bridge\.toml, line 2, column 5: not TOML: Invalid value; texts stand"),
        (b"a = [1,", r"bridge\.toml, at its end: not TOML: "),
        (b"a = '\xff'", r"bridge\.toml is not UTF-8 text \(byte 6\); save it as UTF-8"),
        (b"\x00\x01", r"bridge\.toml, line 1, column 1: not TOML"),
        (b"a = " + b"[" * 5000, r"bridge\.toml is nested too deeply"),
        (b"a = " + b"9" * 5000, r"bridge\.toml: not TOML"),
        (b"x = 1\nx = 2", r"bridge\.toml, .*not TOML: Cannot overwrite a value"),
    ],
)
def test_a_file_that_is_no_toml_is_told_with_its_line(desk: Desk, raw: bytes, fault: str):
    (desk.cwd / "bridge.toml").write_bytes(raw)

    with pytest.raises(SettingsError, match=fault) as caught:
        desk.load()
    assert "canary" not in str(caught.value)


def test_a_folder_in_place_of_the_file_is_told(desk: Desk):
    (desk.cwd / "bridge.toml").mkdir()

    assert _faults(desk) == ["bridge.toml can't be read: is a directory"]


def test_a_key_cannot_steer_the_terminal(desk: Desk):
    desk.write('"a\\u001b[2J" = 1\n"policy.mode" = "shadow"')

    faults = _faults(desk)

    assert faults[0].startswith('`"a\\x1b[2J"` in bridge.toml: unknown setting')
    assert faults[1].startswith('`"policy.mode"` in bridge.toml: unknown setting')


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    raw=st.binary(max_size=60)
    | st.text(alphabet='[]{}=".,\n# abpolicymodesource1', max_size=60).map(str.encode)
)
def test_any_bytes_in_the_file_end_in_settings_or_a_settings_error(desk: Desk, raw: bytes):
    (desk.cwd / "bridge.toml").write_bytes(raw)

    outcome = _outcome(desk)

    assert str(outcome) if isinstance(outcome, SettingsError) else outcome.files


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "when", "kinds", "create_when", "people", "every", "x"]), inner
        )
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    key=st.sampled_from(["rule", "source", "policy.kinds", "policy.create_when.people", "paths.data"]),
    value=_json.filter(lambda value: value is not None),
)
def test_any_value_ends_in_settings_or_a_settings_error(desk: Desk, key: str, value: object):
    outcome = _outcome(desk, flags={key: value})

    assert all(outcome.faults) if isinstance(outcome, SettingsError) else outcome.origins[key].kind == "flag"
