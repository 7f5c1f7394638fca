"""The pages of the embedded backlog: its issues, and one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlmodel import Session

from bridge.models import BacklogIssue
from bridge.store import pages as reads
from bridge.web.errors import NotFound
from bridge.web.paging import SIZE, Paging, paging
from bridge.web.words import Moment, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRow:
    """An issue in a list."""

    key: str
    type: str
    heading: str
    state: str
    topic: str | None
    created: Moment
    updated: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The issues of the embedded backlog."""

    template: ClassVar[str] = "backlog.html"
    title: str = "Backlog"
    rows: list[IssueRow]
    paging: Paging
    tracker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePage:
    """One issue; its body is Markdown, shown as it is written."""

    template: ClassVar[str] = "issue.html"
    title: str
    row: IssueRow
    project: str
    body: str
    comment: str


def backlog(session: Session, now: datetime, page: int, tracker: str) -> Backlog:
    """Build a page of the backlog; raises NotFound beyond its end."""
    place = paging("/backlog", page, reads.issue_count(session))
    topics = reads.topics_of_keys(session)
    found = reads.issues(session, skip=place.skipped, limit=SIZE)
    return Backlog(rows=[_row(issue, topics, now) for issue in found], paging=place, tracker=tracker)


def issue_page(session: Session, now: datetime, key: str) -> IssuePage:
    """Build the page of an issue; raises NotFound."""
    issue = reads.issue(session, key)
    if issue is None:
        raise NotFound(f"the backlog has no issue {key[:80]!r}; its issues are under /backlog")
    return IssuePage(
        title=f"{issue.key} {issue.title}",
        row=_row(issue, reads.topics_of_keys(session), now),
        project=issue.project,
        body=issue.body,
        comment=issue.comment,
    )


def _row(issue: BacklogIssue, topics: dict[str, int], now: datetime) -> IssueRow:
    topic = topics.get(issue.key)
    return IssueRow(
        key=issue.key,
        type=issue.type,
        heading=issue.title,
        state=issue.state,
        topic=f"T-{topic}" if topic else None,
        created=moment(issue.created_at, now),
        updated=moment(issue.updated_at, now),
    )
