from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.config.jira import Jira
from bridge.config.keys import shown_values
from bridge.errors import SettingsError

if TYPE_CHECKING:
    from tests.bridge.config.conftest import Desk

CANARY = "canary-of-a-token"
MINIMAL = """
tracker = "jira"
[jira]
url = "https://acme.atlassian.net"
project = "FB"
user = "bot@acme.example"
"""
TOKEN = {"FEEDBACK_BRIDGE_JIRA__TOKEN": CANARY}


def faults(desk: Desk, text: str, env: dict[str, str] | None = None) -> list[str]:
    desk.write(text)
    with pytest.raises(SettingsError) as caught:
        desk.load(env=TOKEN if env is None else env)
    return list(caught.value.faults)


def test_the_least_that_cloud_needs_loads_with_the_documented_defaults(desk: Desk):
    desk.write(MINIMAL)

    loaded = desk.load(env=TOKEN)
    jira = loaded.settings.jira

    assert jira.token.reveal() == CANARY
    assert (jira.flavour, jira.settle_s, jira.reopen_within_days) == ("auto", 420, 30)
    assert jira.wont_do == ("Won't Do", "Won't Fix", "Declined")
    assert (jira.when_back, jira.comment_every_days, jira.cool_down_days) == ("reopen", 7, 7)
    assert (jira.service_desk, jira.labels, jira.authors, jira.templates) == (False, (), "name", None)
    assert not jira.is_gateway
    assert loaded.warnings == ()


def test_every_key_of_the_issue_can_be_set(desk: Desk):
    (desk.cwd / "hook").write_text("hush\n")
    desk.write("""
        tracker = "jira"
        server.url = "https://feedback.acme.example/"
        [jira]
        url = "https://api.atlassian.com/ex/jira/11111111-2222-3333-4444-555555555555/"
        site_url = "https://acme.atlassian.net/"
        project = "FB"
        token_command = "printf from-a-command"
        flavour = "cloud"
        settle_s = 2.5
        reopen_within_days = 0
        wont_do = ["Nope"]
        types = { problem = "Defect", praise = "Note" }
        fields.reach = "customfield_10050"
        fields.mentions = "Mentions"
        fields.topic = "Topic"
        fields.recurrence = "Came back"
        webhook_secret_file = "hook"
        when_back = "comment"
        when_back_in = { WEB = "new" }
        comment_every_days = 1
        cool_down_days = 0
        service_desk = true
        labels = ["customer-feedback", "deadbee"]
        authors = "pseudonym"
        templates = "ours"
        [[rule]]
        name = "both"
        project = "WEB"
        also = ["DOCS", "FB"]
    """)

    settings = desk.load().settings
    jira = settings.jira

    assert jira.url == "https://api.atlassian.com/ex/jira/11111111-2222-3333-4444-555555555555"
    assert jira.is_gateway
    assert jira.site_url == "https://acme.atlassian.net"
    assert jira.token.reveal() == "from-a-command"
    assert jira.webhook_secret.reveal() == "hush"
    assert jira.settle_s == 2.5
    assert jira.types.given() == {"problem": "Defect", "praise": "Note"}
    assert jira.fields.given() == {
        "reach": "customfield_10050",
        "mentions": "Mentions",
        "topic": "Topic",
        "recurrence": "Came back",
    }
    assert (jira.when_back, dict(jira.when_back_in)) == ("comment", {"WEB": "new"})
    assert jira.templates == desk.cwd / "ours"
    assert settings.rules[0].also == ("DOCS", "FB")
    assert settings.jira_projects() == ("FB", "WEB", "DOCS")
    assert settings.server.url == "https://feedback.acme.example"


