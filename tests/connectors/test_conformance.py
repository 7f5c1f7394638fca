"""Every connector of ours keeps the promises that others' connectors are held to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import connectors.files
from connectors import Author, Message, Rejected, Tombstone, Upsert
from connectors._template import Template
from connectors.files import Files
from connectors.testing import Canned, conformance

SAMPLES = Path(connectors.files.__file__).parent / "samples"
NOW = datetime(2026, 2, 16, 8, 0, tzinfo=UTC)


def canned():
    said_at = datetime(2026, 2, 1, tzinfo=UTC)
    messages = [
        Message(
            external_id=f"m{n}", text=f"words {n}", said_at=said_at, revision="1", author=Author(handle="ana")
        )
        for n in range(5)
    ]
    edited = Message(external_id="m1", text="other words", said_at=said_at, revision="2")
    return Canned(
        events=[
            *map(Upsert, messages),
            Upsert(edited),
            Tombstone("m2", "deleted by its author", said_at),
            Rejected("message 9", "text: is empty", "{}"),
        ]
    )


def template():
    entries = [
        {"time": "2026-02-01T10:00:00+01:00", "name": "Ana", "words": "Lovely view, cold soup."},
        {"time": "2026-02-02T10:00:00+01:00", "name": "Bo", "words": "The door sticks."},
        {"time": "yesterday", "name": "Cy", "words": "Nice."},
    ]
    return Template(entries=entries, token="s3cret-token")  # noqa: S106 - not a real one


def files(name: str, preset: str | None = None):
    return lambda: Files(path=str(SAMPLES / name), preset=preset, now=NOW)


TestCanned = conformance(canned)
TestTemplate = conformance(template, secrets=["s3cret-token"])
TestSprinklr = conformance(files("sprinklr.csv", "sprinklr"))
TestBrandwatch = conformance(files("brandwatch.csv", "brandwatch"))
TestLinkedin = conformance(files("linkedin.csv", "linkedin"))
TestTranscript = conformance(files("transcript.csv", "transcript"))
TestSubtitles = conformance(files("transcript.vtt", "transcript"))
TestGuessed = conformance(files("linkedin.csv"))
