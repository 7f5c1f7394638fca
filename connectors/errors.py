"""What can go wrong in a channel, classed by what to do about it.

::

    ConnectorError            something about a channel; the message says what and what next
    ├── Throttled             come back after `retry_after_s`; nothing is lost
    ├── Transient             try again at the next tick
    ├── AuthExpired           a person must renew the credentials
    ├── Gone                  the account, file or page isn't there any more; a person must look
    └── BadSettings           the settings can't work; a person must mend them
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Something about a channel went wrong; the message says what, and what to do next."""


class Throttled(ConnectorError):  # noqa: N818 - named by what to do, as the tree above
    """The channel asks us to come back later."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Transient(ConnectorError):  # noqa: N818 - the same
    """The channel failed in a way that passes; the next pull goes on from the saved cursor."""


class AuthExpired(ConnectorError):  # noqa: N818 - the same
    """The credentials are not accepted any more; a person must renew them."""


class Gone(ConnectorError):  # noqa: N818 - the same
    """What we read isn't there any more; a person must look."""


class BadSettings(ConnectorError):  # noqa: N818 - the same
    """The settings of this source can't work; a person must mend them."""
