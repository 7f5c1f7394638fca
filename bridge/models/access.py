"""Who may come in: accounts, their sessions, and tokens for programs. Secrets are kept as hashes only."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from bridge.models.base import UtcDateTime, moment, own_id, ref, workspace


class UserAccount(SQLModel, table=True):
    """Somebody who may log in, and the role that says what they may do."""

    __tablename__: ClassVar[str] = "user_account"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name"),
        UniqueConstraint("workspace_id", "issuer", "subject"),
    )
    id: int | None = own_id()
    workspace_id: int = workspace()
    name: str  # small letters: what is typed at login, or the e-mail address that the identity provider tells
    role: str  # viewer · triager · approver · admin · auditor
    way: str  # password · oidc · proxy: how this account logs in, and no other
    password_hash: str | None = None
    issuer: str | None = None  # with `subject`: who this is at the identity provider, since the first login
    subject: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_login_at: datetime | None = moment()
    disabled_at: datetime | None = moment()  # since when it is kept out


class UserSession(SQLModel, table=True):
    """A login that holds until it is ended, left alone too long, or too old."""

    __tablename__: ClassVar[str] = "user_session"
    id: int | None = own_id()
    workspace_id: int = workspace()
    account_id: int = ref("user_account.id", index=True, ondelete="CASCADE")
    key_hash: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class ApiToken(SQLModel, table=True):
    """A secret by which a program does some of what its owner may; without an owner, what its scopes say."""

    __tablename__: ClassVar[str] = "api_token"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)
    id: int | None = own_id()
    workspace_id: int = workspace()
    account_id: int | None = ref("user_account.id", default=None, index=True, ondelete="CASCADE")
    name: str
    key_hash: str = Field(unique=True)
    scopes: Any = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = moment()
