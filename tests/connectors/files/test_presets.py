"""Exports of well-known tools are read without a word of mapping."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import connectors.files
from connectors import Rejected, Upsert
from connectors.errors import BadSettings
from connectors.files import Files

SAMPLES = Path(connectors.files.__file__).parent / "samples"
NOW = datetime(2026, 2, 16, 8, 0, tzinfo=UTC)


def messages(name: str, **settings: Any):
    events = list(Files(path=str(SAMPLES / name), now=NOW, **settings).pull(None))
    assert not [event for event in events if isinstance(event, Rejected)]
    return [event.message for event in events if isinstance(event, Upsert)]


def test_a_sprinklr_export_is_read_after_its_preamble():
    found = messages("sprinklr.csv", preset="sprinklr")

    assert len(found) == 5
    assert found[0].text.startswith("Third time this week")
    assert found[0].author.handle == "priya_flies"
    assert found[0].said_at == datetime(2026, 2, 9, 7, 42, 11, tzinfo=UTC)
    assert found[3].lang == "de"
    assert found[3].url == "https://social.example/p/88117"


def test_a_brandwatch_export_is_read_after_its_preamble():
    found = messages("brandwatch.csv", preset="brandwatch")

    assert [one.external_id for one in found] == ["m-550871", "m-550902", "m-551210", "m-551377"]
    assert found[1].text.startswith("¿Soy la única")
    assert found[1].author.handle == "lu_castro"


def test_a_linkedin_export_keeps_profile_name_and_company_apart():
    found = messages("linkedin.csv", preset="linkedin")

    author = found[0].author
    assert (author.id, author.handle, author.display, author.account) == (
        "https://network.example/in/helena-brandt",
        "helena-brandt",
        "Helena Brandt",
        "Brandt Logistics",
    )
    assert found[0].thread == found[1].thread == "https://network.example/posts/7001"
    assert "\n" in found[3].text


def test_a_call_becomes_one_item_a_turn_and_agents_are_staff():
    found = messages("transcript.csv", preset="transcript")

    assert [one.author.is_staff for one in found] == [True, False, True, False, True, False]
    assert found[1].text == "Hello. I changed my flight last week and the app still shows the old one."
    assert found[1].said_at == datetime(2026, 2, 10, 8, 0, 4, 200_000, tzinfo=UTC)
    assert found[1].thread == "call-4711"


def test_the_customers_of_two_calls_are_two_people():
    found = messages("transcript.csv", preset="transcript")

    assert len({one.author.id for one in found if not one.author.is_staff}) == 2


def test_turns_are_never_joined_across_calls(tmp_path: Path):
    calls = tmp_path / "calls.csv"
    calls.write_text(
        "Call ID,Call Start,Speaker,Utterance\n"
        "c1,2026-02-10T09:00:00Z,Customer,The form\nc1,2026-02-10T09:00:00Z,Customer,is gone.\n"
        "c2,2026-02-10T10:00:00Z,Customer,Hello.\n"
    )

    events = Files(path=str(calls), preset="transcript").pull(None)

    assert [e.message.text for e in events if isinstance(e, Upsert)] == ["The form is gone.", "Hello."]


def test_subtitles_are_read_as_a_call():
    found = messages("transcript.vtt", preset="transcript")

    assert [(one.author.handle, one.author.is_staff) for one in found] == [
        ("Ingrid (Support)", True),
        ("Owen Price", False),
    ]
    assert found[1].text.endswith("so I cannot finish my booking.")
    assert found[1].thread == "transcript"


def test_a_note_of_a_call_is_read_by_speaker_and_staff_are_named_in_the_settings(tmp_path: Path):
    note = tmp_path / "call.txt"
    note.write_text("[00:03] Marta: Hi there.\n[00:05] Owen: The form\nlost all I typed.\n\nMarta: Oh no.\n")

    events = Files(path=str(note), preset="transcript", staff=["Marta"], now=NOW).pull(None)
    found = [event.message for event in events if isinstance(event, Upsert)]

    assert [(one.author.handle, one.author.is_staff, one.text) for one in found] == [
        ("Marta", True, "Hi there."),
        ("Owen", False, "The form lost all I typed."),
        ("Marta", True, "Oh no."),
    ]


def test_an_unknown_preset_names_the_nearest_and_all():
    with pytest.raises(
        BadSettings, match=r"'sprinkler'. Did you mean 'sprinklr'.*brandwatch, linkedin, transcript"
    ):
        Files(path="x.csv", preset="sprinkler")