@pytest.mark.parametrize("by", ["env", "file", "command", "text"])
def test_a_token_never_shows_however_it_comes(desk: Desk, by: str):
    (desk.cwd / "token").write_text(CANARY)
    key = {
        "env": "",
        "file": 'token_file = "token"\n',
        "command": f'token_command = "printf {CANARY}"\n',
        "text": f'token = "{CANARY}"\n',
    }[by]
    desk.write(MINIMAL + key + f'webhook_secret = "{CANARY}-2"')

    loaded = desk.load(env=TOKEN if by == "env" else {})

    assert loaded.settings.jira.token.reveal() == CANARY
    seen = [repr(loaded), str(loaded.settings), json.dumps(shown_values(loaded.settings)), *loaded.warnings]
    seen += [loaded.settings.model_dump_json(), json.dumps(loaded.settings.model_dump(mode="json"))]
    assert not [text for text in seen if CANARY in text]
    assert shown_values(loaded.settings)["jira.token"] == "set"


def test_a_secret_in_the_file_is_warned_of(desk: Desk):
    desk.write(MINIMAL + f'token = "{CANARY}"')

    assert desk.load().warnings == (
        (
            "`jira.token` in bridge.toml holds a secret that each reader of the file sees; "
            "hand it over by `jira.token_file` or `jira.token_command` instead"
        ),
    )


def test_what_is_missing_is_told_at_once_with_what_to_write(desk: Desk):
    found = faults(desk, 'tracker = "jira"', env={})

    assert [fault.partition(": ")[0] for fault in found] == [
        '`tracker` is "jira", which needs `jira.url`',
        '`tracker` is "jira", which needs `jira.project`',
        '`tracker` is "jira", which needs a token',
    ]
    assert "FEEDBACK_BRIDGE_JIRA__TOKEN" in found[2]
    assert "https://acme.atlassian.net" in found[0]


def test_without_jira_as_tracker_nothing_of_it_is_needed(desk: Desk):
    desk.write('[jira]\nproject = "FB"\n[[rule]]\nname = "r"\nproject = "any name"')

    assert desk.load().settings.tracker == "local"


def test_the_gateway_needs_the_site_that_people_open(desk: Desk):
    text = MINIMAL.replace("https://acme.atlassian.net", "https://api.atlassian.com/ex/jira/abc-1")

    assert faults(desk, text) == [
        (
            "`jira.url` is the address for programs, which needs `jira.site_url`: write the site as people "
            "open it, such as https://acme.atlassian.net"
        )
    ]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://jira.acme.example", "would send the token unencrypted; write it with https://"),
        ("http://localhost.evil.example", "would send the token unencrypted; write it with https://"),
        ("http://127.0.0.1.evil.example", "would send the token unencrypted; write it with https://"),
        (
            "https://acme.atlassian.net/jira/software/projects/FB",
            "is a page; write the address of the site alone: https://acme.atlassian.net",
        ),
        ("https://acme.atlassian.net/browse", "is a page; write the address of the site alone"),
        ("https://acme.atlassian.net/jira", "is a page; write the address of the site alone"),
        ("https://jira.acme.example/browse/FB-1", "is a page; write the address of the site alone"),
        ("https://jira.acme.example/ex/jira/1", "is a page; write the address of the site alone"),
        ("https://api.atlassian.com", "lacks the site: write https://api.atlassian.com/ex/jira/CLOUDID"),
        ("https://api.atlassian.com/x", "lacks the site: write https://api.atlassian.com/ex/jira/CLOUDID"),
        ("https://api.atlassian.com/ex/jira/a/rest", "is a page"),
        ("acme.atlassian.net", "is not an address of the web, such as https://acme.example.org"),
        ("ftp://acme.atlassian.net", "is not an address of the web"),
        ("https://", "is not an address of the web"),
        ("https://[::1", "is not an address of the web"),
        ("https://acme.atlassian.net:port", "is not an address of the web"),
        ("https://a b.atlassian.net", "is not an address of the web"),
        ("https://acme.atlassian.net?x=1", 'must end before the "?" or "#"'),
        ("https://acme.atlassian.net/#a", 'must end before the "?" or "#"'),
    ],
)
def test_an_address_that_would_not_work_is_told(desk: Desk, url: str, fault: str):
    found = faults(desk, MINIMAL.replace("https://acme.atlassian.net", url))

    assert len(found) == 1
    assert found[0].startswith("`jira.url` in bridge.toml")
    assert fault in found[0]


