"""The cursor: how far each file has been read, and how to know it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from connectors import JSON, Checkpoint

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What we knew of a file when it was last read."""

    size: int  # bytes
    mtime: int  # ns
    sha: str  # SHA-256 of all those bytes: a longer file that begins so was only added to
    row: int  # the last record that is committed
    done: bool  # nothing was left
    settings: str  # digest of the settings
    how: str  # digest of the decisions made from settings and content


@dataclass(slots=True)
class Progress:
    """What has been read in this pull and before; lives only as long as one pull."""

    files: dict[str, Seen] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: JSON | None) -> Progress:
        """Read a cursor; one we can't understand means reading anew, which is safe: items have keys."""
        if not isinstance(cursor, dict) or cursor.get("v") != VERSION:
            return cls()
        entries = cursor.get("files")
        found = entries.items() if isinstance(entries, dict) else ()
        return cls({str(path): seen for path, entry in found if (seen := _seen(entry))})

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint for what has been read until now."""
        return Checkpoint({"v": VERSION, "files": {path: asdict(seen) for path, seen in self.files.items()}})

    def keep(self, paths: Iterable[str]) -> None:
        """Forget files that are gone."""
        kept = set(paths)
        self.files = {path: seen for path, seen in self.files.items() if path in kept}


_TYPES = {"size": int, "mtime": int, "sha": str, "row": int, "done": bool, "settings": str, "how": str}


def _seen(entry: Any) -> Seen | None:
    if not isinstance(entry, dict) or set(entry) != set(_TYPES):
        return None
    if not all(isinstance(entry[name], kind) for name, kind in _TYPES.items()):
        return None
    return Seen(**entry)
