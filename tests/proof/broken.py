"""The program with one part that breaks when the file `break` comes to be: for drills.

    python tests/proof/broken.py scheduler|hang|hold serve --port 0

`scheduler`: the scheduler's thread dies. `hang`: the next pull waits for ever. `hold`: it does so in foreign
code that keeps the interpreter's lock, so that no other thread of the process runs again.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.__main__ import main

BREAK = Path("break")


def _before(owner: Any, name: str, do: Callable[[], object]) -> None:
    """Let a method do something else first once the file is there."""
    real = getattr(owner, name)

    def breaking(*given: Any, **named: Any) -> Any:
        if BREAK.exists():
            do()
        return real(*given, **named)

    setattr(owner, name, breaking)


def _die() -> None:
    raise SystemExit


def break_part(part: str) -> None:
    """Prepare the fault."""
    from apscheduler.schedulers.background import BackgroundScheduler

    from connectors.files import Files

    if part == "scheduler":
        _before(BackgroundScheduler, "_process_jobs", _die)
    elif part == "hang":
        _before(Files, "pull", threading.Event().wait)
    elif part == "hold":
        _before(Files, "pull", lambda: ctypes.PyDLL(None).sleep(10**6))
    else:
        sys.exit(f"no such part: {part}")


if __name__ == "__main__":
    break_part(sys.argv.pop(1))
    main()
