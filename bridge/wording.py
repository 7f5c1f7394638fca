"""Rules in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bridge.config.model import Rule, Settings

DOES: Final[Mapping[str, str]] = {
    "review": "propose a ticket for review",
    "shadow": "say that a ticket would be made, and make none",
    "automatic": "make a ticket",
}
"""What a rule does, by its mode."""


def rule_rows(settings: Settings) -> list[dict[str, str]]:
    """Return name, mode and sentence of each rule in the order they are asked, the policy last."""
    return [
        {
            "rule": rule.name if rule else "policy",
            "mode": (rule.mode if rule else None) or settings.policy.mode,
            "says": _sentence(settings, rule),
        }
        for rule in (*settings.rules, None)
    ]


def cap(settings: Settings) -> str:
    """Say how many tickets are made in a day at most."""
    most = settings.policy.max_creates_per_day
    return f"At most {most} tickets a day." if most else "No daily cap."


def _sentence(settings: Settings, rule: Rule | None) -> str:
    when = settings.create_when(rule)
    does = DOES[(rule.mode if rule else None) or settings.policy.mode]
    whom = [
        f"{name} {' or '.join(values)}"
        for name in ("kinds", "sources", "languages", "words")
        if rule and (values := getattr(rule.when, name))
    ]
    scope = f"for {', '.join(whom)}" if whom else "for every topic" if rule else "for all other topics"
    kinds = " or ".join(settings.policy.kinds)
    return (
        f"{scope}, {does} of a {kinds} when {when.people} people said it "
        f"in {when.within_days} days, confidence at least {when.confidence:g}."
    )
