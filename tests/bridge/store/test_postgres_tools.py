from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from bridge.app import App
from bridge.errors import StoreError
from bridge.store import postgres_tools


@pytest.mark.parametrize(
    "url", ["postgresql://u:hush:%5C@db/x", "postgresql://u@db/x?password=hush:%5C&connect_timeout=3"]
)
def test_no_list_of_processes_shows_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str):
    tool = tmp_path / "pg_dump"
    passes = "$(printf '%s' \"$1\" | sed 's/.*passfile=//; s/ .*//')"
    tool.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/words\ncat {passes} > {tmp_path}/passes\n"
    )
    tool.chmod(0o700)
    monkeypatch.setattr(postgres_tools, "_program", lambda _name: str(tool))

    postgres_tools.dump(make_url(url), tmp_path / "copy")

    assert "hush" not in (tmp_path / "words").read_text()
    assert (tmp_path / "passes").read_text() == "*:*:*:*:hush\\:\\\\\n"


def test_the_password_of_a_key_is_refused_in_words_without_it(tmp_path: Path):
    with pytest.raises(StoreError, match="sslpassword would stand") as refused:
        postgres_tools.dump(make_url("postgresql://u@db/x?sslpassword=hush"), tmp_path / "copy")

    assert "hush" not in str(refused.value)


def test_the_password_of_the_store_is_blotted_out_of_logs():
    app = App(flags={"database.url": "postgresql://u:hush%2F1@db/x?sslpassword=still"})

    assert {"hush/1", "hush%2F1", "still"} <= set(app.secrets())
