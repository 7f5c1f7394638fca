"""A store with topics on either database, and a digest of any size without a store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import NOW, Bench

from bridge.digest.records import Digest, Ended, Entry, Failing, Place, Section, Waiting
from bridge.digest.sending import Sender
from bridge.models import Mirror, Ticket

BASE = "https://feedback.acme.example"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_kind(request: pytest.FixtureRequest) -> str:
    """The kind of store."""
    kind: str = request.param
    return kind


def place(path: str) -> Place:
    return Place(f"{BASE}{path}", f"{BASE}{path}")


def entry(text: str = "Bags arrive late", number: int = 1, **more: Any) -> Entry:
    told = {"kind": "problem", "people": 41, "mentions": 63, "since": 3, "sign": "▲ growing ×3.1"}
    where = {"source": text[:120], "place": place(f"/topics/T-{number}")}
    return Entry(topic=f"T-{number}", title=text[:120], quote=text[:220], **{**told, **where, **more})


def digest(text: str = "Bags arrive late", *, size: int = 1, **more: Any) -> Digest:
    """Return a digest that says one text wherever somebody's text can stand."""
    names = (("new", "New"), ("growing", "Growing"), ("back", "Came back"))
    parts = {
        "sections": tuple(
            Section(
                name=name,
                title=title,
                entries=tuple(entry(text, n + 1) for n in range(size)),
                more=2,
                known=1,
                path="/review",
                place=place("/review"),
            )
            for name, title in names
        ),
        "waiting": (Waiting(tab="new", title="to approve or reject", count=5, place=place("/review")),),
        "ended": tuple(
            Ended(
                topic="T-4",
                title=text[:120],
                key=text[:120],
                href="https://acme.example/browse/WEB-4",
                state="released",
                people=12,
                place=place("/topics/T-4"),
            )
            for _ in range(size)
        ),
        "failing": tuple(Failing(source=text[:120], state="failing", error=text[:200]) for _ in range(size)),
    }
    rest = {"ended_more": 1, "failing_more": 1, "sources": place("/sources")}
    return Digest(since=NOW - timedelta(days=1), until=NOW, **{**parts, **rest, **more})


def sender(bench: Bench, now: datetime = NOW) -> Sender:
    return Sender(bench.database, bench.settings, now)


def end_ticket(bench: Bench, topic: int, at: datetime, **more: Any) -> None:
    """Let a topic have a ticket that was done at a time."""
    with bench.database.writing() as session:
        ticket = Ticket(topic=topic, state="done", tracker="local", key=f"FB-{topic}", proposed_at=at)
        session.add(ticket)
        session.flush()
        session.add(Mirror(**{"ticket_id": ticket.id, "category": "done", "done_at": at, **more}))
