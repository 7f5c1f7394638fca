"""The records that pass between the rooms of `topics`. Frozen; times are aware UTC; text is normalised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a statement is. The first that fits wins, in this order."""

    PROBLEM = "problem"  # something went wrong or disappoints, also as question, sarcasm or plea
    REQUEST = "request"  # asks for something that isn't there, or proposes a change
    QUESTION = "question"  # only wants information
    PRAISE = "praise"
    OTHER = "other"  # news, ads, spam, small talk, staff


class Role(StrEnum):
    """Who speaks. Only customers count."""

    CUSTOMER = "customer"
    EMPLOYEE = "employee"
    BRAND = "brand"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Span:
    """One statement: a piece of an item's clean text, `text == clean[start:end]`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class KindScore:
    """The kind of one statement with the calibrated probability of each kind; `score == scores[kind]`."""

    kind: Kind
    score: float
    scores: Mapping[Kind, float]
