"""The command `digest`."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from command import Desk
from letterbox import HOST, letterbox, webhook

from bridge.app import App, now
from bridge.models import SourceState


@pytest.fixture
def busy(cli: Desk) -> Desk:
    """A store with something to tell."""
    app = App()
    with app.database.writing() as session:
        session.add(SourceState(name="desk", connector="files", state="failing", last_error="401"))
    app.database.close()
    return cli


def test_it_is_shown_in_every_form_and_nothing_is_noted(busy: Desk):
    text, html, md = (busy("digest", "--format", form).out for form in ("text", "html", "md"))

    assert text.startswith("Feedback Bridge: 1 failing\n")
    assert html.startswith("<!doctype html>")
    assert md.startswith("# Feedback Bridge: 1 failing\n")
    assert busy("digest", "--format", "slack").data["blocks"][0]["type"] == "header"
    assert busy("digest", "--json").data["sent"] == []


def test_since_is_a_span_or_a_day(busy: Desk):
    week = busy("digest", "--since", "7d", "--json").data
    day = busy("digest", "--since", "2026-01-31", "--json").data

    assert week["since"] == _stamp(days=7, like=week["until"])
    assert day["since"] == "2026-01-31T23:59:59Z"
    assert busy("digest", "--since", "soon").code == 2
    assert busy("digest", "--since", "2199-01-01").code == 2


def _stamp(*, days: int, like: str) -> str:
    from datetime import datetime

    from bridge.times import stamp

    return stamp(datetime.fromisoformat(like) - timedelta(days=days))


def test_it_is_sent_now_and_says_to_whom(busy: Desk):
    with letterbox() as box:
        busy.set(
            f'[digest]\nto = ["ana@acme.example"]\nsmtp = {{ host = "{HOST}", port = {box.port}, '
            'security = "none" }\n'
        )
        told = busy("digest", "--to", "email", "--who", "ana")

    assert (told.code, told.out) == (0, "sent by email to ana@acme.example\n")
    assert "SOURCES THAT FAIL" in box.text()
    assert busy("digest", "--json").data["sent"][0]["by"] == "ana"


def test_a_refusal_and_a_doubt_end_with_their_words(busy: Desk):
    with webhook(answer=404, words="no_service") as hook:
        busy.set(f'[digest]\nslack_url = "{hook.url}"\n')
        refused = busy("digest", "--to", "slack")
        hook.answer = 500
        doubt = busy("digest", "--to", "slack", "--json")

    assert (refused.code, doubt.code) == (5, 5)
    assert "404 no_service" in refused.err
    assert "is not sent again" in doubt.err
    assert doubt.data["state"] == "in doubt"
    assert "s3cret" not in refused.err + doubt.err + doubt.out
    assert "digest by" not in busy("status").out  # what is sent by hand is no matter of the schedule


def test_with_nothing_to_tell_nothing_is_sent(cli: Desk):
    cli.set('[digest]\nfolder = "digests"\n')

    told = cli("digest", "--to", "folder")

    assert (told.code, told.out) == (0, "There is nothing to tell; nothing was sent.\n")
    assert not (cli.root / "digests").exists()


def test_a_way_that_is_not_set_is_said(cli: Desk):
    told = cli("digest", "--to", "email")

    assert told.code == 3
    assert "set digest.to and digest.smtp.host in bridge.toml" in told.err


def test_the_daemon_sends_it_and_status_tells(busy: Desk):
    busy.set('[digest]\nfolder = "digests"\n')
    app = App()

    outcome = app.duties().digest()
    app.database.close()

    assert outcome.counts == {"sent": 1}
    assert [file.suffix for file in (busy.root / "digests").iterdir()] == [".md"]
    assert "digest by folder, due " in busy("status").out
    row = json.loads(busy("status", "--json").out)["digests"][0]
    assert (row["way"], row["state"], row["by"]) == ("folder", "sent", None)
    assert row["until"][:10] == f"{now():%Y-%m-%d}"
