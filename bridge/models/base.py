"""What all tables are made of: the workspace, times in UTC, keys and names of constraints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlmodel import Field, SQLModel

WORKSPACE = 1
"""The one workspace there is now."""

SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; a naive one is refused, because guessing its zone would shift it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time to UTC; SQLite stores it without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone; times in the store are aware UTC"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only in INTEGER PRIMARY KEY


def own_id() -> Any:
    """Return a primary key that counts up."""
    return Field(default=None, primary_key=True, sa_type=BigId)


def ref(
    column: str,
    *,
    default: Any = ...,
    primary_key: bool = False,
    index: bool = False,
    ondelete: Literal["CASCADE"] | None = None,
) -> Any:
    """Return a reference to a column of another table."""
    more: dict[str, Any] = {"ondelete": ondelete} if ondelete else {}
    return Field(
        default=default, foreign_key=column, sa_type=BigId, primary_key=primary_key, index=index, **more
    )


def workspace(*, primary_key: bool = False) -> Any:
    """Return the reference to the workspace a row belongs to."""
    return ref("workspace.id", default=WORKSPACE, primary_key=primary_key)


def moment(*, index: bool = False) -> Any:
    """Return a column with a time that may be missing."""
    return Field(default=None, sa_type=UtcDateTime, index=index)


def anything() -> Any:
    """Return a column with JSON."""
    return Field(default_factory=dict, sa_type=JSON)


def long_text(default: str | None = "") -> Any:
    """Return a column with a text of any length."""
    return Field(default=default, sa_type=Text)
