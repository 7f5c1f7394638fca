"""What a rule says about a topic's ticket. Pure: touches nothing, knows no clock and no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bridge.config.model import Policy, Rule, Settings

Mode = Literal["review", "shadow", "automatic"]

NO_SUBJECT = "its members share no subject; give it a name (topics rename), or take apart what is in it"
"""Why no ticket is proposed for "General complaints"."""
PROVED = 0.6
"""The confidence at which a topic that was born in a cold start has proved to be one theme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicView:
    """A topic as the rules see it."""

    number: int
    title: str
    kind: str
    state: str
    confidence: float
    reach: int
    people_within: Mapping[int, int]  # days → distinct people
    sources: frozenset[str]
    languages: frozenset[str]
    words: frozenset[str]  # of title and keywords, lower case
    ticket_state: str | None  # of its latest ticket
    snoozed: bool = False  # and not yet over
    born_cold: bool = False
    has_subject: bool = True  # or a name that a person gave it


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRule:
    """The rule that a topic falls under, with what `[policy]` adds where the rule is silent."""

    name: str
    mode: Mode
    people: int
    within_days: int
    confidence: float
    project: str
    type: str
    also: tuple[str, ...] = ()  # further projects that get a ticket too


@dataclass(frozen=True, slots=True)
class Nothing:
    """Leave it, and why."""

    topic: int
    reason: str


@dataclass(frozen=True, slots=True)
class Propose:
    """Ask a person."""

    topic: int
    rule: AppliedRule
    reason: str


@dataclass(frozen=True, slots=True)
class WouldCreate:
    """In shadow mode: say it, do nothing."""

    topic: int
    rule: AppliedRule
    reason: str


@dataclass(frozen=True, slots=True)
class Create:
    """Open a ticket, by policy or because a person approved it."""

    topic: int
    rule: AppliedRule
    reason: str


@dataclass(frozen=True, slots=True)
class Keep:
    """The ticket stands; bring its figures up to date."""

    topic: int
    reason: str


@dataclass(frozen=True, slots=True)
class Watch:
    """The ticket is done; see whether the complaint comes back."""

    topic: int
    reason: str


Decision = Nothing | Propose | WouldCreate | Create | Keep | Watch


def decide(topic: TopicView, settings: Settings) -> Decision:
    """Say what should happen to a topic's ticket."""
    held = _held(topic)
    if held:
        return Nothing(topic.number, held)
    if topic.ticket_state in ("open", "done"):
        is_open = topic.ticket_state == "open"
        return (
            Keep(topic.number, "has an open ticket") if is_open else Watch(topic.number, "its ticket is done")
        )
    rule = rule_for(topic, settings)
    if topic.ticket_state == "approved":
        return Create(topic.number, rule, "approved by a person")
    if topic.ticket_state is not None:
        return Nothing(topic.number, _TICKET_SAYS[topic.ticket_state])
    short = _falls_short(topic, rule, settings.policy)
    if short:
        return Nothing(topic.number, short)
    asked = topic.people_within[rule.within_days]
    reason = f"{asked} people in {rule.within_days} days, confidence {topic.confidence:.2f}"
    match rule.mode:
        case "review":
            return Propose(topic.number, rule, reason)
        case "shadow":
            return WouldCreate(topic.number, rule, reason)
        case "automatic":
            return Create(topic.number, rule, reason)


_TICKET_SAYS = {
    "proposed": "waits for a person's review",
    "rejected": "a person rejected its ticket",
}


def _held(topic: TopicView) -> str:
    if topic.state == "ignored":
        return "ignored by a person"
    if topic.state.startswith("merged"):
        return "merged into another topic"
    if topic.snoozed:
        return "snoozed by a person"
    return ""


def _falls_short(topic: TopicView, rule: AppliedRule, policy: Policy) -> str:
    if topic.kind not in policy.kinds:
        return f"kind {topic.kind} makes no tickets (policy.kinds)"
    people = topic.people_within[rule.within_days]
    if people < rule.people:
        return f"{people} people in {rule.within_days} days, {rule.people} needed"
    if not topic.has_subject:
        return NO_SUBJECT
    if topic.confidence < rule.confidence:
        return f"confidence {topic.confidence:.2f}, {rule.confidence:.2f} needed"
    if topic.born_cold and topic.confidence < PROVED:
        short = f"confidence {topic.confidence:.2f}, {PROVED:.2f} needed"
        return f"born in a cold start and not proved yet: {short}"
    return ""


def rule_for(topic: TopicView, settings: Settings) -> AppliedRule:
    """Return the first rule that fits a topic; `[policy]` is the last."""
    rule = next((rule for rule in settings.rules if _fits(topic, rule)), None)
    when = settings.create_when(rule)
    return AppliedRule(
        name=rule.name if rule else "policy",
        mode=(rule.mode if rule else None) or settings.policy.mode,
        people=when.people,
        within_days=when.within_days,
        confidence=when.confidence,
        project=(rule.project if rule else None) or "",
        type=(rule.type if rule else None) or "",
        also=rule.also if rule else (),
    )


def _fits(topic: TopicView, rule: Rule) -> bool:
    when = rule.when
    words = {word.casefold() for word in when.words}
    return (
        (not when.kinds or topic.kind in when.kinds)
        and (not when.sources or bool(topic.sources & set(when.sources)))
        and (not when.languages or bool(topic.languages & set(when.languages)))
        and (not words or bool(topic.words & words))
    )


def windows(settings: Settings) -> tuple[int, ...]:
    """Return the lengths, in days, of all windows that the rules count people in."""
    return tuple(sorted({settings.create_when(rule).within_days for rule in (None, *settings.rules)}))


def within_cap(decisions: Sequence[Decision], *, created_today: int, cap: int) -> list[Decision]:
    """Hold creates back beyond the daily cap (0: none), in the order given: the widest reach first."""
    left = max(cap - created_today, 0) if cap else len(decisions)
    kept: list[Decision] = []
    for decision in decisions:
        if isinstance(decision, Create):
            if left == 0:
                kept.append(
                    Nothing(decision.topic, f"held back: policy.max_creates_per_day = {cap} is used up")
                )
                continue
            left -= 1
        kept.append(decision)
    return kept
