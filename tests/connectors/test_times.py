"""Written times become UTC by one reading for the whole column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import BadSettings
from connectors.times import Reading, offset_of, order_told, zone_named

PLAIN = Reading(UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-02-17T07:36:05Z", "2026-02-17T07:36:05"),
        ("2015-02-16T23:36:05-08:00", "2015-02-17T07:36:05"),
        ("2026-02-17 07:36:05.25 +0100", "2026-02-17T06:36:05.250000"),
        ("2026-02-17 07:36 UTC", "2026-02-17T07:36:00"),
        ("2026/2/7", "2026-02-07T00:00:00"),
        ("20260217", "2026-02-17T00:00:00"),
        ("20260217T101500Z", "2026-02-17T10:15:00"),
        ("Tue, 03 Feb 2026 10:11:12 -0500", "2026-02-03T15:11:12"),
        ("Wed Oct 10 20:19:24 +0000 2018", "2018-10-10T20:19:24"),
        ("Jan 31, 2026 10:05 PM", "2026-01-31T22:05:00"),
        ("January 31, 2026 at 12:05 am", "2026-01-31T00:05:00"),
        ("3 de febrero de 2026", "2026-02-03T00:00:00"),
        ("31. Dezember 2025 23:59", "2025-12-31T23:59:00"),
        ("1771200000", "2026-02-16T00:00:00"),
        ("1771200000123", "2026-02-16T00:00:00.123000"),
        ("1771200000.5", "2026-02-16T00:00:00.500000"),
        ("1771200000123456789", "2026-02-16T00:00:00.123456"),
        ("46069.75", "2026-02-16T18:00:00"),
        ("31/01/26 10:00", "2026-01-31T10:00:00"),
        ("31.01.2026, 10:00", "2026-01-31T10:00:00"),
    ],
)
def test_common_forms_are_understood(written: str, meant: str):
    assert PLAIN.utc(written) == datetime.fromisoformat(meant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "31/31/2026",
        "2026-02-30",
        "soon",
        "12",
        "2026-02-17 25:00",
        "0001-01-01",
        "9999-12-31",
        "13:61 pm",
        "1/2",
        "٣",
    ],
)
def test_what_is_no_date_is_refused_with_its_value(written: str):
    with pytest.raises(ValueError, match=r"is not a date") as refused:
        PLAIN.utc(written)
    assert repr(written) in str(refused.value)


def test_a_zone_we_do_not_know_is_refused_by_name():
    with pytest.raises(ValueError, match="zone 'XYZ' is not one we know; write an offset"):
        PLAIN.utc("2026-02-17 07:36 XYZ")


def test_an_empty_time_is_called_empty():
    with pytest.raises(ValueError, match="is empty"):
        PLAIN.utc("  ")


def test_month_first_is_read_when_the_column_is():
    assert Reading(UTC, "month first").utc("02/03/2026") == datetime(2026, 2, 3, tzinfo=UTC)
    assert Reading(UTC, "day first").utc("02/03/2026") == datetime(2026, 3, 2, tzinfo=UTC)


def test_a_date_with_points_is_day_first_in_any_column():
    assert Reading(UTC, "month first").utc("02.03.2026") == datetime(2026, 3, 2, tzinfo=UTC)


def test_one_value_proves_the_order_of_the_whole_column():
    assert order_told(["02/03/2026", "02/13/2026", "14/01/2026"]).order == "month first"
    assert order_told(["02/03/2026", "13/02/2026"]).order == "day first"
    unproven = order_told(["02/03/2026", "04/05/2026"])
    assert (unproven.order, unproven.is_proven, unproven.is_asked) == ("day first", False, True)
    assert not order_told(["2026-02-03"]).is_asked


def test_a_time_without_zone_takes_the_columns_zone_with_its_summer_time():
    madrid = Reading(ZoneInfo("Europe/Madrid"))

    assert madrid.utc("2026-01-15 12:00").hour == 11
    assert madrid.utc("2026-07-15 12:00").hour == 10


def test_a_repeated_hour_is_the_first_and_a_skipped_one_comes_after():
    madrid = Reading(ZoneInfo("Europe/Madrid"))

    assert madrid.utc("2026-10-25 02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert madrid.utc("2026-03-29 02:30") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_an_unknown_zone_names_the_nearest():
    with pytest.raises(BadSettings, match=r"'Europe/Madri' is unknown. Did you mean 'Europe/Madrid'"):
        zone_named("Europe/Madri")
    with pytest.raises(BadSettings, match="unknown"):
        zone_named("../etc/passwd")


def test_offsets_from_the_start_of_a_call():
    assert offset_of("83.5") == timedelta(seconds=83.5)
    assert offset_of("01:23") == timedelta(seconds=83)
    assert offset_of("1:01:23,250") == timedelta(hours=1, seconds=83.25)
    with pytest.raises(ValueError, match="since the start"):
        offset_of("later")


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2199, 1, 1)))  # noqa: DTZ001 - made aware below
def test_an_iso_time_is_always_read_back_exactly(wall: datetime):
    assert PLAIN.utc(wall.isoformat()) == wall.replace(tzinfo=UTC)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str):
    try:
        said_at = PLAIN.utc(text)
    except ValueError:
        return
    assert said_at.utcoffset() == timedelta(0)
