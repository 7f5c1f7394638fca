"""Text in, topics out: topics that keep their identity while feedback keeps coming.

This package knows no database, no network and no clock: texts, vectors and times come in as values.

>>> from topics import Topics
>>> topics = Topics(encoder="hash")  # "default" understands meaning; "hash" knows shared words only
>>> logins = [f"the app crashes at login on {phone}" for phone in "iPhone Pixel Galaxy Moto Xperia".split()]
>>> refunds = [f"still no refund for my {month} order" for month in "May June July March April".split()]
>>> places = topics.add(logins + refunds)
>>> [(theme.number, theme.size) for theme in topics]
[(1, 5), (2, 5)]
>>> topics.add(["the app crashes at login on Nokia"])[0].topic
1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topics.classify import KindClassifier
    from topics.collection import Place, Theme, Topics
    from topics.embed import make_encoder
    from topics.encoders.base import Encoder
    from topics.keywords import keywords
    from topics.measures import measure
    from topics.records import Kind, KindScore, Role
    from topics.similar import nearest_texts
    from topics.titles import title

__all__ = [
    "Encoder",
    "Kind",
    "KindClassifier",
    "KindScore",
    "Place",
    "Role",
    "Theme",
    "Topics",
    "keywords",
    "make_encoder",
    "measure",
    "nearest_texts",
    "title",
]

_HOMES = {
    "Encoder": "encoders.base",
    "Kind": "records",
    "KindClassifier": "classify",
    "KindScore": "records",
    "Place": "collection",
    "Role": "records",
    "Theme": "collection",
    "Topics": "collection",
    "keywords": "keywords",
    "make_encoder": "embed",
    "measure": "measures",
    "nearest_texts": "similar",
    "title": "titles",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module at first use: importing `topics` alone costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'topics' has no attribute {name!r}; it has: {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f"topics.{_HOMES[name]}"), name)
