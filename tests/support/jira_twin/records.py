"""What the twin keeps: people, projects, issues and what happened to them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One committed effect: the oracle of every test."""

    number: int
    at: datetime
    kind: str
    issue_id: str
    detail: dict[str, Any]
    request_id: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that reached the socket.

    `status` is None where no answer left; `committed` is what the site answered, None where it never did.
    """

    number: int
    method: str
    path: str
    query: dict[str, list[str]]
    status: int | None
    route: str
    fault: str = ""
    committed: int | None = None
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with an account."""

    account_id: str
    name: str
    display: str
    email: str


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, and in which request."""

    user: User
    request_id: str


@dataclass(frozen=True, slots=True)
class IssueType:
    """An issue type of one project."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Status:
    """A status with the key of its category: new, indeterminate or done."""

    id: str
    name: str
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A way into a status; `sources` None is anywhere, `screen` says what it asks, true for what it needs."""

    id: str
    name: str
    to: str
    sources: tuple[str, ...] | None = None
    screen: dict[str, bool] = field(default_factory=dict)
    resolution: str | None = None
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field; its kind is string, textarea, number, date, datetime, option, labels, user, versions …"""

    id: str
    name: str
    kind: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a project."""

    id: str
    name: str
    released: bool = False
    release_date: str | None = None


@dataclass(slots=True, kw_only=True)
class Project:
    """A project with its own types, workflow, fields and permissions of the bot."""

    id: str
    key: str
    name: str
    style: str = "company"
    kind: str = "software"
    types: list[IssueType] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    fields: dict[str, Field] = field(default_factory=dict)
    required: dict[str, dict[str, str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    versions: list[Version] = field(default_factory=list)
    archived: bool = False
    gone: bool = False
    count: int = 0

    def status(self, name: str) -> Status:
        """Return the status of this name or id."""
        return next(one for one in self.statuses if name in {one.name, one.id})

    def type(self, name: str) -> IssueType | None:
        """Return the type of this name or id, None for a strange one."""
        return next(
            (one for one in self.types if name == one.id or name.casefold() == one.name.casefold()), None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment; a changed one is a new record."""

    id: str
    author: User
    body: Any
    created: datetime
    updated: datetime
    update_author: User
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteLink:
    """A link to a page elsewhere; unique by issue and globalId."""

    id: int
    global_id: str | None
    application: dict[str, Any]
    relationship: str | None
    object: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """A link of two issues: the source duplicates (blocks, …) the target."""

    id: str
    type: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One entry of a changelog."""

    id: str
    author: User
    created: datetime
    items: tuple[dict[str, Any], ...]


@dataclass(slots=True, kw_only=True)
class Issue:
    """An issue as stored; values are replaced, never changed in place: a shallow copy is a picture."""

    id: str
    key: str
    project: str
    type: str
    status: str
    category: str
    created: datetime
    updated: datetime
    creator: User
    fields: dict[str, Any] = field(default_factory=dict)
    resolution: str | None = None
    resolved: datetime | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    remote_links: list[RemoteLink] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    history: list[History] = field(default_factory=list)
    old_keys: list[str] = field(default_factory=list)
    archived: bool = False
    deleted: bool = False

    @property
    def labels(self) -> list[str]:
        """The labels, as stored."""
        return list(self.fields.get("labels") or [])

    def picture(self) -> Issue:
        """Return a copy that later changes don't touch."""
        return dataclasses.replace(
            self,
            fields=dict(self.fields),
            properties=dict(self.properties),
            comments=list(self.comments),
            remote_links=list(self.remote_links),
            links=list(self.links),
            history=list(self.history),
            old_keys=list(self.old_keys),
        )
