"""What was found out once and needn't be asked again."""

from __future__ import annotations

from sqlmodel import Session

from bridge.models import WORKSPACE, Remembered


def remembered(session: Session, name: str) -> str | None:
    """Return what is remembered under a name."""
    found = session.get(Remembered, (WORKSPACE, name))
    return found.value if found else None


def remember(session: Session, name: str, value: str) -> None:
    """Remember something under a name."""
    row = session.get(Remembered, (WORKSPACE, name)) or Remembered(name=name)
    row.value = value
    session.add(row)
