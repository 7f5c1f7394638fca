"""The tracker port: all that the bridge asks of an issue tracker. Effects go through `ledger`.

Every verb that writes either returns, or raises one of two families: a `TrackerError` says that nothing
happened; `InDoubt` says that it may have. Nothing here tries again by itself what writes: the ledger does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from bridge.marks import marker

if TYPE_CHECKING:
    from bridge.plan import Draft
    from bridge.render.document import Document
    from bridge.render.format import Format

__all__ = [
    "Category",
    "Comment",
    "Edit",
    "EvidenceLink",
    "FieldUpdate",
    "Joined",
    "Remote",
    "Tracker",
    "Version",
    "marker",
]

Category = Literal["new", "indeterminate", "done"]
"""What every workflow's statuses come down to."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version that an issue is fixed in; `on` is the day of its release, or the planned one."""

    name: str
    released: bool = False
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """A link from an issue to another one: the other's id and key, and the name of the kind of link."""

    id: str
    key: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """An issue as the tracker has it. `id` never changes; `key` and `project` may, when it is moved.

    `description` and `figures` are there only when it was looked at by itself (`Tracker.look`).
    """

    id: str
    key: str
    url: str | None = None
    project: str = ""
    title: str = ""
    status: str = ""
    category: Category = "new"
    resolution: str | None = None
    resolved_at: datetime | None = None
    versions: tuple[Version, ...] = ()
    assignee: str | None = None
    labels: frozenset[str] = frozenset()
    joined: tuple[Joined, ...] = ()
    updated: datetime | None = None
    archived: bool = False
    description: Any = None
    figures: Mapping[str, Any] = field(default_factory=dict)  # by our names: reach, mentions, topic, …

    @property
    def is_done(self) -> bool:
        """Whether its status is of the category done."""
        return self.category == "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUpdate:
    """Fields to set; what is None or empty stays. `description` is native to the tracker's format."""

    title: str | None = None
    description: Any = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    add_labels: tuple[str, ...] = ()
    remove_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change of one field in an issue's history. Texts are as the tracker's history shows them."""

    field: str  # title · description · labels · status · another's own name
    before: str
    after: str
    at: datetime
    ours: bool  # made by the account that we log in with


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment. `op` names the effect of ours that wrote it, None for other people's."""

    id: str
    op: str | None
    text: str  # plain
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLink:
    """A link from an issue to what a customer said. The same `global_id` again replaces it."""

    global_id: str
    url: str
    title: str
    summary: str = ""


class Tracker(Protocol):
    """What a tracker can do."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def format(self) -> Format:
        """What its descriptions and comments are written in."""
        ...

    @property
    def settle_s(self) -> float:
        """How long its index may lag behind, in seconds."""
        ...

    def ready(self, projects: Collection[str]) -> None:
        """Prove that we are logged in and see these projects; raises `TrackerError` naming what is wrong."""
        ...

    def find(self, marker: str) -> list[Remote]:
        """Return the issues that carry this label, oldest first. Goes by the index, which may lag."""
        ...

    def alike(self, project: str, words: Sequence[str], limit: int) -> list[Remote]:
        """Return issues of a project that aren't done and have these words, the likeliest first."""
        ...

    def read(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Return these issues by id, those that can't be seen left out."""
        ...

    def look(self, issue_id: str) -> Remote | None:
        """Return one issue whole, by its id or key, past the index; None if it can't be seen."""
        ...

    def create(self, draft: Draft, marker: str, op: str) -> Remote:
        """Open an issue that carries marker and op in the same request."""
        ...

    def update(self, issue_id: str, change: FieldUpdate) -> None:
        """Set fields; the same twice is the same once."""
        ...

    def history(self, issue_id: str, since: datetime) -> list[Edit]:
        """Return what was changed in an issue since a time, oldest first."""
        ...

    def comment(self, issue_id: str, document: Document, op: str) -> str:
        """Add a comment that carries op; return its id."""
        ...

    def edit_comment(self, issue_id: str, comment_id: str, document: Document) -> None:
        """Replace a comment of ours."""
        ...

    def comments(self, issue_id: str) -> list[Comment]:
        """Return an issue's comments, newest first, past the index."""
        ...

    def attach(self, issue_id: str, link: EvidenceLink) -> None:
        """Add or replace a link to what a customer said."""
        ...

    def detach(self, issue_id: str, global_id: str) -> None:
        """Take such a link away; none there is fine."""
        ...

    def join(self, issue_id: str, other_id: str, how: str) -> None:
        """Link two issues, unless they are linked so already."""
        ...

    def move(self, issue_id: str, category: Category) -> Remote:
        """Bring an issue into a status of this category by its workflow; return it as it is then."""
        ...
