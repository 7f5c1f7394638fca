"""What customers say at the sample company, before it has ids: one draft for each item."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from bridge.demo import plan
from bridge.demo.library import Section, Text, sections, topics
from bridge.demo.people import Crowd, Person, happens
from bridge.demo.records import Role
from bridge.demo.slots import slots
from bridge.demo.voice import FORMS, Said, Speaker, suits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """One item to be: who says what, where and how many seconds after the start."""

    at: int
    source: str
    person: Person
    said: Said
    lang: str
    topic: str | None = None
    kinds: tuple[str, ...] = ("other",)
    also: str | None = None
    role: Role = "customer"
    parent: Draft | None = None
    repost_of: Draft | None = None
    is_repost: bool = False
    is_staff: bool = False


@dataclass(slots=True)
class Studio:
    """Writes drafts from the hand-written texts, the least used first."""

    rng: Random
    start: datetime  # the midnight before the first item, UTC
    crowd: Crowd
    used: Counter[Text] = field(default_factory=Counter)

    def speak(
        self, section: Section, text: Text, source: str, at: int, person: Person | None = None
    ) -> Draft:
        """Let somebody say a text in a channel at a time."""
        is_repeat = self.used[text] > 0
        self.used[text] += 1
        writer = person or self.crowd.writer(text.lang, source, is_new=is_repeat)
        values = slots(self.rng, writer, self.start + timedelta(seconds=at))
        channel = plan.SOURCES[source]
        said = FORMS[channel](Speaker(self.rng, writer, section, text, values, is_repeat, channel))
        is_topic = section.slug in topics()
        return Draft(
            at=at,
            source=source,
            person=writer,
            said=said,
            lang=text.lang,
            topic=section.slug if is_topic else None,
            kinds=text.kinds,
            also=text.also,
        )

    def pick(self, section: Section, source: str, forms: frozenset[str]) -> Text:
        """Choose one of the least used texts that suit the channel."""
        channel = plan.SOURCES[source]
        fitting = [t for t in section.texts if t.form in forms and suits(t, channel) and not self._is_worn(t)]
        if not fitting:
            raise ValueError(
                f"the sample has no text on {section.slug!r} for {source!r} in the forms {sorted(forms)}"
            )
        fewest = min(self.used[text] for text in fitting)
        return self.rng.choice([text for text in fitting if self.used[text] == fewest])

    def _is_worn(self, text: Text) -> bool:
        """Say whether a text is used up: only English has enough details to say a thing twice differently."""
        return text.lang != "en" and self.used[text] > 0


def everyday(studio: Studio) -> list[Draft]:
    """Let customers speak of every topic at its times."""
    drafts = []
    for slug, section in topics().items():
        for at in plan.moments(studio.rng, slug):
            source = plan.channel(studio.rng, slug, at)
            text = studio.pick(section, source, _forms(slug, at))
            drafts.append(studio.speak(section, text, source, at))
    return drafts


def crisis(studio: Studio) -> list[Draft]:
    """Let everybody speak of the check-in outage in one night."""
    section = topics()["checkin-outage"]
    drafts = []
    for at in sorted(plan.crisis_moment(studio.rng) for _ in range(plan.CRISIS_ITEMS)):
        source = plan.channel(studio.rng, section.slug, at)
        text = studio.pick(section, source, _crisis_forms(at))
        drafts.append(studio.speak(section, text, source, at))
    return drafts


def loud(studio: Studio) -> list[Draft]:
    """Let one person post forty times about plastic, each text once, over nearly the whole time."""
    section = topics()["plastic-waste"]
    person = replace(studio.crowd.newcomer("en"), casing="plain", is_bare=False)
    texts = [text for text in section.texts if text.form == "loud"]
    weeks = [3 + number * (plan.WEEKS - 4) // plan.LOUD_ITEMS for number in range(plan.LOUD_ITEMS)]
    return [
        studio.speak(section, text, "x-mentions", plan.moment(studio.rng, week), person)
        for text, week in zip(texts, weeks, strict=True)
    ]


def chatter(studio: Studio) -> list[Draft]:
    """Let customers say things that are about no topic."""
    section = sections("others")["chatter"]
    drafts = []
    for text in section.texts:
        at = plan.moment(studio.rng, studio.rng.randrange(plan.WEEKS))
        is_open = at >= plan.FORUM_WEEK * 7 * plan.DAY
        source = "community-forum" if is_open and happens(studio.rng, 0.4) else "x-mentions"
        drafts.append(studio.speak(section, text, source, at))
    return drafts


def _crisis_forms(at: int) -> frozenset[str]:
    midnight = (plan.CRISIS_START // plan.DAY + 1) * plan.DAY
    return frozenset({"", "night"} if at >= midnight else {""})


def _forms(slug: str, at: int) -> frozenset[str]:
    late = {"again"} if plan.is_late(slug, at) else set()
    match slug:
        case "plastic-waste":
            return frozenset({"other"})
        case "checkin-outage":
            return frozenset({"calm"} | late)
        case _:
            return frozenset({"", "mail", "call"} | late)
