"""Wall times to instants: the hard nights and days of the year, by their numbers in the design."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.intake.calendars import (
    CalendarError,
    CutOff,
    Departure,
    WorkDays,
    arrival,
    day_begin_us,
    day_end_us,
    departures,
    instant_us,
    local_day,
)

HOUR_US = 3_600_000_000
CHINA = WorkDays(zone="Asia/Shanghai", country="CN")
ZONES = ("Asia/Taipei", "Europe/Berlin", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia")


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc,arg-type]


def test_a_wall_time_on_the_nights_of_the_clock_change() -> None:
    half_past_two = time(2, 30)
    assert instant_us(date(2026, 3, 29), half_past_two, "Europe/Berlin") == utc(2026, 3, 29, 0, 30)  # H26: never
    assert instant_us(date(2026, 10, 25), half_past_two, "Europe/Berlin") == utc(2026, 10, 25, 0, 30)  # H26: twice
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)):
        before = instant_us(day - timedelta(days=1), time(17), "Europe/Berlin")
        assert instant_us(day, time(17), "Europe/Berlin") - before == hours * HOUR_US


@given(st.dates(date(2000, 1, 1), date(2030, 12, 30)), st.sampled_from(ZONES))
def test_every_instant_is_of_one_day_and_days_follow_one_another(day: date, zone: str) -> None:
    begin, end = day_begin_us(day, zone), day_end_us(day, zone)
    if begin == end:  # the day that Samoa left out
        assert (zone, day) == ("Pacific/Apia", date(2011, 12, 30))
        return
    assert local_day(begin, zone) == day == local_day(end - 1, zone)  # H28: on time = local day <= promised day
    assert local_day(end, zone) > day and local_day(begin - 1, zone) < day
    assert 22 * HOUR_US < end - begin < 26 * HOUR_US


def test_a_cut_off_is_by_weekday_holiday_and_own_days_in_the_carriers_zone() -> None:
    calendar = WorkDays(
        zone="Europe/Berlin",
        country="DE",
        region="BY",
        closed=frozenset([date(2026, 5, 5)]),
        opened=frozenset([date(2026, 5, 9)]),
    )
    rule = CutOff(service="S", walls=((0, time(17)), (1, time(17)), (4, time(15)), (4, time(18))), calendar=calendar)
    found = departures(rule, utc(2026, 5, 1, 10), utc(2026, 5, 11, 15))  # H27: of the day, not of the order's time
    assert found == (  # 1 May is free, the 5th is closed, the 9th is a Saturday that is worked
        Departure(utc(2026, 5, 4, 15), "S", date(2026, 5, 4), wall=time(17)),
        Departure(utc(2026, 5, 8, 13), "S", date(2026, 5, 8), wall=time(15)),
        Departure(utc(2026, 5, 8, 16), "S", date(2026, 5, 8), wall=time(18)),
        Departure(utc(2026, 5, 9, 15), "S", date(2026, 5, 9), wall=time(17)),
    )


def test_china_works_saturdays_for_its_holidays_and_the_next_year_is_a_guess() -> None:
    worked = [date(2026, 2, 14), date(2026, 2, 28), date(2026, 9, 20), date(2026, 10, 10)]
    assert (
        all(map(CHINA.works, worked)) and not CHINA.works(date(2026, 2, 15)) and not CHINA.works(date(2026, 10, 2))
    )  # H29
    rule = CutOff(service="S", walls=tuple((n, time(17)) for n in range(5)), calendar=CHINA)
    (saturday,) = departures(rule, utc(2026, 2, 14), utc(2026, 2, 15))
    assert saturday.cutoff_us == utc(2026, 2, 14, 9) and not saturday.preliminary
    assert not any(CHINA.is_preliminary(date(year, 1, 4)) for year in range(2007, 2027))
    assert all(one.preliminary for one in departures(rule, utc(2035, 1, 1), utc(2035, 3, 1)))
    assert not WorkDays(zone="Asia/Taipei", country="TW").is_preliminary(date(2035, 1, 4))


def test_a_delivery_counts_the_working_days_of_its_place() -> None:
    friday = date(2026, 2, 13)
    assert arrival(friday, 1, CHINA) == (utc(2026, 2, 14, 16), False)  # a Saturday that is worked
    assert arrival(friday, 2, CHINA) == (utc(2026, 2, 24, 16), False)  # after the festival
    assert arrival(friday, 0, CHINA) == arrival(friday, 1, CHINA)


def test_what_nobody_knows_is_said() -> None:
    for wrong in (
        {"zone": "Asia/Formosa"},
        {"zone": "UTC", "country": "XX"},
        {"zone": "UTC", "country": "DE", "region": "ZZ"},
    ):
        with pytest.raises(CalendarError, match=r"Formosa|XX|DE-ZZ"):
            WorkDays(**wrong)
    with pytest.raises(CalendarError, match="nobody works"):
        arrival(date(2026, 1, 1), 1, WorkDays(zone="UTC", weekdays=frozenset()))
