"""What can go wrong in the bridge, and the exit code each of it ends with.

::

    BridgeError               1
    ├── InputError            2    what was named can't be used
    ├── SettingsError         3    a setting is wrong
    ├── StoreError            3    the database can't be used
    ├── ModelError            3    a language model can't be used
    ├── PartialFailure        4    some of the work failed, the rest is done
    ├── TrackerError          5    the tracker can't be reached or refuses
    └── AlreadyRunning        6    another copy is at work

A handler chooses by class, never by text. A message names the thing, the value, the valid values and the next
step. Exit codes that belong to no error: 0 fine, 10 changes are pending (only with ``--detailed-exitcode``),
130 interrupted.
"""

from __future__ import annotations

from typing import ClassVar

EXIT_FINE = 0
EXIT_PENDING = 10
EXIT_INTERRUPTED = 130


class BridgeError(Exception):
    """Something went wrong in the bridge."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message if message is not None else (type(self).__doc__ or "").partition("\n")[0])


class InputError(BridgeError):
    """A file or a value that was named can't be used."""

    exit_code = 2


class SettingsError(BridgeError):
    """A setting is wrong."""

    exit_code = 3

    def __init__(self, *faults: str) -> None:
        super().__init__(_listed(faults))
        self.faults = faults


class StoreError(BridgeError):
    """The database is locked, newer than this program, corrupt, read-only or full."""

    exit_code = 3


class ModelError(BridgeError):
    """A language model is missing or can't be used."""

    exit_code = 3


class PartialFailure(BridgeError):  # noqa: N818 - says what is left of the work, which "error" would hide
    """Some of the work failed; the rest is done."""

    exit_code = 4


class TrackerError(BridgeError):
    """The tracker can't be reached, or it refused."""

    exit_code = 5


class AlreadyRunning(BridgeError):  # noqa: N818 - a state of the world, not a fault
    """Another copy of the bridge is at work on this database."""

    exit_code = 6


def _listed(faults: tuple[str, ...]) -> str | None:
    if len(faults) <= 1:
        return faults[0] if faults else None
    return "\n".join([f"{len(faults)} settings are wrong:", *(f"  - {fault}" for fault in faults)])