def test_a_login_in_an_address_is_refused_without_showing_it(desk: Desk):
    for url in (f"https://bot:{CANARY}@acme.atlassian.net", f"https://{CANARY}@acme.atlassian.net"):
        (found,) = faults(desk, MINIMAL.replace("https://acme.atlassian.net", url))
        assert "holds a user or a password before the host" in found
        assert CANARY not in found


@pytest.mark.parametrize(
    "url",
    [
        "https://jira.acme.example",
        "https://jira.acme.example/jira",
        "https://jira.acme.example:8443/tracker",
        "http://127.0.0.1:8080",
        "http://localhost:8080/jira",
        "http://[::1]:8080",
    ],
)
def test_data_center_may_live_below_a_path_and_this_machine_may_be_unencrypted(desk: Desk, url: str):
    desk.write(MINIMAL.replace("https://acme.atlassian.net", url + "/"))

    assert desk.load(env=TOKEN).settings.jira.url == url


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("settle_s = -1", "`jira.settle_s` in bridge.toml: -1 is not a number, 0 or more"),
        ("settle_s = inf", "`jira.settle_s` in bridge.toml: Infinity is not a number, 0 or more"),
        ("settle_s = '7m'", '`jira.settle_s` in bridge.toml: "7m" is not a number, 0 or more'),
        (
            "flavour = 'server'",
            '`jira.flavour` in bridge.toml: "server" is not one of "auto", "cloud", "dc"',
        ),
        (
            "types = { problm = 'Bug' }",
            "`jira.types.problm` in bridge.toml: unknown setting; did you mean `jira.types.problem`?",
        ),
        (
            "fields = { people = 'x' }",
            "`jira.fields.people` in bridge.toml: unknown setting; did you mean `jira.fields.topic`?",
        ),
        (
            'wont_do = "Won\'t Do"',
            "`jira.wont_do` in bridge.toml is a text, but must be a list, each a text",
        ),
        (
            "when_back = 'close'",
            '`jira.when_back` in bridge.toml: "close" is not one of "reopen", "comment", "new"',
        ),
        (
            "when_back_in = { WEB = 'close' }",
            '`jira.when_back_in.WEB` in bridge.toml: "close" is not one of "reopen", "comment", "new"',
        ),
        (
            "when_back_in = 3",
            (
                "`jira.when_back_in` in bridge.toml is a number, "
                'but must be a table, each one of "reopen", "comment", "new"'
            ),
        ),
        (
            "labels = ['a b']",
            (
                '`jira.labels` in bridge.toml: "a b" is not a label: '
                "no spaces, and 1 to 255 characters that can be seen"
            ),
        ),
        (
            "labels = ['release-20261122']",
            (
                '`jira.labels` in bridge.toml: "release-20261122" looks like a marker: '
                'it must not begin with "fbb-" nor end in eight or more hexadecimal digits'
            ),
        ),
        (
            "comment_every_days = 0",
            "`jira.comment_every_days` in bridge.toml: 0 is not a whole number from 1",
        ),
        ("token_url = 'x'", "`jira.token_url` in bridge.toml: unknown setting; did you mean `jira."),
        (
            'types.other = "a\\u001bb"',
            "`jira.types.other` in bridge.toml holds a character that can't be seen",
        ),
    ],
)
def test_a_fault_in_the_table_is_told(desk: Desk, line: str, fault: str):
    (found,) = faults(desk, MINIMAL + line)

    assert found.startswith(fault)


