"""A file as it was when opened: what is written to it later is left for the next time."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import BadSettings, Gone, Transient

BLOCK = 1 << 20


class _Bounded(io.RawIOBase):
    """The first `size` bytes of an open file, from the start; closing it leaves the file open."""

    def __init__(self, file: io.FileIO, size: int) -> None:
        super().__init__()
        file.seek(0)
        self._file, self._size, self._at = file, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        self._file.seek(self._at)
        data = self._file.read(max(0, min(len(view), self._size - self._at)))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open file with its size (bytes) and modification time (ns) at the moment of opening."""

    path: Path
    file: io.FileIO
    size: int
    mtime: int

    def stream(self) -> io.BufferedReader:
        """Return a fresh reader over the bytes there were at opening; one at a time."""
        return io.BufferedReader(_Bounded(self.file, self.size), BLOCK // 4)

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes there were at opening, in pieces of a megabyte."""
        reader = self.stream()
        while block := reader.read(BLOCK):
            yield block

    def digest(self, upto: int) -> str:
        """Return the SHA-256 of the first `upto` bytes, in hexadecimal; "" if there are fewer."""
        if upto > self.size:
            return ""
        digest, left, reader = hashlib.sha256(), upto, self.stream()
        while left and (block := reader.read(min(BLOCK, left))):
            digest.update(block)
            left -= len(block)
        return digest.hexdigest()

    def ends_line_at(self, offset: int) -> bool:
        """Say whether a line ends just before or just after this offset."""
        reader = self.stream()
        reader.seek(max(0, offset - 1))
        around = reader.read(2)
        return offset == 0 or b"\n" in around or b"\r" in around

    def grew(self) -> bool:
        """Say whether the file has become longer since it was opened."""
        return os.fstat(self.file.fileno()).st_size > self.size

    def shrank(self) -> bool:
        """Say whether the file has become shorter since it was opened."""
        return os.fstat(self.file.fileno()).st_size < self.size


@contextmanager
def opened(path: Path) -> Iterator[Snapshot]:
    """Open a regular file; raises `Gone`, `BadSettings` or `Transient` with what to do next."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadSettings(f"{path} is not a regular file; name a file, or a folder of files")
        file = io.FileIO(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Gone(f"{path} isn't there; check the path, or put the file back") from error
    except PermissionError as error:
        raise BadSettings(f"{path} can't be read: give this user permission to read it") from error
    except ValueError as error:
        raise BadSettings(f"{str(path)!r} is not a path: {error}") from error
    except OSError as error:
        raise Transient(
            f"{path} can't be opened now: {error.strerror}; tried again at the next pull"
        ) from error
    with file:
        status = os.fstat(file.fileno())
        yield Snapshot(path, file, status.st_size, status.st_mtime_ns)
