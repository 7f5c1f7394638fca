"""What may be told of an unforeseen fault: never its message, which may hold what a customer said."""

from __future__ import annotations

import traceback


def kind_and_place(error: BaseException) -> str:
    """Return a fault's kind and the line that raised it, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {'/'.join(frames[-1].filename.split('/')[-2:])}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