@pytest.mark.parametrize("key", ["fb", "F B", "1FB", "FB-1", "ФБ"])
def test_a_project_is_named_by_its_key(desk: Desk, key: str):
    (own,) = faults(desk, MINIMAL.replace('"FB"', f'"{key}"'))
    (rule,) = faults(desk, MINIMAL + f'[[rule]]\nname = "r"\nalso = ["{key}"]')
    (back,) = faults(desk, MINIMAL + f'when_back_in = {{ "{key}" = "new" }}')

    assert own.startswith(f'`jira.project` in bridge.toml: "{key}" is not a project\'s key')
    assert rule.startswith(f'[[rule]] "r" names the project "{key}", which is no key of Jira')
    assert f'"{key}" is not a project\'s key' in back


def test_a_project_gets_one_ticket_of_a_topic(desk: Desk):
    own = faults(desk, MINIMAL + '[[rule]]\nname = "r"\nalso = ["FB"]')
    twice = faults(desk, MINIMAL + '[[rule]]\nname = "r"\nproject = "WEB"\nalso = ["DOCS", "DOCS"]')
    local = faults(desk, '[[rule]]\nname = "r"\nproject = "WEB"\nalso = ["WEB"]')

    assert own == [
        '`also` of [[rule]] "r" names "FB", which has its ticket already; name each further project once'
    ]
    assert '"DOCS"' in twice[0]
    assert '"WEB"' in local[0]


def test_tables_come_from_variables_too_and_add_up_key_by_key(desk: Desk):
    desk.write(MINIMAL + "types = { problem = 'Defect' }\nwhen_back_in = { WEB = 'new' }")
    env = {
        **TOKEN,
        "FEEDBACK_BRIDGE_JIRA__TYPES__REQUEST": "Idea",
        "FEEDBACK_BRIDGE_JIRA__FIELDS": '{ reach = "customfield_1" }',
        "FEEDBACK_BRIDGE_JIRA__WHEN_BACK_IN": '{"DOCS": "comment"}',
        "FEEDBACK_BRIDGE_JIRA__SETTLE_S": "0.5",
    }

    jira = desk.load(env=env).settings.jira

    assert jira.types.given() == {"problem": "Defect", "request": "Idea"}
    assert jira.fields.given() == {"reach": "customfield_1"}
    assert dict(jira.when_back_in) == {"DOCS": "comment"}
    assert jira.settle_s == 0.5


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("feedback.acme.example", "is not an address of the web"),
        ("https://feedback.acme.example/?a=b", 'must end before the "?" or "#"'),
        (f"https://ana:{CANARY}@feedback.acme.example", "holds a user or a password"),
        ("javascript:alert(1)", "is not an address of the web"),
    ],
)
def test_the_public_address_is_one(desk: Desk, url: str, fault: str):
    (found,) = faults(desk, f'server.url = "{url}"')

    assert found.startswith("`server.url` in bridge.toml")
    assert fault in found
    assert CANARY not in found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(
    url=st.text(max_size=30)
    | st.text(alphabet="htps:/@.?#[]1aj ", max_size=30)
    | st.builds("https://{}".format, st.text(max_size=12))
)
def test_any_address_ends_in_settings_or_a_settings_error_and_is_never_a_login(desk: Desk, url: str):
    try:
        jira = desk.load(env=TOKEN, flags={"jira.url": url}).settings.jira
    except SettingsError:
        return

    assert "@" not in jira.url.partition("://")[2].partition("/")[0]
    assert not jira.url.endswith("/")


@given(name=st.text(max_size=20))
def test_a_label_that_is_taken_is_one_that_jira_takes_and_no_marker(name: str):
    values: dict[str, Any] = {"labels": [name]}
    try:
        (label,) = Jira(**values).labels
    except ValueError:
        return

    assert label == name
    assert not any(sign.isspace() for sign in label)
    assert len(label) > 0
    assert not (len(label) >= 8 and all(sign in "0123456789abcdefABCDEF" for sign in label[-8:]))


def test_the_settings_table_is_small_enough_to_read():
    assert len(Path(__file__).parents[3].joinpath("bridge/config/jira.py").read_text().splitlines()) <= 300
