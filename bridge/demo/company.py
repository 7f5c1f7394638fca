"""Generates the sample company: the same items for the same last day and seed, whatever the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from types import MappingProxyType

from bridge.demo import drafts, noise, plan
from bridge.demo.drafts import Draft, Studio
from bridge.demo.library import topics
from bridge.demo.people import Crowd
from bridge.demo.records import Release, SampleCompany, SampleItem, Truth

_FIRST_POST, _POST_STEP = 7_204_118_000_000_000, 1_048_583_211


@lru_cache(maxsize=4)
def generate(end: date, seed: int = 7) -> SampleCompany:
    """Return what was said about the company in the 26 weeks whose last day is `end` (UTC).

    On the last day people speak in its first hour only, so that nothing lies ahead of a run on that day.
    Another `end` moves all times by whole days and changes the dates that people mention; ids stay.
    """
    start = datetime.combine(end, time(), UTC) - timedelta(days=plan.DAYS - 1)
    written = _write(Studio(Random(seed), start, Crowd(Random(seed + 1))))
    ids = _ids(written)
    items = tuple(_item(draft, ids, start) for draft in written)
    night = start + timedelta(seconds=plan.CRISIS_START)
    return SampleCompany(
        items=items,
        releases=tuple(
            Release(fix.topic, fix.version, start + timedelta(seconds=fix.at), fix.helped)
            for fix in plan.SHIPPED
        ),
        topics=MappingProxyType({slug: section.title for slug, section in topics().items()}),
        brand_accounts=noise.BRAND_ACCOUNTS,
        sources=plan.SOURCES,
        crisis=(night, night + timedelta(seconds=plan.CRISIS_SECONDS)),
        loud_author=_loud_author(items),
    )


def _write(studio: Studio) -> list[Draft]:
    heard = drafts.everyday(studio) + drafts.crisis(studio) + drafts.loud(studio)
    other = drafts.chatter(studio) + noise.news(studio) + noise.spam(studio)
    answers = noise.brand_replies(studio, heard) + noise.colleagues(studio, heard)
    return sorted(heard + other + answers + noise.reposts(studio, heard), key=lambda draft: draft.at)


def _ids(written: Sequence[Draft]) -> Mapping[Draft, str]:
    return {draft: _external_id(draft.source, number) for number, draft in enumerate(written, start=1)}


def _external_id(source: str, number: int) -> str:
    return {
        "post": str(_FIRST_POST + number * _POST_STEP),
        "review": f"rev-{number * 7919 % 999_983:06d}",
        "mail": f"<{number * 104_729:08x}@mail.example>",
        "ticket": f"HD-{20_000 + number}",
        "forum": f"p{3_000 + number}",
        "call": f"call-{number:05d}-1",
    }[plan.SOURCES[source]]


def _item(draft: Draft, ids: Mapping[Draft, str], start: datetime) -> SampleItem:
    person, channel = draft.person, plan.SOURCES[draft.source]
    return SampleItem(
        source=draft.source,
        external_id=ids[draft],
        text=draft.said.text,
        said_at=start + timedelta(seconds=draft.at),
        author_id=_author_id(draft),
        author_handle=person.handle if channel in {"post", "review", "forum"} or draft.is_staff else None,
        author_display=None if channel == "call" else person.display.strip(),
        account=person.account if channel in {"mail", "ticket"} else None,
        is_staff=draft.is_staff,
        url=_url(channel, ids[draft]),
        lang=draft.lang,
        is_html=draft.said.is_html,
        parent=ids[draft.parent] if draft.parent else None,
        is_repost=draft.is_repost,
        rating=draft.said.rating,
        truth=_truth(draft, ids),
    )


def _truth(draft: Draft, ids: Mapping[Draft, str]) -> Truth:
    return Truth(
        topic=draft.topic,
        kinds=draft.kinds,
        role=draft.role,
        also=draft.also,
        repost_of=ids[draft.repost_of] if draft.repost_of else None,
    )


def _author_id(draft: Draft) -> str:
    number = draft.person.number
    match plan.SOURCES[draft.source]:
        case "mail":
            return draft.person.address
        case "call":
            return f"caller-{number}"
        case channel:
            return f"{channel}-{number}"


def _url(channel: str, external_id: str) -> str | None:
    plain = re.sub(r"[<>]", "", external_id)
    return {
        "post": f"https://social.example/ternwing/status/{plain}",
        "review": f"https://apps.example/ternwing/reviews/{plain}",
        "ticket": f"https://help.ternwing.example/tickets/{plain}",
        "forum": f"https://community.ternwing.example/posts/{plain}",
        "call": f"https://calls.ternwing.example/recordings/{plain}",
    }.get(channel)


def _loud_author(items: Sequence[SampleItem]) -> str:
    counts: dict[str, int] = {}
    for item in items:
        if item.truth.topic == "plastic-waste" and item.truth.repost_of is None:
            counts[item.author_id] = counts.get(item.author_id, 0) + 1
    return max(counts, key=lambda author: counts[author])
