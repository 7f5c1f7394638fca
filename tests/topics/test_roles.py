from __future__ import annotations

import csv
import dataclasses
import os
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.near import fingerprints
from topics.normalise import normalise, plain
from topics.records import Role
from topics.roles import AuthorStats, PostSignals, judge, signals

NOBODY: frozenset[str] = frozenset()
HEADLINE = "@AirBlue CEO weighs profits, flyers - Harbour Daily News https://t.example/a1"
OWN_WORDS = "@AirBlue my flight is late again https://t.example/a1"


def stats_of(*posts: str, addressed_by: int = 0, distinct_texts: int = 0) -> AuthorStats:
    stats = AuthorStats(addressed_by=addressed_by, distinct_texts=distinct_texts)
    for post in posts:
        stats = stats.plus(signals(post))
    return stats


def role_of(
    stats: AuthorStats, *, handle: str | None = "ann", brands: frozenset[str] = NOBODY, staff: bool = False
) -> Role:
    return judge(handle, stats, brand_accounts=brands, is_staff=staff)[0]


@pytest.mark.parametrize(
    "text",
    [
        "I waited",
        "i’m waiting",
        "WHERE IS MY BAG",
        "Mein Koffer fehlt",
        "J'attends ma valise",
        "Mi maleta",
        "Cadê minha mala",
        "help us",
    ],
)
def test_the_first_person_is_seen_in_five_languages(text: str):
    assert signals(text).first_person


@pytest.mark.parametrize(
    "text",
    ["Flights to the US resume", "Airline opens base in MA", "@me and @my_own", "https://i.example/my"],
)
def test_abbreviations_handles_and_links_are_no_first_person(text: str):
    assert not signals(text).first_person


@pytest.mark.parametrize(
    ("text", "is_headline"),
    [
        (HEADLINE, True),
        ("Airline Opens Seven New Routes Across Europe https://t.example/x", True),
        ("Airline opens seven new routes across Europe https://t.example/x", False),
        ("Airline Opens Seven New Routes Across Europe", False),
        ("Why Does Your Airline Lose Every Suitcase https://t.example/x", False),
        ("My Suitcase Was Lost Between Three Airports https://t.example/x", False),
        ("sunset over the wing https://t.example/x", False),
    ],
)
def test_a_headline_has_a_link_and_nobody_in_it(text: str, is_headline: bool):
    assert signals(text).is_headline is is_headline


def test_addressed_accounts_and_replies_are_seen():
    found = signals(".@AirBlue and @Delta, write to me@example.org @airblue")

    assert (found.addressed, found.is_reply) == (("airblue", "delta"), True)
    assert not signals("thanks @AirBlue").is_reply


@given(st.integers(0, 63))
def test_signals_survive_the_way_through_a_number(mask: int):
    assert PostSignals.from_mask(mask).mask == mask


def test_the_bits_of_the_mask_never_change_their_meaning():
    assert PostSignals(has_link=True).mask == 1
    assert PostSignals(is_apology=True).mask == 32
    assert PostSignals.from_mask(5, ("ann",)) == PostSignals(
        has_link=True, second_person=True, addressed=("ann",)
    )


def test_an_account_in_the_settings_is_the_brand_with_or_without_at_and_in_any_case():
    few = stats_of("hello")

    assert role_of(few, handle="AirBlue", brands=frozenset({"@airblue"})) is Role.BRAND
    assert role_of(few, handle="@AIRBLUE", brands=frozenset({"airblue"}), staff=True) is Role.BRAND
    assert role_of(few, handle="airbluefan", brands=frozenset({"airblue"})) is Role.CUSTOMER
    assert role_of(few, handle=None, brands=frozenset({""})) is Role.CUSTOMER


def test_staff_by_the_word_of_the_source_is_an_employee():
    assert role_of(stats_of("hello"), staff=True) is Role.EMPLOYEE


def test_a_news_bot_is_found_and_the_reason_says_how():
    stats = stats_of(*[HEADLINE] * 9, "Airline news today https://t.example/x")

    assert judge("news", stats, brand_accounts=NOBODY, is_staff=False) == (
        Role.BOT,
        "9 of 10 posts are headlines with a link",
    )


def test_an_author_with_few_posts_is_always_a_customer():
    assert role_of(stats_of(*[HEADLINE] * 4)) is Role.CUSTOMER
    assert role_of(stats_of(*[HEADLINE] * 5)) is Role.BOT


def test_a_person_who_also_shares_headlines_stays_a_customer():
    assert role_of(stats_of(*[HEADLINE] * 8, *[OWN_WORDS] * 2)) is Role.CUSTOMER
    assert role_of(stats_of(*[OWN_WORDS] * 30, distinct_texts=1)) is Role.CUSTOMER


def test_one_advertisement_over_and_over_is_a_bot():
    advert = "Cheap flights and hotels for everybody here https://t.example/x"

    assert role_of(stats_of(*[advert] * 20, distinct_texts=1)) is Role.BOT
    chatty = [advert] * 18 + ["Nothing to sell here today"] * 2
    assert role_of(stats_of(*chatty, distinct_texts=2)) is Role.BOT
    assert role_of(stats_of(*chatty, distinct_texts=20)) is Role.CUSTOMER


def test_a_feed_that_never_writes_without_a_link_is_a_bot_whatever_its_style():
    feed = [f"Fuel prices rise {n} percent in a month https://t.example/{n}" for n in range(8)]

    assert role_of(stats_of(*feed)) is Role.BOT
    assert role_of(stats_of(*feed[:7])) is Role.CUSTOMER
    assert role_of(stats_of(*feed, "I waited an hour at the desk")) is Role.CUSTOMER


def test_a_service_account_shows_itself_by_its_answers_and_by_who_writes_to_it():
    answer = "@ann We're so sorry to hear that. Please DM us your booking code."
    posts = [answer] * 4 + ["@bob Enjoy the flight!"] * 6

    assert role_of(stats_of(*posts, addressed_by=20)) is Role.BRAND
    assert role_of(stats_of(*posts, addressed_by=19)) is Role.CUSTOMER
    assert role_of(stats_of(*[OWN_WORDS] * 10, addressed_by=50)) is Role.CUSTOMER


@pytest.mark.skipif(
    "FEEDBACK_DATA" not in os.environ, reason="FEEDBACK_DATA names no folder with real tweets"
)
def test_in_real_tweets_only_news_bots_are_found():
    with (Path(os.environ["FEEDBACK_DATA"]) / "airline_tweets_feb16-20.csv").open(encoding="utf-8") as file:
        rows = [(row["author"], normalise(row["text"]).text) for row in csv.DictReader(file)]
    stats: dict[str, AuthorStats] = defaultdict(AuthorStats)
    others: dict[str, set[str]] = defaultdict(set)
    texts: dict[str, set[int]] = defaultdict(set)
    for author, text in rows:
        found = signals(text)
        stats[author] = stats[author].plus(found)
        texts[author].add(fingerprints(plain(text)).exact)
        for handle in found.addressed:
            others[handle].add(author)

    judged = {
        author: role_of(
            dataclasses.replace(
                counts, addressed_by=len(others[author.lower()]), distinct_texts=len(texts[author])
            ),
            handle=author,
        )
        for author, counts in stats.items()
    }

    not_customers = {author: role for author, role in judged.items() if role is not Role.CUSTOMER}
    assert not_customers == {"JetBlueNews": Role.BOT, "BritishAirNews": Role.BOT}
