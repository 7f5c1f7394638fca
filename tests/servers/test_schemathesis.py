"""Requests that a tool of others invents from our OpenAPI: no fault of ours, and each answer as described.

`make test-servers` installs the tool into a place of its own.
"""

from __future__ import annotations

import itertools
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browsing import serving
from builders import Bench

from bridge.access import tokens

pytestmark = pytest.mark.servers
TOOL = Path(__file__).parents[2] / ".servers" / "schemathesis" / "bin" / "st"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def test_every_answer_to_a_program_is_as_it_is_described(in_topics: Bench, tmp_path: Path):
    assert TOOL.exists(), "the tool is not there: make test-servers installs it"
    in_topics.sync()
    scopes = ("read", "decide", "approve", "audit")
    with in_topics.database.writing() as session:
        now, year = datetime.now(UTC), timedelta(days=365)
        secret = tokens.issue(session, "st", scopes=scopes, now=now, lasts=year).secret
    seconds = itertools.count()

    def clock() -> datetime:  # goes a second on with each look at it, so that no request comes too fast
        return now + timedelta(seconds=next(seconds))

    with serving(in_topics.path, clock, access={"login": ["accounts"]}) as served:
        command = [str(TOOL), "run", f"{served.url}/api/openapi.json", "--checks", ",".join(CHECKS)]
        more = ["--header", f"Authorization: Bearer {secret}", "--seed", "1", "--max-examples", "10"]
        quiet = ["--warnings", "off", "--no-color", "--continue-on-failure"]
        done = subprocess.run(
            [*command, *more, *quiet], check=False, capture_output=True, text=True, timeout=280, cwd=tmp_path
        )

        decided = in_topics.query("SELECT DISTINCT verb FROM decision ORDER BY verb")

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
    assert " passed" in done.stdout
    assert len(decided) >= 3  # it was let in, and came as far as the verbs
