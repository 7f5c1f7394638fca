"""What can go wrong in topics, classed by what to do about it.

TopicsError               something about topics; the message says what and what next
└── ModelError            a model can't be found, made, loaded or trusted; a person must mend a setting
    ├── UnknownEncoder    no encoder has this name
    └── ModelUnavailable  an endpoint doesn't answer just now; try again at the next tick
"""

from __future__ import annotations


class TopicsError(Exception):
    """Something about topics went wrong; the message says what, and what to do next."""


class ModelError(TopicsError):
    """A model can't be found, made, loaded or trusted; a person must mend a setting."""


class UnknownEncoder(ModelError):  # noqa: N818 - named by what is wrong, as the tree above
    """No encoder has this name."""


class ModelUnavailable(ModelError):  # noqa: N818 - the same
    """A model's endpoint doesn't answer just now; nothing is lost, try again at the next tick."""
