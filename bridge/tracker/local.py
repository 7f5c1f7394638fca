"""The embedded backlog: a tracker that needs no Jira, in our own database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from bridge.errors import TrackerError
from bridge.models import WORKSPACE, BacklogIssue
from bridge.plan import Draft
from bridge.store.database import Database
from bridge.tracker import Remote


class LocalTracker:
    """Issues of the embedded backlog. `clock` gives the time that issues are stamped with."""

    name = "local backlog"

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def find(self, marker: str) -> list[Remote]:
        """Return the issues with this marker, oldest first."""
        with self._database.reading() as session:
            found = session.exec(
                select(BacklogIssue)
                .where(BacklogIssue.workspace_id == WORKSPACE, BacklogIssue.marker == marker)
                .order_by(col(BacklogIssue.id))
            )
            return [_remote(issue) for issue in found]

    def create(self, draft: Draft, marker: str) -> Remote:
        """Add an issue with the next key of its project."""
        now = self._clock()
        with self._database.writing() as session:
            count = session.exec(
                select(func.count()).select_from(BacklogIssue).where(BacklogIssue.project == draft.project)
            ).one()
            issue = BacklogIssue(
                key=f"{draft.project}-{count + 1}",
                project=draft.project,
                type=draft.type,
                title=draft.title,
                body=draft.body,
                marker=marker,
                created_at=now,
                updated_at=now,
            )
            session.add(issue)
            session.flush()
            return _remote(issue)

    def read(self, issue_id: str) -> Remote | None:
        """Return an issue by its id."""
        with self._database.reading() as session:
            issue = session.get(BacklogIssue, int(issue_id))
            return _remote(issue) if issue else None

    def update(self, issue_id: str, draft: Draft) -> None:
        """Replace title and body."""
        with self._database.writing() as session:
            issue = _there(session, issue_id)
            issue.title, issue.body, issue.updated_at = draft.title, draft.body, self._clock()

    def comment(self, issue_id: str, text: str) -> None:
        """Replace our comment."""
        with self._database.writing() as session:
            _there(session, issue_id).comment = text

    def finish(self, issue_id: str) -> None:
        """Mark an issue done."""
        with self._database.writing() as session:
            _there(session, issue_id).state = "done"


def _remote(issue: BacklogIssue) -> Remote:
    return Remote(str(issue.id), issue.key, f"/backlog/{issue.key}", issue.state == "done")


def _there(session: Session, issue_id: str) -> BacklogIssue:
    issue = session.get(BacklogIssue, int(issue_id))
    if issue is None:
        raise TrackerError(f"the local backlog has no issue with id {issue_id}; nothing was changed")
    return issue
