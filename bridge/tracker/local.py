"""The embedded backlog: a tracker that needs no Jira, in our own database. Its issues are Markdown.

It has no history, and no links: what an issue is linked to stands in its text. So `history` tells of nothing,
and `attach`, `detach` and `join` do nothing. Its one status for each category is the category's own name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from bridge.errors import TrackerGone
from bridge.models import WORKSPACE, BacklogIssue
from bridge.render.markdown import Markdown
from bridge.store.database import Database
from bridge.tracker import Category, Comment, Edit, EvidenceLink, FieldUpdate, Remote

if TYPE_CHECKING:
    from bridge.plan import Draft
    from bridge.render.document import Document
    from bridge.render.format import Format

_STATES: dict[Category, str] = {"new": "open", "indeterminate": "open", "done": "done"}


class LocalTracker:
    """Issues of the embedded backlog. `clock` gives the time that issues are stamped with.

    An issue's comments stand in its row, a line of JSON for each: id, op, text, time.
    """

    name = "local backlog"
    settle_s = 0.0

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self.format: Format = Markdown()

    def ready(self, projects: Collection[str]) -> None:
        """Be ready: every project is there once it has an issue."""

    def find(self, marker: str) -> list[Remote]:
        """Return the issues with this marker, oldest first; they have no other labels."""
        with self._database.reading() as session:
            found = session.exec(
                select(BacklogIssue)
                .where(BacklogIssue.workspace_id == WORKSPACE, BacklogIssue.marker == marker)
                .order_by(col(BacklogIssue.id))
            )
            return [_remote(issue) for issue in found]

    def alike(self, project: str, words: Sequence[str], limit: int) -> list[Remote]:
        """Return issues of a project that aren't done, those first whose titles have most of these words."""
        wanted = {word.casefold() for word in words}
        with self._database.reading() as session:
            rows = session.exec(
                select(BacklogIssue).where(
                    BacklogIssue.workspace_id == WORKSPACE,
                    BacklogIssue.project == project,
                    BacklogIssue.state != "done",
                )
            ).all()
        scored = [(len(wanted & set(row.title.casefold().split())), row) for row in rows]
        best = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1].id))
        return [_remote(row) for _, row in best[:limit]]

    def read(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Return these issues by id."""
        known = [int(issue_id) for issue_id in ids if issue_id.isdecimal()]
        found: dict[str, Remote] = {}
        with self._database.reading() as session:
            for start in range(0, len(known), 500):
                part = known[start : start + 500]
                for issue in session.exec(select(BacklogIssue).where(col(BacklogIssue.id).in_(part))):
                    found[str(issue.id)] = _remote(issue)
        return found

    def look(self, issue_id: str) -> Remote | None:
        """Return one issue whole, by its id or key."""
        with self._database.reading() as session:
            issue = _issue(session, issue_id)
            return _remote(issue, whole=True) if issue else None

    def create(self, draft: Draft, marker: str, op: str) -> Remote:  # noqa: ARG002 - the marker is enough here
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
                body=self.format.wrap(draft.document),
                marker=marker,
                created_at=now,
                updated_at=now,
            )
            session.add(issue)
            session.flush()
            return _remote(issue)

    def update(self, issue_id: str, change: FieldUpdate) -> None:
        """Replace title and description; it has no fields for figures, and no labels."""
        with self._database.writing() as session:
            issue = _there(session, issue_id)
            if change.title is not None:
                issue.title = change.title
            if change.description is not None:
                issue.body = change.description
            issue.updated_at = self._clock()

    def history(self, issue_id: str, since: datetime) -> list[Edit]:  # noqa: ARG002 - the port's shape
        """Return nothing: nobody but the bridge writes here."""
        return []

    def comment(self, issue_id: str, document: Document, op: str) -> str:
        """Add a comment."""
        with self._database.writing() as session:
            issue = _there(session, issue_id)
            rows = _comments(issue)
            at = self._clock()
            row = {"id": str(len(rows) + 1), "op": op, "text": self.format.write(document)}
            _keep(issue, [*rows, row | {"at": at.isoformat()}], at)
            return str(row["id"])

    def edit_comment(self, issue_id: str, comment_id: str, document: Document) -> None:
        """Replace a comment."""
        with self._database.writing() as session:
            issue = _there(session, issue_id)
            rows = _comments(issue)
            if comment_id not in [row["id"] for row in rows]:
                raise TrackerGone(f"{issue.key} has no comment {comment_id}; nothing was changed")
            text = self.format.write(document)
            rows = [row | {"text": text} if row["id"] == comment_id else row for row in rows]
            _keep(issue, rows, self._clock())

    def comments(self, issue_id: str) -> list[Comment]:
        """Return an issue's comments, newest first."""
        with self._database.reading() as session:
            rows = _comments(_there(session, issue_id))
        return [
            Comment(
                id=row["id"],
                op=row["op"],
                text=self.format.plain(row["text"]),
                at=datetime.fromisoformat(row["at"]) if row["at"] else None,
            )
            for row in reversed(rows)
        ]

    def attach(self, issue_id: str, link: EvidenceLink) -> None:
        """Do nothing: the quotes in the issue's text are links."""

    def detach(self, issue_id: str, global_id: str) -> None:
        """Do nothing: the issue's text is written anew without the quote."""

    def join(self, issue_id: str, other_id: str, how: str) -> None:
        """Do nothing: the issue's text names similar topics."""

    def move(self, issue_id: str, category: Category) -> Remote:
        """Open an issue again, or close it."""
        with self._database.writing() as session:
            issue = _there(session, issue_id)
            issue.state, issue.updated_at = _STATES[category], self._clock()
            return _remote(issue)


def _remote(issue: BacklogIssue, *, whole: bool = False) -> Remote:
    return Remote(
        id=str(issue.id),
        key=issue.key,
        url=f"/backlog/{issue.key}",
        project=issue.project,
        title=issue.title,
        status=issue.state,
        category="done" if issue.state == "done" else "new",
        resolved_at=issue.updated_at if issue.state == "done" else None,
        labels=frozenset([issue.marker]),
        updated=issue.updated_at,
        description=issue.body if whole else None,
    )


def _comments(issue: BacklogIssue) -> list[dict[str, Any]]:
    """Read an issue's comments; what an older version wrote is one comment without a time."""
    if issue.comment and not issue.comment.startswith('{"id"'):
        return [{"id": "1", "op": None, "text": issue.comment, "at": None}]
    return [json.loads(line) for line in issue.comment.splitlines()]


def _keep(issue: BacklogIssue, rows: list[dict[str, Any]], at: datetime) -> None:
    # JSON escapes every character that would end a line
    issue.comment = "\n".join(json.dumps(row) for row in rows)
    issue.updated_at = at


def _issue(session: Session, name: str) -> BacklogIssue | None:
    if name.isdecimal():
        return session.get(BacklogIssue, int(name))
    return session.exec(
        select(BacklogIssue).where(BacklogIssue.workspace_id == WORKSPACE, BacklogIssue.key == name)
    ).first()


def _there(session: Session, issue_id: str) -> BacklogIssue:
    issue = _issue(session, issue_id)
    if issue is None:
        raise TrackerGone(f"the local backlog has no issue with id {issue_id}; nothing was changed")
    return issue
