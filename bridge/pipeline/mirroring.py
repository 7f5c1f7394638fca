"""Reading back: what became of the issues of our tickets. Reads the tracker, writes what we know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from sqlmodel import Session, col, select

from bridge.errors import TrackerDenied, TrackerError, TrackerThrottled, TrackerUnreachable
from bridge.models import Mirror, Ticket, Topic
from bridge.pipeline.context import Context
from bridge.store import tickets as store
from bridge.store import topics as topic_store
from bridge.store.audit import record
from bridge.tracker import Remote, Tracker, Version

COPY = "duplicate"
_OF_TICKETS = frozenset({"in review", "tracked", "done", "released", "recurred", "new", "dormant"})


@dataclass(frozen=True, slots=True)
class Seen:
    """How many issues were looked at, how many had changed, and the tickets whose project is out of reach."""

    looked: int
    changed: int
    blind: tuple[Ticket, ...] = ()


class Sight:
    """Which projects can be worked in; each is asked for at most once."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._faults: dict[str, str] = {}

    def fault(self, project: str) -> str:
        """Say what keeps us out of a project, "" if nothing; raises `TrackerError` if it can't be asked."""
        if project not in self._faults:
            try:
                self._tracker.ready([project])
                self._faults[project] = ""
            except (TrackerDenied, TrackerThrottled, TrackerUnreachable):
                raise
            except TrackerError as error:
                self._faults[project] = str(error)
        return self._faults[project]

    @property
    def faults(self) -> list[str]:
        """What was found wrong."""
        return list(filter(None, self._faults.values()))


def read_back(context: Context, tracker: Tracker, sight: Sight | None = None) -> Seen:
    """Look at the issue of every ticket, a hundred a call, and keep what changed.

    No issue is believed gone while its whole project is out of reach. Raises `TrackerError` when the tracker
    can't be read; then nothing is believed gone.
    """
    with context.database.reading() as session:
        tickets = store.with_issue(session, context.settings.tracker)
    ids = sorted({ticket.remote_id for ticket in tickets if ticket.remote_id}, key=_number)
    found = tracker.read(ids) if ids else {}
    missing = [ticket for ticket in tickets if ticket.remote_id not in found]
    sight = sight or Sight(tracker)  # before anything is believed gone: are we who we think we are?
    blind = tuple(ticket for ticket in missing if sight.fault(ticket.project))
    hidden, changed = {ticket.id for ticket in blind}, 0
    for start in range(0, len(tickets), 500):
        with context.database.reading() as session:
            part = tickets[start : start + 500]
            known = mirrors(session, part)
            due = [
                t
                for t in part
                if t.id not in hidden and _differs(known.get(t.id or 0), t, found.get(t.remote_id or ""))
            ]
        changed += len(due)
        if due:
            with context.database.writing() as session:
                main = topic_store.tickets(session)
                for ticket in due:
                    seen = _keep(session, context, ticket.id or 0, found.get(ticket.remote_id or ""))
                    if seen is not None:
                        _tell_topic(session, seen, main)
    return Seen(len(ids), changed, blind)


def _number(issue_id: str) -> tuple[int, str]:
    return (int(issue_id), "") if issue_id.isdecimal() else (0, issue_id)


def _differs(mirror: Mirror | None, ticket: Ticket, remote: Remote | None) -> bool:
    if mirror is None or mirror.stale:
        return True
    if remote is None:
        return mirror.gone_at is None
    shown = (remote.key, remote.project or ticket.project)
    return (ticket.key, ticket.project) != shown or _facts(mirror) != _facts_of(remote)


def _facts(mirror: Mirror) -> tuple[Any, ...]:
    return (
        mirror.status,
        mirror.category,
        mirror.resolution,
        mirror.assignee,
        mirror.archived,
        mirror.copy_of,
        mirror.versions,
        mirror.gone_at is None,
    )


def _facts_of(remote: Remote) -> tuple[Any, ...]:
    return (
        remote.status,
        remote.category,
        remote.resolution,
        remote.assignee,
        remote.archived,
        _copy_of(remote),
        [_version(v) for v in remote.versions],
        True,
    )


