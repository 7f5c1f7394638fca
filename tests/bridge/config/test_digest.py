"""The settings of the digest, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bridge.config.keys import shown_values
from bridge.errors import SettingsError

if TYPE_CHECKING:
    from tests.bridge.config.conftest import Desk

MAIL = 'to = ["ana@acme.example"]\nsmtp = { host = "mail.acme.example" }\n'
HOOK = "https://hooks.slack.com/services/T0/B0/s3cret"


def test_it_is_off_until_a_way_out_is_set(desk: Desk):
    assert desk.load().settings.digest.ways() == ()

    desk.write(f'[digest]\nslack_url = "{HOOK}"\nfolder = "digests"\n{MAIL}')
    digest = desk.load().settings.digest

    assert digest.ways() == ("email", "slack", "folder")
    assert digest.folder == desk.cwd / "digests"


def test_secrets_come_from_files_and_are_never_shown(desk: Desk):
    (desk.cwd / "smtp").write_text("pa55word\n")
    (desk.cwd / "hook").write_text(HOOK + "\n")
    desk.write(
        '[digest]\nslack_url_file = "hook"\nto = ["ana@acme.example"]\n'
        'smtp = { host = "mail.acme.example", user = "bridge", password_file = "smtp" }\n'
    )

    loaded = desk.load()

    assert loaded.settings.digest.smtp.password.reveal() == "pa55word"
    assert loaded.settings.digest.slack_url.reveal() == HOOK
    assert loaded.warnings == ()
    told = str(shown_values(loaded.settings)) + repr(loaded.settings)
    assert "pa55word" not in told
    assert "s3cret" not in told


def test_a_webhook_in_the_file_is_warned_of(desk: Desk):
    desk.write(f'[digest]\nslack_url = "{HOOK}"\n')

    assert "hand it over by `digest.slack_url_file`" in desk.load().warnings[0]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('every = "3d"', 'is not "1d" for each day, or whole weeks'),
        ('zone = "Mars/Base"', "is not a time zone that this machine knows"),
        ('zone = "../../etc/passwd"', "is not a time zone that this machine knows"),
        ('to = ["ana@acme.example\\nBcc: eve@evil.example"]', "is not an e-mail address"),
        ('to = [""]', "holds an empty address"),
        ('sender = "the bridge"', "is not an e-mail address"),
        (
            'slack_url = "http://hooks.slack.example/s3cret"',
            "is not the https address of an incoming webhook",
        ),
        ('slack_url = "https://[bad/s3cret"', "is not the https address of an incoming webhook"),
        ("slack_url = 7", "is not the https address of an incoming webhook"),
        ('to = ["ana@acme.example"]', "`digest.to` needs `digest.smtp.host`"),
        ('smtp = { host = "mail.acme.example" }', "`digest.smtp.host` needs `digest.to`"),
        (
            MAIL.replace('example" }', 'example", security = "none" }'),
            "customers' words would go there unencrypted",
        ),
        (MAIL.replace('example" }', 'example", user = "bridge" }'), "a password go together"),
        ('smtp = { host = "mail acme" }', "is not the name of a server"),
    ],
)
def test_what_can_not_be_is_refused_without_its_secret(desk: Desk, toml: str, words: str):
    desk.write(f"[digest]\n{toml}\n")

    with pytest.raises(SettingsError) as caught:
        desk.load()

    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_server_on_this_machine_may_be_plain(desk: Desk, host: str):
    desk.write(f'[digest]\nto = ["a@b.example"]\nsmtp = {{ host = "{host}", security = "none" }}\n')

    assert desk.load().settings.digest.smtp.at_port == 25
