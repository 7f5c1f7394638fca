"""How the program ends when something is wrong: a message on stderr, an exit code, no traceback."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.errors import EXIT_INTERRUPTED, BridgeError


@contextmanager
def ending() -> Iterator[None]:
    """Turn faults into messages and exit codes."""
    try:
        yield
    except BridgeError as error:
        _end(str(error), error.exit_code)
    except SystemExit as end:  # Typer's own endings: it says nothing about an interrupt
        if end.code == EXIT_INTERRUPTED:
            _end("interrupted; what was done so far is saved, run again to go on", EXIT_INTERRUPTED)
        if isinstance(end.__context__, BrokenPipeError):
            sys.exit(0)  # whoever read us has left
        _flush()
        raise
    except KeyboardInterrupt:
        _end("interrupted; what was done so far is saved, run again to go on", EXIT_INTERRUPTED)
    except BrokenPipeError:
        _flush()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last door: whatever comes here is our own fault
        _foreseen(error)
        if "FEEDBACK_BRIDGE_TRACEBACK" in os.environ:
            traceback.print_exc()
        _end(
            f"unexpected fault: {type(error).__name__}: {error}\n"
            "This is a bug. Set FEEDBACK_BRIDGE_TRACEBACK=1, run again, and report what it says.",
            1,
        )


def _flush() -> None:
    """Write what is still held back; if whoever read us has left, let it go, as the exit would complain."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _foreseen(error: Exception) -> None:
    """End with a plain message if the fault is one of the packages below us, or of the machine."""
    from connectors.errors import ConnectorError
    from topics.errors import TopicsError

    if isinstance(error, ConnectorError):
        _end(str(error), 2)
    if isinstance(error, TopicsError):
        _end(str(error), 3)
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        _end(f"{name}{error.strerror or error}; nothing that was committed is lost", 3)


def _end(message: str, code: int) -> None:
    _flush()
    print(f"feedback-bridge: {message}", file=sys.stderr)
    sys.exit(code)
