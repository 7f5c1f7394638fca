"""The sample company holds what it promises, measured from its items alone."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.demo.company import generate
from bridge.demo.library import THEMES, Section, sections, topics
from bridge.demo.records import SampleCompany, SampleItem

END = date(2026, 3, 19)
KINDS = {"problem", "request", "question", "praise", "other"}
CUSTOMERS_LANGS = {"en", "de", "fr", "es", "pt"}


@pytest.fixture(scope="module")
def company() -> SampleCompany:
    return generate(END)


def digest(company: SampleCompany) -> str:
    return hashlib.sha256(repr([asdict(item) for item in company.items]).encode()).hexdigest()


def week_of(item: SampleItem) -> int:
    """Weeks from 1 to 26."""
    return (item.said_at.date() - (END - timedelta(days=181))).days // 7 + 1


def voices(company: SampleCompany, topic: str) -> list[SampleItem]:
    """What customers said on a topic, without reposts."""
    return [i for i in company.items if i.truth.topic == topic and i.truth.repost_of is None]


def per_week(company: SampleCompany, topic: str) -> list[int]:
    counts = Counter(week_of(item) for item in voices(company, topic))
    return [counts[week] for week in range(1, 27)]


def test_there_are_enough_items_over_exactly_twenty_six_weeks(company: SampleCompany) -> None:
    days = [item.said_at.date() for item in company.items]

    assert 900 <= len(company.items) <= 1100
    assert (min(days), max(days)) == (END - timedelta(days=26 * 7 - 1), END)
    assert list(company.items) == sorted(company.items, key=lambda item: item.said_at)
    assert all(item.said_at.utcoffset() == timedelta(0) for item in company.items)


def test_nothing_on_the_last_day_is_said_after_its_first_hours(company: SampleCompany) -> None:
    early = datetime.combine(END, time(3), UTC)

    assert max(item.said_at for item in company.items) < early


def test_six_channels_speak_and_the_forum_only_from_week_fourteen(company: SampleCompany) -> None:
    first = {name: min(week_of(i) for i in company.items if i.source == name) for name in company.sources}

    assert len(set(company.sources.values())) == len(company.sources) == 6
    assert first.pop("community-forum") == 14
    assert max(first.values()) <= 3


def test_about_eight_in_a_hundred_items_are_not_in_english(company: SampleCompany) -> None:
    langs = Counter(item.lang for item in company.items)

    assert set(langs) == CUSTOMERS_LANGS
    assert 0.05 < 1 - langs["en"] / len(company.items) < 0.12


def test_the_texts_were_written_by_hand_in_great_number() -> None:
    texts = [text for section in topics().values() for text in section.texts]

    assert len({text.text for text in texts}) == len(texts) >= 600
    assert len(topics()) >= 22


def test_ids_are_unique_over_all_channels(company: SampleCompany) -> None:
    assert len({item.external_id for item in company.items}) == len(company.items)


def test_the_truth_refers_to_what_exists(company: SampleCompany) -> None:
    by_id = {item.external_id: item for item in company.items}

    for item in company.items:
        truth = item.truth
        assert {truth.topic, truth.also} - {None} <= set(company.topics)
        assert truth.kinds
        assert set(truth.kinds) <= KINDS
        assert (truth.role == "customer") or truth.topic is None
        assert truth.repost_of is None or by_id[truth.repost_of].truth.kinds == truth.kinds
        assert item.parent is None or by_id[item.parent].said_at <= item.said_at


def test_every_topic_is_spoken_of(company: SampleCompany) -> None:
    assert all(len(voices(company, topic)) >= 8 for topic in company.topics)


def test_no_text_repeats_another_by_accident(company: SampleCompany) -> None:
    originals = [item for item in company.items if item.truth.repost_of is None]
    seen = Counter(re.sub(r"\W+", " ", item.text.casefold()) for item in originals)

    assert sum(count - 1 for count in seen.values()) / len(originals) < 0.03


def test_no_slot_is_left_open_and_no_text_is_empty(company: SampleCompany) -> None:
    assert not [item.text for item in company.items if "{" in item.text or not item.text.strip()]
    assert max(len(item.text) for item in company.items if item.source == "x-mentions") < 340


def test_a_hundred_and_twenty_posts_fall_into_nine_hours_of_one_night(company: SampleCompany) -> None:
    start, end = company.crisis
    outage = [item for item in company.items if item.truth.topic == "checkin-outage"]
    night = [item for item in outage if start <= item.said_at < end]

    assert end - start == timedelta(hours=9)
    assert (END - start.date()).days == 63
    assert 110 <= len(night) <= 130
    assert len({item.author_id for item in night}) > 90
    assert len(outage) - len(night) < 20


def test_the_first_fix_helped(company: SampleCompany) -> None:
    fix = next(release for release in company.releases if release.helped)
    before, after = _six_weeks_around(company, fix.topic, fix.released_at)

    assert before >= 20
    assert after < 0.4 * before


def test_the_second_fix_did_not_help(company: SampleCompany) -> None:
    fix = next(release for release in company.releases if not release.helped)
    before, after = _six_weeks_around(company, fix.topic, fix.released_at)

    assert before >= 14
    assert 0.75 < after / before < 1.33


def test_a_topic_dies_and_returns_after_many_quiet_weeks(company: SampleCompany) -> None:
    weeks = per_week(company, "wallet-pass")

    assert sum(weeks[:8]) > 15
    assert sum(weeks[8:21]) == 0
    assert all(weeks[21:])


def test_a_topic_grows_slowly(company: SampleCompany) -> None:
    weeks = per_week(company, "refund-slow")

    assert sum(weeks[13:]) > 1.7 * sum(weeks[:13]) > 0


def test_a_topic_comes_with_the_holidays(company: SampleCompany) -> None:
    weeks = per_week(company, "family-seats")
    holidays = weeks[4:7] + weeks[18:22]

    assert sum(holidays) > 0.75 * sum(weeks)


def test_a_topic_is_new_in_the_last_three_weeks(company: SampleCompany) -> None:
    weeks = per_week(company, "passport-scan")

    assert sum(weeks[:23]) == 0
    assert weeks[23] < weeks[25]


def test_a_new_channel_brings_hidden_demand(company: SampleCompany) -> None:
    wishes = voices(company, "bike-booking")

    assert len(wishes) >= 25
    assert sum(item.source == "community-forum" for item in wishes) > 0.8 * len(wishes)
    assert sum(week_of(item) < 14 for item in wishes) <= 1


def test_one_loud_person_makes_most_of_one_subject(company: SampleCompany) -> None:
    said = voices(company, "plastic-waste")
    loud = [item for item in said if item.author_id == company.loud_author]

    assert len(loud) == len({item.text for item in loud}) == 40
    assert len({item.author_id for item in said}) < 12
    assert sum(item.author_id == company.loud_author for item in company.items) == 40


def test_the_brand_speaks_only_through_its_accounts(company: SampleCompany) -> None:
    brand = [item for item in company.items if item.truth.role == "brand"]

    assert len(brand) >= 60
    assert {item.author_handle for item in brand} <= set(company.brand_accounts)
    assert all(
        i.author_handle not in company.brand_accounts for i in company.items if i.truth.role != "brand"
    )
    assert sum("problem" in item.text for item in brand) >= 5


def test_a_news_bot_posts_links_and_nothing_else(company: SampleCompany) -> None:
    news = [item for item in company.items if item.author_handle == "airroute_alerts"]

    assert len(news) >= 40
    assert all("https://" in item.text and item.truth.role == "bot" for item in news)


def test_employees_are_told_by_the_channel(company: SampleCompany) -> None:
    staff = [item for item in company.items if item.truth.role == "employee"]

    assert len({item.author_id for item in staff}) >= 2
    assert all(item.is_staff for item in staff)
    assert not any(item.is_staff for item in company.items if item.truth.role in {"customer", "bot"})


def test_reposts_bear_the_words_of_their_original_after_it(company: SampleCompany) -> None:
    by_id = {item.external_id: item for item in company.items}
    reposts = [item for item in company.items if item.truth.repost_of]

    assert 50 <= len(reposts) <= 80
    for item in reposts:
        original = by_id[item.truth.repost_of or ""]
        assert original.text in item.text
        assert original.said_at < item.said_at
    assert 0 < sum(item.is_repost for item in reposts) < len(reposts)


def test_no_two_people_of_a_channel_share_a_handle(company: SampleCompany) -> None:
    customers = [item for item in company.items if item.author_handle and item.truth.role != "brand"]

    pairs = {(item.source, item.author_handle, item.author_id) for item in customers}
    assert len({(source, handle) for source, handle, _ in pairs}) == len(pairs)


def test_people_write_in_two_channels_and_keep_their_name(company: SampleCompany) -> None:
    where = defaultdict(set)
    for item in company.items:
        if item.author_handle and item.truth.role == "customer":
            where[item.author_handle].add(item.source)

    assert sum(len(sources) > 1 for sources in where.values()) >= 10


def test_letters_have_signatures_quoted_replies_and_html(company: SampleCompany) -> None:
    letters = [item for item in company.items if item.source == "support-mail"]

    assert sum("wrote:" in item.text for item in letters) >= 10
    assert sum(item.is_html and item.text.startswith("<html>") for item in letters) >= 15
    assert all(item.is_html == item.text.startswith("<html>") for item in company.items)


def test_only_reviews_carry_stars_and_unhappy_ones_few(company: SampleCompany) -> None:
    rated = [item for item in company.items if item.rating is not None]

    assert {item.source for item in rated} == {"app-reviews"}
    assert all(0 <= (item.rating or 0) <= 1 for item in rated)
    assert all((i.rating or 0) <= 0.25 for i in rated if i.truth.kinds == ("problem",))


def test_some_items_make_two_points(company: SampleCompany) -> None:
    assert sum(len(item.truth.kinds) > 1 for item in company.items) >= 10
    assert any(item.truth.also for item in company.items)


def test_the_same_day_and_seed_give_the_same_bytes(company: SampleCompany) -> None:
    generate.cache_clear()

    assert digest(generate(END)) == digest(company)
    assert digest(generate(END, seed=8)) != digest(company)


@settings(max_examples=5, deadline=None)
@given(days=st.integers(min_value=-3000, max_value=3000))
def test_another_end_moves_all_times_by_whole_days_and_keeps_ids(days: int) -> None:
    here, there = generate(END).items, generate(END + timedelta(days=days)).items

    assert [item.external_id for item in here] == [item.external_id for item in there]
    assert {b.said_at - a.said_at for a, b in zip(here, there, strict=True)} == {timedelta(days=days)}
    assert [item.truth for item in here] == [item.truth for item in there]
    assert [item.author_id for item in here] == [item.author_id for item in there]


@pytest.mark.parametrize("seed", range(5))
def test_other_seeds_tell_the_same_story(seed: int) -> None:
    company = generate(END, seed)
    start, end = company.crisis

    assert 900 <= len(company.items) <= 1100
    assert sum(per_week(company, "wallet-pass")[8:21]) == 0
    assert sum(start <= item.said_at < end for item in voices(company, "checkin-outage")) == 96


def test_all_text_files_can_be_read() -> None:
    read: list[Section] = [s for name in (*THEMES, "others", "dressing") for s in sections(name).values()]

    assert all(section.texts for section in read)
    assert {text.also for section in read for text in section.texts} - {None} <= set(topics())


def _six_weeks_around(company: SampleCompany, topic: str, released_at: datetime) -> tuple[int, int]:
    span = timedelta(weeks=6)
    times = [item.said_at for item in voices(company, topic)]
    before = sum(released_at - span <= at < released_at for at in times)
    return before, sum(released_at <= at < released_at + span for at in times)
