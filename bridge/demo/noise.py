"""What isn't a new voice of a customer: brand replies, colleagues, a news bot, spam and reposts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.demo import plan
from bridge.demo.drafts import Draft, Studio
from bridge.demo.library import Text, sections
from bridge.demo.people import Person, happens
from bridge.demo.records import Role
from bridge.demo.slots import slots
from bridge.demo.voice import Said, fill

BRAND_ACCOUNTS = ("ternwing", "ternwing_help", "ternwing_team")
_BRAND_IN = {"x-mentions": "ternwing_help", "app-reviews": "ternwing", "community-forum": "ternwing_team"}
_COMMENTS = ("This!", "Same here.", "So true", "☝️", "What they said:")
_REPLIES, _NEWS, _REPOSTS, _AGENT_NOTES = 72, 50, 36, 14


def brand_replies(studio: Studio, heard: list[Draft]) -> list[Draft]:
    """Let the brand answer some customers, mostly on the subject, and post its own news."""
    texts = sections("others")["brand"].texts
    answerable = [draft for draft in heard if draft.source in _BRAND_IN and draft.topic != "plastic-waste"]
    replies = [_reply(studio, draft, texts) for draft in studio.rng.sample(answerable, _REPLIES)]
    return replies + [_announcement(studio, text) for text in texts if text.form.startswith("day")]


def colleagues(studio: Studio, heard: list[Draft]) -> list[Draft]:
    """Let agents note things on tickets, and two employees write in the forum under their own names."""
    texts = sections("others")["staff"].texts
    tickets = [draft for draft in heard if draft.source == "help-desk"]
    agents = (_figure("henrik.care", "Henrik Dahl", 31), _figure("latifa.care", "Latifa Benali", 32))
    notes = [
        _aside(
            studio,
            studio.rng.choice(agents),
            studio.rng.choice([t for t in texts if t.form == "agent"]),
            ticket,
        )
        for ticket in studio.rng.sample(tickets, _AGENT_NOTES)
    ]
    crew = (_figure("maren_on_board", "Maren Ulvestad", 33), _figure("petros_apps", "Petros Kallas", 34))
    own = []
    for number, text in enumerate(text for text in texts if not text.form):
        at = plan.moment(studio.rng, plan.FORUM_WEEK + number * 2)
        own.append(_plain(studio, crew[number % 2], text, "community-forum", at, "employee"))
    return notes + [replace(draft, is_staff=True) for draft in own]


def news(studio: Studio) -> list[Draft]:
    """Let a bot post headlines with links, on the hour."""
    bot = _figure("airroute_alerts", "Air Route Alerts", 41)
    texts = sections("others")["news"].texts
    drafts = []
    for number in range(_NEWS):
        text = texts[number % len(texts)]
        week = number * plan.WEEKS // _NEWS
        at = _set_time(text) or plan.moment(studio.rng, week) // plan.HOUR * plan.HOUR + 3
        if text.form and number >= len(texts):
            continue
        drafts.append(_plain(studio, bot, text, "x-mentions", at, "bot"))
    return drafts


def spam(studio: Studio) -> list[Draft]:
    """Let three machines and some strangers advertise."""
    machines = (
        _figure("best_deals_4u", "Best Deals", 51),
        _figure("claimz_now", "Claimz", 52),
        _figure("ez_cash_77", "EZ", 53),
    )
    texts = sections("others")["spam"].texts
    drafts = []
    for number, text in enumerate(texts * 2):
        at = plan.moment(studio.rng, 1 + number)
        source = (
            "community-forum" if at >= plan.FORUM_WEEK * 7 * plan.DAY and number % 3 == 0 else "x-mentions"
        )
        is_stranger = number % 6 == 5  # noqa: PLR2004 - every sixth is posted by a person
        author = studio.crowd.newcomer("en") if is_stranger else machines[number % 3]
        drafts.append(_plain(studio, author, text, source, at, "customer" if is_stranger else "bot"))
    return drafts


def reposts(studio: Studio, heard: list[Draft]) -> list[Draft]:
    """Let people repeat the posts of others: marked reposts, copies by hand, quotations."""
    posts = [draft for draft in heard if draft.source == "x-mentions" and draft.topic and draft.lang == "en"]
    posts = [draft for draft in posts if len(draft.said.text) < 240]  # noqa: PLR2004 - room for "RT @name:"
    night = [
        draft for draft in posts if plan.in_crisis(draft.at) and draft.at < plan.CRISIS_START + 7 * plan.HOUR
    ]
    usual = [
        draft for draft in posts if not plan.in_crisis(draft.at) and draft.at < (plan.DAYS - 4) * plan.DAY
    ]
    favourites = studio.rng.sample(night, 8)
    stormy = [_repost(studio, studio.rng.choice(favourites), 100 * 60) for _ in range(plan.CRISIS_REPOSTS)]
    return stormy + [_repost(studio, draft, 2 * plan.DAY) for draft in studio.rng.sample(usual, _REPOSTS)]


def _reply(studio: Studio, draft: Draft, texts: tuple[Text, ...]) -> Draft:
    general = [t for t in texts if t.lang == draft.lang and not t.also and not t.form]
    on_topic = [t for t in texts if t.lang == draft.lang and t.also == draft.topic]
    text = studio.rng.choice(on_topic if on_topic and happens(studio.rng, 0.7) else general)
    account = _figure(_BRAND_IN[draft.source], "Ternwing", 21)
    at = min(draft.at + studio.rng.randrange(4 * 60, 9 * plan.HOUR), _last_second(draft))
    reply = _plain(studio, account, text, draft.source, at, "brand", to=draft.person)
    return replace(reply, parent=draft, is_staff=draft.source != "x-mentions")


def _announcement(studio: Studio, text: Text) -> Draft:
    account = _figure("ternwing", "Ternwing", 22)
    return _plain(studio, account, text, "x-mentions", _set_time(text) or 0, "brand")


def _aside(studio: Studio, agent: Person, text: Text, ticket: Draft) -> Draft:
    at = min(ticket.at + studio.rng.randrange(plan.HOUR, 30 * plan.HOUR), _last_second(ticket))
    note = _plain(studio, agent, text, "help-desk", at, "employee", to=ticket.person)
    return replace(note, parent=ticket, is_staff=True)


def _repost(studio: Studio, original: Draft, within: int) -> Draft:
    rng = studio.rng
    person = studio.crowd.writer(original.lang, "x-mentions")
    words, handle = original.said.text, original.person.handle
    shape = rng.choices(("marked", "rt", "copy", "quote", "comment"), (35, 25, 18, 10, 12))[0]
    text = {
        "marked": f"RT @{handle}: {words}",
        "rt": f"RT @{handle}: {words}",
        "copy": words,
        "quote": f"“{words}” via @{handle}",
        "comment": f"{rng.choice(_COMMENTS)} RT @{handle}: {words}",
    }[shape]
    return replace(
        original,
        at=original.at + rng.randrange(60, within),
        person=person,
        said=Said(text),
        repost_of=original,
        parent=original if shape == "marked" else None,
        is_repost=shape == "marked",
    )


def _plain(
    studio: Studio, author: Person, text: Text, source: str, at: int, role: Role, *, to: Person | None = None
) -> Draft:
    values = slots(studio.rng, to or author, studio.start + timedelta(seconds=at))
    said = Said(fill(text.text, values))
    return Draft(at=at, source=source, person=author, said=said, lang=text.lang, role=role, kinds=("other",))


def _set_time(text: Text) -> int | None:
    if not text.form.startswith("day"):
        return None
    day, hour = text.form.removeprefix("day").split(".")
    return int(day) * plan.DAY + int(hour) * plan.HOUR + 7 * 60


def _last_second(draft: Draft) -> int:
    return max(draft.at + 60, (plan.DAYS - 1) * plan.DAY + plan.HOUR)


def _figure(handle: str, name: str, number: int) -> Person:
    first, _, last = name.partition(" ")
    return Person(
        number=number,
        first=first,
        last=last,
        handle=handle,
        lang="en",
        casing="plain",
        typos=0.0,
        is_bare=False,
        phone="iPhone 14",
        account=None,
    )
