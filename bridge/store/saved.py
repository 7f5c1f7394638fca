"""The table of saved views."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, select

from bridge.models import WORKSPACE, SavedView


def seen_by(session: Session, account_id: int | None) -> list[SavedView]:
    """Return the views of an account, or of nobody in particular, and those that are shared, by name."""
    found = session.exec(
        select(SavedView).where(
            SavedView.workspace_id == WORKSPACE, col(SavedView.gone).is_(False), _seen(account_id)
        )
    )
    return sorted(found, key=lambda view: (view.name.casefold(), view.id or 0))


def view(session: Session, number: int, account_id: int | None) -> SavedView | None:
    """Return a view that an account may see, also one that is deleted; None if there is none."""
    return session.exec(
        select(SavedView).where(
            SavedView.workspace_id == WORKSPACE, SavedView.id == number, _seen(account_id)
        )
    ).first()


def forget_deleted(session: Session, before: datetime) -> None:
    """Remove what was deleted before a time; it can't be taken back any more."""
    old = col(SavedView.gone).is_(True) & (col(SavedView.at) < before)
    session.execute(delete(SavedView).where(col(SavedView.workspace_id) == WORKSPACE, old))


def leave_to_all(session: Session, account_id: int | None) -> None:
    """Take the shared views from an account that is about to be removed: they stay, and are an admin's."""
    mine = (col(SavedView.account_id) == account_id) & col(SavedView.shared).is_(True)
    session.execute(update(SavedView).where(mine).values(account_id=None))


def _seen(account_id: int | None) -> ColumnElement[bool]:
    return (col(SavedView.account_id) == account_id) | col(SavedView.shared).is_(True)
