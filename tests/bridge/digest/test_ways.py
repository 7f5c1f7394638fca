"""Each way out, to servers on this machine: what arrives, and what is said when it doesn't."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from letterbox import HOST, Hook, Letterbox, certificate, letterbox, webhook

from bridge.config.digest import Digest as Settings
from bridge.config.secret import Secret
from bridge.digest.render import letter
from bridge.digest.ways import Parcel, way_out
from bridge.errors import InDoubt, SendError, SettingsError
from tests.bridge.digest.conftest import digest

DUE = datetime(2026, 3, 1, 7, tzinfo=UTC)
TO = ("ana@acme.example", "ben@acme.example")
TEXT = "“Grüße” an euch\n.\n.. and a line of 2,000: " + "ä" * 2000


def parcel(text: str = "Bags arrive late") -> Parcel:
    return Parcel(letter(digest(text), "UTC"), DUE, DUE)


def by_mail(box: Letterbox, text: str = "Bags arrive late", **smtp: Any) -> str:
    smtp = {"host": HOST, "port": box.port, "security": "none", **smtp}
    return way_out(Settings(to=TO, sender="bridge@acme.example", smtp=smtp), "email").send(parcel(text))


def by_slack(url: str) -> str:
    return way_out(Settings(slack_url=Secret(url)), "slack").send(parcel())


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return int(taken.getsockname()[1])


def test_a_mail_has_text_and_html_and_goes_to_all_in_one():
    with letterbox() as box:
        assert by_mail(box, "Grüße 🧳") == ""

    message = box.taken[0]
    assert message["Subject"].startswith("Feedback Bridge: 3 new")
    assert message["From"] == "bridge@acme.example"
    assert message["To"] == ", ".join(TO)
    assert message["Auto-Submitted"] == "auto-generated"
    assert [line[8:].strip(":<>") for line in box.envelopes[0]] == list(TO)
    assert "Grüße 🧳" in box.text("plain")
    assert "Grüße 🧳" in box.text("html")
    assert message.as_bytes().isascii()


def test_the_same_digest_has_the_same_id_and_another_one_another():
    with letterbox() as box:
        by_mail(box)
        by_mail(box)

    assert box.taken[0]["Message-ID"] == box.taken[1]["Message-ID"]


def test_lines_that_are_long_or_a_full_stop_arrive_whole():
    with letterbox() as box:
        by_mail(box, TEXT)

    assert "..\u2009and".replace("\u2009", " ") in box.text()
    assert all(len(line) <= 998 for line in box.taken[0].as_bytes().splitlines())


def test_a_mail_goes_by_starttls_and_with_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    trusted, tls = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    with letterbox(tls=tls, login="bridge:s3cret") as box:
        by_mail(box, security="starttls", user="bridge", password=Secret("s3cret"))

    assert box.was_encrypted
    assert len(box.taken) == 1


def test_nothing_is_sent_to_a_server_that_nobody_vouches_for(tmp_path: Path):
    _, tls = certificate(tmp_path)

    with letterbox(tls=tls) as box, pytest.raises(SendError, match="its certificate: self-signed"):
        by_mail(box, security="starttls")

    assert box.taken == []


def test_nothing_is_sent_unencrypted_when_the_server_offers_no_tls():
    with (
        letterbox() as box,
        pytest.raises(SendError, match=r"SMTPNotSupportedError; nothing was sent|refused us"),
    ):
        by_mail(box, security="starttls", user="bridge", password=Secret("s3cret"))

    assert box.taken == []


def test_a_wrong_password_is_a_refusal_that_does_not_tell_it():
    with letterbox(login="bridge:right") as box, pytest.raises(SendError, match="535 no such name") as caught:
        by_mail(box, user="bridge", password=Secret("wr0ng-s3cret"))

    assert "wr0ng-s3cret" not in str(caught.value)


def test_a_recipient_that_is_refused_is_told_and_the_others_get_it():
    with letterbox(refuse={"RCPT TO:<ben": "550 no such user"}) as box:
        said = by_mail(box)

    assert said == "refused: ben@acme.example (550 no such user)"
    assert len(box.taken) == 1


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"refuse": {"RCPT": "550 no such user"}}, "refused every recipient"),
        ({"refuse": {"MAIL": "550 not you"}}, "refused the sender bridge@acme.example: 550 not you"),
        ({"refuse": {"DATA": "451 busy"}}, "refused the message"),
        ({"refuse_message": "552 too big"}, "refused the message: 552 too big"),
    ],
)
def test_a_plain_refusal_is_certain_that_nothing_went_out(wishes: dict[str, Any], words: str):
    with letterbox(**wishes) as box, pytest.raises(SendError, match=words):
        by_mail(box)

    assert box.taken == []


def test_a_server_that_is_not_there_got_nothing():
    with pytest.raises(SendError, match=r"can't be reached .*; nothing was sent"):
        by_mail(Letterbox(port=closed_port()))
    with pytest.raises(SendError, match=r"can't be reached .*; nothing was sent"):
        by_slack(f"http://{HOST}:{closed_port()}/x")


def test_a_server_that_hangs_up_on_the_message_leaves_a_doubt():
    with letterbox(hang_up=True) as box, pytest.raises(InDoubt, match="may be there or not"):
        by_mail(box)


@pytest.mark.parametrize("host", ["mail..acme.example", "m" * 64 + ".example"])
def test_what_is_no_name_of_a_host_can_not_be_reached(host: str):
    smtp = way_out(Settings(to=TO, smtp={"host": host}), "email")

    with pytest.raises(SendError, match=r"can't be reached \(Unicode.*; nothing was sent"):
        smtp.send(parcel())
    with pytest.raises(SendError, match=r"can't be reached \(Unicode.*; nothing was sent"):
        by_slack(f"https://{host}/s3cret")
    with pytest.raises(SendError, match=r"can't be reached \(InvalidURL\); nothing was sent"):
        by_slack(f"https://ä{host}/s3cret")


@pytest.mark.parametrize("answer", [201, 202, 204])
def test_any_answer_that_says_yes_is_a_yes_and_nothing_is_sent_twice(answer: int):
    with webhook(answer=answer) as hook:
        assert by_slack(hook.url) == ""

    assert len(hook.posted) == 1


def test_slack_gets_blocks_and_words_for_a_notice():
    with webhook() as hook:
        assert by_slack(hook.url) == ""

    assert hook.posted[0]["text"].startswith("Feedback Bridge: 3 new")
    assert hook.posted[0]["blocks"][0]["type"] == "header"


@pytest.mark.parametrize("answer", [400, 404, 429, 302])
def test_a_refusal_of_slack_is_told_without_its_address(answer: int):
    refused = rf"127\.0\.0\.1 refused it: {answer} invalid_token"

    with (
        webhook(answer=answer, words="invalid_token") as hook,
        pytest.raises(SendError, match=refused) as caught,
    ):
        by_slack(hook.url)

    assert "s3cret" not in str(caught.value)
    assert len(hook.posted) == 1


@pytest.mark.parametrize("answer", [None, 500, 504])
def test_no_answer_or_a_fault_of_slack_leaves_a_doubt(answer: int | None):
    with webhook(answer=answer) as hook, pytest.raises(InDoubt, match="is not sent again") as caught:
        by_slack(hook.url)

    assert "s3cret" not in str(caught.value)


def test_a_folder_gets_a_file_named_by_when_it_was_due(tmp_path: Path):
    folder = way_out(Settings(folder=tmp_path / "new" / "digests"), "folder")

    first, again = folder.send(parcel()), folder.send(parcel("Another"))

    assert first == again == "digest-20260301T070000Z.md"
    assert [file.name for file in (tmp_path / "new" / "digests").iterdir()] == [first]
    assert "Another" in (tmp_path / "new" / "digests" / first).read_text(encoding="utf-8")


def test_a_folder_that_can_not_be_written_is_a_refusal(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SendError, match=r"can't be written .*see digest.folder"):
        way_out(Settings(folder=tmp_path / "file"), "folder").send(parcel())


def test_a_way_that_is_not_set_says_what_to_set():
    with pytest.raises(SettingsError, match=r"there is no way out by slack: set digest.slack_url"):
        way_out(Settings(), "slack")


def test_what_is_shown_of_a_webhook_is_its_host():
    way = way_out(
        Settings(slack_url=Secret(Hook("https://hooks.slack.com/services/T/B/s3cret").url)), "slack"
    )

    assert way.recipients == ("hooks.slack.com",)
