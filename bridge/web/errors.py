"""What can go wrong in answering a request.

::

    PageError          the request can't be answered as it was put
    ├── BadQuery       400  a value in the address is none that we know
    └── NotFound       404  there is no such thing
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class PageError(Exception):
    """The request can't be answered as it was put."""

    status: ClassVar[int] = 400


class BadQuery(PageError):  # noqa: N818 - named as what it is in the address
    """A value in the address is none that we know."""

    def __init__(self, name: str, value: str, valid: Iterable[str]) -> None:
        super().__init__(f"{name}={value[:80]!r} is not known here; valid: {', '.join(valid)}")


class NotFound(PageError):  # noqa: N818 - the name of its status
    """There is no such thing."""

    status = 404