def _version(version: Version) -> dict[str, Any]:
    on = version.on.isoformat() if version.on else None
    return {"name": version.name, "released": version.released, "on": on}


def _copy_of(remote: Remote) -> str | None:
    """Return the issue that it was closed as a duplicate of."""
    if not remote.is_done:
        return None
    said = COPY in (remote.resolution or "").casefold()
    others = [joined.key for joined in remote.joined if COPY in joined.how.casefold()]
    return others[0] if others and said else None


def _keep(
    session: Session, context: Context, ticket_id: int, remote: Remote | None
) -> tuple[Ticket, Mirror] | None:
    """Keep how an issue stands; return its ticket if it is there to be seen."""
    ticket = session.get(Ticket, ticket_id)
    if ticket is None:
        return None
    mirror = session.get(Mirror, ticket_id) or Mirror(ticket_id=ticket_id)
    session.add(mirror)
    mirror.stale, mirror.seen_at = False, context.now
    if remote is None:
        if mirror.gone_at is None:
            mirror.gone_at = context.now
            record(session, context.now, "bridge", "issue gone", f"T-{ticket.topic}", {"key": ticket.key})
        return None
    was_done = mirror.category == "done"
    _take(mirror, remote, context.now)
    ticket.key, ticket.url = remote.key, remote.url or ticket.url
    ticket.project = remote.project or ticket.project
    ticket.state = "done" if remote.is_done else "open"
    if was_done != remote.is_done:
        what = "issue done" if remote.is_done else "issue open again"
        record(session, context.now, "bridge", what, f"T-{ticket.topic}", {"key": ticket.key})
    return ticket, mirror


def _take(mirror: Mirror, remote: Remote, now: datetime) -> None:
    mirror.gone_at = None
    mirror.status, mirror.category = remote.status, remote.category
    mirror.resolution, mirror.resolved_at = remote.resolution, remote.resolved_at
    mirror.assignee, mirror.archived, mirror.updated = remote.assignee, remote.archived, remote.updated
    mirror.copy_of = _copy_of(remote)
    mirror.versions = [_version(version) for version in remote.versions]
    if not remote.is_done:
        mirror.done_at = mirror.released_at = None
        return
    mirror.done_at = mirror.done_at or remote.resolved_at or now
    mirror.released_at = _released(remote, mirror.released_at, now)


def _released(remote: Remote, known: datetime | None, now: datetime) -> datetime | None:
    """Return when all its versions were out: the day the tracker names, or when we first saw it."""
    out = remote.versions and all(version.released for version in remote.versions)
    if not out:
        return None
    days = [version.on for version in remote.versions if version.on is not None]
    if days:
        return min(datetime.combine(max(days), time(tzinfo=UTC)), now)
    return known or now


def _tell_topic(session: Session, seen: tuple[Ticket, Mirror], main: Mapping[int, Ticket]) -> None:
    """Bring the topic's state into line with its main ticket (by topic); what a person set stays."""
    ticket, mirror = seen
    own = topic_store.topic(session, ticket.topic)
    topic: Topic | None = topic_store.topic(session, own.root) if own else None
    if topic is None or ticket.also_of is not None or topic.state not in _OF_TICKETS:
        return
    latest = main.get(topic.number)
    if latest is None or latest.id != ticket.id:
        return
    if mirror.category != "done":
        topic.state = "recurred" if topic.state == "recurred" else "tracked"
    elif mirror.released_at is not None:
        topic.state = "released"
    else:
        topic.state = "done"


def mirrors(session: Session, tickets: Sequence[Ticket]) -> Mapping[int, Mirror]:
    """Return what is known of the issues of these tickets, by ticket."""
    keys = [ticket.id for ticket in tickets if ticket.id is not None]
    found: dict[int, Mirror] = {}
    for start in range(0, len(keys), 5000):
        rows = session.exec(select(Mirror).where(col(Mirror.ticket_id).in_(keys[start : start + 5000])))
        found.update({mirror.ticket_id: mirror for mirror in rows})
    return found
