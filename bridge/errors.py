"""What can go wrong in the bridge, and the exit code each of it ends with.

::

    BridgeError               1
    ├── InputError            2    what was named can't be used
    ├── SettingsError         3    a setting is wrong
    ├── StoreError            3    the database can't be used
    ├── ModelError            3    a language model can't be used
    ├── PartialFailure        4    some of the work failed, the rest is done
    ├── TrackerError          5    the tracker can't be reached or refuses: nothing happened there
    │   ├── TrackerDenied          we are not logged in, or may not do it: nothing more is tried
    │   ├── TrackerGone            the issue can't be seen: deleted, moved out of sight, or archived
    │   ├── TrackerThrottled       we are asked to wait
    │   └── TrackerUnreachable     no connection came about
    ├── InDoubt               5    the tracker may have done it, or not
    ├── SendError             5    a digest can't be sent: nothing went out
    └── AlreadyRunning        6    another copy is at work

A handler chooses by class, never by text. A message names the thing, the value, the valid values and the next
step. Exit codes that belong to no error: 0 fine, 10 changes are pending (only with ``--detailed-exitcode``),
130 interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

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
    """The tracker can't be reached, or it refused; nothing happened there. `fields`: what it said of each."""

    exit_code = 5

    def __init__(self, message: str | None = None, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


class TrackerDenied(TrackerError):  # noqa: N818 - says what is the case
    """The tracker doesn't know us, or we may not do this; no other call would fare better."""


class TrackerGone(TrackerError):  # noqa: N818 - says what is the case
    """The issue can't be seen: deleted, or not for us to see."""


class TrackerUnreachable(TrackerError):  # noqa: N818 - says what is the case
    """No connection to the tracker came about, so nothing was sent."""


class TrackerThrottled(TrackerError):  # noqa: N818 - says what is the case
    """The tracker asks us to wait: `after` seconds, with this issue, this kind of call, or everything."""

    def __init__(
        self, message: str, *, after: float, scope: Literal["issue", "endpoint", "site"] = "site"
    ) -> None:
        super().__init__(message)
        self.after = after
        self.scope = scope


class InDoubt(BridgeError):  # noqa: N818 - a state of knowledge, not a fault
    """The tracker may have done what we asked, or not; only reading can tell."""

    exit_code = 5


class SendError(BridgeError):
    """A digest can't be sent, or was refused: nothing went out."""

    exit_code = 5


class AlreadyRunning(BridgeError):  # noqa: N818 - a state of the world, not a fault
    """Another copy of the bridge is at work on this database."""

    exit_code = 6


def _listed(faults: tuple[str, ...]) -> str | None:
    if len(faults) <= 1:
        return faults[0] if faults else None
    return "\n".join([f"{len(faults)} settings are wrong:", *(f"  - {fault}" for fault in faults)])
