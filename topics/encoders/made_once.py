"""Files that are made once and kept in a cache folder, and never trusted without their checksum."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)


def made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the content of `path`, made by `make` if it isn't there whole.

    Beside the file lies its sha256. A missing, half-written or damaged file is made anew. A folder that can't
    be written costs the making at each start, and a warning, but nothing else.
    """
    content = _read_whole(path)
    if content is not None:
        return content
    content = make()
    try:
        _write(path, content)
    except OSError as error:
        log.warning(
            "the cache %s can't be written (%s); the model stays in memory and is made again at each start",
            path.parent,
            error.strerror or type(error).__name__,
        )
    return content


def _read_whole(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
        expected = _checksum_path(path).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if hashlib.sha256(content).hexdigest() == expected:
        return content
    log.warning("%s is damaged or half written; it is made anew", path)
    return None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # the checksum comes last: a crash between the two leaves a file that isn't trusted
    _replace(path, content)
    _replace(_checksum_path(path), hashlib.sha256(content).hexdigest().encode())


def _checksum_path(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
